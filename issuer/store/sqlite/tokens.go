package sqlite

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

const tokenColumns = "id, name, hash, scopes, actor, created_at, expires_at, revoked_at"

func scanToken(s scanner) (t store.Token, err error) {
	var scopes string
	var hash []byte
	err = s.Scan(&t.ID, &t.Name, &hash, &scopes, &t.By, instant{&t.CreatedAt}, instant{&t.ExpiresAt}, instant{&t.RevokedAt})
	t.Scopes = strings.Fields(scopes)
	copy(t.Hash[:], hash)
	return t, err
}

// TokenByHash implements [store.TokenReader].
func (r *Reader) TokenByHash(ctx context.Context, hash [sha256.Size]byte, at time.Time) (store.Token, error) {
	t, err := queryOne(ctx, r.reads, scanToken, "SELECT "+tokenColumns+" FROM tokens WHERE hash = ?", hash[:])
	if err == nil && !t.Usable(at) {
		t, err = store.Token{}, store.ErrNotFound
	}
	return described(t, err, "token")
}

// Tokens implements [store.TokenReader].
func (r *Reader) Tokens(ctx context.Context) ([]store.Token, error) {
	all, err := queryAll(ctx, r.reads, scanToken, "SELECT "+tokenColumns+" FROM tokens ORDER BY created_at, id")
	return described(all, err, "tokens")
}

// AddToken implements [store.TokenWriter].
func (s *Store) AddToken(ctx context.Context, token store.Token) error {
	if err := token.Validate(); err != nil {
		return err
	}
	_, err := change(ctx, s.writer, func(t *tx) (struct{}, error) { return struct{}{}, addToken(t, token) })
	_, err = described(0, err, "add token %.64q", token.ID)
	return err
}

func addToken(t *tx, token store.Token) error {
	_, err := t.Exec("INSERT INTO tokens ("+tokenColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
		token.ID, token.Name, token.Hash[:], strings.Join(token.Scopes, " "), token.By,
		micros(token.CreatedAt), micros(token.ExpiresAt))
	if errors.Is(translate(err), store.ErrConflict) {
		return fmt.Errorf("a token with this hash %w", store.ErrAlreadyExists)
	}
	if err != nil {
		return err
	}
	return t.record(t.now, token.By, store.TokenAdded, token.ID, struct {
		Scopes  []string  `json:"scopes"`
		Expires time.Time `json:"expires"`
	}{token.Scopes, kept(token.ExpiresAt)})
}

// RevokeToken implements [store.TokenWriter].
func (s *Store) RevokeToken(ctx context.Context, id, by string) error {
	if err := store.CheckBy(by); err != nil {
		return err
	}
	_, err := change(ctx, s.writer, func(t *tx) (struct{}, error) { return struct{}{}, revokeToken(t, id, by) })
	_, err = described(0, err, "revoke token %.64q", id)
	return err
}

func revokeToken(t *tx, id, by string) error {
	token, err := queryOne(context.Background(), t, scanToken, "SELECT "+tokenColumns+" FROM tokens WHERE id = ?", id)
	if err != nil || !token.RevokedAt.IsZero() {
		return err
	}
	result, err := t.Exec("UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", micros(t.now), id)
	if err := exactlyOne(result, err); err != nil {
		return err
	}
	return t.record(t.now, by, store.TokenRevoked, id, struct{}{})
}
