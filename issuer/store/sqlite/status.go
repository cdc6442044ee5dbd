package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// SetBadgeStatus implements [store.BadgeWriter].
func (s *Store) SetBadgeStatus(ctx context.Context, c store.StatusChange) (store.Badge, error) {
	if err := c.Validate(); err != nil {
		return store.Badge{}, err
	}
	b, err := change(ctx, s.writer, func(t *tx) (store.Badge, error) {
		b, err := badge(context.Background(), t, c.BadgeID)
		if err != nil {
			return b, err
		}
		b, _, err = setStatus(t, b, c)
		return b, err
	})
	return described(b, err, "status of badge %.64q", c.BadgeID)
}

// SetStatusOfPerson implements [store.BadgeWriter].
func (s *Store) SetStatusOfPerson(ctx context.Context, c store.PersonStatusChange) ([]store.Badge, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	changed, err := change(ctx, s.writer, func(t *tx) ([]store.Badge, error) {
		if c.At.IsZero() {
			c.At = t.now
		}
		changed, err := setStatusOfPerson(t, c)
		if err != nil {
			return nil, err
		}
		return changed, setSuspension(t, c)
	})
	return described(changed, err, "status of person %.64q", c.PersonID)
}

// setStatusOfPerson changes badges alone; c.At is set.
func setStatusOfPerson(t *tx, c store.PersonStatusChange) ([]store.Badge, error) {
	if _, err := person(context.Background(), t, "id", c.PersonID); err != nil {
		return nil, err
	}
	live, err := badgesOf(context.Background(), t, c.PersonID, c.At)
	if err != nil {
		return nil, err
	}
	var changed []store.Badge
	for _, b := range live {
		b, did, err := setStatus(t, b, store.StatusChange{To: c.To, Cause: c.Cause, Reason: c.Reason, By: c.By, At: c.At})
		if err != nil {
			return nil, err
		}
		if did {
			changed = append(changed, b)
		}
	}
	return changed, nil
}

// setSuspension keeps whether the person gets badges from now on.
func setSuspension(t *tx, c store.PersonStatusChange) error {
	cause, kind := causeOf(c.Cause), store.PersonSuspended
	var result sql.Result
	var err error
	switch c.To {
	case store.Suspended:
		result, err = t.Exec(`INSERT INTO suspensions (person_id, cause, reason, actor, at) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (person_id, cause) DO NOTHING`, c.PersonID, cause, c.Reason, c.By, micros(c.At))
	case store.Valid:
		kind = store.PersonReinstated
		result, err = t.Exec("DELETE FROM suspensions WHERE person_id = ? AND cause = ?", c.PersonID, cause)
	default:
		return nil
	}
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return err
	}
	return t.record(c.At, c.By, kind, c.PersonID, struct {
		Cause  store.Cause `json:"cause"`
		Reason string      `json:"reason"`
	}{cause, c.Reason})
}

// SuspensionsOf implements [store.BadgeReader].
func (r *Reader) SuspensionsOf(ctx context.Context, personID string) ([]store.Suspension, error) {
	all, err := queryAll(ctx, r.reads, scanSuspension,
		"SELECT person_id, cause, reason, actor, at FROM suspensions WHERE person_id = ? ORDER BY cause", personID)
	return described(all, err, "suspensions of person %.64q", personID)
}

func scanSuspension(s scanner) (u store.Suspension, err error) {
	err = s.Scan(&u.PersonID, &u.Cause, &u.Reason, &u.By, instant{&u.At})
	return u, err
}

func causeOf(c store.Cause) store.Cause {
	if c == "" {
		return store.ByOffice
	}
	return c
}

// afterChange returns the status and the causes that a badge has after a change.
func afterChange(b store.Badge, c store.StatusChange) (store.Status, []store.Cause) {
	if c.To == store.Invalid {
		return store.Invalid, nil
	}
	var causes []store.Cause
	for _, other := range b.Causes {
		if other != causeOf(c.Cause) {
			causes = append(causes, other)
		}
	}
	if c.To == store.Suspended {
		causes = append(causes, causeOf(c.Cause))
		slices.Sort(causes)
	}
	if len(causes) > 0 {
		return store.Suspended, causes
	}
	return store.Valid, nil
}

// setStatus changes the entry in the list, too: the badge's row is the entry. It
// reports whether anything changed.
func setStatus(t *tx, b store.Badge, c store.StatusChange) (store.Badge, bool, error) {
	from, before := b.Status, b.Causes
	status, causes := afterChange(b, c)
	if from == store.Invalid && status != from {
		return b, false, store.ErrFinal
	}
	if status == from && slices.Equal(causes, before) {
		return b, false, nil
	}
	if c.At.IsZero() {
		c.At = t.now
	}
	b.Status, b.Causes, b.StatusReason, b.StatusAt = status, causes, c.Reason, kept(c.At)
	var version any // of the list, if the entry changes
	if status != from {
		next, err := nextVersion(t, b.ListID)
		if err != nil {
			return b, false, err
		}
		version = next
	}
	result, err := t.Exec(`UPDATE badges SET status = ?, causes = ?, status_reason = ?, status_at = ?, entry_version = coalesce(?, entry_version)
		WHERE id = ? AND status = ? AND causes = ?`,
		b.Status, words(b.Causes), b.StatusReason, micros(b.StatusAt), version, b.ID, from, words(before))
	if err := exactlyOne(result, err); err != nil {
		return b, false, err
	}
	if status == from {
		return b, true, t.record(c.At, c.By, store.BadgeCauses, b.ID, struct {
			Person string        `json:"person"`
			Causes []store.Cause `json:"causes"`
			Reason string        `json:"reason"`
		}{b.PersonID, b.Causes, b.StatusReason})
	}
	if err := t.signal(store.SignalChange{
		PersonID: b.PersonID, At: c.At, By: c.By, Badge: &b, From: from, Cause: c.Cause, Reason: c.Reason,
	}); err != nil {
		return b, false, err
	}
	return b, true, t.record(c.At, c.By, store.BadgeStatus, b.ID, struct {
		Person string        `json:"person"`
		From   store.Status  `json:"from"`
		To     store.Status  `json:"to"`
		Reason string        `json:"reason"`
		Causes []store.Cause `json:"causes,omitempty"`
	}{b.PersonID, from, b.Status, b.StatusReason, b.Causes})
}

// nextVersion gives the list of an entry that changes its next version.
func nextVersion(t *tx, listID int64) (version uint64, err error) {
	t.listsChanged = true
	err = t.QueryRow("UPDATE lists SET version = version + 1 WHERE id = ? RETURNING version", listID).Scan(&version)
	return version, err
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
