package sqlite

import (
	"context"
	"errors"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// SourceCursor implements [store.SourceReader].
func (r *Reader) SourceCursor(ctx context.Context, name string) (string, error) {
	cursor, err := queryOne(ctx, r.reads, scanText, "SELECT cursor FROM source_cursors WHERE name = ?", name)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return described(cursor, err, "cursor of source %.64q", name)
}

// SetSourceCursor implements [store.SourceWriter].
func (s *Store) SetSourceCursor(ctx context.Context, name, cursor string) error {
	if err := store.CheckCursor(name, cursor); err != nil {
		return err
	}
	err := s.execute(ctx, `INSERT INTO source_cursors (name, cursor, updated) VALUES (?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET cursor = excluded.cursor, updated = excluded.updated`, name, cursor, micros(s.config.Now()))
	_, err = described(0, err, "cursor of source %.64q", name)
	return err
}

// DeviceIDs implements [store.SourceReader].
func (r *Reader) DeviceIDs(ctx context.Context, source string) ([]string, error) {
	ids, err := queryAll(ctx, r.reads, scanText, "SELECT source_id FROM devices WHERE source = ? ORDER BY source_id", source)
	return described(ids, err, "devices of source %.64q", source)
}
