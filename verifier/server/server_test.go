package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/internal/problem"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/verifier"
)

func TestNew_ReportsEverythingThatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := New(Config{Site: strings.Repeat("s", MaxSite+1), AuthorizeAccess: "everything"})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"no Verifier", "Site has 129 bytes", `AuthorizeAccess is "everything"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in: %v", want, err)
		}
	}
	if _, err := New(Config{Verifier: newVerifier(t), Site: strings.Repeat("s", MaxSite)}); err != nil {
		t.Errorf("a site at the bound: %v", err)
	}
}

func TestReady_TellsWhatTheOperatorMayKnow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ready  func(context.Context) error
		status int
		code   string
	}{
		"no check":       {nil, 200, ""},
		"ready":          {func(context.Context) error { return nil }, 200, ""},
		"not ready":      {func(context.Context) error { return errors.New("secret cause") }, 503, "not_ready"},
		"says it itself": {func(context.Context) error { return problem.Errorf(503, "status_unavailable", "No list.") }, 503, "status_unavailable"},
	} {
		g := start(t, options{server: func(config *Config) { config.Ready = c.ready }})
		for _, base := range []string{g.url, g.metrics} {
			r := do(t, newRequest(t, http.MethodGet, base+"/readyz", ""))
			if r.status != c.status || strings.Contains(string(r.body), "secret") {
				t.Errorf("%s: %d %s", name, r.status, r.body)
			}
			if c.code != "" && r.code(t) != c.code {
				t.Errorf("%s: %s", name, r.body)
			}
			if r := do(t, newRequest(t, http.MethodGet, base+"/healthz", "")); r.status != 200 {
				t.Errorf("%s: healthz %d", name, r.status)
			}
		}
	}
}

// crowd is a server all of whose places are taken: each decision waits for the
// same status list.
type crowd struct {
	*running
	proceed chan struct{}
	answers chan int // statuses
	size    int
}

func newCrowd(t *testing.T) *crowd {
	t.Helper()
	c := &crowd{proceed: make(chan struct{})}
	arrived := make(chan struct{}, 4*VerificationsPerCPU*runtime.GOMAXPROCS(0))
	c.running = start(t, options{
		verifier: []func(*verifier.Config){func(config *verifier.Config) {
			config.Fetcher = held{listed(t, revocation.Valid), c.proceed}
		}},
		// The clock is asked as soon as a decision has its place.
		server: func(config *Config) {
			config.Now = func() time.Time { arrived <- struct{}{}; return now() }
		},
	})
	c.size = cap(c.service.slots)
	c.answers = make(chan int, c.size)
	badge := credentialtest.MustIssue(t, credentialtest.Claims())
	for i := range c.size {
		r := newRequest(t, http.MethodPost, c.url+"/v1/verify", ask(bound(t, badge, fmt.Sprint("crowd-", i)), "onsite"))
		go func() {
			got, err := try(r)
			if err != nil {
				got.status = -1
			}
			c.answers <- got.status
		}()
	}
	for range c.size {
		<-arrived
	}
	return c
}

func (c *crowd) disperse(t *testing.T) {
	t.Helper()
	close(c.proceed)
	for range c.size {
		if status := <-c.answers; status != http.StatusOK {
			t.Errorf("one within the bound got %d", status)
		}
	}
}

func TestOverload_OneMoreThanTheBoundIsTurnedAway(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	r := c.post(t, ask(fresh(t, "one more"), "onsite"))
	if r.status != 503 || r.code(t) != CodeOverloaded || r.header.Get("Retry-After") != "1" {
		t.Errorf("verify: %d %v %s", r.status, r.header, r.body)
	}
	r = c.authorize(t, "Authorization", "Bearer "+fresh(t, "one more"))
	if r.status != 403 || r.code(t) != CodeOverloaded || r.header.Get("Retry-After") != "1" {
		t.Errorf("authorize: %d %v %s", r.status, r.header, r.body)
	}
	if r := c.post(t, `{"access":"onsite"}`); r.status != 400 {
		t.Errorf("a call that needs no decision: %d", r.status)
	}
	if r := do(t, newRequest(t, http.MethodGet, c.url+"/healthz", "")); r.status != 200 {
		t.Errorf("healthz: %d", r.status)
	}
	if n := c.sample(t, "cyberbadge_verifier_decisions_under_way"); n != float64(c.size) {
		t.Errorf("%v decisions under way, want %d", n, c.size)
	}
	if n := c.sample(t, "cyberbadge_verifier_overloaded_total"); n != 2 {
		t.Errorf("%v turned away, want 2", n)
	}
	c.disperse(t)
	// The one turned away had not used its proof up.
	if d := c.post(t, ask(fresh(t, "one more"), "onsite")).decision(t); !d.Allow {
		t.Errorf("afterwards: %s", d.Reason)
	}
}

func TestStop_AnswersWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	c.stop()
	address := strings.TrimPrefix(c.url, "http://")
	for {
		connection, err := net.Dial("tcp", address)
		if err != nil {
			break // it takes nobody new
		}
		_ = connection.Close()
	}
	c.disperse(t)
	if err := <-c.stopped; err != nil {
		t.Errorf("stopping: %v", err)
	}
}

func TestSlowBody_TimesOutAndTakesNoPlace(t *testing.T) {
	t.Parallel()
	g := start(t, options{http: func(c *httpserver.Config) { c.ReadTimeout = 200 * time.Millisecond }})
	connection, err := net.Dial("tcp", strings.TrimPrefix(g.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	_, err = io.WriteString(connection, "POST /v1/verify HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"presentation\":")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(g.service.slots); n != 0 {
		t.Errorf("a body that is still coming takes %d places", n)
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusRequestTimeout {
		t.Errorf("status %d", response.StatusCode)
	}
}
