package verifier_test

import (
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/revocation/cache"
	"github.com/cyberbadge/cyberbadge/verifier"
)

// show presents the badge of the test kit with a proof of this instant.
func (g *gate) show(t *testing.T, nonce string) string {
	t.Helper()
	return credentialtest.MustBind(t, credentialtest.MustIssue(t, credentialtest.Claims()), credential.Proof{
		Audience: credential.GateAudience, Nonce: nonce, IssuedAt: *g.now.Load(),
	})
}

var ownRef = credentialtest.Claims().Status

func TestASignalledBadgeIsDeniedUntilAListIsNewer(t *testing.T) {
	t.Parallel()
	for status, want := range map[revocation.Status]verifier.Reason{
		revocation.Invalid: verifier.Revoked, revocation.Suspended: verifier.Suspended,
	} {
		g := newGate(t, nil)
		g.want(t, g.show(t, "1"), "")
		g.set(credentialtest.Now.Add(5 * time.Second))
		if err := g.Deny(credentialtest.IssuerURL, ownRef.URI, ownRef.Index, status, *g.now.Load()); err != nil {
			t.Fatal(err)
		}
		if d := g.want(t, g.show(t, "2"), code.StatusSignalled); d.Reason != want || d.Allow {
			t.Errorf("%v: reason %s, want %s", status, d.Reason, want)
		}
		g.set(credentialtest.Now.Add(6 * time.Second))
		if err := g.LoadList(credentialtest.IssuerURL, ownRef.URI, g.list(t, revocation.Valid)); err != nil {
			t.Fatal(err)
		}
		g.want(t, g.show(t, "3"), "")
	}
}

func TestStatusAndOnListServeWhoRemembersDecisions(t *testing.T) {
	t.Parallel()
	g := newGate(t, nil)
	g.want(t, g.show(t, "1"), "")
	var seen []revocation.Status
	stop := g.OnList(func(change revocation.ListChange) {
		result, err := g.Status(change.Issuer, credential.StatusRef{URI: change.URI, Index: ownRef.Index})
		if err != nil {
			t.Error(err)
		}
		seen = append(seen, result.Status)
	})
	for _, status := range []revocation.Status{revocation.Suspended, revocation.Valid} {
		if err := g.LoadList(credentialtest.IssuerURL, ownRef.URI, g.list(t, status)); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	if len(seen) != 2 || seen[0] != revocation.Suspended || seen[1] != revocation.Valid {
		t.Errorf("saw %v", seen)
	}
}

// TestAVerifierWithACacheDecidesAfterARestartWithoutANetwork, and does not take an
// older list than it had.
func TestAVerifierWithACacheDecidesAfterARestartWithoutANetwork(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	kept := func(config *verifier.Config) {
		folder, err := cache.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		config.Cache = folder
	}
	g := newGate(t, kept)
	older := g.list(t, revocation.Valid)
	g.lists.Put(credentialtest.ListURI, g.list(t, revocation.Suspended))
	g.want(t, g.show(t, "1"), code.StatusSuspended)
	g.Close()

	again := newGate(t, func(config *verifier.Config) { kept(config); config.Fetcher = nil })
	again.want(t, again.show(t, "2"), code.StatusSuspended)
	if got := code.Of(again.LoadList(credentialtest.IssuerURL, ownRef.URI, older)); got != code.StatusRollback {
		t.Errorf("got %q", got)
	}
}

// clocked is a gate with a second clock, which only pass moves.
type clocked struct {
	*gate
	elapsed time.Duration
}

func newClocked(t *testing.T) *clocked {
	c := &clocked{}
	c.gate = newGate(t, func(config *verifier.Config) {
		config.Elapsed = func() time.Duration { return c.elapsed }
		config.MaxStatusAge = 4 * time.Hour
		config.Fetcher = nil
	})
	if err := c.LoadList(credentialtest.IssuerURL, ownRef.URI, c.list(t, revocation.Valid)); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *clocked) setBy(d time.Duration) { c.set(c.now.Load().Add(d)) }

func (c *clocked) pass(d time.Duration) {
	c.elapsed += d
	c.setBy(d)
}

// TestN2_ASteppedBackClockReopensNeitherListNorProofNorBadge is what a guard could
// try who knows the tablet's PIN.
func TestN2_ASteppedBackClockReopensNeitherListNorProofNorBadge(t *testing.T) {
	t.Parallel()
	c := newClocked(t)
	shown := c.show(t, "1")
	c.want(t, shown, "")
	c.pass(10 * time.Second)
	c.setBy(-10 * time.Second)
	c.want(t, shown, code.ProofReplayed) // within what a clock may err
	c.pass(10 * time.Minute)
	c.want(t, c.show(t, "2"), "")
	c.setBy(-10 * time.Minute)
	d := c.want(t, shown, code.ClockUntrusted)
	if d.Reason != verifier.StatusUnavailable || d.Allow {
		t.Errorf("got %+v", d)
	}
	c.pass(4 * time.Hour)
	c.want(t, c.show(t, "3"), code.ClockUntrusted) // though by this clock the list is fresh
	c.setBy(10 * time.Minute)
	c.want(t, c.show(t, "4"), code.StatusStale)
}

// TestN7_AGateThatSleptGoesOnWithinItsLimit, and not beyond.
func TestN7_AGateThatSleptGoesOnWithinItsLimit(t *testing.T) {
	t.Parallel()
	c := newClocked(t)
	c.setBy(4 * time.Hour)
	c.want(t, c.show(t, "1"), "")
	c.setBy(time.Second)
	c.want(t, c.show(t, "2"), code.StatusStale)
}

// TestF22_NoListIsFetchedForABadgeThatIsNotGood in any way that comes first.
func TestF22_NoListIsFetchedForABadgeThatIsNotGood(t *testing.T) {
	t.Parallel()
	g := newGate(t, nil)
	good := g.show(t, "1")
	forged := []byte(good)
	forged[len(good)/4] ^= 1
	g.want(t, good[:len(good)-3]+"AAA", code.ProofSignatureInvalid)
	if d := g.ask(t, string(forged), onsite); d.Allow {
		t.Errorf("got %+v", d)
	}
	g.set(credentialtest.Claims().Expires)
	g.want(t, g.show(t, "2"), code.BadgeExpired)
	if n := g.lists.Fetches(); n != 0 {
		t.Errorf("%d fetches", n)
	}
}
