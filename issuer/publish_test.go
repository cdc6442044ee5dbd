package issuer_test

import (
	"crypto/ecdsa"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/logtest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/issuertest"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/revocation"
)

func TestPublishLists_AChangeOfThisProcessWaitsForNothing(t *testing.T) {
	t.Parallel()
	p := publish(t, nil)
	badge := p.mustIssue(t, p.eligible(t)[0].Person.ID).Badge
	p.run(t)
	first := receive(t, p.tokens)
	p.settle(t)
	p.revoke(t, badge) // and no wait comes to its end
	second := receive(t, p.tokens)
	if second.Seq != first.Seq+1 || p.says(t, second, badge) != revocation.Invalid {
		t.Errorf("seq %d became %d: %v", first.Seq, second.Seq, p.says(t, second, badge))
	}
	// Whoever asks gets what is published, and nothing is signed for them.
	if got, err := p.ListToken(t.Context(), badge.ListID); err != nil || got != second {
		t.Errorf("asked: %+v, %v", got, err)
	}
}

func TestPublishLists_ABurstIsPublishedOnce(t *testing.T) {
	t.Parallel()
	p := publish(t, nil)
	person := p.eligible(t)[0].Person.ID
	var badges []store.Badge
	for range 100 {
		badges = append(badges, p.mustIssue(t, person).Badge)
	}
	p.run(t)
	receive(t, p.tokens)
	rest := p.waits.next(t)
	for _, b := range badges {
		p.revoke(t, b)
	}
	if n := len(p.tokens); n > 0 {
		t.Errorf("%d tokens while it rests", n)
	}
	rest.end()
	token := receive(t, p.tokens)
	for _, b := range badges {
		if got := p.says(t, token, b); got != revocation.Invalid {
			t.Errorf("%s is %v", b.ID, got)
		}
	}
	p.settle(t)
	if n := len(p.tokens); n > 0 {
		t.Errorf("%d tokens more", n)
	}
}

// deaf is a store whose changes are made by another process, as far as the program
// can tell.
type deaf struct{ store.Store }

func (deaf) WatchLists(func()) (stop func()) { return func() {} }

func TestPublishLists_LooksForChangesOfOtherProcesses(t *testing.T) {
	t.Parallel()
	p := publish(t, nil)
	config := issuertest.Config(deaf{p.store}, p.Now)
	config.After = p.waits.After
	p.program.Program = issuertest.New(t, config)
	p.OnListPublished(func(token issuer.ListToken) { p.tokens <- token })
	p.run(t)
	look := p.waits.next(t)
	badge := p.mustIssue(t, p.eligible(t)[0].Person.ID).Badge
	look.end()
	receive(t, p.tokens) // of the list that was begun
	look = p.settle(t)
	p.revoke(t, badge)
	look.end()
	if token := receive(t, p.tokens); p.says(t, token, badge) != revocation.Invalid {
		t.Error("the change is not in it")
	}
}

func TestPublishLists_SignsAnewWithoutBeingAsked(t *testing.T) {
	t.Parallel()
	p := publish(t, nil)
	p.mustIssue(t, p.eligible(t)[0].Person.ID)
	begun := p.Now()
	p.run(t)
	first := receive(t, p.tokens)
	look := p.settle(t)
	p.Set(begun.Add(issuer.DefaultListTTL*2/5 - 1))
	look.end()
	look = p.waits.next(t)
	if n := len(p.tokens); n > 0 {
		t.Fatalf("%d tokens before the time", n)
	}
	p.Set(begun.Add(issuer.DefaultListTTL * 2 / 5))
	look.end()
	second := receive(t, p.tokens)
	if !second.IssuedAt.Equal(p.Now().Truncate(time.Second)) || second.Seq != first.Seq || second.ETag == first.ETag {
		t.Errorf("%+v after %+v", second, first)
	}
	if err := p.ListsReady(); err != nil {
		t.Error(err)
	}
}

// A key may have been changed because it was stolen, so that nobody waits for it.
func TestPublishLists_SignsAnewByTheNextKey(t *testing.T) {
	t.Parallel()
	p := publish(t, func(c *issuer.Config) {
		c.Keys, c.RootKey = issuertest.NewKeys(), credentialtest.NewKey("root").PublicKey()
	})
	p.mustIssue(t, p.eligible(t)[0].Person.ID)
	p.run(t)
	first := receive(t, p.tokens)
	look := p.settle(t)
	next := p.mustPrepare(t, store.ForLists)
	if _, err := p.ActivateKey(t.Context(), issuer.KeyRequest{ID: next, Reason: "in haste", By: "a test", Now: true}); err != nil {
		t.Fatal(err)
	}
	look.end()
	second := receive(t, p.tokens)
	if second.Seq != first.Seq || !second.IssuedAt.Equal(first.IssuedAt) {
		t.Errorf("%+v after %+v", second, first)
	}
	var kid string
	_, err := revocation.Open(second.Text, second.URI, func(id string) (*ecdsa.PublicKey, error) {
		kid = id
		return credentialtest.ListKey.PublicKey(), nil
	})
	if kid != next || code.Of(err) != code.StatusSignatureInvalid {
		t.Errorf("signed by %s, want %s (%v)", kid, next, err)
	}
}

// failing is a key that fails while it is told to.
func failing(c *issuer.Config) *atomic.Bool {
	var fails atomic.Bool
	c.ListKey = signer{credentialtest.ListKey, func() error {
		if fails.Load() {
			return errKeyStore
		}
		return nil
	}}
	return &fails
}

func TestPublishLists_WhatFailsIsSaidAndTriedAgain(t *testing.T) {
	t.Parallel()
	var fails *atomic.Bool
	var log logtest.Log
	p := publish(t, func(c *issuer.Config) {
		fails = failing(c)
		c.Logger = slog.New(slog.NewTextHandler(&log, nil))
	})
	badge := p.mustIssue(t, p.eligible(t)[0].Person.ID).Badge
	p.run(t)
	first := receive(t, p.tokens)
	look := p.settle(t)

	// While nothing has changed, the token that there is says the truth.
	fails.Store(true)
	p.Move(issuer.DefaultListTTL / 2)
	look.end()
	p.waits.next(t).end()
	retry := p.waits.next(t)
	if retry.of != time.Second {
		t.Errorf("tried again after %v", retry.of)
	}
	if got, err := p.ListToken(t.Context(), badge.ListID); err != nil || got != first {
		t.Errorf("while it can't be signed anew: %+v, %v", got, err)
	}
	if n := p.Publishing().Failures; n == 0 {
		t.Error("no failure is counted")
	}
	if err := p.ListsReady(); err != nil {
		t.Errorf("at once: %v", err)
	}

	// Once it has, no token says it, and so none is handed out.
	p.revoke(t, badge)
	p.waits.next(t).end()
	retry = p.waits.next(t)
	if _, err := p.ListToken(t.Context(), badge.ListID); !errors.Is(err, errKeyStore) {
		t.Errorf("a change that can't be signed: %v", err)
	}
	p.Move(5 * time.Second)
	if err := p.ListsReady(); err != nil {
		t.Errorf("after five seconds: %v", err)
	}
	p.Move(1)
	if err := p.ListsReady(); !errors.Is(err, issuer.ErrListsLate) {
		t.Errorf("after more than five seconds: %v", err)
	}
	for range 3 {
		retry.end()
		p.waits.next(t).end()
		retry = p.waits.next(t)
	}
	if n := strings.Count(log.String(), "could not be published"); n != 1 {
		t.Errorf("said %d times within a minute", n)
	}

	fails.Store(false)
	retry.end()
	if token := receive(t, p.tokens); p.says(t, token, badge) != revocation.Invalid {
		t.Error("the change is not in it")
	}
	p.settle(t)
	if err := p.ListsReady(); err != nil {
		t.Errorf("when it works again: %v", err)
	}
	if n := strings.Count(log.String(), "published again"); n != 1 {
		t.Errorf("said %d times that it works again", n)
	}
}

func TestListsReady_WhenPublishingIsStuck(t *testing.T) {
	t.Parallel()
	p := publish(t, nil)
	p.mustIssue(t, p.eligible(t)[0].Person.ID)
	p.Move(time.Hour)
	if err := p.ListsReady(); err != nil {
		t.Errorf("where nobody publishes: %v", err)
	}
	p.run(t)
	token := receive(t, p.tokens)
	p.waits.next(t) // and never comes to its end
	p.Set(token.IssuedAt.Add(issuer.DefaultListTTL))
	if err := p.ListsReady(); err != nil {
		t.Errorf("a list as old as its ttl: %v", err)
	}
	p.Move(1)
	if err := p.ListsReady(); !errors.Is(err, issuer.ErrListsLate) {
		t.Errorf("a list older than its ttl: %v", err)
	}
}

func TestPublishLists_EndsWithTheStore(t *testing.T) {
	t.Parallel()
	p := publish(t, nil)
	p.mustIssue(t, p.eligible(t)[0].Person.ID)
	p.run(t)
	look := p.settle(t)
	if err := p.store.Close(); err != nil {
		t.Fatal(err)
	}
	look.end()
	if err := receive(t, p.ended); !errors.Is(err, store.ErrClosed) {
		t.Errorf("got %v", err)
	}
	p.ended <- nil
}

func TestPublishLists_HandsOutNoListFromBeforeACommit(t *testing.T) {
	t.Parallel()
	p := publish(t, func(c *issuer.Config) { c.After = nil })
	person := p.eligible(t)[0].Person.ID
	p.run(t)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 20 {
				issued, err := p.issue(t.Context(), person)
				if err != nil {
					t.Error(err)
					return
				}
				for to, want := range map[store.Status]revocation.Status{store.Suspended: revocation.Suspended, store.Invalid: revocation.Invalid} {
					_, err := p.SetStatus(t.Context(), issued.ID, to, "r", "a test")
					if errors.Is(err, store.ErrFinal) {
						continue
					}
					token, asked := p.ListToken(t.Context(), issued.ListID)
					if err != nil || asked != nil {
						t.Error(err, asked)
						return
					}
					if got := p.says(t, token, issued.Badge); got != want {
						t.Errorf("%s was committed and the list says %v", to, got)
					}
				}
			}
		})
	}
	wait.Wait()
}

// A clock that goes back by little leaves the time of issue where it was, because
// verifiers refuse one from before.
func TestListToken_OfAClockThatGoesBack(t *testing.T) {
	t.Parallel()
	p := publish(t, nil)
	badge := p.mustIssue(t, p.eligible(t)[0].Person.ID).Badge
	first, err := p.ListToken(t.Context(), badge.ListID)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		to   store.Status
		back time.Duration
		want time.Time
	}{
		{store.Suspended, 20 * time.Second, first.IssuedAt},
		{store.Valid, 21 * time.Second, first.IssuedAt.Add(-21 * time.Second)},
	} {
		p.Set(first.IssuedAt.Add(-step.back))
		if _, err := p.SetStatus(t.Context(), badge.ID, step.to, "r", "a test"); err != nil {
			t.Fatal(err)
		}
		token, err := p.ListToken(t.Context(), badge.ListID)
		if err != nil || !token.IssuedAt.Equal(step.want) {
			t.Errorf("%v back: issued at %v, want %v (%v)", step.back, token.IssuedAt, step.want, err)
		}
	}
}
