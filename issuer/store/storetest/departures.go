package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var departureTests = []test{
	{"a judge is told how many left of late", departuresTold},
	{"what is confirmed, undone or nothing is no departure", departuresNot},
}

// leaving is a judge who lets go whoever is not active.
func leaving() *scale {
	c := newScale()
	c.change = func(s store.Situation, j *store.Judgement) { j.Leave = !s.Person.Active }
	return c
}

// told returns what the judge was told of people who left, and how many stay.
func (c *scale) told() string {
	var all []string
	for _, s := range c.seen {
		all = append(all, fmt.Sprint(s.Departed, " of ", s.Good))
	}
	c.seen = nil
	return strings.Join(all, ", ")
}

// equipped returns a store in which that many people are in good standing.
func equipped(t *testing.T, open Opener, c *scale, n int) store.Store {
	t.Helper()
	s := open(t, Config{Now: fixedClock})
	im := store.Import{People: People(n)}
	for i := range n {
		im.Devices = append(im.Devices, Device(i))
	}
	mustJudge(t, s, c, im)
	return s
}

func inactive(ns ...int) (all []evidence.Person) {
	for _, n := range ns {
		p := People(n + 1)[n]
		p.Active = false
		all = append(all, p)
	}
	return all
}

func departuresTold(t *testing.T, open Opener) {
	c := leaving()
	s := equipped(t, open, c, 10)
	equal(t, "active people", c.told(), strings.TrimSuffix(strings.Repeat("0 of 0, ", 10), ", "))
	for i, step := range []struct {
		after time.Duration
		who   []int
		want  string
	}{
		{0, []int{0}, "0 of 0"},
		{time.Minute, []int{1, 2, 3}, "1 of 9, 2 of 8, 3 of 7"}, // in one transaction, too
		{store.MassWindow - time.Microsecond, []int{4}, "4 of 6"},
		{store.MassWindow, []int{5}, "4 of 5"},
		{store.MassWindow + time.Minute, []int{6}, "2 of 4"},
		{-time.Minute, []int{7}, "0 of 0"}, // a clock that was set back
		{5 * store.MassWindow, []int{8}, "0 of 0"},
	} {
		mustJudge(t, s, c, store.Import{At: now.Add(step.after), People: inactive(step.who...)})
		equal(t, fmt.Sprint("step ", i), c.told(), step.want)
	}
	_, err := s.Rejudge(t.Context(), store.RejudgeRequest{Persons: persons(0, 9), At: now.Add(5 * store.MassWindow), By: officer, Judge: c.judge})
	check(t, err, nil)
	equal(t, "rejudged", c.told(), "1 of 1, 0 of 0")
}

func departuresNot(t *testing.T, open Opener) {
	c := leaving()
	s := equipped(t, open, c, 6)
	mustReserve(t, s, "b", 5)
	mustJudge(t, s, c, store.Import{Devices: []evidence.Device{{
		Origin: Device(5).Origin, PersonID: "person-005", Compliance: "noncompliant",
	}}}) // who has a badge, without good standing
	mustJudge(t, s, c, store.Import{People: inactive(0), Confirmed: true})
	_, err := s.ApplyImport(t.Context(), store.Import{By: officer, At: now, People: inactive(1), Judge: c.judge, DryRun: true})
	check(t, err, nil)
	mustJudge(t, s, c, store.Import{People: []evidence.Person{{ID: "nothing", ExternalID: "nothing"}}})
	c.told()
	mustJudge(t, s, c, store.Import{People: inactive(2)})
	equal(t, "none before", c.told(), "0 of 0")
	mustJudge(t, s, c, store.Import{People: inactive(5)})
	equal(t, "one before", c.told(), "1 of 3")
	mustJudge(t, s, c, store.Import{People: inactive(3)})
	equal(t, "a badge counts", c.told(), "2 of 3")
	mustJudge(t, s, c, store.Import{People: inactive(4), Confirmed: true})
	equal(t, "confirmed", c.told(), "0 of 0")
}
