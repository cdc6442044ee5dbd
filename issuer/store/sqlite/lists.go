package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"

	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/revocation"
)

const listColumns = "id, size, version, created_at"

func scanList(s scanner) (l store.List, err error) {
	err = s.Scan(&l.ID, &l.Size, &l.Version, instant{&l.CreatedAt})
	return l, err
}

// Lists implements [store.ListReader].
func (r *Reader) Lists(ctx context.Context) ([]store.List, error) {
	all, err := lists(ctx, r.reads)
	return described(all, err, "status lists")
}

// Lists implements [store.ListReader]. Whoever publishes learns by it that there is
// nothing to publish any more.
func (s *Store) Lists(ctx context.Context) ([]store.List, error) {
	all, err := lists(ctx, s.reads)
	return described(all, s.writer.orClosed(err), "status lists")
}

func lists(ctx context.Context, q querier) ([]store.List, error) {
	return queryAll(ctx, q, scanList, "SELECT "+listColumns+" FROM lists ORDER BY id")
}

func list(ctx context.Context, q querier, id int64) (store.List, error) {
	return queryOne(ctx, q, scanList, "SELECT "+listColumns+" FROM lists WHERE id = ?", id)
}

// Statuses implements [store.ListReader].
func (r *Reader) Statuses(ctx context.Context, listID int64) (store.Statuses, error) {
	var s store.Statuses
	err := r.snapshot(ctx, func(tx *sql.Tx) (err error) {
		s.List, err = list(ctx, tx, listID)
		if err != nil {
			return err
		}
		s.Packed, err = pack(ctx, tx, s.List)
		return err
	})
	return described(s, err, "status list %d", listID)
}

// changedEntries has the zero written out so that the partial index is used.
const changedEntries = "SELECT idx, status FROM badges WHERE list_id = ? AND entry_version > 0 AND entry_version > ?"

// Changes implements [store.ListReader].
func (r *Reader) Changes(ctx context.Context, listID int64, since uint64) (store.Changes, error) {
	var c store.Changes
	err := r.snapshot(ctx, func(tx *sql.Tx) (err error) {
		c.List, err = list(ctx, tx, listID)
		if err != nil {
			return err
		}
		if since > c.Version {
			return fmt.Errorf("%w: the list has version %d and has not had %d", store.ErrConflict, c.Version, since)
		}
		c.Entries, err = queryAll(ctx, tx, scanEntry, changedEntries, listID, since)
		return err
	})
	return described(c, err, "changes of status list %d since version %d", listID, since)
}

func scanEntry(s scanner) (e store.Entry, err error) {
	var status store.Status
	err = s.Scan(&e.Index, &status)
	e.Bits = status.Entry()
	return e, err
}

// pack reads the entries that are not valid, which are few; zero is valid.
func pack(ctx context.Context, tx *sql.Tx, l store.List) ([]byte, error) {
	rows, err := tx.QueryContext(ctx, "SELECT idx, status FROM badges WHERE list_id = ? AND status <> 'valid'", l.ID)
	if err != nil {
		return nil, translate(err)
	}
	defer rows.Close()
	packed := make([]byte, l.Size/4)
	for rows.Next() {
		entry, err := scanEntry(rows)
		if err != nil {
			return nil, translate(err)
		}
		if entry.Index >= l.Size {
			return nil, fmt.Errorf("a badge has index %d of %d", entry.Index, l.Size)
		}
		packed[entry.Index/4] |= entry.Bits << (entry.Index % 4 * 2)
	}
	return packed, translate(rows.Err())
}

// snapshot runs reads that see one state of the database.
func (r *Reader) snapshot(ctx context.Context, read func(*sql.Tx) error) error {
	tx, err := r.reads.BeginTx(ctx, nil)
	if err != nil {
		return translate(err)
	}
	defer tx.Rollback()
	return read(tx)
}

// EnsureList implements [store.ListWriter].
func (s *Store) EnsureList(ctx context.Context, by string) (store.List, error) {
	if err := store.CheckBy(by); err != nil {
		return store.List{}, err
	}
	list, err := change(ctx, s.writer, func(t *tx) (store.List, error) {
		a, err := s.allocation(t, by)
		if err != nil {
			return store.List{}, err
		}
		return list(context.Background(), t, a.listID)
	})
	return described(list, err, "status list")
}

// allocation is the list that is being filled.
type allocation struct {
	listID  int64
	indices *revocation.Indices
	reserve int // indices that stay free
}

func newAllocation(listID int64, size uint32, maxFillPercent int) (*allocation, error) {
	indices, err := revocation.NewIndices(size)
	if err != nil {
		return nil, err
	}
	given := int(uint64(size) * uint64(maxFillPercent) / 100)
	return &allocation{listID, indices, int(size) - given}, nil
}

func (a *allocation) full() bool { return a == nil || a.indices.Free() <= a.reserve }

// resume reads which indices of the newest list are taken; nil if there is none.
func resume(ctx context.Context, q querier, c Config) (*allocation, error) {
	newest, err := queryAll(ctx, q, scanList, "SELECT "+listColumns+" FROM lists ORDER BY id DESC LIMIT 1")
	if err != nil || len(newest) == 0 {
		return nil, err
	}
	a, err := newAllocation(newest[0].ID, newest[0].Size, c.MaxFillPercent)
	if err != nil {
		return nil, err
	}
	rows, err := q.QueryContext(ctx, "SELECT idx FROM badges WHERE list_id = ?", a.listID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var index uint32
		if err := rows.Scan(&index); err != nil {
			return nil, err
		}
		if index >= newest[0].Size {
			return nil, fmt.Errorf("list %d has %d entries and a badge with index %d", a.listID, newest[0].Size, index)
		}
		a.indices.Take(index)
	}
	return a, rows.Err()
}

// allocation returns the list to take an index from, a new one if need be.
func (s *Store) allocation(t *tx, by string) (*allocation, error) {
	if !s.active.full() {
		return s.active, nil
	}
	var lists int
	if err := t.QueryRow("SELECT count(*) FROM lists").Scan(&lists); err != nil {
		return nil, err
	}
	if lists >= s.config.MaxLists {
		return nil, fmt.Errorf("%w: there are %d of %d", store.ErrListFull, lists, s.config.MaxLists)
	}
	size := s.config.ListSize
	var id int64
	err := t.QueryRow("INSERT INTO lists (size, version, created_at) VALUES (?, 1, ?) RETURNING id", size, micros(t.now)).Scan(&id)
	if err != nil {
		return nil, err
	}
	next, err := newAllocation(id, size, s.config.MaxFillPercent)
	if err != nil {
		return nil, err
	}
	t.listsChanged = true
	before := s.active
	t.onRollback(func() { s.active = before })
	s.active = next
	return s.active, t.record(t.now, by, store.ListCreated, strconv.FormatInt(id, 10), map[string]any{"size": size})
}
