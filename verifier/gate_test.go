package verifier_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/verifiertest"
)

func at(gate string) verifier.Request {
	return verifier.Request{Access: credential.Onsite, Gate: gate}
}

func TestAProofIsAcceptedAgainAtItsGateOnly(t *testing.T) {
	t.Parallel()
	g := newGate(t, nil)
	shown := present(t)
	for _, step := range []struct {
		gate  string
		again bool
		want  code.Code
	}{
		{"north", false, ""},
		{"north", true, ""},
		{"south", false, code.ProofReplayed},
		{"", false, code.ProofReplayed},
		{"north", true, ""},
	} {
		d := g.ask(t, shown, at(step.gate))
		if d.Code != step.want || d.Again != step.again || d.Gate != step.gate {
			t.Errorf("at %q: %q, again %v, gate %q; want %q, again %v", step.gate, d.Code, d.Again, d.Gate, step.want, step.again)
		}
	}
}

func TestAProofThatNoGateAskedForIsNotAcceptedAgain(t *testing.T) {
	t.Parallel()
	g := newGate(t, nil)
	shown := present(t)
	g.want(t, shown, "")
	if d := g.ask(t, shown, at("north")); d.Code != code.ProofReplayed {
		t.Errorf("got %q", d.Code)
	}
	g.want(t, shown, code.ProofReplayed)
}

// TestAgainIsJudgedAnew shows that what was accepted before says nothing about now.
func TestAgainIsJudgedAnew(t *testing.T) {
	t.Parallel()
	g := newGate(t, nil)
	shown := present(t)
	if d := g.ask(t, shown, at("north")); !d.Allow {
		t.Fatalf("%q", d.Code)
	}
	g.set(credentialtest.Now.Add(61 * time.Second))
	g.lists.Put(credentialtest.ListURI, verifiertest.ListToken(t, credentialtest.ListURI, credentialtest.Now.Add(61*time.Second), revocation.Invalid))
	if d := g.ask(t, shown, at("north")); d.Allow || d.Code != code.StatusRevoked {
		t.Errorf("revoked meanwhile: %v %q", d.Allow, d.Code)
	}
	// The denial does not give the proof back to the other gates.
	if d := g.ask(t, shown, at("south")); d.Code != code.ProofReplayed {
		t.Errorf("at the other gate: %q", d.Code)
	}
	g.set(credentialtest.Now.Add(verifier.MaxProofAge + 1))
	if d := g.ask(t, shown, at("north")); d.Code != code.ProofTime {
		t.Errorf("after its time: %q", d.Code)
	}
}

func TestAGateHasANameOfAtMost64Bytes(t *testing.T) {
	t.Parallel()
	g := newGate(t, nil)
	if d := g.ask(t, present(t), at(strings.Repeat("n", verifier.MaxGate))); !d.Allow {
		t.Errorf("at the bound: %q %s", d.Code, d.Detail)
	}
	if d := g.ask(t, present(t), at(strings.Repeat("n", verifier.MaxGate+1))); d.Reason != verifier.InternalError {
		t.Errorf("beyond: %q %s", d.Reason, d.Detail)
	}
}

func TestARequestAsksForMoreButNotForLess(t *testing.T) {
	t.Parallel()
	g := newGate(t, func(c *verifier.Config) { c.Policy = verifier.Policy{Organizations: []string{"nobody"}} })
	if d := g.ask(t, present(t), verifier.Request{Access: credential.Onsite, Policy: verifier.Policy{Name: true}}); d.Code != code.ClaimPolicy {
		t.Errorf("the site's policy was given up: %q", d.Code)
	}
	for name, step := range map[string]struct {
		policy verifier.Policy
		want   verifier.Reason
	}{
		"met":       {verifier.Policy{Name: true}, verifier.OK},
		"not met":   {verifier.Policy{Roles: []string{"astronaut"}}, verifier.PolicyDenied},
		"no demand": {verifier.Policy{Roles: []string{""}}, verifier.InternalError},
	} {
		if d := newGate(t, nil).ask(t, present(t), verifier.Request{Access: credential.Onsite, Policy: step.policy}); d.Reason != step.want {
			t.Errorf("%s: %q (%s), want %q", name, d.Reason, d.Detail, step.want)
		}
	}
}

// aggregator is an issuer that says which lists it has.
type aggregator struct {
	lists []string
	asked chan string
}

func (a aggregator) Aggregate(_ context.Context, uri string) ([]string, error) {
	a.asked <- uri
	return a.lists, nil
}

// fetched tells of each list that is asked for.
type fetched struct {
	*verifiertest.Lists
	uris chan string
}

func (f fetched) Fetch(ctx context.Context, uri string) (string, error) {
	token, err := f.Lists.Fetch(ctx, uri)
	f.uris <- uri
	return token, err
}

// aggregated is the trust list in which the first issuer says where it names its
// lists.
func aggregated(t *testing.T, uri string) *verifier.Trust {
	t.Helper()
	text := strings.Replace(string(verifiertest.TrustFile(t)), `"lists": {`, `"lists": {"aggregation": "`+uri+`",`, 1)
	trust, err := verifier.ParseTrust([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return trust
}

func TestKeepListsHasThemBeforeABadgeNamesThem(t *testing.T) {
	t.Parallel()
	const aggregation = credentialtest.IssuerURL + "/status-lists"
	asked := aggregator{
		lists: []string{credentialtest.ListURI, "https://elsewhere.example/status-lists/1"},
		asked: make(chan string, 1),
	}
	var lists fetched
	g := newGate(t, func(c *verifier.Config) {
		lists = fetched{c.Fetcher.(*verifiertest.Lists), make(chan string, 1)}
		c.Trust, c.Fetcher, c.Aggregator = aggregated(t, aggregation), lists, asked
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { g.KeepLists(ctx); close(ended) }()
	if got := <-asked.asked; got != aggregation {
		t.Errorf("asked %q", got)
	}
	if got := <-lists.uris; got != credentialtest.ListURI {
		t.Errorf("fetched %q", got)
	}
	stop()
	<-ended
	if err := g.Close(); err != nil { // waits for what is under way
		t.Fatal(err)
	}
	held := g.Lists()
	if len(held) != 1 || held[0].URI != credentialtest.ListURI || held[0].Issuer != credentialtest.IssuerURL || !held[0].IssuedAt.Equal(credentialtest.Now) {
		t.Fatalf("holds %+v", held)
	}
	// What it holds is what another verifier can check for itself.
	other := newGate(t, func(c *verifier.Config) { c.Fetcher = nil })
	if err := other.LoadList(held[0].Issuer, held[0].URI, held[0].Token); err != nil {
		t.Fatal(err)
	}
	other.want(t, present(t), "")
}
