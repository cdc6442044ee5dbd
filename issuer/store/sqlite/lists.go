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
	all, err := queryAll(ctx, r.reads, scanList, "SELECT "+listColumns+" FROM lists ORDER BY id")
	return described(all, err, "status lists")
}

// Statuses implements [store.ListReader].
func (r *Reader) Statuses(ctx context.Context, listID int64) (store.Statuses, error) {
	var s store.Statuses
	err := r.snapshot(ctx, func(tx *sql.Tx) (err error) {
		s.List, err = queryOne(ctx, tx, scanList, "SELECT "+listColumns+" FROM lists WHERE id = ?", listID)
		if err != nil {
			return err
		}
		s.Packed, err = pack(ctx, tx, s.List)
		return err
	})
	return described(s, err, "status list %d", listID)
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
		var index uint32
		var status store.Status
		if err := rows.Scan(&index, &status); err != nil {
			return nil, translate(err)
		}
		if index >= l.Size {
			return nil, fmt.Errorf("a badge has index %d of %d", index, l.Size)
		}
		packed[index/4] |= status.Entry() << (index % 4 * 2)
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
		return queryOne(context.Background(), t, scanList, "SELECT "+listColumns+" FROM lists WHERE id = ?", a.listID)
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
	before := s.active
	t.onRollback(func() { s.active = before })
	s.active = next
	return s.active, t.record(t.now, by, store.ListCreated, strconv.FormatInt(id, 10), map[string]any{"size": size})
}
