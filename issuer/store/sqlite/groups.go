package sqlite

import (
	"context"
	"encoding/json"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

func scanGroup(s scanner) (g store.Group, err error) {
	var body string
	err = s.Scan(&g.ID, &body)
	g.Body = json.RawMessage(body)
	return g, err
}

// Group implements [store.GroupReader].
func (r *Reader) Group(ctx context.Context, id string) (store.Group, error) {
	g, err := queryOne(ctx, r.reads, scanGroup, "SELECT id, body FROM groups WHERE id = ?", id)
	return described(g, err, "group %.64q", id)
}

// Groups implements [store.GroupReader].
func (r *Reader) Groups(ctx context.Context, after string, limit int) ([]store.Group, error) {
	if err := store.CheckPage(limit); err != nil {
		return nil, err
	}
	page, err := queryAll(ctx, r.reads, scanGroup, "SELECT id, body FROM groups WHERE id > ? ORDER BY id LIMIT ?", after, limit)
	return described(page, err, "groups")
}

// PutGroup implements [store.GroupWriter].
func (s *Store) PutGroup(ctx context.Context, g store.Group) error {
	if err := g.Validate(); err != nil {
		return err
	}
	err := s.execute(ctx, "INSERT INTO groups (id, body) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body", g.ID, string(g.Body))
	_, err = described(0, err, "group %.64q", g.ID)
	return err
}

// RemoveGroup implements [store.GroupWriter].
func (s *Store) RemoveGroup(ctx context.Context, id string) error {
	err := s.execute(ctx, "DELETE FROM groups WHERE id = ?", id)
	_, err = described(0, err, "remove group %.64q", id)
	return err
}

// execute makes a change of one statement that is no event.
func (s *Store) execute(ctx context.Context, statement string, args ...any) error {
	_, err := change(ctx, s.writer, func(t *tx) (struct{}, error) {
		_, err := t.Exec(statement, args...)
		return struct{}{}, err
	})
	return err
}
