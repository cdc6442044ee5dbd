package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// RecordDelivery implements [store.EnrolmentWriter].
func (s *Store) RecordDelivery(ctx context.Context, d store.Delivery) ([]store.Badge, error) {
	if err := d.Validate(); err != nil {
		return nil, err
	}
	superseded, err := change(ctx, s.writer, func(t *tx) ([]store.Badge, error) { return deliver(t, d) })
	return described(superseded, err, "delivery %.64q of enrolment %.64q", d.ID, d.EnrolmentID)
}

func deliver(t *tx, d store.Delivery) ([]store.Badge, error) {
	e, err := enrolment(t, d.EnrolmentID)
	if err != nil {
		return nil, err
	}
	if !e.EndedAt.IsZero() {
		return nil, fmt.Errorf("%w: the enrolment has ended: %s", store.ErrConflict, e.EndReason)
	}
	keys, err := deliverable(t, e, d)
	if err != nil {
		return nil, err
	}
	if err := insertDelivery(t, d); err != nil {
		return nil, err
	}
	superseded, err := supersede(t, e, d, keys)
	if err != nil {
		return nil, err
	}
	// The phone has its tokens, as it came with one.
	if _, err := t.Exec("UPDATE enrolments SET previous_refresh_hash = NULL WHERE id = ?", e.ID); err != nil {
		return nil, err
	}
	return superseded, t.record(d.At, e.Actor(), store.EnrolmentDelivered, e.ID, struct {
		Person   string   `json:"person"`
		Delivery string   `json:"delivery"`
		Badges   []string `json:"badges"`
	}{e.PersonID, d.ID, d.BadgeIDs})
}

// deliverable returns the keys of the badges, all of which may be handed out.
func deliverable(t *tx, e store.Enrolment, d store.Delivery) ([]string, error) {
	var keys []string
	for _, id := range d.BadgeIDs {
		b, err := badge(context.Background(), t, id)
		if err != nil {
			return nil, err
		}
		if b.By != e.Actor() || b.PersonID != e.PersonID || b.State != store.Issued || b.Status != store.Valid {
			return nil, fmt.Errorf("%w: badge %.64q is %s, %s, by %.64q", store.ErrConflict, id, b.State, b.Status, b.By)
		}
		keys = append(keys, b.HolderKeyThumbprint)
	}
	return keys, nil
}

func insertDelivery(t *tx, d store.Delivery) error {
	if _, err := t.Exec("INSERT INTO deliveries (id, enrolment_id, at, event) VALUES (?, ?, ?, '')", d.ID, d.EnrolmentID, micros(d.At)); err != nil {
		return err
	}
	for _, id := range d.BadgeIDs {
		if _, err := t.Exec("INSERT INTO delivered_badges (badge_id, delivery_id) VALUES (?, ?)", id, d.ID); err != nil {
			return err
		}
	}
	return nil
}

// supersede ends what was issued to the same keys and never accepted: its answer
// was lost, or the issuer died before it sent one.
func supersede(t *tx, e store.Enrolment, d store.Delivery, keys []string) ([]store.Badge, error) {
	live, err := queryAll(context.Background(), t, scanBadge, "SELECT "+badgeColumns+` FROM badges
		WHERE person_id = ? AND actor = ? AND expires_at > ? AND status <> 'invalid' AND NOT EXISTS (
			SELECT 1 FROM delivered_badges g JOIN deliveries d ON d.id = g.delivery_id
			WHERE g.badge_id = badges.id AND d.event = ?)
		ORDER BY id`, e.PersonID, e.Actor(), micros(d.At), store.CredentialAccepted)
	if err != nil {
		return nil, err
	}
	var superseded []store.Badge
	for _, b := range live {
		if slices.Contains(d.BadgeIDs, b.ID) || !slices.Contains(keys, b.HolderKeyThumbprint) {
			continue
		}
		b, _, err := setStatus(t, b, store.StatusChange{To: store.Invalid, Reason: store.EndSuperseded, By: e.Actor(), At: d.At})
		if err != nil {
			return nil, err
		}
		superseded = append(superseded, b)
	}
	return superseded, nil
}

// RecordNotification implements [store.EnrolmentWriter].
func (s *Store) RecordNotification(ctx context.Context, n store.Notification) ([]store.Badge, error) {
	if err := n.Validate(); err != nil {
		return nil, err
	}
	revoked, err := change(ctx, s.writer, func(t *tx) ([]store.Badge, error) { return notified(t, n) })
	return described(revoked, err, "notification of delivery %.64q", n.DeliveryID)
}

func notified(t *tx, n store.Notification) ([]store.Badge, error) {
	var before store.NotificationEvent
	err := t.QueryRow("SELECT event FROM deliveries WHERE id = ? AND enrolment_id = ?", n.DeliveryID, n.EnrolmentID).Scan(&before)
	if err != nil || before == n.Event {
		return nil, translate(err)
	}
	e, err := enrolment(t, n.EnrolmentID)
	if err != nil {
		return nil, err
	}
	if _, err := t.Exec("UPDATE deliveries SET event = ? WHERE id = ?", n.Event, n.DeliveryID); err != nil {
		return nil, err
	}
	revoked, err := discard(t, e, n)
	if err != nil {
		return nil, err
	}
	return revoked, t.record(n.At, e.Actor(), store.EnrolmentNotified, e.ID, struct {
		Person   string                  `json:"person"`
		Delivery string                  `json:"delivery"`
		Event    store.NotificationEvent `json:"event"`
	}{e.PersonID, n.DeliveryID, n.Event})
}

// discard ends the badges that the phone does not have.
func discard(t *tx, e store.Enrolment, n store.Notification) ([]store.Badge, error) {
	if n.Event == store.CredentialAccepted {
		return nil, nil
	}
	reason := store.EndDeleted
	if n.Event == store.CredentialFailure {
		reason = store.EndFailed
	}
	delivered, err := queryAll(context.Background(), t, scanBadge, "SELECT "+badgeColumns+` FROM badges
		WHERE status <> 'invalid' AND id IN (SELECT badge_id FROM delivered_badges WHERE delivery_id = ?) ORDER BY id`, n.DeliveryID)
	if err != nil {
		return nil, err
	}
	var revoked []store.Badge
	for _, b := range delivered {
		b, _, err := setStatus(t, b, store.StatusChange{To: store.Invalid, Reason: reason, By: e.Actor(), At: n.At})
		if err != nil {
			return nil, err
		}
		revoked = append(revoked, b)
	}
	return revoked, nil
}

// Spend implements [store.EnrolmentWriter].
func (s *Store) Spend(ctx context.Context, values []store.OneTime) error {
	if err := store.CheckOneTime(values); err != nil {
		return err
	}
	_, err := change(ctx, s.writer, func(t *tx) (struct{}, error) { return struct{}{}, spend(t, values...) })
	_, err = described(0, err, "spend one-time values")
	return err
}

func spend(t *tx, values ...store.OneTime) error {
	if _, err := t.Exec("DELETE FROM spent WHERE expires_at <= ?", micros(t.now)); err != nil {
		return err
	}
	for _, v := range values {
		_, err := t.Exec("INSERT INTO spent (hash, expires_at) VALUES (?, ?)", v.Hash[:], micros(v.Until))
		if errors.Is(translate(err), store.ErrAlreadyExists) {
			return fmt.Errorf("a one-time value %w", store.ErrAlreadyExists)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
