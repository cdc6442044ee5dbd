package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var holdTests = []test{
	{"a hold is made, judged by, listed and ended once", holdLives},
	{"a hold has an end, and not too far ahead", holdInvalid},
	{"who is suspended gets no badge until every cause is gone", suspendedPerson},
	{"who was judged meanwhile gets no badge", overtakenReservation},
	{"policies come in the order in which they take effect", policiesInOrder},
}

// Hold returns a hold of ten days for one of [People].
func Hold(id string, person int) store.Hold {
	return store.Hold{ID: id, PersonID: fmt.Sprintf("person-%03d", person), Reason: "on site", By: officer, At: now, Until: now.AddDate(0, 0, 10)}
}

func holdLives(t *testing.T, open Opener) {
	s, c := opened(t, open, Config{}), newScale()
	before := last(t, s)
	h := Hold("h", 0)
	check(t, s.AddHold(t.Context(), h, c.judge), nil)
	equal(t, "holds of the situation", c.seen[0].Holds, []store.Hold{h})
	check(t, s.AddHold(t.Context(), h, nil), store.ErrAlreadyExists)
	nobody := Hold("other", 9)
	check(t, s.AddHold(t.Context(), nobody, nil), store.ErrNotFound)
	for at, want := range map[time.Time]int{now: 1, now.Add(-1000): 0, h.Until.Add(-1000): 1, h.Until: 0} {
		all, err := s.Holds(t.Context(), at)
		check(t, err, nil)
		equal(t, "lasting", len(all), want)
		equal(t, "by itself", h.Lasts(at), want == 1)
	}
	c.seen = nil
	end := store.HoldEnd{ID: "h", By: officer, At: now.Add(time.Hour)}
	got, err := s.EndHold(t.Context(), end, c.judge)
	check(t, err, nil)
	h.EndedAt, h.EndedBy = end.At, officer
	equal(t, "ended", got, h)
	equal(t, "holds of the situation after it", len(c.seen[0].Holds), 0)
	quiet(t, s, func() {
		end.At, end.By = now.Add(2*time.Hour), "another"
		got, err = s.EndHold(t.Context(), end, c.judge)
		check(t, err, nil)
		equal(t, "ended again", got, h)
	})
	_, err = s.EndHold(t.Context(), store.HoldEnd{ID: "none", By: officer, At: now}, nil)
	check(t, err, store.ErrNotFound)
	all, err := s.HoldsOf(t.Context(), "person-000")
	check(t, err, nil)
	equal(t, "all", all, []store.Hold{h})
	kinds := map[store.EventKind]int{}
	for _, e := range events(t, s, before) {
		kinds[e.Kind]++
	}
	equal(t, "events", kinds, map[store.EventKind]int{store.HoldAdded: 1, store.HoldEnded: 1, store.StandingChanged: 1})
}

func holdInvalid(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	longest := Hold("longest", 0)
	longest.Until = now.Add(store.MaxHold)
	check(t, s.AddHold(t.Context(), longest, nil), nil)
	for name, spoil := range map[string]func(*store.Hold){
		"too long":   func(h *store.Hold) { h.Until = now.Add(store.MaxHold + 1) },
		"no end":     func(h *store.Hold) { h.Until = time.Time{} },
		"no time":    func(h *store.Hold) { h.Until = h.At },
		"no reason":  func(h *store.Hold) { h.Reason = "" },
		"no officer": func(h *store.Hold) { h.By = "" },
		"no id":      func(h *store.Hold) { h.ID = "" },
	} {
		h := Hold("h", 0)
		spoil(&h)
		t.Log(name)
		check(t, s.AddHold(t.Context(), h, nil), store.ErrInvalid)
	}
}

func suspendedPerson(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustReserve(t, s, "b", 0)
	set := func(to store.Status, cause store.Cause, changed int) {
		t.Helper()
		badges, err := s.SetStatusOfPerson(t.Context(), store.PersonStatusChange{PersonID: "person-000", To: to, Cause: cause, Reason: "r", By: officer, At: now})
		check(t, err, nil)
		equal(t, "changed", len(badges), changed)
	}
	reserve := func(want error) {
		t.Helper()
		_, err := s.ReserveBadge(t.Context(), Reservation(fmt.Sprint(last(t, s)), 0))
		check(t, err, want)
	}
	set(store.Suspended, store.ByConcern, 1)
	set(store.Suspended, store.ByOffice, 1)
	quiet(t, s, func() { set(store.Suspended, store.ByOffice, 0) })
	all, err := s.SuspensionsOf(t.Context(), "person-000")
	check(t, err, nil)
	equal(t, "suspensions", all, []store.Suspension{
		{PersonID: "person-000", Cause: store.ByConcern, Reason: "r", By: officer, At: now},
		{PersonID: "person-000", Cause: store.ByOffice, Reason: "r", By: officer, At: now},
	})
	reserve(store.ErrSuspended)
	set(store.Valid, store.ByOffice, 1)
	reserve(store.ErrSuspended)
	set(store.Valid, store.ByConcern, 1)
	reserve(nil)
	b, err := s.Badge(t.Context(), "b")
	check(t, err, nil)
	equal(t, "status", b.Status, store.Valid)
}

func overtakenReservation(t *testing.T, open Opener) {
	s, c := opened(t, open, Config{}), newScale()
	_, err := s.Rejudge(t.Context(), store.RejudgeRequest{Persons: persons(0), At: now, By: officer, Judge: c.judge})
	check(t, err, nil)
	for at, want := range map[time.Time]error{now.Add(-time.Microsecond): store.ErrConflict, now: nil, {}: nil} {
		r := Reservation(fmt.Sprint("at ", at), 0)
		r.StandingAt = at
		_, err := s.ReserveBadge(t.Context(), r)
		check(t, err, want)
	}
}

func policiesInOrder(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	version := func(digest string, in time.Duration) store.PolicyVersion {
		return store.PolicyVersion{Digest: digest, Text: "text of " + digest, Effective: now.Add(in), At: now, By: officer}
	}
	for _, v := range []store.PolicyVersion{version("later", 2*time.Hour), version("now", 0), version("later still", 2*time.Hour), version("soon", time.Hour)} {
		check(t, s.ActivatePolicy(t.Context(), v), nil)
	}
	all, err := s.Policies(t.Context())
	check(t, err, nil)
	equal(t, "policies", all, []store.PolicyVersion{version("now", 0), version("soon", time.Hour), version("later", 2*time.Hour), version("later still", 2*time.Hour)})
	for name, spoil := range map[string]func(*store.PolicyVersion){
		"past":     func(v *store.PolicyVersion) { v.Effective = v.At.Add(-1) },
		"no text":  func(v *store.PolicyVersion) { v.Text = "" },
		"too long": func(v *store.PolicyVersion) { v.Text = string(jsonOf(store.MaxPolicy + 1)) },
		"nobody":   func(v *store.PolicyVersion) { v.By = "" },
	} {
		v := version("bad", 0)
		spoil(&v)
		t.Log(name)
		check(t, s.ActivatePolicy(t.Context(), v), store.ErrInvalid)
	}
}
