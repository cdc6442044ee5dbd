package clientcredentials

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/clocktest"
	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/internal/outbound/outboundtest"
)

const clientSecret = "open sesame"

// service is a token endpoint that gives numbered tokens, unless it is told to
// answer something else.
type service struct {
	Config
	clock  *clocktest.Clock
	mu     sync.Mutex
	forms  []url.Values
	life   int // seconds
	status int
	body   string
}

func newService(t *testing.T) (*service, *Tokens) {
	t.Helper()
	s := &service{clock: clocktest.New(time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)), life: 3600}
	address, client := outboundtest.Serve(t, http.HandlerFunc(s.answer))
	s.Config = Config{
		URL: address + "/token", ClientID: "badges", ClientSecret: clientSecret, Scope: "devices",
		Client: client, Now: s.clock.Now,
	}
	tokens, err := New(s.Config)
	if err != nil {
		t.Fatal(err)
	}
	return s, tokens
}

func (s *service) change(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *service) answer(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := r.ParseForm(); err != nil || r.Method != http.MethodPost || r.URL.Path != "/token" {
		http.Error(w, "no", http.StatusNotFound)
		return
	}
	s.forms = append(s.forms, r.PostForm)
	if s.status != 0 {
		w.WriteHeader(s.status)
		fmt.Fprint(w, s.body)
		return
	}
	fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":%d,"access_token":"token-%d"}`, s.life, len(s.forms))
}

func mustToken(t *testing.T, tokens *Tokens, refused, want string) {
	t.Helper()
	got, err := tokens.Token(t.Context(), refused)
	if err != nil || got != want {
		t.Fatalf("got %q, %v, want %q", got, err, want)
	}
}

func TestNew_NamesEverythingThatIsMissing(t *testing.T) {
	t.Parallel()
	_, err := New(Config{})
	for _, name := range []string{"URL", "ClientID", "ClientSecret", "Client"} {
		if err == nil || !strings.Contains(err.Error(), name+" is missing") {
			t.Errorf("%v does not name %s", err, name)
		}
	}
}

func TestToken_IsAskedForAsTheClient(t *testing.T) {
	t.Parallel()
	s, tokens := newService(t)
	mustToken(t, tokens, "", "token-1")
	want := url.Values{"grant_type": {"client_credentials"}, "client_id": {"badges"}, "client_secret": {clientSecret}, "scope": {"devices"}}
	if got := s.forms[0].Encode(); got != want.Encode() {
		t.Errorf("sent %s, want %s", got, want.Encode())
	}
	s.Scope = ""
	unscoped, err := New(s.Config)
	if err != nil {
		t.Fatal(err)
	}
	mustToken(t, unscoped, "", "token-2")
	if s.forms[1].Has("scope") {
		t.Error("an empty scope was sent")
	}
}

func TestToken_IsKeptUntilShortlyBeforeItsEnd(t *testing.T) {
	t.Parallel()
	for seconds, kept := range map[int]time.Duration{
		3600: time.Hour - Margin, 48 * 3600: MaxLife - Margin, // a service that says more is not believed
	} {
		s, tokens := newService(t)
		s.life = seconds
		mustToken(t, tokens, "", "token-1")
		s.clock.Move(kept - time.Nanosecond)
		mustToken(t, tokens, "", "token-1")
		s.clock.Move(time.Nanosecond)
		mustToken(t, tokens, "", "token-2")
	}
	for _, seconds := range []int{0, -1} {
		s, tokens := newService(t)
		s.life = seconds
		mustToken(t, tokens, "", "token-1")
		mustToken(t, tokens, "", "token-2")
	}
}

func TestToken_IsReplacedWhenItWasRefused(t *testing.T) {
	t.Parallel()
	s, tokens := newService(t)
	mustToken(t, tokens, "", "token-1")
	mustToken(t, tokens, "token-1", "token-2")
	// Whoever comes late with the old one does not drive out the new one.
	mustToken(t, tokens, "token-1", "token-2")
	mustToken(t, tokens, "", "token-2")
	if len(s.forms) != 2 {
		t.Errorf("%d sign-ins, want 2", len(s.forms))
	}
}

func TestToken_IsFetchedOnceForAllWhoWait(t *testing.T) {
	t.Parallel()
	s, tokens := newService(t)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if got, err := tokens.Token(t.Context(), ""); err != nil || got != "token-1" {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	all.Wait()
	if len(s.forms) != 1 {
		t.Errorf("%d sign-ins, want 1", len(s.forms))
	}
}

func TestToken_FailuresSayWhyAndNoMore(t *testing.T) {
	t.Parallel()
	long := func(bytes int) string {
		return `{"token_type":"Bearer","expires_in":3600,"access_token":"` + strings.Repeat("x", bytes) + `"}`
	}
	for _, c := range []struct {
		status int
		body   string
		code   string // of a StatusError
		want   string
	}{
		{401, `{"error":"invalid_client","error_description":"` + clientSecret + `"}`, "invalid_client", "answered 401 (invalid_client)"},
		{400, `{"error":"<b>"}`, "", "answered 400 (no reason given)"},
		{400, clientSecret, "", "answered 400 (no reason given)"},
		{500, `{"error":"` + strings.Repeat("x", 41) + `"}`, "", "answered 500 (no reason given)"},
		{302, ``, "", "answered 302"},
		{201, long(1), "", "something that is no token"},
		{200, `{}`, "", "something that is no token"},
		{200, `<html>`, "", "something that is no token"},
		{200, `{"access_token":"x","token_type":"mac"}`, "", "something that is no token"},
		{200, long(MaxToken + 1), "", "something that is no token"},
	} {
		s, tokens := newService(t)
		s.change(func() { s.status, s.body = c.status, c.body })
		_, err := tokens.Token(t.Context(), "")
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), clientSecret) {
			t.Errorf("%d %.60s: %v", c.status, c.body, err)
		}
		var no *StatusError
		if errors.As(err, &no) != (c.status >= 300) || no != nil && (no.Code != c.code || no.Response.Status != c.status) {
			t.Errorf("%d %.60s: %#v", c.status, c.body, err)
		}
		if errors.Is(err, ErrNoToken) != (c.status < 300) {
			t.Errorf("%d %.60s: %v", c.status, c.body, err)
		}
		// The next call tries again.
		s.change(func() { s.status = 0 })
		mustToken(t, tokens, "", "token-2")
	}
	s, tokens := newService(t)
	s.change(func() { s.status, s.body = 200, long(MaxToken) })
	mustToken(t, tokens, "", strings.Repeat("x", MaxToken))
}

func TestToken_OfAServiceThatIsNotThere(t *testing.T) {
	t.Parallel()
	_, tokens := newService(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tokens.Token(ctx, ""); err == nil || !strings.Contains(err.Error(), "could not be asked") || outbound.CodeOf(err) == "" {
		t.Errorf("got %v", err)
	}
}
