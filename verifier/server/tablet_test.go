package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/clocktest"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/gate"
	"github.com/cyberbadge/cyberbadge/verifier/sqlite"
	"github.com/cyberbadge/cyberbadge/verifier/visit"
)

const retention = 30 * 24 * time.Hour

// site is a running service with gates, on a real database, and a clock.
type site struct {
	*running
	*clocktest.Clock
	desk *gate.Desk
}

// startGates runs a service that has gates and a register, as changed.
func startGates(t testing.TB, change func(*Config), verifierChanges ...func(*verifier.Config)) *site {
	t.Helper()
	s := &site{Clock: clocktest.New(credentialtest.Now)}
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "gates.db"), Create: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	register, err := visit.NewRegister(visit.Config{Store: store, Retention: retention, Now: s.Now})
	if err != nil {
		t.Fatal(err)
	}
	policies := map[string]verifier.Policy{"auditors": {Roles: []string{"auditor"}}, "named": {Name: true}}
	s.desk, err = gate.NewDesk(gate.Config{Store: store, Policies: []string{"auditors", "gone", "named"}, Now: s.Now})
	if err != nil {
		t.Fatal(err)
	}
	verifierChanges = append(verifierChanges, func(c *verifier.Config) { c.Now = s.Now })
	s.running = start(t, options{
		verifier: verifierChanges,
		server: func(c *Config) {
			c.Gates, c.Register, c.Policies = s.desk, register, policies
			c.Now = s.Now
			c.Help = Help{Text: "Control room", Phone: "+49 30 5550 1000"}
			if change != nil {
				change(c)
			}
		},
	})
	return s
}

// tablet is a tablet at a gate.
type tablet struct {
	site   *site
	key    *ecdsa.PrivateKey
	gate   gate.Gate
	cookie string // of the session
}

func newTablet(t testing.TB, s *site) *tablet {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &tablet{site: s, key: key}
}

// newGate is a tablet that is paired and has a session.
func newGate(t testing.TB, s *site, invitation gate.Invitation) *tablet {
	t.Helper()
	if invitation.Access == "" {
		invitation.Access = credential.Onsite
	}
	if invitation.Name == "" {
		invitation.Name = "North gate"
	}
	code, _, err := s.desk.Invite(t.Context(), invitation)
	if err != nil {
		t.Fatal(err)
	}
	tb := newTablet(t, s)
	if r := tb.pair(t, code); r.status != http.StatusCreated {
		t.Fatalf("pairing: %d %s", r.status, r.body)
	}
	tb.open(t)
	return tb
}

func (tb *tablet) jwk(t testing.TB) string {
	t.Helper()
	jwk, err := credential.MarshalJWK(&tb.key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(jwk)
}

// pair redeems a code and learns which gate the tablet is.
func (tb *tablet) pair(t testing.TB, code string) reply {
	t.Helper()
	r := tb.call(t, "POST", "pairing", fmt.Sprintf(`{"code":%q,"key":%s}`, code, tb.jwk(t)))
	if r.status == http.StatusCreated {
		var answer struct{ Gate gate.Gate }
		if err := json.Unmarshal(r.body, &answer); err != nil {
			t.Fatal(err)
		}
		tb.gate = answer.Gate
	}
	return r
}

func (tb *tablet) nonce(t testing.TB) string {
	t.Helper()
	r := tb.call(t, "POST", "nonce", `{}`)
	var answer struct{ Nonce string }
	if err := json.Unmarshal(r.body, &answer); err != nil || r.status != http.StatusOK || answer.Nonce == "" {
		t.Fatalf("nonce: %d %s", r.status, r.body)
	}
	return answer.Nonce
}

// prove signs a nonce as the page does, without any of the code that verifies it.
func (tb *tablet) prove(t testing.TB, nonce string) string {
	t.Helper()
	encode := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	signed := encode(fmt.Sprintf(`{"alg":"ES256","typ":"cyberbadge-gate+jwt","kid":%q}`, tb.gate.ID)) + "." +
		encode(fmt.Sprintf(`{"aud":"cyberbadge:gate-session","nonce":%q,"iat":%d}`, nonce, tb.site.Now().Unix()))
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, tb.key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + encode(string(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)))
}

// ask for a session with a proof of that nonce.
func (tb *tablet) ask(t testing.TB, nonce string) reply {
	t.Helper()
	return tb.call(t, "POST", "session", fmt.Sprintf(`{"proof":%q}`, tb.prove(t, nonce)))
}

func (tb *tablet) open(t testing.TB) reply {
	t.Helper()
	r := tb.ask(t, tb.nonce(t))
	if r.status != http.StatusNoContent {
		t.Fatalf("session: %d %s", r.status, r.body)
	}
	tb.cookie, _, _ = strings.Cut(r.header.Get("Set-Cookie"), ";")
	return r
}

// call calls an address below /gate/v1/ with the session that there is. A header
// of an empty value is left out.
func (tb *tablet) call(t testing.TB, method, path, body string, headers ...string) reply {
	t.Helper()
	request := newRequest(t, method, tb.site.url+gateAPI+path, body)
	if tb.cookie != "" {
		request.Header.Set("Cookie", tb.cookie)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Del(headers[i])
		if headers[i+1] != "" {
			request.Header.Add(headers[i], headers[i+1])
		}
	}
	r := do(t, request)
	if r.header.Get("Date") == "" {
		t.Errorf("%s %s: no Date", method, path)
	}
	return r
}

func (tb *tablet) decide(t testing.TB, presentation string) verifier.Decision {
	t.Helper()
	return tb.call(t, "POST", "decisions", fmt.Sprintf(`{"presentation":%q}`, presentation)).decision(t)
}

// keep sends records and returns what became of them.
func (tb *tablet) keep(t testing.TB, records ...visit.Record) []visit.Result {
	t.Helper()
	body, err := json.Marshal(map[string]any{"records": records})
	if err != nil {
		t.Fatal(err)
	}
	r := tb.call(t, "POST", "visits", string(body))
	var answer struct{ Outcomes []visit.Outcome }
	if err := json.Unmarshal(r.body, &answer); err != nil || r.status != http.StatusOK {
		t.Fatalf("visits: %d %s", r.status, r.body)
	}
	results := make([]visit.Result, len(answer.Outcomes))
	for i, o := range answer.Outcomes {
		results[i] = o.Result
	}
	return results
}

func (tb *tablet) present(t testing.TB) []visit.Presence {
	t.Helper()
	r := tb.call(t, "GET", "present", "")
	var answer struct {
		At      time.Time
		Present []visit.Presence
	}
	if err := json.Unmarshal(r.body, &answer); err != nil || r.status != http.StatusOK || !answer.At.Equal(tb.site.Now()) {
		t.Fatalf("present: %d %s", r.status, r.body)
	}
	return answer.Present
}

// refused checks that an answer is a problem, with nothing to keep.
func (r reply) refused(t testing.TB, name string, status int, code string) {
	t.Helper()
	if r.status != status || r.code(t) != code || r.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s: %d %s, want %d %s", name, r.status, r.body, status, code)
	}
}
