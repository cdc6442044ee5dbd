package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// SetBadgeStatus implements [store.BadgeWriter].
func (s *Store) SetBadgeStatus(ctx context.Context, c store.StatusChange) (store.Badge, error) {
	if err := c.Validate(); err != nil {
		return store.Badge{}, err
	}
	b, err := change(ctx, s.writer, func(t *tx) (store.Badge, error) {
		b, err := badge(context.Background(), t, c.BadgeID)
		if err != nil || b.Status == c.To {
			return b, err
		}
		return setStatus(t, b, c)
	})
	return described(b, err, "status of badge %.64q", c.BadgeID)
}

// SetStatusOfPerson implements [store.BadgeWriter].
func (s *Store) SetStatusOfPerson(ctx context.Context, c store.PersonStatusChange) ([]store.Badge, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	changed, err := change(ctx, s.writer, func(t *tx) ([]store.Badge, error) { return setStatusOfPerson(t, c) })
	return described(changed, err, "status of person %.64q", c.PersonID)
}

func setStatusOfPerson(t *tx, c store.PersonStatusChange) ([]store.Badge, error) {
	if _, err := person(context.Background(), t, "id", c.PersonID); err != nil {
		return nil, err
	}
	at := c.At
	if at.IsZero() {
		at = t.now
	}
	live, err := badgesOf(context.Background(), t, c.PersonID, at)
	if err != nil {
		return nil, err
	}
	var changed []store.Badge
	for _, b := range live {
		if b.Status == c.To {
			continue
		}
		b, err := setStatus(t, b, store.StatusChange{To: c.To, Reason: c.Reason, By: c.By, At: at})
		if err != nil {
			return nil, err
		}
		changed = append(changed, b)
	}
	return changed, nil
}

// setStatus changes the entry in the list, too: the badge's row is the entry.
func setStatus(t *tx, b store.Badge, c store.StatusChange) (store.Badge, error) {
	if b.Status == store.Invalid {
		return b, store.ErrFinal
	}
	at := c.At
	if at.IsZero() {
		at = t.now
	}
	from := b.Status
	b.Status, b.StatusReason, b.StatusAt = c.To, c.Reason, kept(at)
	result, err := t.Exec("UPDATE badges SET status = ?, status_reason = ?, status_at = ? WHERE id = ? AND status = ?",
		b.Status, b.StatusReason, micros(b.StatusAt), b.ID, from)
	if err := exactlyOne(result, err); err != nil {
		return b, err
	}
	result, err = t.Exec("UPDATE lists SET version = version + 1 WHERE id = ?", b.ListID)
	if err := exactlyOne(result, err); err != nil {
		return b, err
	}
	return b, t.record(at, c.By, store.BadgeStatus, b.ID, struct {
		Person string       `json:"person"`
		From   store.Status `json:"from"`
		To     store.Status `json:"to"`
		Reason string       `json:"reason"`
	}{b.PersonID, from, b.Status, b.StatusReason})
}

// exactlyOne insists that a compare-and-swap found its row.
func exactlyOne(result sql.Result, err error) error {
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if err == nil && n != 1 {
		err = fmt.Errorf("%w: the record changed meanwhile", store.ErrConflict)
	}
	return err
}
