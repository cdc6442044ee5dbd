package server

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/internal/logtest"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/verifiertest"
)

// held are lists that nobody gets before proceed is closed.
type held struct {
	revocation.Fetcher
	proceed <-chan struct{}
}

func (h held) Fetch(ctx context.Context, uri string) (string, error) {
	select {
	case <-h.proceed:
		return h.Fetcher.Fetch(ctx, uri)
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// listed is a place where the badges of credentialtest have that status, ten
// seconds ago.
func listed(t testing.TB, status revocation.Status) *verifiertest.Lists {
	t.Helper()
	lists := verifiertest.NewLists()
	lists.Put(credentialtest.ListURI, verifiertest.ListToken(t, credentialtest.ListURI, credentialtest.Now.Add(-10*time.Second), status))
	return lists
}

func now() time.Time { return credentialtest.Now }

// newVerifier trusts the test issuer and finds its badges valid, unless changes
// say otherwise.
func newVerifier(t testing.TB, changes ...func(*verifier.Config)) *verifier.Verifier {
	t.Helper()
	config := verifier.Config{Now: now}
	for _, change := range changes {
		change(&config)
	}
	if config.Trust == nil {
		config.Trust = verifiertest.Trust(t)
	}
	if config.Fetcher == nil {
		config.Fetcher = listed(t, revocation.Valid)
	}
	v, err := verifier.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}

func withStatus(t testing.TB, status revocation.Status) func(*verifier.Config) {
	return func(c *verifier.Config) { c.Fetcher = listed(t, status) }
}

// running is a service and what it logged.
type running struct {
	service *Server
	url     string // of the public listener
	metrics string // of the operator's
	log     *logtest.Log
	stop    context.CancelFunc
	stopped <-chan error
}

type options struct {
	verifier []func(*verifier.Config)
	server   func(*Config)
	http     func(*httpserver.Config)
}

// start runs the service on loopback the way the command does.
func start(t testing.TB, o options) *running {
	t.Helper()
	g := &running{log: new(logtest.Log)}
	logger := slog.New(slog.NewJSONHandler(g.log, nil))
	config := Config{Verifier: newVerifier(t, o.verifier...), Site: "plant-7", Now: now, Logger: logger}
	if o.server != nil {
		o.server(&config)
	}
	var err error
	if g.service, err = New(config); err != nil {
		t.Fatal(err)
	}
	around := httpserver.Config{
		Addr:           "127.0.0.1:0",
		Handler:        g.service.Handler(),
		MetricsAddr:    "127.0.0.1:0",
		MetricsHandler: g.service.Operations(),
		Ready:          g.service.Ready,
		Logger:         logger,
	}
	if o.http != nil {
		o.http(&around)
	}
	server, err := httpserver.New(around)
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(ctx); close(stopped) }()
	g.stop, g.stopped = stop, stopped
	g.url = "http://" + server.Addr().String()
	g.metrics = "http://" + server.MetricsAddr().String()
	t.Cleanup(func() {
		stop()
		if err := <-stopped; err != nil {
			t.Errorf("the server ended with: %v", err)
		}
	})
	return g
}

// reply is an answer that has been read.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func do(t testing.TB, r *http.Request) reply {
	t.Helper()
	got, err := try(r)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// try is do for other goroutines than the test's.
func try(r *http.Request) (reply, error) {
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, body}, err
}

func newRequest(t testing.TB, method, url, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

// post asks for a decision.
func (g *running) post(t testing.TB, body string) reply {
	t.Helper()
	return do(t, newRequest(t, http.MethodPost, g.url+"/v1/verify", body))
}

// authorize asks as a proxy does, with these headers on top.
func (g *running) authorize(t testing.TB, headers ...string) reply {
	t.Helper()
	r := newRequest(t, http.MethodGet, g.url+"/v1/authorize", "")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return do(t, r)
}

func (r reply) decision(t testing.TB) verifier.Decision {
	t.Helper()
	if r.status != http.StatusOK || r.header.Get("Content-Type") != "application/json" {
		t.Fatalf("status %d, %s: %s", r.status, r.header.Get("Content-Type"), r.body)
	}
	var d verifier.Decision
	if err := json.Unmarshal(r.body, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// code is the problem's code.
func (r reply) code(t testing.TB) string {
	t.Helper()
	if r.header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("status %d is no problem: %s", r.status, r.body)
	}
	var p struct{ Code string }
	if err := json.Unmarshal(r.body, &p); err != nil {
		t.Fatal(err)
	}
	return p.Code
}

// ask is the body of a call.
func ask(presentation, access string) string {
	return fmt.Sprintf(`{"presentation":%q,"access":%q}`, presentation, access)
}

// fresh is a presentation of the test badge with a proof of its own.
func fresh(t testing.TB, nonce string) string {
	t.Helper()
	return freshOf(t, credentialtest.Claims(), nonce)
}

func freshOf(t testing.TB, claims credential.Claims, nonce string) string {
	t.Helper()
	return bound(t, credentialtest.MustIssue(t, claims), nonce)
}

// bound is a presentation of a badge that exists already.
func bound(t testing.TB, badge, nonce string) string {
	t.Helper()
	return credentialtest.MustBind(t, badge, credential.Proof{
		Audience: credential.GateAudience, Nonce: nonce, IssuedAt: credentialtest.Now,
	})
}
