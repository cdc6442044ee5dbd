package verifiertest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// ListSize is the number of entries of the lists made here.
const ListSize = 1 << 20

// Lists are status lists where a verifier can get them: in the program as a
// revocation.Fetcher, or over HTTP as a handler. It is safe for concurrent use.
type Lists struct {
	mu      sync.Mutex
	answers map[string]answer // by URI; by path for HTTP
	fetched int
}

type answer struct {
	text string
	err  error
}

var (
	_ revocation.Fetcher = (*Lists)(nil)
	_ http.Handler       = (*Lists)(nil)
)

// NewLists returns a place without lists.
func NewLists() *Lists { return &Lists{answers: make(map[string]answer)} }

// Put has the token served at uri.
func (l *Lists) Put(uri, token string) { l.set(uri, answer{text: token}) }

// Fail has every fetch of uri fail.
func (l *Lists) Fail(uri string, err error) { l.set(uri, answer{err: err}) }

func (l *Lists) set(uri string, a answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers[uri] = a
}

// Fetches is how often anything was asked for.
func (l *Lists) Fetches() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fetched
}

// Fetch implements [revocation.Fetcher].
func (l *Lists) Fetch(_ context.Context, uri string) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fetched++
	a, known := l.answers[uri]
	if !known {
		return "", fmt.Errorf("no list at %q", uri)
	}
	return a.text, a.err
}

// ServeHTTP serves the lists under the path of their URI.
func (l *Lists) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token, err := l.Fetch(r.Context(), r.URL.Path)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", revocation.MediaType)
	_, _ = io.WriteString(w, token)
}

// ListToken signs a good list for uri, issued at that instant, in which the badge
// of credentialtest.Claims has the status s and every other badge is valid.
func ListToken(t testing.TB, uri string, issued time.Time, s revocation.Status) string {
	t.Helper()
	return SignList(t, uri, issued, List(t, s))
}

// List is the list that [ListToken] signs.
func List(t testing.TB, s revocation.Status) *revocation.List {
	t.Helper()
	list, err := revocation.NewList(ListSize)
	if err != nil {
		t.Fatal(err)
	}
	if err := list.Set(credentialtest.Claims().Status.Index, s); err != nil {
		t.Fatal(err)
	}
	return list
}

// signed numbers the lists made here: of two of one second, the one made later is
// the newer.
var signed atomic.Uint64

// SignList signs a list for a day, with a ttl of a minute.
func SignList(t testing.TB, uri string, issued time.Time, list *revocation.List) string {
	t.Helper()
	return SignListFor(t, credentialtest.ListKey, uri, issued, 24*time.Hour, list)
}

// SignListFor signs a list with a key of one's own, for as long as is said.
func SignListFor(t testing.TB, key credentialtest.Key, uri string, issued time.Time, life time.Duration, list *revocation.List) string {
	t.Helper()
	encoded, err := list.Encode()
	if err != nil {
		t.Fatal(err)
	}
	token, err := revocation.Signer{Key: key, KeyID: key.ID()}.Sign(revocation.Token{
		URI: uri, IssuedAt: issued, Seq: signed.Add(1), Expires: issued.Add(life), TTL: time.Minute,
	}, encoded)
	if err != nil {
		t.Fatal(err)
	}
	return token
}
