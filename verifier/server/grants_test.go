package server

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/outbound/outboundtest"
	signing "github.com/cyberbadge/cyberbadge/internal/webhook"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/grant"
	"github.com/cyberbadge/cyberbadge/verifier/grant/webhook"
	"github.com/cyberbadge/cyberbadge/verifier/verifiertest"
)

// list has the service's verifier take a list in which the badges of the test kit
// have that status.
func (g *running) list(t testing.TB, status revocation.Status, at time.Time) {
	t.Helper()
	token := verifiertest.ListToken(t, credentialtest.ListURI, at, status)
	if err := g.service.config.Verifier.LoadList(credentialtest.IssuerURL, credentialtest.ListURI, token); err != nil {
		t.Fatal(err)
	}
}

// forget tells the service that what a decision allowed is over.
func (g *running) forget(t testing.TB, decision string) reply {
	t.Helper()
	return do(t, newRequest(t, http.MethodDelete, g.url+"/v1/grants/"+decision, ""))
}

func TestGrants_EveryWayOfAskingIsOne(t *testing.T) {
	t.Parallel()
	g := start(t, options{})
	asked := g.post(t, ask(fresh(t, "a"), "onsite")).decision(t)
	forwarded := g.authorize(t, "Authorization", "Bearer "+fresh(t, "b")).header.Get("X-Badge-Decision")
	if denied := g.post(t, ask(fresh(t, "a"), "onsite")).decision(t); denied.Allow {
		t.Fatal("a replay was allowed")
	}
	if n := g.sample(t, "cyberbadge_verifier_grants"); n != 2 {
		t.Fatalf("%v grants, want 2", n)
	}
	g.list(t, revocation.Suspended, credentialtest.Now)
	for _, id := range []string{asked.ID, forwarded} {
		want := fmt.Sprintf(`"msg":"grant ended","decision":%q,"reason":"suspended","gate":"","list":%q,"index":`, id, credentialtest.ListURI)
		if strings.Count(g.log.String(), want) != 1 {
			t.Errorf("the log does not name %s once", id)
		}
	}
	for series, want := range map[string]float64{
		"cyberbadge_verifier_grants":                                 0,
		`cyberbadge_verifier_grants_ended_total{reason="suspended"}`: 2,
		`cyberbadge_verifier_grants_ended_total{reason="revoked"}`:   0,
	} {
		if got := g.sample(t, series); got != want {
			t.Errorf("%s is %v, want %v", series, got, want)
		}
	}
	for _, name := range []string{"Zoë", "Rößler"} {
		if strings.Contains(g.log.String(), name) {
			t.Errorf("the log has %s", name)
		}
	}
}

func TestGrants_OfWhatIsOverNothingIsTold(t *testing.T) {
	t.Parallel()
	g := start(t, options{})
	over, open := g.post(t, ask(fresh(t, "a"), "onsite")).decision(t), g.post(t, ask(fresh(t, "b"), "onsite")).decision(t)
	for _, id := range []string{over.ID, over.ID, "unknown", strings.Repeat("x", 2000), "%2e%2e", "a%2Fb"} {
		if r := g.forget(t, id); r.status != http.StatusNoContent || len(r.body) > 0 {
			t.Errorf("%.40s: %d %s", id, r.status, r.body)
		}
	}
	if r := g.forget(t, open.ID+"?x=1"); r.status != 400 || r.code(t) != CodeQueryNotAllowed {
		t.Errorf("a query: %d %s", r.status, r.body)
	}
	for method, want := range map[string]int{http.MethodGet: 405, http.MethodPost: 405, http.MethodOptions: 405} {
		if r := do(t, newRequest(t, method, g.url+"/v1/grants/"+open.ID, "")); r.status != want {
			t.Errorf("%s: %d, want %d", method, r.status, want)
		}
	}
	g.list(t, revocation.Invalid, credentialtest.Now)
	if log := g.log.String(); strings.Contains(log, `"grant ended","decision":"`+over.ID) || !strings.Contains(log, `"grant ended","decision":"`+open.ID) {
		t.Error("told of what was over, or not of what was not")
	}
}

func TestGrants_OtherSystemsAreTold(t *testing.T) {
	t.Parallel()
	secret, _ := signing.NewSecret()
	type post struct {
		header http.Header
		body   []byte
	}
	got := make(chan post, 1)
	address, client := outboundtest.Serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- post{r.Header, body}
	}))
	sender, err := webhook.New(webhook.Config{
		Receivers: []webhook.Receiver{{URL: address, Secrets: []signing.Secret{secret}}}, Client: client, Now: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	g := start(t, options{server: func(c *Config) { c.Webhooks = sender }})
	decision := g.post(t, ask(fresh(t, "a"), "onsite")).decision(t)
	// Nobody delivers yet: what ends a grant does not wait for it.
	g.list(t, revocation.Invalid, credentialtest.Now)
	if n := g.sample(t, "cyberbadge_verifier_grant_webhooks_waiting"); n != 1 {
		t.Errorf("%v wait, want 1", n)
	}
	go sender.Run(t.Context())
	taken := <-got
	if _, err := signing.Verify([]signing.Secret{secret}, taken.header, taken.body, credentialtest.Now); err != nil {
		t.Error(err)
	}
	var event struct {
		Type string
		Data grant.Ending
	}
	if err := json.Unmarshal(taken.body, &event); err != nil {
		t.Fatal(err)
	}
	if event.Type != "grant.ended" || event.Data.Decision != decision.ID || event.Data.Reason != verifier.Revoked ||
		event.Data.Site != "plant-7" || event.Data.Index != decision.Badge.Index {
		t.Errorf("%s", taken.body)
	}
	for deadline := time.Now().Add(patience); g.sample(t, `cyberbadge_verifier_grant_webhooks_total{outcome="delivered"}`) != 1; {
		if time.Now().After(deadline) {
			t.Fatal("the delivery is not counted")
		}
	}
}
