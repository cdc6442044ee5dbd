package revocation_test

import (
	"context"
	"crypto/ecdsa"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/clocktest"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/revocation/fetch"
)

const (
	issuerURL = credentialtest.IssuerURL
	index     = 413
)

var start = credentialtest.Now

func newClock() *clocktest.Clock { return clocktest.New(start) }

// trust is one issuer with lists under a prefix.
type trust struct{ under string }

func (t trust) CheckListURI(issuer, uri string) error {
	if issuer != issuerURL || !strings.HasPrefix(uri, t.under) {
		return code.Refuse(code.StatusURINotAllowed, "%q", uri)
	}
	return nil
}

func (t trust) ListKey(_, keyID string) (*ecdsa.PublicKey, error) {
	switch keyID {
	case credentialtest.ListKey.ID():
		return credentialtest.ListKey.PublicKey(), nil
	case credentialtest.IssuerKey.ID():
		return nil, code.Refuse(code.KeyNotForIssuer, "a key for badges")
	}
	return nil, code.Refuse(code.KeyUnknown, "kid %q", keyID)
}

func (t trust) CheckListTime(_, _ string, issuedAt time.Time) error {
	if issuedAt.After(keyRetired) {
		return code.Refuse(code.KeyRetired, "it signed until %v", keyRetired)
	}
	return nil
}

// keyRetired is when credentialtest.ListKey signs for the last time.
var keyRetired = start.Add(365 * 24 * time.Hour)

// site is an issuer's web server with one list, and a checker that fetches it.
type site struct {
	*clocktest.Clock
	server  *httptest.Server
	checker *revocation.Checker
	uri     string
	fetches atomic.Int32
	lists   atomic.Uint64 // signed so far
	answer  atomic.Pointer[http.HandlerFunc]
}

// newSite starts with a list in which the badge at index is valid.
func newSite(t *testing.T, change func(*revocation.CheckerConfig)) *site {
	t.Helper()
	s := &site{Clock: newClock()}
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fetches.Add(1)
		(*s.answer.Load())(w, r)
	}))
	t.Cleanup(s.server.Close)
	s.uri = s.server.URL + "/status-lists/1"
	s.publish(t, revocation.Valid)
	config := revocation.CheckerConfig{
		Trust:   trust{s.server.URL + "/status-lists/"},
		Fetcher: mustFetcher(t, s.server.URL),
		Now:     s.Now,
	}
	if change != nil {
		change(&config)
	}
	s.checker = mustChecker(t, config)
	return s
}

func mustFetcher(t *testing.T, serverURL string) *fetch.Client {
	t.Helper()
	u, err := url.Parse(serverURL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	client, err := fetch.New(fetch.Config{InsecureAllowLoopback: true, AllowPorts: []uint16{uint16(port)}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

func mustChecker(t *testing.T, config revocation.CheckerConfig) *revocation.Checker {
	t.Helper()
	checker, err := revocation.NewChecker(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { checker.Close() })
	return checker
}

// serve changes what the server answers.
func (s *site) serve(handler http.HandlerFunc) { s.answer.Store(&handler) }

// serveText answers as a server of lists does, whatever the text is.
func (s *site) serveText(text string) {
	s.serve(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", revocation.MediaType)
		_, _ = io.WriteString(w, text)
	})
}

// publish serves a list of this instant in which the badge has that status.
func (s *site) publish(t *testing.T, status revocation.Status) {
	t.Helper()
	s.serveText(s.token(t, status, nil))
}

// token is a list of this instant, newer than those before.
func (s *site) token(t *testing.T, status revocation.Status, change func(*revocation.Token)) string {
	t.Helper()
	return tokenAt(t, s.uri, s.Now(), status, func(token *revocation.Token) {
		token.Seq = s.lists.Add(1)
		if change != nil {
			change(token)
		}
	})
}

func tokenAt(t *testing.T, uri string, at time.Time, status revocation.Status, change func(*revocation.Token)) string {
	t.Helper()
	token := revocation.Token{URI: uri, IssuedAt: at, Expires: at.Add(24 * time.Hour), TTL: time.Minute}
	if change != nil {
		change(&token)
	}
	return signWith(t, credentialtest.ListKey, token, status)
}

func signWith(t *testing.T, key credentialtest.Key, token revocation.Token, status revocation.Status) string {
	t.Helper()
	list, err := revocation.NewList(1 << 10)
	if err != nil {
		t.Fatal(err)
	}
	if err := list.Set(index, status); err != nil {
		t.Fatal(err)
	}
	encoded, err := list.Encode()
	if err != nil {
		t.Fatal(err)
	}
	text, err := revocation.Signer{Key: key, KeyID: key.ID()}.Sign(token, encoded)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (s *site) check(t *testing.T) (revocation.Result, error) {
	t.Helper()
	return s.checker.Check(t.Context(), issuerURL, credential.StatusRef{URI: s.uri, Index: index})
}

func (s *site) wantAnswer(t *testing.T, status revocation.Status, wantCode code.Code) {
	t.Helper()
	result, err := s.check(t)
	if got := code.Of(err); got != wantCode || err == nil && result.Status != status {
		t.Errorf("got %v, %q (%v), want %v, %q", result.Status, got, err, status, wantCode)
	}
}

// want checks the answer and how often the server was asked so far.
func (s *site) want(t *testing.T, status revocation.Status, wantCode code.Code, fetches int) {
	t.Helper()
	s.wantAnswer(t, status, wantCode)
	if got := int(s.fetches.Load()); got != fetches {
		t.Errorf("%d fetches, want %d", got, fetches)
	}
}

// fetcherFunc is a Fetcher for tests about time.
type fetcherFunc func(ctx context.Context, uri string) (string, error)

func (f fetcherFunc) Fetch(ctx context.Context, uri string) (string, error) { return f(ctx, uri) }

// events are what a checker reported.
type events struct {
	mu   sync.Mutex
	seen []revocation.Event
	came chan struct{} // gets one for each
}

func newEvents() *events { return &events{came: make(chan struct{}, 1<<20)} }

func (e *events) observe(config *revocation.CheckerConfig) {
	config.Observe = func(event revocation.Event) {
		e.mu.Lock()
		e.seen = append(e.seen, event)
		e.mu.Unlock()
		e.came <- struct{}{}
	}
}

// take removes the first event of a kind.
func (e *events) take(kind revocation.EventKind) (revocation.Event, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for n, event := range e.seen {
		if event.Kind == kind {
			e.seen = append(e.seen[:n:n], e.seen[n+1:]...)
			return event, true
		}
	}
	return revocation.Event{}, false
}

// wait returns the next event of a kind and checks its code. It waits, because what
// has become of a fetch is reported after those who waited for it go on.
func (e *events) wait(t *testing.T, kind revocation.EventKind, want code.Code) revocation.Event {
	t.Helper()
	for {
		if event, ok := e.take(kind); ok {
			if got := code.Of(event.Err); got != want {
				t.Errorf("%s with %q (%v), want %q", kind, got, event.Err, want)
			}
			return event
		}
		select {
		case <-e.came:
		case <-time.After(10 * time.Second):
			t.Fatalf("no %s was reported", kind)
		}
	}
}

func (e *events) none(t *testing.T, kinds ...revocation.EventKind) {
	t.Helper()
	for _, kind := range kinds {
		if event, ok := e.take(kind); ok {
			t.Errorf("reported %+v", event)
		}
	}
}
