package storetest

import (
	"fmt"
	"testing"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var statusTests = []test{
	{"a change moves badge, entry, version and event together", statusChanges},
	{"the same status again does nothing", statusTwice},
	{"invalid is final", statusFinal},
	{"an unknown badge or status is refused", statusInvalid},
	{"all live badges of a person change at once", statusOfPerson},
	{"without a time the store's clock counts", statusNow},
}

var listTests = []test{
	{"a list begins once", listBegins},
	{"entries are packed from the least significant bits", listPacked},
	{"a full list is followed by the next, and the last by an error", listFull},
	{"indices are drawn at random from the whole list", listRandom},
	{"an unknown list is not found", listNotFound},
}

// version returns the version of the only list.
func version(t *testing.T, s store.Store) uint64 {
	t.Helper()
	lists, err := s.Lists(t.Context())
	check(t, err, nil)
	equal(t, "lists", len(lists), 1)
	return lists[0].Version
}

func entry(t *testing.T, s store.Store, b store.Badge) byte {
	t.Helper()
	statuses, err := s.Statuses(t.Context(), b.ListID)
	check(t, err, nil)
	return statuses.At(b.Index)
}

func statusChanges(t *testing.T, open Opener) {
	s := opened(t, open, Config{ListSize: 64})
	want := mustReserve(t, s, "b", 0)
	for _, to := range []store.Status{store.Suspended, store.Valid, store.Suspended, store.Invalid} {
		before, number := version(t, s), last(t, s)
		got, err := setStatus(t, s, "b", to)
		check(t, err, nil)
		want.Status, want.StatusReason, want.StatusAt, want.Causes = to, "key_lost", now, nil
		if to == store.Suspended {
			want.Causes = []store.Cause{store.ByOffice}
		}
		equal(t, "answer", got, want)
		got, err = s.Badge(t.Context(), "b")
		check(t, err, nil)
		equal(t, "kept", got, want)
		equal(t, "entry", entry(t, s, want), to.Entry())
		if after := version(t, s); after <= before {
			t.Errorf("version went from %d to %d", before, after)
		}
		recorded := events(t, s, number)
		equal(t, "events", len(recorded), 1)
		equal(t, "kind", recorded[0].Kind, store.BadgeStatus)
		equal(t, "subject", recorded[0].Subject, "b")
		equal(t, "at", recorded[0].At, now)
	}
}

func statusTwice(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustReserve(t, s, "b", 0)
	for _, to := range []store.Status{store.Valid, store.Suspended, store.Invalid} {
		want, err := setStatus(t, s, "b", to)
		check(t, err, nil)
		before := version(t, s)
		quiet(t, s, func() {
			got, err := s.SetBadgeStatus(t.Context(), store.StatusChange{BadgeID: "b", To: to, Reason: "another", By: "another"})
			check(t, err, nil)
			equal(t, "badge", got, want)
		})
		equal(t, "version", version(t, s), before)
	}
}

func statusFinal(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	b := mustReserve(t, s, "b", 0)
	_, err := setStatus(t, s, "b", store.Invalid)
	check(t, err, nil)
	before := version(t, s)
	quiet(t, s, func() {
		for _, to := range []store.Status{store.Valid, store.Suspended} {
			_, err := setStatus(t, s, "b", to)
			check(t, err, store.ErrFinal)
		}
	})
	for _, to := range []store.Status{store.Valid, store.Suspended} {
		changed, err := s.SetStatusOfPerson(t.Context(), store.PersonStatusChange{
			PersonID: "person-000", To: to, Reason: "restored", By: officer, At: now,
		})
		check(t, err, nil)
		equal(t, "changed", len(changed), 0)
	}
	equal(t, "version", version(t, s), before)
	equal(t, "entry", entry(t, s, b), store.Invalid.Entry())
}

func statusInvalid(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustReserve(t, s, "b", 0)
	quiet(t, s, func() {
		_, err := setStatus(t, s, "other", store.Invalid)
		check(t, err, store.ErrNotFound)
		_, err = s.SetStatusOfPerson(t.Context(), store.PersonStatusChange{PersonID: "nobody", To: store.Invalid, Reason: "r", By: officer})
		check(t, err, store.ErrNotFound)
		for _, c := range []store.StatusChange{
			{BadgeID: "b", Reason: "r", By: officer}, // the zero status must not restore anything
			{BadgeID: "b", To: "VALID", Reason: "r", By: officer},
			{BadgeID: "b", To: store.Invalid, By: officer},
			{BadgeID: "b", To: store.Invalid, Reason: "r"},
			{To: store.Invalid, Reason: "r", By: officer},
		} {
			_, err := s.SetBadgeStatus(t.Context(), c)
			check(t, err, store.ErrInvalid)
			_, err = s.SetStatusOfPerson(t.Context(), store.PersonStatusChange{
				PersonID: c.BadgeID, To: c.To, Reason: c.Reason, By: c.By,
			})
			check(t, err, store.ErrInvalid)
		}
	})
}

func statusOfPerson(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	for _, id := range []string{"a", "b", "c"} {
		mustReserve(t, s, id, 0)
	}
	other := mustReserve(t, s, "other", 1)
	expired := Reservation("expired", 0)
	expired.IssuedAt, expired.ExpiresAt = now.AddDate(0, 0, -1), now
	_, err := s.ReserveBadge(t.Context(), expired)
	check(t, err, nil)
	_, err = setStatus(t, s, "a", store.Suspended)
	check(t, err, nil)

	set := func(to store.Status) []string {
		changed, err := s.SetStatusOfPerson(t.Context(), store.PersonStatusChange{
			PersonID: "person-000", To: to, Reason: "left", By: officer, At: now,
		})
		check(t, err, nil)
		for _, b := range changed {
			equal(t, "status", b.Status, to)
			kept, err := s.Badge(t.Context(), b.ID)
			check(t, err, nil)
			equal(t, "kept", kept, b)
			equal(t, "entry", entry(t, s, b), to.Entry())
		}
		return ids(changed)
	}
	before := last(t, s)
	equal(t, "suspended", set(store.Suspended), []string{"b", "c"})
	equal(t, "events", len(events(t, s, before)), 3) // of two badges and of the person
	equal(t, "revoked", set(store.Invalid), []string{"a", "b", "c"})
	quiet(t, s, func() { equal(t, "again", len(set(store.Invalid)), 0) })
	equal(t, "another's entry", entry(t, s, other), store.Valid.Entry())
}

func statusNow(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustReserve(t, s, "b", 0)
	b, err := s.SetBadgeStatus(t.Context(), store.StatusChange{BadgeID: "b", To: store.Suspended, Reason: "r", By: officer})
	check(t, err, nil)
	equal(t, "time", b.StatusAt, now)
}

func listBegins(t *testing.T, open Opener) {
	s := opened(t, open, Config{ListSize: 128})
	first, err := s.EnsureList(t.Context(), officer)
	check(t, err, nil)
	equal(t, "size", first.Size, uint32(128))
	equal(t, "created", first.CreatedAt, now)
	quiet(t, s, func() {
		again, err := s.EnsureList(t.Context(), officer)
		check(t, err, nil)
		equal(t, "list", again, first)
	})
	equal(t, "list of a badge", mustReserve(t, s, "b", 0).ListID, first.ID)
	_, err = s.EnsureList(t.Context(), "")
	check(t, err, store.ErrInvalid)
}

func listPacked(t *testing.T, open Opener) {
	s := opened(t, open, Config{ListSize: 64, MaxFillPercent: 100})
	want := make([]byte, 64*2/8)
	var listID int64
	for i := range 64 {
		b := mustReserve(t, s, fmt.Sprint("b", i), i%3)
		to := []store.Status{store.Valid, store.Suspended, store.Invalid}[i%3]
		_, err := setStatus(t, s, b.ID, to)
		check(t, err, nil)
		listID = b.ListID
		want[b.Index*2/8] |= to.Entry() << (b.Index * 2 % 8)
	}
	statuses, err := s.Statuses(t.Context(), listID)
	check(t, err, nil)
	equal(t, "entries", statuses.Packed, want)
	equal(t, "size", statuses.Size, uint32(64))
}

func listFull(t *testing.T, open Opener) {
	s := opened(t, open, Config{ListSize: 64, MaxFillPercent: 50, MaxLists: 2})
	perList := map[int64]map[uint32]bool{}
	for i := range 64 {
		b := mustReserve(t, s, fmt.Sprint("b", i), 0)
		if perList[b.ListID] == nil {
			perList[b.ListID] = map[uint32]bool{}
		}
		perList[b.ListID][b.Index] = true
	}
	equal(t, "lists", len(perList), 2)
	for id, indices := range perList {
		equal(t, fmt.Sprint("indices of list ", id), len(indices), 32)
	}
	quiet(t, s, func() {
		_, err := s.ReserveBadge(t.Context(), Reservation("more", 0))
		check(t, err, store.ErrListFull)
		_, err = s.EnsureList(t.Context(), officer)
		check(t, err, store.ErrListFull)
	})
	_, err := setStatus(t, s, "b0", store.Invalid)
	check(t, err, nil)
	_, err = s.ReserveBadge(t.Context(), Reservation("more", 0)) // a revoked badge's index is not free
	check(t, err, store.ErrListFull)
}

func listRandom(t *testing.T, open Opener) {
	const n = 2000
	s := opened(t, open, Config{})
	var indices []float64
	ascending, adjacent := 0, 0
	for i := range n {
		b := mustReserve(t, s, fmt.Sprint("b", i), 0)
		indices = append(indices, float64(b.Index))
		if i == 0 {
			continue
		}
		step := indices[i] - indices[i-1]
		if step > 0 {
			ascending++
		}
		if step == 1 {
			adjacent++
		}
	}
	lists, err := s.Lists(t.Context())
	check(t, err, nil)
	size := float64(lists[0].Size)
	// Each bound is more than six standard deviations from the mean.
	if ascending < n*40/100 || ascending > n*60/100 {
		t.Errorf("%d of %d indices are above the one before", ascending, n)
	}
	if adjacent > 20 {
		t.Errorf("%d of %d indices follow the one before", adjacent, n)
	}
	var tenths [10]int
	for _, index := range indices {
		tenths[int(index/size*10)]++
	}
	for i, got := range tenths {
		if got < n/10*55/100 || got > n/10*145/100 {
			t.Errorf("tenth %d of the list has %d of %d indices", i, got, n)
		}
	}
}

func listNotFound(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	_, err := s.Statuses(t.Context(), 1)
	check(t, err, store.ErrNotFound)
	lists, err := s.Lists(t.Context())
	check(t, err, nil)
	equal(t, "lists", len(lists), 0)
}
