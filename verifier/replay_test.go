package verifier

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
)

var guardStart = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

const guardKeep = MaxProofAge + MaxProofAhead

func newGuard(t *testing.T, limit int) *replayGuard {
	t.Helper()
	g, err := newReplayGuard(guardKeep, limit)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func numbered(n uint64) (id proofID) {
	binary.BigEndian.PutUint64(id[:], n)
	return id
}

func wantSpend(t *testing.T, g *replayGuard, n uint64, issuedAt, now time.Time, want code.Code) {
	t.Helper()
	again, err := g.spend(numbered(n), issuedAt, now, "")
	if got := code.Of(err); got != want || again {
		t.Errorf("proof %d at %v: got %q, want %q", n, now.Sub(guardStart), got, want)
	}
}

// TestGuardRemembersAsLongAsAProofIsGood takes the proof that is good longest: of
// a phone that is ahead, accepted at once.
func TestGuardRemembersAsLongAsAProofIsGood(t *testing.T) {
	t.Parallel()
	g := newGuard(t, 10)
	issuedAt := guardStart.Add(MaxProofAhead)
	wantSpend(t, g, 1, issuedAt, guardStart, "")
	lastGood := issuedAt.Add(MaxProofAge)
	for _, at := range []time.Time{guardStart, guardStart.Add(time.Minute), lastGood.Add(-1), lastGood} {
		wantSpend(t, g, 1, issuedAt, at, code.ProofReplayed)
	}
	wantSpend(t, g, 2, lastGood, lastGood.Add(1), "")
	if g.proofs.Len() != 1 {
		t.Errorf("%d proofs are remembered; the first is of no use any more", g.proofs.Len())
	}
}

func TestGuardRefusesRatherThanForgets(t *testing.T) {
	t.Parallel()
	const limit = 5
	g := newGuard(t, limit)
	for n := range uint64(limit) {
		wantSpend(t, g, n, guardStart, guardStart, "")
	}
	wantSpend(t, g, limit, guardStart, guardStart, code.Internal)
	for n := range uint64(limit) {
		wantSpend(t, g, n, guardStart, guardStart, code.ProofReplayed)
	}
	later := guardStart.Add(guardKeep + 1)
	wantSpend(t, g, limit, later, later, "")
}

func TestGuardKeepsWhatItHasWhenTheClockGoesBack(t *testing.T) {
	t.Parallel()
	g := newGuard(t, 10)
	wantSpend(t, g, 1, guardStart, guardStart, "")
	wantSpend(t, g, 1, guardStart, guardStart.Add(-time.Hour), code.ProofReplayed)
	wantSpend(t, g, 2, guardStart.Add(-time.Hour), guardStart.Add(-time.Hour), "")
	wantSpend(t, g, 1, guardStart, guardStart, code.ProofReplayed)
}

// TestGuardTakesNothingFromBeforeWhatItForgot sets the clock ahead, has the guard
// forget, and sets the clock back.
func TestGuardTakesNothingFromBeforeWhatItForgot(t *testing.T) {
	t.Parallel()
	g := newGuard(t, 10)
	wantSpend(t, g, 1, guardStart, guardStart, "")
	dayAhead := guardStart.Add(24 * time.Hour)
	wantSpend(t, g, 2, dayAhead, dayAhead, "")
	if g.proofs.Contains(numbered(1)) {
		t.Fatal("the first proof is remembered")
	}
	wantSpend(t, g, 1, guardStart, guardStart, code.ProofReplayed)
	// What is newer was never seen, whatever the clock did in between.
	wantSpend(t, g, 3, guardStart.Add(time.Second), guardStart.Add(time.Second), "")
}

func TestGuardGivesBackWhatWasDenied(t *testing.T) {
	t.Parallel()
	g := newGuard(t, 1)
	wantSpend(t, g, 1, guardStart, guardStart, "")
	g.release(numbered(1))
	wantSpend(t, g, 1, guardStart, guardStart, "")
	wantSpend(t, g, 1, guardStart, guardStart, code.ProofReplayed)
}

func TestGuardChecksWithoutSpending(t *testing.T) {
	t.Parallel()
	g := newGuard(t, 1)
	for range 2 {
		if err := g.check(numbered(1), guardStart, ""); err != nil {
			t.Error(err)
		}
	}
	wantSpend(t, g, 1, guardStart, guardStart, "")
	if got := code.Of(g.check(numbered(1), guardStart, "")); got != code.ProofReplayed {
		t.Errorf("got %q", got)
	}
}

func TestGuardSpendsOnceUnderContention(t *testing.T) {
	t.Parallel()
	g := newGuard(t, MaxProofs)
	var accepted atomic.Int32
	var all sync.WaitGroup
	for range 1000 {
		all.Go(func() {
			if _, err := g.spend(numbered(1), guardStart, guardStart, ""); err == nil {
				accepted.Add(1)
			}
		})
	}
	all.Wait()
	if n := accepted.Load(); n != 1 {
		t.Errorf("accepted %d times", n)
	}
}

func TestIdentifyTellsProofsApart(t *testing.T) {
	t.Parallel()
	base := func() (*credential.Badge, credential.Proof) {
		return &credential.Badge{Claims: credential.Claims{
			Issuer: "i", Subject: "s", Status: credential.StatusRef{URI: "u", Index: 1},
		}}, credential.Proof{Audience: "a", Nonce: "n", IssuedAt: guardStart}
	}
	badge, proof := base()
	first := identify(badge, proof)
	for name, change := range map[string]func(*credential.Badge, *credential.Proof){
		"issuer":   func(b *credential.Badge, _ *credential.Proof) { b.Issuer = "j" },
		"list":     func(b *credential.Badge, _ *credential.Proof) { b.Status.URI = "v" },
		"index":    func(b *credential.Badge, _ *credential.Proof) { b.Status.Index = 2 },
		"subject":  func(b *credential.Badge, _ *credential.Proof) { b.Subject = "t" },
		"audience": func(_ *credential.Badge, p *credential.Proof) { p.Audience = "b" },
		"nonce":    func(_ *credential.Badge, p *credential.Proof) { p.Nonce = "m" },
		"shifted":  func(_ *credential.Badge, p *credential.Proof) { p.Audience, p.Nonce = "an", "" },
	} {
		badge, proof := base()
		change(badge, &proof)
		if identify(badge, proof) == first {
			t.Errorf("another %s makes no difference", name)
		}
	}
	badge, proof = base()
	badge.KeyID, proof.IssuedAt = "k", guardStart.Add(time.Second)
	if identify(badge, proof) != first {
		t.Error("the key or the time makes a difference")
	}
}
