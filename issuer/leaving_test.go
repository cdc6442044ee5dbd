package issuer_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// few lets so few people go within an hour that a test can count them.
const few = 3

func leaveFew(c *issuer.Config) {
	telling(c)
	c.MassLimit = store.MassLimit{People: few, Percent: 1}
}

// badged are people in good standing and a badge of each.
func badged(t *testing.T, p program, n int) (people []evidence.Person, badges []string) {
	t.Helper()
	for _, s := range p.eligible(t)[:n] {
		people = append(people, s.Person)
		badges = append(badges, p.mustIssue(t, s.Person.ID).ID)
	}
	return people, badges
}

// turn makes people active or not, one after the other.
func (p program) turn(t *testing.T, active bool, people ...evidence.Person) {
	t.Helper()
	for _, person := range people {
		person.Active = active
		p.receive(t, store.Import{People: []evidence.Person{person}})
	}
}

func (p program) statusesOf(t *testing.T, badges []string) (all []string) {
	t.Helper()
	for _, id := range badges {
		all = append(all, p.statusOf(t, id))
	}
	return all
}

func (p program) advanceTo(t *testing.T, to time.Time) {
	t.Helper()
	p.Set(to)
	p.advance(t)
}

// invite invites somebody's phone, which takes every badge of before away.
func (p program) invite(t *testing.T, id string) {
	t.Helper()
	if _, err := p.store.AddInvitation(t.Context(), store.Invitation{
		ID: "phone", PersonID: id, CodeHash: [32]byte{1}, TxCodeHash: [32]byte{2}, Attempts: 3,
		InvitedAt: p.Now(), ExpiresAt: p.Now().Add(time.Hour), By: "an officer",
	}); err != nil {
		t.Fatal(err)
	}
}

func (p program) endOfPhone(t *testing.T, id string) string {
	t.Helper()
	all, err := p.store.EnrolmentsOf(t.Context(), id)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	return all[0].EndReason
}

const (
	gone    = "invalid[]"
	waiting = "suspended[standing]"
	good    = "valid[]"
)

func TestReceive_OfManyWhoLeaveOneByOneTheRestIsSuspendedFirst(t *testing.T) {
	t.Parallel()
	p := start(t, leaveFew)
	begin := p.Now()
	people, badges := badged(t, p, 3*few+1)
	p.turn(t, false, people...)
	want(t, "at once", p.statusesOf(t, badges), []string{gone, gone, gone, waiting, waiting, waiting, waiting, waiting, waiting, waiting})
	if _, err := p.Issue(t.Context(), issuer.IssueRequest{Person: people[9].ID}); err == nil {
		t.Error("somebody who is suspended was issued a badge")
	}

	// The office is told once, and it is about nobody.
	var told []string
	all, err := p.Messages(t.Context(), store.MessageQuery{Limit: store.MaxPage})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		if m.Kind == notify.Leavers {
			told = append(told, fmt.Sprint(m.Channel, " ", m.To, m.Person))
		}
	}
	want(t, "told", told, []string{"mail office"})

	// A mistake is undone as if nothing had been.
	p.turn(t, true, people[9])
	want(t, "a correction", p.statusOf(t, badges[9]), good)

	p.advanceTo(t, begin.Add(store.MassWindow-time.Microsecond))
	want(t, "within the hour", p.statusOf(t, badges[3]), waiting)
	p.advanceTo(t, begin.Add(store.MassWindow))
	after := map[string]int{}
	for _, status := range p.statusesOf(t, badges) {
		after[status]++
	}
	want(t, "after an hour", after, map[string]int{gone: 2 * few, waiting: few, good: 1})
	p.advanceTo(t, begin.Add(2*store.MassWindow))
	want(t, "after two", p.statusesOf(t, badges), []string{gone, gone, gone, gone, gone, gone, gone, gone, gone, good})
	p.advanceTo(t, begin.Add(9*store.MassWindow))
	want(t, "who came back", p.statusOf(t, badges[9]), good)
}

func TestReceive_WhatAnOfficerConfirmsIsNotHeldUpAndHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	p := start(t, leaveFew)
	people, badges := badged(t, p, 4*few)
	confirmed := people[:3*few]
	for i := range confirmed {
		confirmed[i].Active = false
	}
	p.receive(t, store.Import{People: confirmed, Confirmed: true})
	p.turn(t, false, people[3*few:]...)
	for i, status := range p.statusesOf(t, badges) {
		want(t, fmt.Sprint("badge ", i), status, gone)
	}
}

// Of those who leave with many others the phones stay, too, until it is sure.
func TestReceive_WhoIsSuspendedFirstKeepsThePhone(t *testing.T) {
	t.Parallel()
	p := start(t, leaveFew)
	begin := p.Now()
	p.invite(t, p.eligible(t)[few].Person.ID)
	people, badges := badged(t, p, few+1)
	last := people[few]
	p.turn(t, false, people...)
	want(t, "badge", p.statusOf(t, badges[few]), waiting)
	want(t, "phone", p.endOfPhone(t, last.ID), "")
	// An officer who is sure takes the badge away by hand; the rest follows.
	if _, err := p.SetStatus(t.Context(), badges[few], store.Invalid, "left", "officer:ada"); err != nil {
		t.Fatal(err)
	}
	p.advanceTo(t, begin.Add(store.MassWindow))
	want(t, "phone after an hour", p.endOfPhone(t, last.ID), store.EndLeft)
}

// People who have nothing to lose are neither held up nor counted.
func TestReceive_WhoHasNothingToLoseMayLeave(t *testing.T) {
	t.Parallel()
	p := start(t, leaveFew)
	people, badges := badged(t, p, few)
	var strangers []evidence.Person
	for n := range 2 * few {
		strangers = append(strangers, evidence.Person{ID: fmt.Sprint("s-", n), ExternalID: fmt.Sprint("s-", n), Active: true})
	}
	p.turn(t, true, strangers...)
	p.turn(t, false, strangers...)
	p.turn(t, false, people...)
	for i, status := range p.statusesOf(t, badges) {
		want(t, fmt.Sprint("badge ", i), status, gone)
	}
	p.turn(t, true, strangers...)
	p.turn(t, false, strangers...)
	_, progress, err := p.Record(t.Context(), "s-0")
	if err != nil || progress.Leaving {
		t.Errorf("%+v, %v", progress, err)
	}
}
