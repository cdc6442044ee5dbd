package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var caseTests = []test{
	{"a case comes back, with its event and its messages", caseComesBack},
	{"cases come in pages, by state and by person", casePages},
	{"a case is about somebody who is known, and about their own badge", caseOfSomebody},
	{"a case that breaks a rule is refused", caseInvalid},
	{"text is bounded", caseBounds},
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
