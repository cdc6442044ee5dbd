package storetest

import (
	"testing"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var deliveryTests = []test{
	{"a delivery replaces what was never accepted", deliveryReplaces},
	{"a delivery needs an enrolment and badges that are good", deliveryRefused},
	{"a notification ends what the phone does not have", notificationEnds},
}

// mustIssue issues a badge to a key of a phone.
func mustIssue(t *testing.T, s store.Store, e store.Enrolment, id, key string) {
	t.Helper()
	r := Reservation(id, 0)
	r.HolderKeyThumbprint, r.By = key, e.Actor()
	_, err := s.ReserveBadge(t.Context(), r)
	check(t, err, nil)
	_, err = s.CompleteBadge(t.Context(), id, Sum(id))
	check(t, err, nil)
}

func mustDeliver(t *testing.T, s store.Store, e store.Enrolment, id string, badges ...string) []string {
	t.Helper()
	superseded, err := s.RecordDelivery(t.Context(), store.Delivery{ID: id, EnrolmentID: e.ID, BadgeIDs: badges, At: now})
	check(t, err, nil)
	return idsOf(superseded)
}

func deliveryReplaces(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	e := mustEnrol(t, s, "i")
	for _, b := range []struct{ id, key string }{{"accepted", "a"}, {"lost", "a"}, {"never sent", "a"}, {"other key", "b"}, {"new", "a"}} {
		mustIssue(t, s, e, b.id, b.key)
	}
	r := Reservation("of the office", 0)
	r.HolderKeyThumbprint = "a"
	_, err := s.ReserveBadge(t.Context(), r)
	check(t, err, nil)
	// In this order, what was lost was not yet delivered when this was.
	_, err = s.RecordDelivery(t.Context(), store.Delivery{ID: "d1", EnrolmentID: e.ID, BadgeIDs: []string{"accepted", "lost", "other key"}, At: now})
	check(t, err, nil)
	b, err := s.Badge(t.Context(), "never sent")
	check(t, err, nil)
	equal(t, "what another request had issued", b.Status, store.Invalid)
	_, err = s.RecordDelivery(t.Context(), store.Delivery{ID: "d0", EnrolmentID: e.ID, BadgeIDs: []string{"never sent"}, At: now})
	check(t, err, store.ErrConflict)
	mustIssue(t, s, e, "newer", "a")
	equal(t, "superseded", mustDeliver(t, s, e, "d2", "newer"), []string{"accepted", "lost"})
	_, err = s.RecordNotification(t.Context(), store.Notification{DeliveryID: "d2", EnrolmentID: e.ID, Event: store.CredentialAccepted, At: now})
	check(t, err, nil)
	mustIssue(t, s, e, "newest", "a")
	equal(t, "superseded", mustDeliver(t, s, e, "d3", "newest"), nil)
	for id, want := range map[string]store.Status{"newer": store.Valid, "other key": store.Valid, "of the office": store.Valid, "new": store.Invalid} {
		b, err := s.Badge(t.Context(), id)
		check(t, err, nil)
		equal(t, id, b.Status, want)
	}
}

func deliveryRefused(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	e := mustEnrol(t, s, "i")
	mustReserve(t, s, "of the office", 0)
	r := Reservation("prepared", 0)
	r.By = e.Actor()
	_, err := s.ReserveBadge(t.Context(), r)
	check(t, err, nil)
	mustIssue(t, s, e, "suspended", "key")
	_, err = setStatus(t, s, "suspended", store.Suspended)
	check(t, err, nil)
	mustIssue(t, s, e, "good", "other key")
	quiet(t, s, func() {
		for _, id := range []string{"of the office", "prepared", "suspended"} {
			_, err := s.RecordDelivery(t.Context(), store.Delivery{ID: "d", EnrolmentID: e.ID, BadgeIDs: []string{"good", id}, At: now})
			check(t, err, store.ErrConflict)
		}
		_, err := s.RecordDelivery(t.Context(), store.Delivery{ID: "d", EnrolmentID: e.ID, BadgeIDs: []string{"unknown"}, At: now})
		check(t, err, store.ErrNotFound)
		_, err = s.RecordDelivery(t.Context(), store.Delivery{ID: "d", EnrolmentID: "unknown", BadgeIDs: []string{"good"}, At: now})
		check(t, err, store.ErrNotFound)
	})
	mustDeliver(t, s, e, "d", "good")
	mustIssue(t, s, e, "another", "third key")
	_, err = s.RecordDelivery(t.Context(), store.Delivery{ID: "d", EnrolmentID: e.ID, BadgeIDs: []string{"another"}, At: now})
	check(t, err, store.ErrAlreadyExists)
	mustInvite(t, s, "next")
	_, err = s.RecordDelivery(t.Context(), store.Delivery{ID: "late", EnrolmentID: e.ID, BadgeIDs: []string{"another"}, At: now})
	check(t, err, store.ErrConflict)
}

func notificationEnds(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	e := mustEnrol(t, s, "i")
	for _, event := range []store.NotificationEvent{store.CredentialAccepted, store.CredentialFailure, store.CredentialDeleted} {
		one, two := string(event)+" 1", string(event)+" 2"
		mustIssue(t, s, e, one, one)
		mustIssue(t, s, e, two, two)
		mustDeliver(t, s, e, string(event), one, two)
		n := store.Notification{DeliveryID: string(event), EnrolmentID: e.ID, Event: event, At: now}
		revoked, err := s.RecordNotification(t.Context(), n)
		check(t, err, nil)
		want := []string{one, two}
		if event == store.CredentialAccepted {
			want = nil
		}
		equal(t, string(event), idsOf(revoked), want)
		quiet(t, s, func() {
			revoked, err := s.RecordNotification(t.Context(), n)
			check(t, err, nil)
			equal(t, "again", len(revoked), 0)
			n.EnrolmentID = "another"
			_, err = s.RecordNotification(t.Context(), n)
			check(t, err, store.ErrNotFound)
		})
	}
	// What was accepted can be deleted later.
	revoked, err := s.RecordNotification(t.Context(), store.Notification{
		DeliveryID: string(store.CredentialAccepted), EnrolmentID: e.ID, Event: store.CredentialDeleted, At: now,
	})
	check(t, err, nil)
	equal(t, "deleted", len(revoked), 2)
	_, err = s.RecordNotification(t.Context(), store.Notification{DeliveryID: "unknown", EnrolmentID: e.ID, Event: store.CredentialDeleted, At: now})
	check(t, err, store.ErrNotFound)
}
