package issuer_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/issuertest"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

func TestAddHold_KeepsWhatALapseSetsOffFromHappening(t *testing.T) {
	t.Parallel()
	p := start(t, telling)
	s, device := p.skilled(t)
	id, after := p.mustIssue(t, s.Person.ID).ID, int64(0)
	p.told(t, s.Person.ID, &after)
	hold := func(until time.Time) store.Hold {
		t.Helper()
		h, err := p.AddHold(t.Context(), s.Person.ExternalID, "at a customer's", until, "an officer")
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	first := hold(p.Now().Add(2 * time.Hour))
	p.report(t, device, "noncompliant")
	want(t, "held", p.statusOf(t, id), "valid[]")
	if _, err := p.issue(t.Context(), s.Person.ID); !errors.As(err, new(*issuer.NotEligibleError)) {
		t.Errorf("a hold is no standing: %v", err)
	}
	if _, err := p.EndHold(t.Context(), first.ID, "an officer"); err != nil {
		t.Fatal(err)
	}
	want(t, "ended", p.statusOf(t, id), "suspended[standing]")
	want(t, "told", p.told(t, s.Person.ID, &after), "[lapse person lapse manager]")

	second := hold(p.Now().Add(time.Hour))
	want(t, "held again", p.statusOf(t, id), "valid[]")
	want(t, "told again", p.told(t, s.Person.ID, &after), "[restored person restored manager]")
	next, err := p.NextDue(t.Context())
	if err != nil || next.After(second.Until) {
		t.Errorf("next %s %v", next, err)
	}
	if all, err := p.Holds(t.Context()); err != nil || len(all) != 1 || all[0].ID != second.ID {
		t.Errorf("%+v %v", all, err)
	}
	p.Set(second.Until)
	p.advance(t)
	want(t, "over", p.statusOf(t, id), "suspended[standing]")
	if all, err := p.HoldsOf(t.Context(), s.Person.ID); err != nil || len(all) != 2 {
		t.Errorf("%+v %v", all, err)
	}
	if _, err := p.AddHold(t.Context(), s.Person.ID, "x", p.Now().Add(store.MaxHold+time.Second), "an officer"); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("too long: %v", err)
	}
	if _, err := p.AddHold(t.Context(), "nobody", "x", p.Now().Add(time.Hour), "an officer"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("of nobody: %v", err)
	}
}

func TestSuspendPerson_NoBadgeUntilTheCauseIsGone(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	s, _ := p.skilled(t)
	id := p.mustIssue(t, s.Person.ID).ID
	if _, err := p.SuspendPerson(t.Context(), s.Person.ExternalID, "on leave", "an officer"); err != nil {
		t.Fatal(err)
	}
	want(t, "badge", p.statusOf(t, id), "suspended[office]")
	_, err := p.issue(t.Context(), s.Person.ID)
	if refused, ok := issuer.IsNotEligible(err); !ok || refused.Reasons[0].Kind != issuer.SuspendedByOffice {
		t.Errorf("another badge: %v", err)
	}
	if all, err := p.SuspensionsOf(t.Context(), s.Person.ID); err != nil || len(all) != 1 || all[0].Cause != store.ByOffice {
		t.Errorf("%+v %v", all, err)
	}
	if _, err := p.ReinstatePerson(t.Context(), s.Person.ID, "back", "an officer"); err != nil {
		t.Fatal(err)
	}
	want(t, "badge after it", p.statusOf(t, id), "valid[]")
	p.mustIssue(t, s.Person.ID)
}

// overtaken is a store in which somebody is judged between the question and the
// answer of an issuing.
type overtaken struct {
	store.Store
	before func()
}

func (s overtaken) ReserveBadge(ctx context.Context, r store.Reservation) (store.Badge, error) {
	s.before()
	return s.Store.ReserveBadge(ctx, r)
}

func TestIssue_WhoLosesTheStandingMeanwhileGetsNoBadge(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	s, device := p.skilled(t)
	config := issuertest.Config(overtaken{p.store, func() {
		p.Set(p.Now().Add(time.Millisecond))
		p.report(t, device, "noncompliant")
	}}, p.Now)
	racing, err := issuer.New(config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (program{racing, p.Clock, p.store}).issue(t.Context(), s.Person.ID); !errors.Is(err, store.ErrConflict) {
		t.Errorf("got %v", err)
	}
}
