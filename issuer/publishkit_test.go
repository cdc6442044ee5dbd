package issuer_test

import (
	"context"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// pause is one wait, which is over when the test says so.
type pause struct {
	of   time.Duration
	fire chan time.Time
}

// pauses stand in for time.After.
type pauses chan pause

func (w pauses) After(d time.Duration) <-chan time.Time {
	begun := pause{d, make(chan time.Time, 1)}
	w <- begun
	return begun.fire
}

// next is the next wait that was begun.
func (w pauses) next(t testing.TB) pause {
	t.Helper()
	return receive(t, w)
}

func (w pause) end() { w.fire <- time.Time{} }

// patience is after how long a test that waits has failed.
const patience = 30 * time.Second

func receive[T any](t testing.TB, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

// publishing is a program that publishes its lists.
type publishing struct {
	program
	waits  pauses
	tokens chan issuer.ListToken // as they are published
	ended  chan error
	stop   context.CancelFunc
}

// publish starts publishing; change may make the configuration another.
func publish(t testing.TB, change func(*issuer.Config)) *publishing {
	t.Helper()
	p := &publishing{waits: make(pauses, 1000), tokens: make(chan issuer.ListToken, 1000), ended: make(chan error, 1)}
	p.program = start(t, func(c *issuer.Config) {
		c.After = p.waits.After
		if change != nil {
			change(c)
		}
	})
	p.OnListPublished(func(token issuer.ListToken) { p.tokens <- token })
	return p
}

func (p *publishing) run(t testing.TB) {
	ctx, stop := context.WithCancel(t.Context())
	p.stop = stop
	go func() { p.ended <- p.PublishLists(ctx) }()
	t.Cleanup(func() {
		stop()
		receive(t, p.ended)
	})
}

// settle lets the rest after publishing pass, and returns the wait for a change.
func (p *publishing) settle(t testing.TB) pause {
	t.Helper()
	rest := p.waits.next(t)
	if rest.of > 100*time.Millisecond {
		t.Fatalf("the rest is %v, so that a change is not published within 200 ms", rest.of)
	}
	rest.end()
	look := p.waits.next(t)
	if look.of > 100*time.Millisecond {
		t.Fatalf("another process's change is looked for after %v", look.of)
	}
	return look
}

func (p *publishing) says(t testing.TB, token issuer.ListToken, b store.Badge) revocation.Status {
	t.Helper()
	list, err := revocation.Open(token.Text, token.URI, listKey)
	if err != nil {
		t.Fatal(err)
	}
	if !list.IssuedAt.Equal(token.IssuedAt) || list.Seq != token.Seq || !list.Expires.Equal(token.Expires) {
		t.Errorf("the token says %+v, its text %v seq %d exp %v", token, list.IssuedAt, list.Seq, list.Expires)
	}
	return p.saidBy(t, token.Text, b)
}

func (p *publishing) revoke(t testing.TB, b store.Badge) {
	t.Helper()
	if _, err := p.SetStatus(t.Context(), b.ID, store.Invalid, "a reason", "a test"); err != nil {
		t.Fatal(err)
	}
}
