package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var listChangeTests = []test{
	{"what changed since a version is each entry once, as it is now", changesSince},
	{"what changed, on top of what was read, is the list", changesAddUp},
	{"a version that the list has not had is a conflict", changesAhead},
	{"watchers know of a change before its caller does", watchBefore},
	{"watchers know of a new list", watchNewList},
	{"whoever stopped watching is not told", watchStopped},
	{"an index is never given again, not even after its person was erased", indexNeverAgain},
}

func changesSince(t *testing.T, open Opener) {
	s := opened(t, open, Config{ListSize: 64})
	a, b := mustReserve(t, s, "a", 0), mustReserve(t, s, "b", 1)
	began := version(t, s)
	for _, change := range []struct {
		id string
		to store.Status
	}{{"a", store.Suspended}, {"b", store.Suspended}, {"a", store.Valid}, {"b", store.Invalid}} {
		_, err := setStatus(t, s, change.id, change.to)
		check(t, err, nil)
	}
	for since, want := range map[uint64][]store.Entry{
		began:     {{Index: a.Index, Bits: 0}, {Index: b.Index, Bits: 1}},
		began + 2: {{Index: a.Index, Bits: 0}, {Index: b.Index, Bits: 1}},
		began + 3: {{Index: b.Index, Bits: 1}},
		began + 4: nil,
	} {
		got, err := s.Changes(t.Context(), a.ListID, since)
		check(t, err, nil)
		slices.SortFunc(got.Entries, func(x, y store.Entry) int { return int(x.Bits) - int(y.Bits) })
		equal(t, fmt.Sprint("entries since version ", since), got.Entries, want)
		equal(t, "version", got.Version, began+4)
		equal(t, "size", got.Size, uint32(64))
	}
	// A cause alone changes no entry.
	before := version(t, s)
	mustReserve(t, s, "c", 2)
	for _, cause := range []store.Cause{store.ByOffice, store.ByConcern} {
		_, err := s.SetBadgeStatus(t.Context(), store.StatusChange{BadgeID: "c", To: store.Suspended, Cause: cause, Reason: "r", By: officer, At: now})
		check(t, err, nil)
	}
	equal(t, "version after two causes", version(t, s), before+1)
	got, err := s.Changes(t.Context(), a.ListID, before+1)
	check(t, err, nil)
	equal(t, "entries that a cause changed", len(got.Entries), 0)
}

// changesAddUp keeps copies of the list of different ages, brings a random one up to
// date after each of many changes, and compares it with the list.
func changesAddUp(t *testing.T, open Opener) {
	s := opened(t, open, Config{ListSize: 64, MaxFillPercent: 100})
	var badges []store.Badge
	for i := range 64 {
		badges = append(badges, mustReserve(t, s, fmt.Sprint("b", i), i%3))
	}
	listID := badges[0].ListID
	var copies [5]store.Statuses
	for i := range copies {
		read, err := s.Statuses(t.Context(), listID)
		check(t, err, nil)
		copies[i] = read
	}
	for range 300 {
		b := badges[rand.IntN(len(badges))]
		to := []store.Status{store.Suspended, store.Valid, store.Suspended, store.Valid, store.Invalid}[rand.IntN(5)]
		if _, err := setStatus(t, s, b.ID, to); err != nil {
			check(t, err, store.ErrFinal)
		}
		if rand.IntN(4) > 0 {
			continue // so that several changes come together
		}
		held := &copies[rand.IntN(len(copies))]
		changes, err := s.Changes(t.Context(), listID, held.Version)
		check(t, err, nil)
		for _, e := range changes.Entries {
			shift := e.Index % 4 * 2
			held.Packed[e.Index/4] = held.Packed[e.Index/4]&^(3<<shift) | e.Bits<<shift
		}
		held.List = changes.List
		want, err := s.Statuses(t.Context(), listID)
		check(t, err, nil)
		equal(t, "list", *held, want)
	}
}

func changesAhead(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	list, err := s.EnsureList(t.Context(), officer)
	check(t, err, nil)
	_, err = s.Changes(t.Context(), list.ID, list.Version)
	check(t, err, nil)
	_, err = s.Changes(t.Context(), list.ID, list.Version+1)
	check(t, err, store.ErrConflict)
	_, err = s.Changes(t.Context(), list.ID+1, 0)
	check(t, err, store.ErrNotFound)
}

func watchBefore(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustReserve(t, s, "b", 0)
	var told atomic.Int64
	defer s.WatchLists(func() { told.Add(1) })()
	for i, to := range []store.Status{store.Suspended, store.Valid, store.Invalid} {
		_, err := setStatus(t, s, "b", to)
		check(t, err, nil)
		if got := told.Load(); got < int64(i+1) {
			t.Errorf("told %d times when change %d was answered", got, i+1)
		}
	}
	together(func(caller int) {
		id := fmt.Sprint("b", caller)
		if _, err := s.ReserveBadge(t.Context(), Reservation(id, 1)); err != nil {
			t.Error(err)
			return
		}
		before := told.Load()
		_, err := s.SetBadgeStatus(context.Background(), store.StatusChange{BadgeID: id, To: store.Invalid, Reason: "r", By: officer})
		if err != nil || told.Load() == before {
			t.Errorf("a change was answered and nobody told: %v", err)
		}
	})
}

func watchNewList(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	var told atomic.Int64
	defer s.WatchLists(func() { told.Add(1) })()
	_, err := s.EnsureList(t.Context(), officer)
	check(t, err, nil)
	equal(t, "told", told.Load(), int64(1))
}

func watchStopped(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustReserve(t, s, "b", 0)
	var first, second atomic.Int64
	stop := s.WatchLists(func() { first.Add(1) })
	defer s.WatchLists(func() { second.Add(1) })()
	stop()
	stop() // twice does no harm
	_, err := setStatus(t, s, "b", store.Invalid)
	check(t, err, nil)
	equal(t, "told after stop", first.Load(), int64(0))
	equal(t, "told who still watches", second.Load(), int64(1))
}

func indexNeverAgain(t *testing.T, open Opener) {
	s := opened(t, open, Config{ListSize: 64, MaxFillPercent: 100, MaxLists: 2})
	type place struct {
		list  int64
		index uint32
	}
	taken := map[place]string{}
	take := func(id string, person int) {
		t.Helper()
		b := mustReserve(t, s, id, person)
		if other, again := taken[place{b.ListID, b.Index}]; again {
			t.Fatalf("%s got the index of %s", id, other)
		}
		taken[place{b.ListID, b.Index}] = id
	}
	for i := range 40 {
		take(fmt.Sprint("first", i), i%2)
	}
	check(t, s.ErasePerson(t.Context(), Erasure("person-000")), nil)
	for i := range 128 - 40 {
		take(fmt.Sprint("then", i), 1)
	}
	equal(t, "indices", len(taken), 128)
	_, err := s.ReserveBadge(t.Context(), Reservation("beyond", 1))
	check(t, err, store.ErrListFull)
}
