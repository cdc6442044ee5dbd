package issuer_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// told is a configuration by which two roles are told on one channel.
func told(c *issuer.Config) {
	c.Tell = []issuer.Recipient{{Channel: notify.Mail, To: notify.ToPerson}, {Channel: notify.Mail, To: notify.ToManager}, {Channel: notify.Teams, To: notify.ToOffice}}
}

// concern is about a badge, as a verifier's decision names it.
func (p program) concern(t testing.TB, b issuer.Issued) issuer.Concern {
	t.Helper()
	return issuer.Concern{
		StatusList: p.ListURI(b.ListID), Index: b.Index, Subject: opened(t, b.Text).Claims.Subject,
		Category: store.NotThePerson, Text: "The face is another.",
		Reporter: store.Reporter{Name: "Gate 3", Organization: "Plant 7", Contact: "+49 30 5550100"},
	}
}

func (p program) cases(t testing.TB) []store.Case {
	t.Helper()
	all, err := p.Cases(t.Context(), store.CaseQuery{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestOpenCase_ReachesTheOffice(t *testing.T) {
	t.Parallel()
	woken := 0
	p := start(t, func(c *issuer.Config) {
		told(c)
		c.Queued = func() { woken++ }
	})
	b := p.mustIssue(t, p.eligible(t)[0].Person.ID)
	woken = 0
	receipt, err := p.OpenCase(t.Context(), p.concern(t, b))
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.Case(t.Context(), receipt)
	if err != nil {
		t.Fatal(err)
	}
	want := p.concern(t, b)
	if c.BadgeID != b.ID || c.PersonID != b.PersonID || c.Text != want.Text || c.Reporter != want.Reporter || c.Category != want.Category || !c.Open() {
		t.Errorf("the case is %+v", c)
	}
	queued, err := p.Messages(t.Context(), store.MessageQuery{Person: b.PersonID, Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	var channels []notify.Channel
	for _, m := range queued {
		body, err := m.Read()
		if err != nil || body.Case != receipt || m.Kind != notify.Concern || m.To != notify.ToOffice {
			t.Errorf("message %+v: %v", m, err)
		}
		if strings.Contains(string(m.Body), "face") || strings.Contains(string(m.Body), "Gate") {
			t.Errorf("a customer's words are mailed: %s", m.Body)
		}
		channels = append(channels, m.Channel)
	}
	if !slices.Equal(channels, []notify.Channel{notify.Mail, notify.Teams}) || woken != 1 {
		t.Errorf("told on %v, courier woken %d times", channels, woken)
	}
}

func TestOpenCase_WhatNobodyHasGetsTheSameAnswer(t *testing.T) {
	t.Parallel()
	p := start(t, told)
	one, other := p.mustIssue(t, p.eligible(t)[0].Person.ID), p.mustIssue(t, p.eligible(t)[1].Person.ID)
	erased := p.mustIssue(t, p.eligible(t)[2].Person.ID)
	ofErased := p.concern(t, erased)
	if err := p.ErasePerson(t.Context(), erased.PersonID, "a test"); err != nil {
		t.Fatal(err)
	}
	good := p.concern(t, one)
	receipt, err := p.OpenCase(t.Context(), good)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*issuer.Concern){
		"another's subject":        func(c *issuer.Concern) { c.Subject = opened(t, other.Text).Claims.Subject },
		"another's index":          func(c *issuer.Concern) { c.Index = other.Index },
		"an index of nobody":       func(c *issuer.Concern) { c.Index = unused(one.Index, other.Index, erased.Index) },
		"a list that is not there": func(c *issuer.Concern) { c.StatusList = p.ListURI(one.ListID + 1) },
		"no subject":               func(c *issuer.Concern) { c.Subject = "" },
		"part of the subject":      func(c *issuer.Concern) { c.Subject = c.Subject[:len(c.Subject)-1] },
		"the person's id":          func(c *issuer.Concern) { c.Subject = one.PersonID },
		"somebody who was erased":  func(c *issuer.Concern) { *c = ofErased },
	} {
		c := good
		change(&c)
		got, err := p.OpenCase(t.Context(), c)
		if err != nil || len(got) != len(receipt) || got == receipt {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if _, err := p.Case(t.Context(), got); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: a case was opened: %v", name, err)
		}
	}
	if all := p.cases(t); len(all) != 1 {
		t.Errorf("%d cases", len(all))
	}
}

// unused is an index that none of the badges has.
func unused(taken ...uint32) uint32 {
	for i := uint32(0); ; i++ {
		if !slices.Contains(taken, i) {
			return i
		}
	}
}

func TestOpenCase_RefusesWhatBreaksARuleWhoeverItIsAbout(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	b := p.mustIssue(t, p.eligible(t)[0].Person.ID)
	for _, subject := range []string{p.concern(t, b).Subject, "nobody"} {
		for want, changes := range map[error][]func(*issuer.Concern){
			store.ErrInvalid: {
				func(c *issuer.Concern) { c.Category = "other things" },
				func(c *issuer.Concern) { c.Category, c.Text = store.OtherConcern, "" },
				func(c *issuer.Concern) { c.Text = strings.Repeat("x", store.MaxCaseText+1) },
				func(c *issuer.Concern) { c.Reporter.Name = "a\nb" },
			},
			issuer.ErrOtherIssuer: {
				func(c *issuer.Concern) { c.StatusList = "" },
				func(c *issuer.Concern) { c.StatusList = "https://other.example/status-lists/1" },
				func(c *issuer.Concern) { c.StatusList += "0x" },
				func(c *issuer.Concern) { c.StatusList = p.URL() + issuer.StatusListPath + "01" },
				func(c *issuer.Concern) { c.StatusList = p.URL() + issuer.StatusListPath + "99999999999999999999" },
			},
		} {
			for i, change := range changes {
				c := p.concern(t, b)
				c.Subject = subject
				change(&c)
				if receipt, err := p.OpenCase(t.Context(), c); !errors.Is(err, want) || receipt != "" {
					t.Errorf("%v %d: %q, %v", want, i, receipt, err)
				}
			}
		}
	}
	if all := p.cases(t); len(all) != 0 {
		t.Errorf("%d cases", len(all))
	}
}

func TestSuspendOn_TakesEveryBadgeUntilTheCaseSaysOtherwise(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	somebody := p.eligible(t)[0].Person.ID
	b := p.mustIssue(t, somebody)
	id, err := p.OpenCase(t.Context(), p.concern(t, b))
	if err != nil {
		t.Fatal(err)
	}
	suspended, err := p.SuspendOn(t.Context(), id, "officer")
	if err != nil || len(suspended.Badges) != 1 || suspended.Badges[0].Status != store.Suspended || suspended.Case.SuspendedBy != "officer" {
		t.Fatalf("suspended %+v: %v", suspended, err)
	}
	if !slices.Equal(suspended.Badges[0].Causes, []store.Cause{store.ByConcern}) || strings.Contains(suspended.Badges[0].StatusReason, "face") {
		t.Errorf("the badge is %+v", suspended.Badges[0])
	}
	if _, err := p.issue(t.Context(), somebody); err == nil {
		t.Error("a badge was issued to somebody who is suspended")
	}
	// An officer's reinstating says nothing about the case, which goes on suspending.
	if changed, err := p.ReinstatePerson(t.Context(), somebody, "let in", "officer"); err != nil || len(changed) != 0 {
		t.Errorf("reinstated beside the case: %+v, %v", changed, err)
	}
	if _, err := p.issue(t.Context(), somebody); err == nil {
		t.Error("a badge was issued to somebody whom a case suspends")
	}
	p.Set(p.Now().Add(time.Minute))
	closed, err := p.CloseCase(t.Context(), id, store.NotUpheld, "It was a new haircut.", "officer")
	if err != nil || len(closed.Badges) != 1 || closed.Badges[0].Status != store.Valid || closed.Case.Note != "It was a new haircut." {
		t.Fatalf("closed %+v: %v", closed, err)
	}
	p.mustIssue(t, somebody)

	again, err := p.OpenCase(t.Context(), p.concern(t, b))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.SuspendOn(t.Context(), again, "officer"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.CloseCase(t.Context(), again, store.Upheld, "", "officer"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.issue(t.Context(), somebody); err == nil {
		t.Error("what was upheld suspends no more")
	}
	if back, err := p.ReinstateOn(t.Context(), again, "officer"); err != nil || len(back.Badges) != 2 {
		t.Errorf("reinstated %+v: %v", back, err)
	}
	if c, err := p.EraseReporter(t.Context(), again, "officer"); err != nil || c.Reporter != (store.Reporter{}) || c.Text == "" {
		t.Errorf("the case is %+v: %v", c, err)
	}
}
