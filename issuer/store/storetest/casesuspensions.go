package storetest

import (
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var caseSuspensionTests = []test{
	{"suspending on a case suspends at once, and issues no more", caseSuspends},
	{"each suspension ends with its own case", caseSuspendsTwice},
	{"a duplicate hands its suspension over", caseDuplicate},
	{"an officer's suspension is not a case's", caseBesideOffice},
}

func mustSuspendOn(t *testing.T, s store.Store, id string) []string {
	t.Helper()
	result, err := s.SuspendOnCase(t.Context(), decision(id))
	check(t, err, nil)
	equal(t, "kept", result.Case, mustFind(t, s, id))
	return ids(result.Badges)
}

// causes are why a person gets no badge.
func causes(t *testing.T, s store.Store, person string) []store.Cause {
	t.Helper()
	all, err := s.SuspensionsOf(t.Context(), person)
	check(t, err, nil)
	var found []store.Cause
	for _, each := range all {
		found = append(found, each.Cause)
	}
	return found
}

func caseSuspends(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	shown := mustReserve(t, s, "b", 0)
	mustReserve(t, s, "c", 0)
	mustOpen(t, s, "case", "b", "person-000")
	before := last(t, s)
	equal(t, "badges", mustSuspendOn(t, s, "case"), []string{"b", "c"})
	equal(t, "entry", entry(t, s, shown), store.Suspended.Entry())
	equal(t, "causes", causes(t, s, "person-000"), []store.Cause{store.ByConcern})
	c := mustFind(t, s, "case")
	equal(t, "since", c.SuspendedAt, now.Add(time.Hour))
	equal(t, "by", c.SuspendedBy, officer)
	equal(t, "kinds", kinds(events(t, s, before)), []store.EventKind{store.CaseSuspended, store.BadgeStatus, store.BadgeStatus, store.PersonSuspended})
	_, err := s.ReserveBadge(t.Context(), Reservation("d", 0))
	check(t, err, store.ErrSuspended)
	quiet(t, s, func() { equal(t, "again", len(mustSuspendOn(t, s, "case")), 0) })

	result, err := s.ReinstateOnCase(t.Context(), decision("case"))
	check(t, err, nil)
	equal(t, "reinstated", ids(result.Badges), []string{"b", "c"})
	equal(t, "still open", result.Case.Open() && result.Case.SuspendedAt.IsZero(), true)
	equal(t, "entry", entry(t, s, shown), store.Valid.Entry())
	quiet(t, s, func() {
		_, err := s.ReinstateOnCase(t.Context(), decision("case"))
		check(t, err, nil)
	})
	mustReserve(t, s, "d", 0)
}

func caseSuspendsTwice(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustReserve(t, s, "b", 0)
	for _, id := range []string{"one", "two", "three"} {
		mustOpen(t, s, id, "b", "person-000")
	}
	equal(t, "first", mustSuspendOn(t, s, "one"), []string{"b"})
	equal(t, "second", len(mustSuspendOn(t, s, "two")), 0)
	equal(t, "one ends", len(mustClose(t, s, "one", store.NotUpheld)), 0)
	equal(t, "causes", causes(t, s, "person-000"), []store.Cause{store.ByConcern})
	equal(t, "one that suspends nobody", len(mustClose(t, s, "three", store.NotUpheld)), 0)
	equal(t, "the last ends", mustClose(t, s, "two", store.NotUpheld), []string{"b"})
}

func caseDuplicate(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustReserve(t, s, "b", 0)
	for _, id := range []string{"one", "two", "three"} {
		mustOpen(t, s, id, "b", "person-000")
	}
	mustSuspendOn(t, s, "two")
	equal(t, "changed", len(mustClose(t, s, "two", store.Duplicate)), 0)
	equal(t, "causes", causes(t, s, "person-000"), []store.Cause{store.ByConcern})
	equal(t, "handed over", mustFind(t, s, "one").SuspendedBy, officer)
	equal(t, "gone from the duplicate", mustFind(t, s, "two").SuspendedAt.IsZero(), true)
	equal(t, "not to both", mustFind(t, s, "three").SuspendedAt.IsZero(), true)

	mustSuspendOn(t, s, "three")
	equal(t, "one has its own", len(mustClose(t, s, "three", store.Duplicate)), 0)
	equal(t, "nobody to hand it to", mustClose(t, s, "one", store.Duplicate), []string{"b"})
	equal(t, "causes", len(causes(t, s, "person-000")), 0)
}

func caseBesideOffice(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustReserve(t, s, "b", 0)
	mustOpen(t, s, "c", "b", "person-000")
	_, err := s.SetStatusOfPerson(t.Context(), store.PersonStatusChange{PersonID: "person-000", To: store.Suspended, Reason: "r", By: officer, At: now})
	check(t, err, nil)
	mustSuspendOn(t, s, "c")
	mustClose(t, s, "c", store.NotUpheld)
	equal(t, "causes", causes(t, s, "person-000"), []store.Cause{store.ByOffice})
	b, err := s.Badge(t.Context(), "b")
	check(t, err, nil)
	equal(t, "status", b.Status, store.Suspended)
}
