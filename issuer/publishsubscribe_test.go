package issuer_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// Subscribers who come while lists are published miss nothing, and get the tokens of
// a list in their order.
func TestOnListPublished_InOrderAndWithoutAGap(t *testing.T) {
	t.Parallel()
	p := publish(t, func(c *issuer.Config) { c.After = nil })
	badge := p.mustIssue(t, p.eligible(t)[0].Person.ID).Badge
	p.run(t)
	const changes = 40
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range changes {
			to := []store.Status{store.Suspended, store.Valid}[i%2]
			if _, err := p.SetStatus(t.Context(), badge.ID, to, "r", "a test"); err != nil {
				t.Error(err)
			}
			if _, err := p.ListToken(t.Context(), badge.ListID); err != nil {
				t.Error(err)
			}
		}
	}()
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			last, end := uint64(0), make(chan struct{})
			stop := p.OnListPublished(func(token issuer.ListToken) {
				if token.Seq < last {
					t.Errorf("seq %d after %d", token.Seq, last)
				}
				if last != token.Seq && token.Seq == 1+changes {
					close(end)
				}
				last = token.Seq
			})
			defer stop()
			receive(t, end)
		})
	}
	wait.Wait()
	<-done
}

func TestOnListPublished_UntilItIsStopped(t *testing.T) {
	t.Parallel()
	p := publish(t, nil)
	badge := p.mustIssue(t, p.eligible(t)[0].Person.ID).Badge
	if _, err := p.ListToken(t.Context(), badge.ListID); err != nil {
		t.Fatal(err)
	}
	var told []uint64
	stop := p.OnListPublished(func(token issuer.ListToken) { told = append(told, token.Seq) })
	p.revoke(t, badge)
	if _, err := p.ListToken(t.Context(), badge.ListID); err != nil {
		t.Fatal(err)
	}
	stop()
	stop()
	p.Move(issuer.DefaultListTTL)
	if _, err := p.ListToken(t.Context(), badge.ListID); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprint([]uint64{1, 2}); fmt.Sprint(told) != want {
		t.Errorf("told %v, want %s", told, want)
	}
}
