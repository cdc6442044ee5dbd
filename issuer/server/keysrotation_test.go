package server

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/verifier"
)

// customer is a verifier that is given each new trust list, and presentations all
// the time.
type customer struct {
	*office
	gate  atomic.Pointer[verifier.Verifier]
	shown atomic.Int64

	still    sync.RWMutex // held, shared, while a badge is issued and shown: the clock stands meanwhile
	outcomes chan outcome
}

// outcome is what became of a badge.
type outcome struct {
	issued   issuer.Issued
	decision verifier.Decision
	err      error
}

// present has a badge decided on, with a proof of its own.
func (c *customer) present(t testing.TB, badge string) verifier.Decision {
	presentation := credentialtest.MustBind(t, badge, credential.Proof{
		Audience: credential.GateAudience,
		Nonce:    fmt.Sprintf("%s%d", credentialtest.Nonce, c.shown.Add(1)),
		IssuedAt: c.Now(),
	})
	return c.gate.Load().Verify(t.Context(), presentation, verifier.Request{Access: credential.Onsite})
}

// work issues badges and shows each at once, until ctx is done.
func (c *customer) work(ctx context.Context, t testing.TB) {
	for ctx.Err() == nil {
		var o outcome
		c.still.RLock()
		o.issued, o.err = c.program.Issue(ctx, issuer.IssueRequest{Person: "0700004", HolderKey: credentialtest.HolderKey.PublicKey(), By: "a test"})
		if o.err == nil {
			o.decision = c.present(t, o.issued.Text)
		}
		c.still.RUnlock()
		select {
		case c.outcomes <- o:
		case <-ctx.Done():
		}
	}
}

// await sees some more badges accepted, and returns the last of them.
func (c *customer) await(t *testing.T, n int) (last issuer.Issued) {
	t.Helper()
	for range n {
		o := <-c.outcomes
		if o.err != nil || !o.decision.Allow {
			t.Fatalf("badge under key %s: %v, %s (%s) %s", o.issued.KeyID, o.err, o.decision.Reason, o.decision.Code, o.decision.Detail)
		}
		last = o.issued
	}
	return last
}

// TestKeys_RotationUnderLoadFailsNobody rotates both keys fifty times while badges are
// issued and shown to a verifier that is given each new trust list.
func TestKeys_RotationUnderLoadFailsNobody(t *testing.T) {
	t.Parallel()
	const rotations, workers = 50, 3
	c := &customer{office: start(t), outcomes: make(chan outcome, 4)}
	hand := func() { c.gate.Store(c.office.gate(t)) }
	hand()
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range workers {
		all.Go(func() { c.work(ctx, t) })
	}
	defer all.Wait()
	defer cancel()

	held := []issuer.Issued{c.await(t, 1)} // one badge under each key
	for range rotations {
		for _, purpose := range []store.KeyPurpose{store.ForBadges, store.ForLists} {
			key, err := c.program.PrepareKey(t.Context(), purpose, "a rotation", "a test")
			if err != nil {
				t.Fatal(err)
			}
			hand()
			c.await(t, 2)
			c.still.Lock()
			c.Move(5 * time.Minute)
			c.still.Unlock()
			// Everybody has the trust list: it is not too early.
			request := issuer.KeyRequest{ID: key.ID, By: "a test", Reason: "a rotation", Now: true}
			if _, err := c.program.ActivateKey(t.Context(), request); err != nil {
				t.Fatal(err)
			}
			c.await(t, 2+cap(c.outcomes)) // with the list from before, and past what was under way
			hand()
		}
		held = append(held, c.await(t, 2))
		if before, now := held[len(held)-2].KeyID, held[len(held)-1].KeyID; before == now {
			t.Fatalf("key %s still signs", now)
		}
		for _, badge := range held {
			if d := c.present(t, badge.Text); !d.Allow {
				t.Fatalf("badge under key %s: %s (%s) %s", badge.KeyID, d.Reason, d.Code, d.Detail)
			}
		}
	}
}
