package storetest

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var badgeTests = []test{
	{"a reserved badge is prepared, valid and comes back", badgeComesBack},
	{"an unknown badge is not found", badgeNotFound},
	{"an id is reserved once", badgeOnce},
	{"a badge needs a known person", badgeOfNobody},
	{"a reservation that breaks a rule is refused", badgeInvalid},
	{"a completed badge is issued", badgeCompleted},
	{"completing again is idempotent with the same text only", badgeCompletedTwice},
	{"a revoked or suspended badge is not completed", badgeNotCompleted},
	{"an unfinished badge is listed until finished or revoked", badgesUnfinished},
	{"live badges have not expired and are not invalid", badgesLive},
}

func badgeComesBack(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	before := last(t, s)
	b := mustReserve(t, s, "b", 0)
	equal(t, "badge", b, store.Badge{
		Reservation: Reservation("b", 0), PreparedAt: now, ListID: b.ListID, Index: b.Index,
		State: store.Prepared, Status: store.Valid,
	})
	got, err := s.Badge(t.Context(), "b")
	check(t, err, nil)
	equal(t, "by id", got, b)
	got, err = s.BadgeByIndex(t.Context(), b.ListID, b.Index)
	check(t, err, nil)
	equal(t, "by index", got, b)

	lists, err := s.Lists(t.Context())
	check(t, err, nil)
	equal(t, "lists", len(lists), 1)
	if b.ListID != lists[0].ID || b.Index >= lists[0].Size {
		t.Errorf("list %d, index %d are not in %+v", b.ListID, b.Index, lists)
	}
	recorded := events(t, s, before)
	equal(t, "first event", recorded[0].Kind, store.ListCreated)
	equal(t, "second event", recorded[1].Kind, store.BadgePrepared)
	equal(t, "subject", recorded[1].Subject, "b")
	equal(t, "events", len(recorded), 2)
}

func badgeNotFound(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	b := mustReserve(t, s, "b", 0)
	_, err := s.Badge(t.Context(), "other")
	check(t, err, store.ErrNotFound)
	_, err = s.BadgeByIndex(t.Context(), b.ListID, b.Index^1)
	check(t, err, store.ErrNotFound)
	_, err = s.BadgeByIndex(t.Context(), b.ListID+1, b.Index)
	check(t, err, store.ErrNotFound)
	none, err := s.BadgesOf(t.Context(), "nobody", time.Time{})
	check(t, err, nil)
	equal(t, "badges of nobody", len(none), 0)
	quiet(t, s, func() {
		_, err = s.CompleteBadge(t.Context(), "other", Sum("other"))
		check(t, err, store.ErrNotFound)
	})
}

func badgeOnce(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	first := mustReserve(t, s, "b", 0)
	quiet(t, s, func() {
		_, err := s.ReserveBadge(t.Context(), Reservation("b", 0))
		check(t, err, store.ErrAlreadyExists)
		_, err = s.ReserveBadge(t.Context(), Reservation("b", 1))
		check(t, err, store.ErrAlreadyExists)
	})
	got, err := s.Badge(t.Context(), "b")
	check(t, err, nil)
	equal(t, "badge", got, first)
}

func badgeOfNobody(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	quiet(t, s, func() {
		_, err := s.ReserveBadge(t.Context(), Reservation("b", 99))
		check(t, err, store.ErrNotFound)
	})
	_, err := s.Badge(t.Context(), "b")
	check(t, err, store.ErrNotFound)
}

func badgeInvalid(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	for name, spoil := range map[string]func(*store.Reservation){
		"id":            func(r *store.Reservation) { r.ID = "" },
		"person":        func(r *store.Reservation) { r.PersonID = "" },
		"key":           func(r *store.Reservation) { r.HolderKeyThumbprint = "" },
		"type":          func(r *store.Reservation) { r.Type = "" },
		"by":            func(r *store.Reservation) { r.By = "" },
		"access":        func(r *store.Reservation) { r.Access = nil },
		"access space":  func(r *store.Reservation) { r.Access = []string{"on site"} },
		"access empty":  func(r *store.Reservation) { r.Access = []string{""} },
		"access twice":  func(r *store.Reservation) { r.Access = []string{"onsite", "onsite"} },
		"issued":        func(r *store.Reservation) { r.IssuedAt = time.Time{} },
		"expiry":        func(r *store.Reservation) { r.ExpiresAt = time.Time{} },
		"backwards":     func(r *store.Reservation) { r.ExpiresAt = r.IssuedAt },
		"far away":      func(r *store.Reservation) { r.ExpiresAt = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"too many word": func(r *store.Reservation) { r.Access = manyWords(store.MaxWords + 1) },
	} {
		r := Reservation("b", 0)
		spoil(&r)
		_, err := s.ReserveBadge(t.Context(), r)
		t.Log(name, err)
		check(t, err, store.ErrInvalid)
	}
	r := Reservation("b", 0)
	r.Access = manyWords(store.MaxWords)
	_, err := s.ReserveBadge(t.Context(), r)
	check(t, err, nil)
}

func manyWords(n int) []string {
	words := make([]string, n)
	for i := range words {
		words[i] = string(rune('a' + i))
	}
	return words
}

func badgeCompleted(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	want := mustReserve(t, s, "b", 0)
	before := last(t, s)
	got, err := s.CompleteBadge(t.Context(), "b", Sum("b"))
	check(t, err, nil)
	want.State, want.SignedSHA256 = store.Issued, Sum("b")
	equal(t, "answer", got, want)
	got, err = s.Badge(t.Context(), "b")
	check(t, err, nil)
	equal(t, "kept", got, want)
	recorded := events(t, s, before)
	equal(t, "events", len(recorded), 1)
	equal(t, "kind", recorded[0].Kind, store.BadgeIssued)
	equal(t, "by", recorded[0].By, officer)
}

func badgeCompletedTwice(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustReserve(t, s, "b", 0)
	_, err := s.CompleteBadge(t.Context(), "b", [sha256.Size]byte{})
	check(t, err, store.ErrInvalid)
	want, err := s.CompleteBadge(t.Context(), "b", Sum("b"))
	check(t, err, nil)
	quiet(t, s, func() {
		got, err := s.CompleteBadge(t.Context(), "b", Sum("b"))
		check(t, err, nil)
		equal(t, "again", got, want)
		_, err = s.CompleteBadge(t.Context(), "b", Sum("other"))
		check(t, err, store.ErrConflict)
	})
}

func badgeNotCompleted(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	for to, want := range map[store.Status]error{store.Suspended: store.ErrConflict, store.Invalid: store.ErrFinal} {
		id := string(to)
		mustReserve(t, s, id, 0)
		_, err := setStatus(t, s, id, to)
		check(t, err, nil)
		quiet(t, s, func() {
			_, err = s.CompleteBadge(t.Context(), id, Sum(id))
			check(t, err, want)
		})
		b, err := s.Badge(t.Context(), id)
		check(t, err, nil)
		equal(t, "state", b.State, store.Prepared)
	}
	_, err := setStatus(t, s, "suspended", store.Valid)
	check(t, err, nil)
	_, err = s.CompleteBadge(t.Context(), "suspended", Sum("suspended"))
	check(t, err, nil)
}

func badgesUnfinished(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	for _, id := range []string{"a", "b", "c", "d"} {
		mustReserve(t, s, id, 0)
	}
	_, err := s.CompleteBadge(t.Context(), "a", Sum("a"))
	check(t, err, nil)
	_, err = setStatus(t, s, "b", store.Invalid)
	check(t, err, nil)
	_, err = setStatus(t, s, "c", store.Suspended)
	check(t, err, nil)
	unfinished, err := s.UnfinishedBadges(t.Context())
	check(t, err, nil)
	equal(t, "unfinished", ids(unfinished), []string{"c", "d"})
}

func badgesLive(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	for i, id := range []string{"expired", "revoked", "suspended", "newest"} {
		r := Reservation(id, 0)
		r.IssuedAt, r.ExpiresAt = now.AddDate(0, 0, i-1), now.AddDate(0, 0, i)
		_, err := s.ReserveBadge(t.Context(), r)
		check(t, err, nil)
	}
	mustReserve(t, s, "another's", 1)
	_, err := setStatus(t, s, "revoked", store.Invalid)
	check(t, err, nil)
	_, err = setStatus(t, s, "suspended", store.Suspended)
	check(t, err, nil)

	all, err := s.BadgesOf(t.Context(), "person-000", time.Time{})
	check(t, err, nil)
	equal(t, "all", ids(all), []string{"newest", "suspended", "revoked", "expired"})
	for at, want := range map[time.Time][]string{
		now.Add(-time.Microsecond): {"newest", "suspended", "expired"},
		now:                        {"newest", "suspended"}, // expiry is the first instant at which a badge is dead
	} {
		live, err := s.BadgesOf(t.Context(), "person-000", at)
		check(t, err, nil)
		equal(t, "live", ids(live), want)
		for _, b := range all {
			equal(t, "Live agrees", b.Live(at), contains(live, b.ID))
		}
	}
}

func ids(badges []store.Badge) []string {
	var ids []string
	for _, b := range badges {
		ids = append(ids, b.ID)
	}
	return ids
}

func contains(badges []store.Badge, id string) bool {
	for _, b := range badges {
		if b.ID == id {
			return true
		}
	}
	return false
}
