package issuer_test

import (
	"crypto/ecdsa"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/revocation"
)

func listKey(string) (*ecdsa.PublicKey, error) { return credentialtest.ListKey.PublicKey(), nil }

// listed is what the published list says of a badge.
func (p program) listed(t testing.TB, b store.Badge) revocation.Status {
	t.Helper()
	token, err := p.ListToken(t.Context(), b.ListID)
	if err != nil {
		t.Fatal(err)
	}
	return p.saidBy(t, token.Text, b)
}

// saidBy is what the text of a list says of a badge.
func (p program) saidBy(t testing.TB, text string, b store.Badge) revocation.Status {
	t.Helper()
	list, err := revocation.Open(text, p.ListURI(b.ListID), listKey)
	if err != nil {
		t.Fatal(err)
	}
	status, err := list.List.Status(uint64(b.Index))
	if err != nil {
		t.Fatal(err)
	}
	return status
}

func TestSetStatus_IsPublishedByTheTimeItReturns(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	issued := p.mustIssue(t, p.eligible(t)[0].Person.ID)
	for _, step := range []struct {
		to   store.Status
		want revocation.Status
	}{{store.Suspended, revocation.Suspended}, {store.Valid, revocation.Valid}, {store.Invalid, revocation.Invalid}} {
		if _, err := p.SetStatus(t.Context(), issued.ID, step.to, "a reason", "a test"); err != nil {
			t.Fatal(err)
		}
		if got := p.listed(t, issued.Badge); got != step.want {
			t.Errorf("%s: the list says %v", step.to, got)
		}
	}
	if _, err := p.SetStatus(t.Context(), issued.ID, store.Valid, "second thoughts", "a test"); !errors.Is(err, store.ErrFinal) {
		t.Errorf("reinstating a revoked badge: %v", err)
	}
	if _, err := p.SetStatus(t.Context(), "nothing", store.Valid, "x", "a test"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("no such badge: %v", err)
	}
}

func TestSetStatus_ReinstatesNobodyWhoseStandingHasLapsed(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	issued := p.mustIssue(t, p.eligible(t)[0].Person.ID)
	if _, err := p.SetStatus(t.Context(), issued.ID, store.Suspended, "on leave", "a test"); err != nil {
		t.Fatal(err)
	}
	p.Set(p.Now().Add(8 * 24 * time.Hour))
	_, err := p.SetStatus(t.Context(), issued.ID, store.Valid, "back", "a test")
	if refused, ok := issuer.IsNotEligible(err); !ok || len(refused.Reasons) == 0 {
		t.Errorf("got %v", err)
	}
}

func TestListToken_IsSignedAnewAtHalfItsTTL(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	issued := p.mustIssue(t, p.eligible(t)[0].Person.ID)
	token := func() issuer.ListToken {
		t.Helper()
		got, err := p.ListToken(t.Context(), issued.ListID)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	begun := p.Now()
	first := token()
	if !first.IssuedAt.Equal(begun) || first.MaxAge != time.Second || first.MaxStale != issuer.DefaultListTTL {
		t.Errorf("first: %+v", first)
	}
	p.Set(begun.Add(issuer.DefaultListTTL/2 - 1))
	if same := token(); same != first {
		t.Errorf("before: %+v", same)
	}
	p.Set(begun.Add(issuer.DefaultListTTL / 2))
	second := token()
	if second.ETag == first.ETag || !second.IssuedAt.Equal(p.Now()) {
		t.Errorf("at half its ttl: %+v", second)
	}
	// A clock that was ahead and is put right must not leave a list from the future.
	p.Set(begun)
	if third := token(); !third.IssuedAt.Equal(begun) {
		t.Errorf("after the clock was put back: %+v", third)
	}
	if _, err := p.ListToken(t.Context(), issued.ListID+1); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("no such list: %v", err)
	}
}

func TestListToken_ManyAtOnceAreSignedOnce(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	issued := p.mustIssue(t, p.eligible(t)[0].Person.ID)
	const callers = 16
	tokens := make([]issuer.ListToken, callers)
	var wait sync.WaitGroup
	for i := range callers {
		wait.Go(func() { tokens[i], _ = p.ListToken(t.Context(), issued.ListID) })
	}
	wait.Wait()
	for _, token := range tokens {
		if token.Text == "" || token.Text != tokens[0].Text {
			t.Error("they differ")
		}
	}
	if signed := p.Publishing().Signed; signed != 1 {
		t.Errorf("signed %d times", signed)
	}
}
