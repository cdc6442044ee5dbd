package sqlite

import (
	"context"
	"encoding/json"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

func scanEvent(s scanner) (e store.Event, err error) {
	var detail string
	var chain []byte
	err = s.Scan(&e.Number, instant{&e.At}, &e.By, &e.Kind, &e.Subject, &detail, &chain)
	e.Detail = json.RawMessage(detail)
	copy(e.Chain[:], chain)
	return e, err
}

// Events implements [store.EventReader].
func (r *Reader) Events(ctx context.Context, after int64, limit int) ([]store.Event, error) {
	if err := store.CheckPage(limit); err != nil {
		return nil, err
	}
	page, err := queryAll(ctx, r.reads, scanEvent,
		"SELECT "+eventColumns+" FROM events WHERE number > ? ORDER BY number LIMIT ?", after, limit)
	return described(page, err, "events")
}

// record adds an event to the transaction whose change it tells.
func (t *tx) record(at time.Time, by string, kind store.EventKind, subject string, detail any) error {
	text, err := json.Marshal(detail)
	if err != nil {
		return err
	}
	return t.insertEvent(at, by, kind, subject, string(text))
}
