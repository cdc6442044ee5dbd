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
	keep time.Duration

	mu     sync.Mutex
	proofs *simplelru.LRU[proofID, time.Time] // until when; oldest first
	limit  int
}

type proofID [sha256.Size]byte

func newReplayGuard(keep time.Duration, limit int) (*replayGuard, error) {
	proofs, err := simplelru.NewLRU[proofID, time.Time](limit, nil)
	if err != nil {
		return nil, err
	}
	return &replayGuard{keep: keep, proofs: proofs, limit: limit}, nil
}

// identify names a proof by the badge and the nonce, not by its text: one proof
// has many texts, since an ECDSA signature has a twin.
func identify(badge *credential.Badge, proof credential.Proof) proofID {
	h := sha256.New()
	for _, part := range []string{
		badge.Issuer, badge.Status.URI, strconv.FormatUint(badge.Status.Index, 10), badge.Subject, proof.Audience, proof.Nonce,
	} {
		h.Write(strconv.AppendInt(nil, int64(len(part)), 10))
		h.Write([]byte{':'})
		h.Write([]byte(part))
	}
	return proofID(h.Sum(nil))
}

// spend uses a proof up, or fails with kb_nonce_replayed when it was used before.
func (g *replayGuard) spend(id proofID, now time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	// Peek, not Get: what is old must stay in front.
	if until, known := g.proofs.Peek(id); known && now.Before(until) {
		return code.Refuse(code.ProofReplayed, "this proof was accepted before")
	}
	g.forget(now)
	if g.proofs.Len() >= g.limit {
		return errors.New("more proofs than can be remembered; wait a minute")
	}
	g.proofs.Add(id, now.Add(g.keep))
	return nil
}

func (g *replayGuard) forget(now time.Time) {
	for {
		_, until, ok := g.proofs.GetOldest()
		if !ok || now.Before(until) {
			return
		}
		g.proofs.RemoveOldest()
	}
}
