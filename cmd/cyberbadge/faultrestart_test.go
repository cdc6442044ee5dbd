package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/storetest"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/verifier"
	verifierserver "github.com/cyberbadge/cyberbadge/verifier/server"
)

// acknowledged are revocations whose call has returned.
type acknowledged struct {
	mu  sync.Mutex
	all []credential.StatusRef
}

func (a *acknowledged) add(ref credential.StatusRef) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = append(a.all, ref)
}

func (a *acknowledged) until(n int) []credential.StatusRef {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n < 0 || n > len(a.all) {
		n = len(a.all)
	}
	return a.all[:n:n]
}

func (a *acknowledged) count() int { return len(a.until(-1)) }

// watched is what a verifier fetches and hears with. It finds what is not denied yet
// although a list came since the stream was there again.
type watched struct {
	revocation.ConditionalFetcher
	revocation.Follower
	revoked     *acknowledged
	notDenied   func([]credential.StatusRef) int
	connections atomic.Int64
	lost        atomic.Int64 // how many were acknowledged when the stream was lost

	mu      sync.Mutex
	due     int // how many were acknowledged before the stream was there again
	epoch   int // of the stream
	fetched int // the epoch in which a fetch began that succeeded
	judged  int // the epoch of which it was seen what the first list brought
	looks   int // how often that was
	late    int
}

// Follow implements revocation.Follower. A list that is fetched has everything that was
// acknowledged before the stream was there again. One that comes along may have been
// under way by then, so it has what was acknowledged before the stream was lost.
func (w *watched) Follow(ctx context.Context, uri string, heard func(revocation.Notice)) error {
	due, lost := w.revoked.count(), int(w.lost.Load())
	defer func() { w.lost.Store(int64(w.revoked.count())) }()
	return w.Follower.Follow(ctx, uri, func(n revocation.Notice) {
		if n == (revocation.Notice{}) {
			w.mu.Lock()
			w.due = due
			w.epoch++
			w.mu.Unlock()
			w.connections.Add(1)
		}
		heard(n)
		if n.Token != "" {
			w.mu.Lock()
			w.judge(lost)
			w.mu.Unlock()
		}
	})
}

// FetchIfChanged implements revocation.ConditionalFetcher.
func (w *watched) FetchIfChanged(ctx context.Context, uri string, known revocation.Known) (revocation.Fetched, error) {
	w.mu.Lock()
	epoch := w.epoch
	w.mu.Unlock()
	got, err := w.ConditionalFetcher.FetchIfChanged(ctx, uri, known)
	if err == nil {
		w.mu.Lock()
		w.fetched = epoch
		w.mu.Unlock()
	}
	return got, err
}

// observe looks at what a list says that was fetched.
func (w *watched) observe(e revocation.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fetched == w.epoch && (e.Kind == revocation.ListNewer || e.Kind == revocation.ListUnchanged) {
		w.judge(w.due)
	}
}

// judge counts which of so many are not denied, once for each life of the stream. It
// must be called with the lock held.
func (w *watched) judge(due int) {
	if w.judged == w.epoch {
		return
	}
	w.judged = w.epoch
	w.looks++
	w.late += w.notDenied(w.revoked.until(due))
}

// isJudged reports whether that was seen since the stream is there again.
func (w *watched) isJudged() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.judged == w.epoch
}

// TestFaults_TheStreamsServerRestartedUnderLoad restarts the issuer again and again
// while badges are revoked, and asks what a verifier denies that follows it.
func TestFaults_TheStreamsServerRestartedUnderLoad(t *testing.T) {
	t.Parallel()
	restarts := 20
	if testing.Short() {
		restarts = 3
	}
	r := newRoad(t, time.Now)
	office := r.start(t)
	if _, err := office.store.ApplyImport(t.Context(), store.Import{People: storetest.People(1), By: "a test"}); err != nil {
		t.Fatal(err)
	}
	w := &watched{revoked: new(acknowledged), notDenied: func([]credential.StatusRef) int { return 0 }, fetched: -1}
	c := r.checkpoint(t, fetchTimeout, func(config *verifier.Config, _ *verifierserver.Config) {
		w.ConditionalFetcher, w.Follower = config.Fetcher.(revocation.ConditionalFetcher), config.Follower
		config.Fetcher, config.Follower, config.Observe = w, w, w.observe
	})
	notDenied := func(refs []credential.StatusRef) (n int) {
		for _, ref := range refs {
			if result, err := c.Status(r.proxy.URL(), ref); err != nil || result.Status != revocation.Invalid {
				n++
			}
		}
		return n
	}
	w.mu.Lock()
	w.notDenied = notDenied
	w.mu.Unlock()

	working, finish := context.WithCancel(t.Context())
	defer finish()
	var workers sync.WaitGroup
	for worker := range 4 {
		workers.Go(func() {
			for i := 0; working.Err() == nil; i++ {
				if ref, err := r.issuer.Load().revokeNew(t.Context(), fmt.Sprint(worker, "-", i)); err == nil {
					w.revoked.add(ref)
				}
				time.Sleep(10 * time.Millisecond) // a list is not for all the badges there are
			}
		})
	}
	for i := range restarts {
		// Every other time it is stopped before a list came.
		until, patient := w.revoked.count()+20, time.Now().Add(patience)
		for w.revoked.count() < until || w.connections.Load() <= int64(i) || i%2 == 1 && !w.isJudged() {
			if time.Now().After(patient) {
				t.Fatalf("after %d restarts nothing goes on: %d revocations, connected %d times, a list since: %v",
					i, w.revoked.count(), w.connections.Load(), w.isJudged())
			}
			time.Sleep(time.Millisecond)
		}
		if i%2 == 0 {
			office.service.EndStreams()
		}
		office.stop()
		office = r.start(t)
	}
	finish()
	workers.Wait()
	for until := time.Now().Add(patience); notDenied(w.revoked.until(-1)) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("%d of %d revocations are not known", notDenied(w.revoked.until(-1)), w.revoked.count())
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.late > 0 {
		t.Errorf("%d badges were not denied by the first list after the stream's return", w.late)
	}
	if w.looks < restarts/2 {
		t.Errorf("only %d lists after a restart were looked at", w.looks)
	}
	t.Logf("%d revocations, %d restarts, connected %d times, %d looks", w.revoked.count(), restarts, w.connections.Load(), w.looks)
}

// revokeNew issues a badge and revokes it.
func (i *runningIssuer) revokeNew(ctx context.Context, id string) (credential.StatusRef, error) {
	if _, err := i.store.ReserveBadge(ctx, storetest.Reservation(id, 0)); err != nil {
		return credential.StatusRef{}, err
	}
	badge, err := i.store.SetBadgeStatus(ctx, store.StatusChange{BadgeID: id, To: store.Invalid, Reason: "r", By: "a test"})
	return credential.StatusRef{URI: i.ListURI(badge.ListID), Index: uint64(badge.Index)}, err
}
