package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// eventsAtOnce is how many events are read at once where all are.
const eventsAtOnce = 1000

const eventColumns = "number, at, actor, kind, subject, detail, chain"

// lastHead returns where the chain of events ends.
func lastHead(ctx context.Context, q querier) (store.Head, error) {
	last, err := queryOne(ctx, q, scanEvent, "SELECT "+eventColumns+" FROM events ORDER BY number DESC LIMIT 1")
	if errors.Is(err, store.ErrNotFound) {
		return store.Head{}, nil
	}
	return store.Head{Number: last.Number, Chain: last.Chain}, err
}

// chainEvents chains the events of a database that had no chain.
func chainEvents(tx *sql.Tx) error {
	var head store.Head
	for {
		page, err := queryAll(context.Background(), tx, scanEvent,
			"SELECT "+eventColumns+" FROM events WHERE number > ? ORDER BY number LIMIT ?", head.Number, eventsAtOnce)
		if err != nil {
			return err
		}
		for _, e := range page {
			head = head.Next(e)
			if _, err := tx.Exec("UPDATE events SET chain = ? WHERE number = ?", head.Chain[:], e.Number); err != nil {
				return err
			}
		}
		if len(page) < eventsAtOnce {
			return nil
		}
	}
}

// VerifyEvents implements [store.EventReader].
func (r *Reader) VerifyEvents(ctx context.Context, known ...store.Head) (store.Head, error) {
	var head store.Head
	err := r.snapshot(ctx, func(tx *sql.Tx) (err error) {
		head, err = verifyEvents(ctx, tx, known)
		return err
	})
	return described(head, err, "events")
}

func verifyEvents(ctx context.Context, q querier, known []store.Head) (head store.Head, err error) {
	heads := make(map[int64]store.Chain, len(known))
	for _, k := range known {
		if chain, twice := heads[k.Number]; twice && chain != k.Chain {
			return head, &store.ChainError{Number: k.Number, Why: "two chains are given for it"}
		}
		heads[k.Number] = k.Chain
	}
	if chain, asked := heads[0]; asked && chain != (store.Chain{}) {
		return head, &store.ChainError{Why: "there is no such event"}
	}
	delete(heads, 0)
	for {
		page, err := queryAll(ctx, q, scanEvent,
			"SELECT "+eventColumns+" FROM events WHERE number > ? ORDER BY number LIMIT ?", head.Number, eventsAtOnce)
		if err != nil {
			return head, err
		}
		for _, e := range page {
			if head, err = follow(head, e); err != nil {
				return head, err
			}
			if chain, asked := heads[e.Number]; asked && chain != e.Chain {
				return head, &store.ChainError{Number: e.Number, Why: "its chain is another than the one that is known"}
			}
			delete(heads, e.Number)
		}
		if len(page) < eventsAtOnce {
			return head, checkEnd(ctx, q, head, heads)
		}
	}
}

// follow takes one event, if it is the one that follows.
func follow(head store.Head, e store.Event) (store.Head, error) {
	if e.Number != head.Number+1 {
		return head, &store.ChainError{Number: head.Number + 1, Why: "it is missing"}
	}
	next := head.Next(e)
	if next.Chain != e.Chain {
		return head, &store.ChainError{Number: e.Number, Why: "it was changed, or one before it was"}
	}
	return next, nil
}

// checkEnd notices when the newest events are missing: SQLite remembers the
// highest number that it ever gave.
func checkEnd(ctx context.Context, q querier, head store.Head, unseen map[int64]store.Chain) error {
	for number := range unseen {
		return &store.ChainError{Number: number, Why: "it is known and missing"}
	}
	var highest int64
	err := q.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'events'").Scan(&highest)
	if err == nil && highest != head.Number {
		err = &store.ChainError{Number: head.Number + 1, Why: "it is missing, and all after it are"}
	}
	return translate(err)
}

// extend adds an event to the end of the chain. The writer holds the end in
// memory, since reading it back would cost as much as the event.
func (t *tx) extend(e store.Event) store.Event {
	before := *t.head
	t.onRollback(func() { *t.head = before })
	e.Number, e.At = before.Number+1, kept(e.At)
	*t.head = before.Next(e)
	e.Chain = t.head.Chain
	return e
}

func (t *tx) insertEvent(at time.Time, by string, kind store.EventKind, subject, detail string) error {
	e := t.extend(store.Event{At: at, By: by, Kind: kind, Subject: subject, Detail: []byte(detail)})
	_, err := t.Exec("INSERT INTO events ("+eventColumns+") VALUES (?, ?, ?, ?, ?, ?, ?)",
		e.Number, micros(e.At), e.By, e.Kind, e.Subject, detail, e.Chain[:])
	return err
}
