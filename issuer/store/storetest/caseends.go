package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var caseEndTests = []test{
	{"not upheld reinstates, upheld does not", caseCloses},
	{"a case is closed once", caseClosedOnce},
	{"a reporter is forgotten, the case is not", caseReporterErased},
	{"a case goes with its person", caseErased},
	{"a case that has long been closed is purged", casePurged},
	{"nothing that people wrote gets into an event", caseEvents},
}

func mustClose(t *testing.T, s store.Store, id string, outcome store.CaseOutcome) []string {
	t.Helper()
	result, err := s.CloseCase(t.Context(), store.CaseClosing{ID: id, Outcome: outcome, Note: "Talked to both.", By: officer, At: now.Add(2 * time.Hour)})
	check(t, err, nil)
	equal(t, "kept", result.Case, mustFind(t, s, id))
	return ids(result.Badges)
}

func caseCloses(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustReserve(t, s, "b", 0)
	mustOpen(t, s, "one", "b", "person-000")
	mustSuspendOn(t, s, "one")
	before := last(t, s)
	equal(t, "back", mustClose(t, s, "one", store.NotUpheld), []string{"b"})
	equal(t, "causes", len(causes(t, s, "person-000")), 0)
	equal(t, "kinds", kinds(events(t, s, before)), []store.EventKind{store.CaseClosed, store.CaseReinstated, store.BadgeStatus, store.PersonReinstated})
	closed := mustFind(t, s, "one")
	equal(t, "state", closed.State(), store.StateClosed)
	equal(t, "end", []string{closed.Note, closed.ClosedBy, string(closed.Outcome)}, []string{"Talked to both.", officer, "not_upheld"})
	equal(t, "closed", closed.ClosedAt, now.Add(2*time.Hour))

	mustOpen(t, s, "two", "b", "person-000")
	mustSuspendOn(t, s, "two")
	equal(t, "changed", len(mustClose(t, s, "two", store.Upheld)), 0)
	equal(t, "causes", causes(t, s, "person-000"), []store.Cause{store.ByConcern})
	result, err := s.ReinstateOnCase(t.Context(), decision("two"))
	check(t, err, nil)
	equal(t, "back after all", ids(result.Badges), []string{"b"})
}

func caseClosedOnce(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustReserve(t, s, "b", 0)
	mustOpen(t, s, "c", "b", "person-000")
	mustClose(t, s, "c", store.Upheld)
	want := mustFind(t, s, "c")
	quiet(t, s, func() {
		mustClose(t, s, "c", store.Upheld)
		for _, other := range []store.CaseOutcome{store.NotUpheld, store.Duplicate} {
			_, err := s.CloseCase(t.Context(), store.CaseClosing{ID: "c", Outcome: other, By: officer, At: now})
			check(t, err, store.ErrConflict)
		}
		_, err := s.SuspendOnCase(t.Context(), decision("c"))
		check(t, err, store.ErrConflict)
	})
	equal(t, "case", mustFind(t, s, "c"), want)
}

func caseReporterErased(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustReserve(t, s, "b", 0)
	mustOpen(t, s, "c", "b", "person-000")
	want := mustFind(t, s, "c")
	want.Reporter = store.Reporter{}
	before := last(t, s)
	got, err := s.EraseReporter(t.Context(), decision("c"))
	check(t, err, nil)
	equal(t, "answer", got, want)
	equal(t, "kept", mustFind(t, s, "c"), want)
	equal(t, "kinds", kinds(events(t, s, before)), []store.EventKind{store.CaseReporterErased})
	quiet(t, s, func() {
		_, err := s.EraseReporter(t.Context(), decision("c"))
		check(t, err, nil)
	})
}

func caseErased(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustReserve(t, s, "b", 0)
	mustReserve(t, s, "other", 1)
	mustOpen(t, s, "c", "b", "person-000")
	mustOpen(t, s, "d", "other", "person-001")
	mustSuspendOn(t, s, "c")
	export, err := s.ExportPerson(t.Context(), exportOf("person-000"))
	check(t, err, nil)
	equal(t, "exported", len(export.Cases), 1)
	if text := string(export.Cases[0]); !strings.Contains(text, "Opened a cabinet") || strings.Contains(text, "Ann") || strings.Contains(text, "gate@") {
		t.Errorf("exported %s", text)
	}
	check(t, s.ErasePerson(t.Context(), Erasure("person-000")), nil)
	_, err = s.Case(t.Context(), "c")
	check(t, err, store.ErrNotFound)
	mustFind(t, s, "d")
	check(t, s.OpenCase(t.Context(), Concern("e", "b", "person-000")), store.ErrNotFound)
	check(t, s.OpenCase(t.Context(), Concern("c", "other", "person-001")), nil) // its id is free again
}

func casePurged(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustReserve(t, s, "b", 0)
	for _, id := range []string{"closed", "open", "suspends"} {
		mustOpen(t, s, id, "b", "person-000")
	}
	mustClose(t, s, "closed", store.NotUpheld)
	mustSuspendOn(t, s, "suspends")
	mustClose(t, s, "suspends", store.Upheld)
	purge := func(at time.Time) int {
		done, err := s.Purge(t.Context(), store.PurgeRequest{At: at, By: officer})
		check(t, err, nil)
		return done.Cases
	}
	over := now.Add(2*time.Hour + store.DefaultKeepCases)
	equal(t, "at the bound", purge(over), 0)
	equal(t, "beyond", purge(over.Add(time.Microsecond)), 1)
	_, err := s.Case(t.Context(), "closed")
	check(t, err, store.ErrNotFound)
	mustFind(t, s, "open")
	_, err = s.ReinstateOnCase(t.Context(), decision("suspends"))
	check(t, err, nil)
	equal(t, "when nobody is suspended on it any more", purge(over.Add(time.Microsecond)), 1)
}

func caseEvents(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustImport(t, s, store.Import{People: []evidence.Person{People(1)[0]}})
	mustReserve(t, s, "b", 0)
	mustOpen(t, s, "c", "b", "person-000")
	mustSuspendOn(t, s, "c")
	mustClose(t, s, "c", store.NotUpheld)
	_, err := s.EraseReporter(t.Context(), decision("c"))
	check(t, err, nil)
	for _, e := range events(t, s, 0) {
		for _, written := range []string{"cabinet", "Ann", "Plant 7", "gate@", "Talked"} {
			if strings.Contains(e.Subject+string(e.Detail), written) {
				t.Errorf("event %+v holds %q", e, written)
			}
		}
	}
}
