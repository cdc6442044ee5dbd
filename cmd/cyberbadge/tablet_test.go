package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/verifier/gate"
	"github.com/cyberbadge/cyberbadge/verifier/visit"
)

// tablet is a tablet at a gate, as the page on it calls the service.
type tablet struct {
	base   string // of the service
	key    *ecdsa.PrivateKey
	gate   gate.Gate
	cookie string
}

// pairTablet makes a new tablet a gate and opens a session.
func pairTablet(base, code string) (*tablet, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	jwk, err := credential.MarshalJWK(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	tb := &tablet{base: base, key: key}
	var paired struct{ Gate gate.Gate }
	if _, err := tb.call("POST", "pairing", map[string]any{"code": code, "key": json.RawMessage(jwk)}, &paired); err != nil {
		return nil, err
	}
	tb.gate = paired.Gate
	return tb, tb.open()
}

// open opens a session with a proof of the key.
func (tb *tablet) open() error {
	var answer struct{ Nonce string }
	if _, err := tb.call("POST", "nonce", struct{}{}, &answer); err != nil {
		return err
	}
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode(fmt.Appendf(nil, `{"alg":"ES256","typ":"cyberbadge-gate+jwt","kid":%q}`, tb.gate.ID)) + "." +
		encode(fmt.Appendf(nil, `{"aud":"cyberbadge:gate-session","nonce":%q,"iat":%d}`, answer.Nonce, time.Now().Unix()))
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, tb.key, digest[:])
	if err != nil {
		return err
	}
	proof := signed + "." + encode(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
	header, err := tb.call("POST", "session", map[string]any{"proof": proof}, nil)
	tb.cookie, _, _ = strings.Cut(header.Get("Set-Cookie"), ";")
	return err
}

// call calls an address below /gate/v1/. An answer that is a problem is an error
// that has its code.
func (tb *tablet) call(method, path string, body, answer any) (http.Header, error) {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	request, err := http.NewRequest(method, tb.base+"/gate/v1/"+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Cookie", tb.cookie)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err = io.ReadAll(response.Body)
	switch {
	case err != nil:
		return nil, err
	case response.StatusCode >= http.StatusBadRequest:
		return nil, problemError(response.StatusCode, text)
	case answer == nil:
		return response.Header, nil
	}
	return response.Header, json.Unmarshal(text, answer)
}

// send adds records to the register, each of a made-up person.
func (tb *tablet) send(records ...visit.Record) error {
	var answer struct{ Outcomes []visit.Outcome }
	if _, err := tb.call("POST", "visits", map[string]any{"records": records}, &answer); err != nil {
		return err
	}
	for _, outcome := range answer.Outcomes {
		if outcome.Result != visit.Kept {
			return fmt.Errorf("%s was %s: %s", outcome.ID, outcome.Result, outcome.Detail)
		}
	}
	return nil
}

func recordOf(id string, event visit.Event) visit.Record {
	r := visit.Record{ID: id, At: time.Now(), Event: event}
	if event == visit.Refused {
		r.Reason, r.Code = "expired", "badge_expired"
		return r
	}
	r.Badge = &visit.Badge{
		Issuer: "https://badge.vendor.example", Subject: "k7Qm2dXbT0aVYw3hZr9u8A",
		StatusList: "https://badge.vendor.example/status-lists/1", Index: 7,
		GivenName: "Zoë", FamilyName: "Rößler", Organization: "Vendor Services", Expires: time.Now().Add(time.Hour),
	}
	return r
}

var printedCode = regexp.MustCompile(`(?m)^code +(\S+)$`)

// runTablet pairs a tablet with the code that gate pair has printed to a file and
// has it send records. GATE and SESSION become the gate's:
//
//	tablet http://$VERIFIER FILE [ID=EVENT…]
func runTablet(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: tablet URL FILE [ID=EVENT…]")
	}
	code := printedCode.FindStringSubmatch(ts.ReadFile(args[1]))
	if code == nil {
		ts.Fatalf("no code in %s", args[1])
	}
	tb, err := pairTablet(args[0], code[1])
	ts.Check(err)
	for _, word := range args[2:] {
		id, event, _ := strings.Cut(word, "=")
		ts.Check(tb.send(recordOf(id, visit.Event(event))))
	}
	ts.Setenv("GATE", tb.gate.ID)
	ts.Setenv("SESSION", tb.cookie)
}

// askSettings has the last tablet ask for its settings, and compares the problem
// that it gets:
//
//	settings http://$VERIFIER gate_unknown
func askSettings(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: settings URL CODE")
	}
	tb := &tablet{base: args[0], cookie: ts.Getenv("SESSION")}
	_, err := tb.call("GET", "settings", nil, nil)
	if err == nil || !strings.HasSuffix(err.Error(), "("+args[1]+")") {
		ts.Fatalf("got %v, want %s", err, args[1])
	}
}
