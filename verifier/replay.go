package verifier

import (
	"crypto/sha256"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
)

// MaxProofs is how many proofs a verifier remembers at once: one for each
// badge shown in the two minutes that a proof could be shown again.
const MaxProofs = 1 << 18

// replayGuard remembers the proofs that were accepted, for as long as each
// would be accepted again. It forgets nothing to make room: a verifier that has
// seen more than it can remember refuses, because otherwise a flood of good
// proofs would be the way to use one of them twice.
type replayGuard struct {
	keep  time.Duration
	limit int

	mu     sync.Mutex
	proofs *simplelru.LRU[proofID, spentProof] // oldest first
	floor  time.Time                           // latest iat of a proof that was forgotten
}

type proofID [sha256.Size]byte

type spentProof struct {
	issuedAt time.Time
	until    time.Time // when it may be forgotten
	gate     string    // where it may be shown again; nowhere when empty
}

func newReplayGuard(keep time.Duration, limit int) (*replayGuard, error) {
	proofs, err := simplelru.NewLRU[proofID, spentProof](limit, nil)
	if err != nil {
		return nil, err
	}
	return &replayGuard{keep: keep, limit: limit, proofs: proofs}, nil
}

// identify names a proof by the badge and the nonce, not by its text: one proof
// has many texts, since an ECDSA signature has a twin.
func identify(badge *credential.Badge, proof credential.Proof) proofID {
	name := make([]byte, 0, 512)
	for _, part := range [...]string{badge.Issuer, badge.Status.URI, badge.Subject, proof.Audience, proof.Nonce} {
		// With its length in front no part runs into the next.
		name = strconv.AppendInt(name, int64(len(part)), 10)
		name = append(append(name, ':'), part...)
	}
	return sha256.Sum256(strconv.AppendUint(name, badge.Status.Index, 10))
}

// spend uses a proof up, or fails with kb_nonce_replayed when it was used before.
// At the gate that used it up it is good again.
func (g *replayGuard) spend(id proofID, issuedAt, now time.Time, gate string) (again bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.forget(now)
	if again, err = g.unused(id, issuedAt, gate); again || err != nil {
		return again, err
	}
	if g.proofs.Len() >= g.limit {
		return false, errors.New("more proofs than can be remembered; wait a minute")
	}
	g.proofs.Add(id, spentProof{issuedAt, now.Add(g.keep), gate})
	return false, nil
}

// check fails as spend would for a proof that was used before, and uses nothing up.
func (g *replayGuard) check(id proofID, issuedAt time.Time, gate string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, err := g.unused(id, issuedAt, gate)
	return err
}

// release gives back a proof that was spent for a decision that became a denial:
// its holder may show the same code again, to be told the same reason.
func (g *replayGuard) release(id proofID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.proofs.Remove(id)
}

func (g *replayGuard) unused(id proofID, issuedAt time.Time, gate string) (again bool, err error) {
	if spent, used := g.proofs.Peek(id); used {
		if gate != "" && gate == spent.gate {
			return true, nil
		}
		return false, code.Refuse(code.ProofReplayed, "this proof was accepted before")
	}
	// With a clock that never goes back, what was forgotten is older than any
	// proof that is still accepted. With one that does, it can't be told from new.
	if !issuedAt.After(g.floor) {
		return false, code.Refuse(code.ProofReplayed, "this proof is from before what is remembered; the clock went back")
	}
	return false, nil
}

// forget drops the proofs that can't be accepted any more. At the instant until
// itself a proof could still be.
func (g *replayGuard) forget(now time.Time) {
	for {
		_, oldest, ok := g.proofs.GetOldest()
		if !ok || !now.After(oldest.until) {
			return
		}
		if oldest.issuedAt.After(g.floor) {
			g.floor = oldest.issuedAt
		}
		g.proofs.RemoveOldest()
	}
}
