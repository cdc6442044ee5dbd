package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var caseTests = []test{
	{"a case comes back, with its event and its messages", caseComesBack},
	{"cases come in pages, by state and by person", casePages},
	{"a case is about somebody who is known, and about their own badge", caseOfSomebody},
	{"a case that breaks a rule is refused", caseInvalid},
	{"text is bounded", caseBounds},
	{"suspending on a case suspends at once, and issues no more", caseSuspends},
	{"not upheld reinstates, upheld does not", caseCloses},
	{"each suspension ends with its own case", caseSuspendsTwice},
	{"a duplicate hands its suspension over", caseDuplicate},
	{"a case is closed once", caseClosedOnce},
	{"an officer's suspension is not a case's", caseBesideOffice},
	{"a reporter is forgotten, the case is not", caseReporterErased},
	{"a case goes with its person", caseErased},
	{"a case that has long been closed is purged", casePurged},
	{"nothing that people wrote gets into an event", caseEvents},
}

// Concern returns a case about the badge of one of [People].
func Concern(id, badge string, person string) store.Case {
	return store.Case{
		ID: id, BadgeID: badge, PersonID: person, Received: now, Category: store.Behaviour,
		Text:     "Opened a cabinet\nthat was locked.",
		Reporter: store.Reporter{Name: "Ann Onymous", Organization: "Plant 7", Contact: "gate@customer.example"},
	}
}

func mustOpen(t *testing.T, s store.Store, id, badge, person string) {
	t.Helper()
	check(t, s.OpenCase(t.Context(), Concern(id, badge, person)), nil)
}

func mustFind(t *testing.T, s store.Store, id string) store.Case {
	t.Helper()
	c, err := s.Case(t.Context(), id)
	check(t, err, nil)
	return c
}

func decision(id string) store.CaseDecision {
	return store.CaseDecision{ID: id, By: officer, At: now.Add(time.Hour)}
}

func mustSuspendOn(t *testing.T, s store.Store, id string) []string {
	t.Helper()
	result, err := s.SuspendOnCase(t.Context(), decision(id))
	check(t, err, nil)
	equal(t, "kept", result.Case, mustFind(t, s, id))
	return ids(result.Badges)
}

func mustClose(t *testing.T, s store.Store, id string, outcome store.CaseOutcome) []string {
	t.Helper()
	result, err := s.CloseCase(t.Context(), store.CaseClosing{ID: id, Outcome: outcome, Note: "Talked to both.", By: officer, At: now.Add(2 * time.Hour)})
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

func caseComesBack(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustReserve(t, s, "b", 0)
	body, err := notify.Body{At: now, Case: "c"}.JSON()
	check(t, err, nil)
	told := notify.Message{Key: "case/c/mail/office", Person: "person-000", Kind: notify.Concern, Channel: notify.Mail,
		To: notify.ToOffice, Created: now, Due: now, Body: body}
	before := last(t, s)
	want := Concern("c", "b", "person-000")
	check(t, s.OpenCase(t.Context(), want, told), nil)
	got := mustFind(t, s, "c")
	want.Number = got.Number
	equal(t, "case", got, want)
	equal(t, "state", got.State(), store.StateOpen)
	recorded := events(t, s, before)
	equal(t, "kinds", kinds(recorded), []store.EventKind{store.CaseOpened, store.MessageQueued})
	equal(t, "subject", recorded[0].Subject, "c")
	equal(t, "by", recorded[0].By, store.Public)
	equal(t, "detail", string(recorded[0].Detail), `{"person":"person-000","badge":"b","category":"behaviour"}`)
	queued, err := s.Messages(t.Context(), store.MessageQuery{Person: "person-000", Limit: 10})
	check(t, err, nil)
	equal(t, "messages", len(queued), 1)
	quiet(t, s, func() {
		check(t, s.OpenCase(t.Context(), Concern("c", "b", "person-000"), told), store.ErrAlreadyExists)
	})
	_, err = s.Case(t.Context(), "other")
	check(t, err, store.ErrNotFound)
}

func casePages(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustReserve(t, s, "b0", 0)
	mustReserve(t, s, "b1", 1)
	mustOpen(t, s, "c", "b0", "person-000")
	mustOpen(t, s, "a", "b1", "person-001")
	mustOpen(t, s, "b", "b0", "person-000")
	mustClose(t, s, "a", store.Upheld)
	found := func(q store.CaseQuery) (ids []string) {
		page, err := s.Cases(t.Context(), q)
		check(t, err, nil)
		for _, c := range page {
			ids = append(ids, c.ID)
		}
		return ids
	}
	equal(t, "all", found(store.CaseQuery{Limit: 10}), []string{"c", "a", "b"})
	equal(t, "open", found(store.CaseQuery{State: store.StateOpen, Limit: 10}), []string{"c", "b"})
	equal(t, "closed", found(store.CaseQuery{State: store.StateClosed, Limit: 10}), []string{"a"})
	equal(t, "of one", found(store.CaseQuery{Person: "person-000", Limit: 10}), []string{"c", "b"})
	equal(t, "first", found(store.CaseQuery{Limit: 1}), []string{"c"})
	equal(t, "next", found(store.CaseQuery{After: mustFind(t, s, "c").Number, Limit: 1}), []string{"a"})
	for _, q := range []store.CaseQuery{{}, {Limit: store.MaxPage + 1}, {Limit: 1, State: "new"}, {Limit: 1, Person: "\xff"}} {
		_, err := s.Cases(t.Context(), q)
		check(t, err, store.ErrInvalid)
	}
}

func caseOfSomebody(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustReserve(t, s, "b", 0)
	quiet(t, s, func() {
		check(t, s.OpenCase(t.Context(), Concern("c", "b", "nobody")), store.ErrNotFound)
		check(t, s.OpenCase(t.Context(), Concern("c", "no badge", "person-000")), store.ErrNotFound)
		check(t, s.OpenCase(t.Context(), Concern("c", "b", "person-001")), store.ErrConflict)
		_, err := s.SuspendOnCase(t.Context(), decision("c"))
		check(t, err, store.ErrNotFound)
		_, err = s.ReinstateOnCase(t.Context(), decision("c"))
		check(t, err, store.ErrNotFound)
		_, err = s.EraseReporter(t.Context(), decision("c"))
		check(t, err, store.ErrNotFound)
		_, err = s.CloseCase(t.Context(), store.CaseClosing{ID: "c", Outcome: store.Upheld, By: officer, At: now})
		check(t, err, store.ErrNotFound)
	})
}

func caseInvalid(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustReserve(t, s, "b", 0)
	mustOpen(t, s, "open", "b", "person-000")
	quiet(t, s, func() {
		for _, spoil := range []func(*store.Case){
			func(c *store.Case) { c.ID = "" },
			func(c *store.Case) { c.BadgeID = "" },
			func(c *store.Case) { c.PersonID = "" },
			func(c *store.Case) { c.Received = time.Time{} },
			func(c *store.Case) { c.Category = "" },
			func(c *store.Case) { c.Category = "rude" },
			func(c *store.Case) { c.Category, c.Text = store.OtherConcern, " \n" },
			func(c *store.Case) { c.Text = "a\x00b" },
			func(c *store.Case) { c.Text = "\xff" },
			func(c *store.Case) { c.Reporter.Name = "Ann\nCase 2: closed" },
			func(c *store.Case) { c.Reporter.Organization = "\x1b[2J" },
			func(c *store.Case) { c.Reporter.Contact = "\xff" },
		} {
			bad := Concern("c", "b", "person-000")
			spoil(&bad)
			check(t, s.OpenCase(t.Context(), bad), store.ErrInvalid)
		}
		check(t, s.OpenCase(t.Context(), Concern("c", "b", "person-000"), notify.Message{}), store.ErrInvalid)
		for _, d := range []store.CaseDecision{{By: officer, At: now}, {ID: "open", At: now}, {ID: "open", By: officer}} {
			_, err := s.SuspendOnCase(t.Context(), d)
			check(t, err, store.ErrInvalid)
			_, err = s.CloseCase(t.Context(), store.CaseClosing{ID: d.ID, Outcome: store.Upheld, By: d.By, At: d.At})
			check(t, err, store.ErrInvalid)
		}
		for _, c := range []store.CaseClosing{{}, {Outcome: "ignored"}, {Outcome: store.Upheld, Note: "\xff"}, {Outcome: store.Upheld, Note: "\x00"}} {
			c.ID, c.By, c.At = "open", officer, now
			_, err := s.CloseCase(t.Context(), c)
			check(t, err, store.ErrInvalid)
		}
	})
}

func caseBounds(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustReserve(t, s, "b", 0)
	for over := range 2 {
		want := []error{nil, store.ErrInvalid}[over]
		long := strings.Repeat("x", store.MaxCaseText+over)
		line := strings.Repeat("x", store.MaxReporter+over)
		for i, c := range []store.Case{{Text: long}, {Reporter: store.Reporter{Name: line}},
			{Reporter: store.Reporter{Organization: line}}, {Reporter: store.Reporter{Contact: line}}} {
			full := Concern(strings.Repeat("c", i+1), "b", "person-000")
			full.Text, full.Reporter = c.Text, c.Reporter
			check(t, s.OpenCase(t.Context(), full), want)
		}
		id := strings.Repeat("n", over+1)
		mustOpen(t, s, id, "b", "person-000")
		_, err := s.CloseCase(t.Context(), store.CaseClosing{ID: id, Outcome: store.Upheld, Note: long, By: officer, At: now})
		check(t, err, want)
	}
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
	export, err := s.ExportPerson(t.Context(), "person-000")
	check(t, err, nil)
	equal(t, "exported", len(export.Cases), 1)
	if text := string(export.Cases[0]); !strings.Contains(text, "Opened a cabinet") || strings.Contains(text, "Ann") || strings.Contains(text, "gate@") {
		t.Errorf("exported %s", text)
	}
	check(t, s.ErasePerson(t.Context(), "person-000", officer), nil)
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
