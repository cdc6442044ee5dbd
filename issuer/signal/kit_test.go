package signal_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/clocktest"
	"github.com/cyberbadge/cyberbadge/internal/jose"
	"github.com/cyberbadge/cyberbadge/internal/logtest"
	"github.com/cyberbadge/cyberbadge/internal/outbound/outboundtest"
	"github.com/cyberbadge/cyberbadge/internal/strictjson"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/issuertest"
	"github.com/cyberbadge/cyberbadge/issuer/signal"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
)

// world is an issuer with a desk, and a receiver on this machine.
type world struct {
	*clocktest.Clock
	program  *issuer.Program
	store    *sqlite.Store
	desk     *signal.Desk
	receiver *receiver
	log      *logtest.Log
	person   string
}

// rsaKeys makes keys in memory. The first of the list signs.
type rsaKeys struct {
	mu   sync.Mutex
	keys []crypto.Signer
}

func (k *rsaKeys) RSAKeys() ([]crypto.Signer, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.keys, nil
}

func (k *rsaKeys) MakeRSAKey() error {
	key, err := rsa.GenerateKey(rand.Reader, signal.MinRSABits)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys = append([]crypto.Signer{key}, k.keys...)
	return err
}

// receiver takes what is pushed.
type receiver struct {
	url string

	mu       sync.Mutex
	answer   func(http.ResponseWriter, *http.Request, string) // nil: 202
	pushed   []string
	requests []*http.Request
	arrived  chan string
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	r.mu.Lock()
	r.pushed = append(r.pushed, string(body))
	r.requests = append(r.requests, request)
	answer := r.answer
	r.mu.Unlock()
	if answer != nil {
		answer(w, request, string(body))
	} else {
		w.WriteHeader(http.StatusAccepted)
	}
	select {
	case r.arrived <- string(body):
	default:
	}
}

// answers sets what is answered from now on.
func (r *receiver) answers(answer func(http.ResponseWriter, *http.Request, string)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

// status answers with a status and a body.
func (r *receiver) status(status int, body string, header ...string) {
	r.answers(func(w http.ResponseWriter, _ *http.Request, _ string) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

// take returns what came since the last time.
func (r *receiver) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	came := r.pushed
	r.pushed = nil
	return came
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{Clock: issuertest.Clock(t), receiver: &receiver{arrived: make(chan string, 1000)}, log: new(logtest.Log)}
	w.store = issuertest.Database(t, sqlite.Config{Now: w.Now})
	settings := issuertest.Config(w.store, w.Now)
	settings.Keys = issuertest.NewKeys()
	w.program = issuertest.New(t, settings)
	issuertest.ImportSample(t, w.program)
	w.person = w.eligible(t)
	address, client := outboundtest.Serve(t, w.receiver)
	w.receiver.url = address + "/events"
	w.desk = w.open(t, func(c *signal.Config) { c.Client = client })
	return w
}

// open makes a desk.
func (w *world) open(t testing.TB, change func(*signal.Config)) *signal.Desk {
	t.Helper()
	config := signal.Config{
		Issuer: w.program.URL(), Store: w.store, Keys: w.program, RSA: new(rsaKeys), Secret: w.program.SignalSecret(), Now: w.Now,
		Chance: func() float64 { return 0.5 }, Logger: slog.New(slog.NewJSONHandler(w.log, nil)),
	}
	change(&config)
	desk, err := signal.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(desk.Close)
	return desk
}

// eligible is somebody who can have badges.
func (w *world) eligible(t testing.TB) string {
	t.Helper()
	people, err := w.program.People(t.Context(), "", store.MaxPage)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range people {
		if s, err := w.program.Standing(t.Context(), p.ID, w.Now()); err == nil && s.Eligible {
			return p.ID
		}
	}
	t.Fatal("nobody is eligible")
	return ""
}

// issue issues a badge.
func (w *world) issue(t testing.TB) store.Badge {
	t.Helper()
	issued, err := w.program.Issue(t.Context(), issuer.IssueRequest{Person: w.person, HolderKey: credentialtest.HolderKey.PublicKey(), By: "a test"})
	if err != nil {
		t.Fatal(err)
	}
	return issued.Badge
}

func (w *world) set(t testing.TB, badge string, to store.Status) {
	t.Helper()
	if _, err := w.program.SetStatus(t.Context(), badge, to, "Ann Nuñez lost it", "officer:1"); err != nil {
		t.Fatal(err)
	}
}

const audience = "https://gate.customer.example"

// register registers the receiver called gate.
func (w *world) register(t testing.TB, change func(*signal.Registration)) {
	t.Helper()
	g := signal.Registration{Name: "gate", Audience: audience, Badges: true, Events: signal.Types(), By: "local"}
	if change != nil {
		change(&g)
	}
	if _, err := w.desk.Register(t.Context(), g); err != nil {
		t.Fatal(err)
	}
}

// pushing registers gate, with a stream that is pushed and has these members more.
func (w *world) pushing(t testing.TB, change func(*signal.Registration), members ...string) signal.Configuration {
	t.Helper()
	w.register(t, change)
	return w.create(t, `{"delivery":{"method":"`+signal.Push+`","endpoint_url":"`+w.receiver.url+`","authorization_header":"Bearer theirs"}`+strings.Join(members, "")+`}`)
}

func (w *world) create(t testing.TB, body string) signal.Configuration {
	t.Helper()
	made, err := w.desk.Create(t.Context(), "gate", []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func (w *world) drain(t testing.TB) {
	t.Helper()
	if err := w.desk.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (w *world) state(t testing.TB) signal.ReceiverState {
	t.Helper()
	state, err := w.desk.Receiver(t.Context(), "gate")
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// running pushes until the test ends.
func (w *world) running(t testing.TB) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.desk.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-done
	})
}

// set is a SET whose signature was verified.
type set struct {
	Header map[string]string
	Claims map[string]any
	Type   string
	Event  map[string]any
}

// open verifies a SET with the keys that are published.
func (w *world) opened(t testing.TB, text string) set {
	t.Helper()
	keys, err := w.desk.KeySet()
	if err != nil {
		t.Fatal(err)
	}
	segments := strings.Split(text, ".")
	if len(segments) != 3 {
		t.Fatalf("%q is no JWS", text)
	}
	var s set
	for i, into := range []any{&s.Header, &s.Claims} {
		part, err := base64.RawURLEncoding.DecodeString(segments[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(part, into); err != nil {
			t.Fatal(err)
		}
	}
	verified := false
	for _, key := range keys.Keys {
		var jwk struct{ Kid, Alg, N, E string }
		if err := json.Unmarshal(key, &jwk); err != nil {
			t.Fatal(err)
		}
		if jwk.Kid == s.Header["kid"] && jwk.Alg == s.Header["alg"] {
			verify(t, key, jwk.N, jwk.E, segments)
			verified = true
		}
	}
	if !verified {
		t.Fatalf("no published key has the kid of %v", s.Header)
	}
	events, _ := s.Claims["events"].(map[string]any)
	if len(events) != 1 {
		t.Fatalf("%d events", len(events))
	}
	for eventType, event := range events {
		s.Type, s.Event = eventType, event.(map[string]any)
	}
	return s
}

// verify uses nothing of the package under test.
func verify(t testing.TB, jwk json.RawMessage, n, e string, segments []string) {
	t.Helper()
	signature, err := base64.RawURLEncoding.DecodeString(segments[2])
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(segments[0] + "." + segments[1]))
	if n != "" {
		modulus, _ := base64.RawURLEncoding.DecodeString(n)
		exponent, _ := base64.RawURLEncoding.DecodeString(e)
		public := &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: int(new(big.Int).SetBytes(exponent).Int64())}
		if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], signature); err != nil {
			t.Fatal(err)
		}
		return
	}
	v, err := strictjson.Parse(jwk)
	if err != nil {
		t.Fatal(err)
	}
	public, err := jose.ParseKey(v)
	if err != nil {
		t.Fatal(err)
	}
	if len(signature) != 64 || !ecdsa.Verify(public, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		t.Fatal("not signed by the key that is published")
	}
}

// types are the types of SETs, verified.
func (w *world) types(t testing.TB, texts []string) []string {
	t.Helper()
	var list []string
	for _, text := range texts {
		s := w.opened(t, text)
		list = append(list, s.Type[strings.LastIndex(s.Type, "/")+1:])
	}
	return list
}
