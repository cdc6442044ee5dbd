package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var massTests = []test{
	{"a mass change is refused whole, unless confirmed", massChange},
	{"a mass change by time is nobody's mistake", massByTime},
	{"a dry run takes nothing in", dryRun},
}

// fleet is that many people with a device each.
func fleet(n int, compliance evidence.Compliance) store.Import {
	im := store.Import{People: People(n)}
	for i := range n {
		d := Device(i)
		d.Compliance = compliance
		im.Devices = append(im.Devices, d)
	}
	return im
}

func massChange(t *testing.T, open Opener) {
	for _, c := range []struct {
		people, losing int
		limit          store.MassLimit
		refused        bool
	}{
		{60, store.DefaultMassPeople, store.MassLimit{}, false},
		{60, store.DefaultMassPeople + 1, store.MassLimit{}, true},
		{60, 60, store.MassLimit{}, true},
		{300, 30, store.MassLimit{}, false},
		{300, 31, store.MassLimit{}, true},
		{60, 5, store.MassLimit{People: 5, Percent: 1}, false},
		{60, 6, store.MassLimit{People: 5, Percent: 1}, true},
		{60, 60, store.MassLimit{Percent: 100}, false},
	} {
		s, judge := opened(t, open, Config{}), newScale()
		mustJudge(t, s, judge, fleet(c.people, "compliant")) // the first import is never one
		before := last(t, s)
		im := fleet(c.losing, "noncompliant")
		im.By, im.At, im.Judge, im.MassLimit = officer, now, judge.judge, c.limit
		result, err := s.ApplyImport(t.Context(), im)
		if !c.refused {
			check(t, err, nil)
			equal(t, "losing", result.Losing, c.losing)
			continue
		}
		var mass *store.MassChangeError
		if !errors.As(err, &mass) {
			t.Fatalf("%+v: %v", c, err)
		}
		equal(t, "error", *mass, store.MassChangeError{Losing: c.losing, Good: c.people, Limit: c.limit.Of(c.people)})
		equal(t, "events", len(events(t, s, before)), 0)
		im.Confirmed = true
		result, err = s.ApplyImport(t.Context(), im)
		check(t, err, nil)
		equal(t, "losing", result.Losing, c.losing)
	}
}

func massByTime(t *testing.T, open Opener) {
	s, judge := opened(t, open, Config{}), newScale()
	mustJudge(t, s, judge, fleet(60, "compliant"))
	// Their standing was to change by now: nobody came to judge them in between.
	im := fleet(60, "noncompliant")
	im.At = now.Add(2 * time.Hour)
	equal(t, "losing", mustJudge(t, s, judge, im).Losing, 0)
}

func dryRun(t *testing.T, open Opener) {
	s, c := opened(t, open, Config{}), newScale()
	im := fleet(60, "compliant")
	im.DryRun = true
	quiet(t, s, func() {
		result := mustJudge(t, s, c, im)
		equal(t, "people", result.People, store.ImportCount{Added: 57, Unchanged: 3})
		equal(t, "judged", result.Judged, 60)
	})
	_, err := s.Person(t.Context(), "person-050")
	check(t, err, store.ErrNotFound)
}
