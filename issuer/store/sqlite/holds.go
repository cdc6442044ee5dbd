package sqlite

import (
	"context"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

const holdColumns = "id, person_id, reason, actor, at, until, ended_at, ended_by"

func scanHold(s scanner) (h store.Hold, err error) {
	err = s.Scan(&h.ID, &h.PersonID, &h.Reason, &h.By, instant{&h.At}, instant{&h.Until}, instant{&h.EndedAt}, &h.EndedBy)
	return h, err
}

// HoldsOf implements [store.HoldReader].
func (r *Reader) HoldsOf(ctx context.Context, personID string) ([]store.Hold, error) {
	all, err := queryAll(ctx, r.reads, scanHold, "SELECT "+holdColumns+" FROM holds WHERE person_id = ? ORDER BY at DESC, id", personID)
	return described(all, err, "holds of person %.64q", personID)
}

// Holds implements [store.HoldReader].
func (r *Reader) Holds(ctx context.Context, at time.Time) ([]store.Hold, error) {
	all, err := queryAll(ctx, r.reads, scanHold, "SELECT "+holdColumns+` FROM holds
		WHERE until > ? AND at <= ? AND (ended_at IS NULL OR ended_at > ?) ORDER BY until, id`, at.UnixMicro(), at.UnixMicro(), at.UnixMicro())
	return described(all, err, "holds")
}

// AddHold implements [store.HoldWriter].
func (s *Store) AddHold(ctx context.Context, h store.Hold, judge store.Judge) error {
	if err := h.Validate(); err != nil {
		return err
	}
	_, err := change(ctx, s.writer, func(t *tx) (struct{}, error) { return struct{}{}, addHold(t, h, judge) })
	_, err = described(0, err, "hold %.64q of person %.64q", h.ID, h.PersonID)
	return err
}

func addHold(t *tx, h store.Hold, judge store.Judge) error {
	if _, err := person(context.Background(), t, "id", h.PersonID); err != nil {
		return err
	}
	_, err := t.Exec("INSERT INTO holds ("+holdColumns+") VALUES (?, ?, ?, ?, ?, ?, NULL, '')",
		h.ID, h.PersonID, h.Reason, h.By, micros(h.At), micros(h.Until))
	if err != nil {
		return err
	}
	err = t.record(h.At, h.By, store.HoldAdded, h.ID, struct {
		Person string    `json:"person"`
		Until  time.Time `json:"until"`
	}{h.PersonID, kept(h.Until)})
	if err != nil || judge == nil {
		return err
	}
	return newJudging(t, judge, h.At, h.By).person(h.PersonID)
}

// EndHold implements [store.HoldWriter].
func (s *Store) EndHold(ctx context.Context, e store.HoldEnd, judge store.Judge) (store.Hold, error) {
	if err := e.Validate(); err != nil {
		return store.Hold{}, err
	}
	h, err := change(ctx, s.writer, func(t *tx) (store.Hold, error) { return endHold(t, e, judge) })
	return described(h, err, "end hold %.64q", e.ID)
}

func endHold(t *tx, e store.HoldEnd, judge store.Judge) (store.Hold, error) {
	h, err := queryOne(context.Background(), t, scanHold, "SELECT "+holdColumns+" FROM holds WHERE id = ?", e.ID)
	if err != nil || !h.EndedAt.IsZero() {
		return h, err
	}
	h.EndedAt, h.EndedBy = kept(e.At), e.By
	result, err := t.Exec("UPDATE holds SET ended_at = ?, ended_by = ? WHERE id = ? AND ended_at IS NULL", micros(h.EndedAt), h.EndedBy, h.ID)
	if err := exactlyOne(result, err); err != nil {
		return h, err
	}
	err = t.record(e.At, e.By, store.HoldEnded, h.ID, struct {
		Person string `json:"person"`
	}{h.PersonID})
	if err != nil || judge == nil {
		return h, err
	}
	return h, newJudging(t, judge, e.At, e.By).person(h.PersonID)
}
