package server

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// tight is one call a second, three at once.
var tight = Limit{PerSecond: 1, Burst: 3}

func limitedTo(t *testing.T, l Limits) *office {
	t.Helper()
	return open(t, options{change: func(c *Config) { c.Limits = l }})
}

// busy insists on 429, and on when to come back.
func (r reply) busy(t *testing.T, seconds string) {
	t.Helper()
	r.problem(t, http.StatusTooManyRequests, CodeTooManyRequests)
	if got := r.header.Get("Retry-After"); got != seconds {
		t.Errorf("Retry-After is %q, want %q", got, seconds)
	}
}

func TestLimits_EachTokenHasItsOwn(t *testing.T) {
	t.Parallel()
	o := limitedTo(t, Limits{Callers: tight})
	one, two := o.token(t, ScopePeopleRead), o.token(t, ScopePeopleRead)
	use := func(secret string) reply { return o.get(t, "/v1/people", "Authorization", "Bearer "+secret) }
	for i := range 3 {
		if got := use(one).status; got != http.StatusOK {
			t.Fatalf("call %d: %d", i, got)
		}
	}
	use(one).busy(t, "1")
	if got := use(two).status; got != http.StatusOK {
		t.Errorf("another token: %d", got)
	}
	o.Move(time.Second - 1)
	use(one).busy(t, "1")
	o.Move(1)
	if got := use(one).status; got != http.StatusOK {
		t.Errorf("after the wait: %d", got)
	}
	// What lacks the scope counts as well.
	use(one).busy(t, "1")
}

func TestLimits_GuessingCostsTheAddressAndNobodyElse(t *testing.T) {
	t.Parallel()
	o := limitedTo(t, Limits{SignIns: tight})
	guess := func() reply { return o.get(t, "/v1/people", "Authorization", "Bearer "+newToken()) }
	for range 3 {
		guess().problem(t, http.StatusUnauthorized, CodeCredentialInvalid)
	}
	guess().busy(t, "1")
	o.get(t, "/v1/me").busy(t, "1")
	if got := o.call(t, "GET", "/v1/people").status; got != http.StatusOK {
		t.Errorf("with a token that is good: %d", got)
	}
	o.get(t, "/office/sign-in").busy(t, "1")
}

func TestLimits_NeverInTheWayOfVerifiers(t *testing.T) {
	t.Parallel()
	o := limitedTo(t, Limits{Callers: tight, Public: tight, SignIns: tight})
	if _, err := o.store.EnsureList(t.Context(), "a test"); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		for _, path := range []string{"/status-lists", "/status-lists/1", "/.well-known/jwt-vc-issuer", "/trust-list.json", "/vct/cyber-badge/1", "/healthz", "/readyz"} {
			if got := o.get(t, path).status; got != http.StatusOK {
				t.Fatalf("%s: %d", path, got)
			}
		}
	}
	post := func() reply { return o.send(t, http.DefaultClient, "POST", "/nonce", nil, nil) }
	for range 3 {
		if got := post().status; got != http.StatusOK {
			t.Fatalf("%d", got)
		}
	}
	post().busy(t, "1")
}

func TestLimits_DocumentsHaveTheirOwnGenerousOne(t *testing.T) {
	t.Parallel()
	o := limitedTo(t, Limits{})
	handler := o.service.Handler()
	calls := func() int { return statusOf(handler, "GET", "/trust-list.json", "192.0.2.1:1") }
	for i := range DefaultDocuments.Burst {
		if got := calls(); got != http.StatusOK {
			t.Fatalf("call %d: %d", i, got)
		}
	}
	if got := calls(); got != http.StatusTooManyRequests {
		t.Errorf("one more: %d", got)
	}
	if got := statusOf(handler, "GET", "/readyz", "192.0.2.1:1"); got != http.StatusOK {
		t.Errorf("readyz: %d", got)
	}
	if got := statusOf(handler, "GET", "/trust-list.json", "192.0.2.2:1"); got != http.StatusOK {
		t.Errorf("another address: %d", got)
	}
	o.Move(2 * time.Millisecond)
	if got := calls(); got != http.StatusOK {
		t.Errorf("after the wait: %d", got)
	}
}

func statusOf(h http.Handler, method, path, from string, with ...string) int {
	request, _ := http.NewRequest(method, "http://issuer"+path, nil)
	request.RemoteAddr = from
	for i := 0; i < len(with); i += 2 {
		request.Header.Add(with[i], with[i+1])
	}
	w := &statusWriter{header: http.Header{}}
	h.ServeHTTP(w, request)
	return w.status
}

type statusWriter struct {
	header http.Header
	status int
}

func (w *statusWriter) Header() http.Header { return w.header }
func (w *statusWriter) WriteHeader(s int) {
	if w.status == 0 {
		w.status = s
	}
}
func (w *statusWriter) Write(b []byte) (int, error) { w.WriteHeader(http.StatusOK); return len(b), nil }

func TestLimits_BehindProxiesTheClientIsWhomTheySaw(t *testing.T) {
	t.Parallel()
	o := limitedTo(t, Limits{Public: tight, Proxies: 1})
	from := func(forwarded string) int {
		return statusOf(o.service.Handler(), "POST", "/nonce", "10.0.0.1:1", "X-Forwarded-For", forwarded)
	}
	for range 3 {
		from("203.0.113.9")
	}
	if got := from("198.51.100.7, 203.0.113.9"); got != http.StatusTooManyRequests {
		t.Errorf("with an address of its own choice in front: %d", got)
	}
	if got := from("203.0.113.10"); got != http.StatusOK {
		t.Errorf("another client: %d", got)
	}
	alone := limitedTo(t, Limits{Public: tight})
	for range 3 {
		statusOf(alone.service.Handler(), "POST", "/nonce", "203.0.113.9:1", "X-Forwarded-For", "192.0.2.1")
	}
	if got := statusOf(alone.service.Handler(), "POST", "/nonce", "203.0.113.9:2", "X-Forwarded-For", "192.0.2.2"); got != http.StatusTooManyRequests {
		t.Errorf("without a proxy: %d", got)
	}
}

func TestLimits_TheOperatorHasNone(t *testing.T) {
	t.Parallel()
	o := limitedTo(t, Limits{Callers: tight, Public: tight, SignIns: tight, Documents: tight})
	for range 10 {
		for _, path := range []string{"/v1/people", "/trust-list.json", "/v1/me"} {
			if got := o.send(t, o.local, "GET", path, nil, nil).status; got != http.StatusOK {
				t.Fatalf("%s: %d", path, got)
			}
		}
	}
}

func TestLimits_ThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	config := o.service.config
	config.Limits = Limits{Callers: Limit{PerSecond: 1}, Public: Limit{Burst: 1}, Proxies: 9}
	_, err := New(config)
	for _, word := range []string{"limits: Callers", "limits: Public", "limits: Proxies is 9"} {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("no word of %s: %v", word, err)
		}
	}
	config.Limits = Limits{Proxies: 8}
	if _, err := New(config); err != nil {
		t.Error(err)
	}
}
