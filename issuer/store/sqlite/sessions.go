package sqlite

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

const sessionColumns = "hash, officer_id, role, created_at, authenticated_at, seen_at, expires_at"

func scanSession(s scanner) (n store.Session, err error) {
	var hash []byte
	err = s.Scan(&hash, &n.OfficerID, &n.Role, instant{&n.CreatedAt}, instant{&n.AuthenticatedAt}, instant{&n.SeenAt}, instant{&n.ExpiresAt})
	copy(n.Hash[:], hash)
	return n, err
}

func session(ctx context.Context, q querier, hash [sha256.Size]byte) (store.Session, error) {
	return queryOne(ctx, q, scanSession, "SELECT "+sessionColumns+" FROM sessions WHERE hash = ?", hash[:])
}

// SessionByHash implements [store.SessionReader].
func (r *Reader) SessionByHash(ctx context.Context, hash [sha256.Size]byte, at time.Time) (store.Session, store.Officer, error) {
	n, err := session(ctx, r.reads, hash)
	if err == nil && !at.Before(n.ExpiresAt) {
		err = store.ErrNotFound
	}
	var o store.Officer
	if err == nil {
		o, err = officer(ctx, r.reads, n.OfficerID)
	}
	if err != nil {
		_, err = described(0, err, "session")
		return store.Session{}, store.Officer{}, err
	}
	return n, o, nil
}

// AddSession implements [store.SessionWriter].
func (s *Store) AddSession(ctx context.Context, in store.SignIn) error {
	if err := in.Validate(); err != nil {
		return err
	}
	_, err := change(ctx, s.writer, func(t *tx) (struct{}, error) { return struct{}{}, addSession(t, in) })
	_, err = described(0, err, "session of officer %.64q", in.Officer.ID)
	return err
}

func addSession(t *tx, in store.SignIn) error {
	n := in.Session
	if _, err := t.Exec("DELETE FROM sessions WHERE hash = ? OR expires_at <= ?", in.Instead[:], micros(n.CreatedAt)); err != nil {
		return err
	}
	o, err := officer(context.Background(), t, in.Officer.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	o.ID, o.Issuer, o.Subject = in.Officer.ID, in.Officer.Issuer, in.Officer.Subject
	o.Name, o.Email, o.SignedInAt = in.Officer.Name, in.Officer.Email, kept(in.Officer.SignedInAt)
	if err := t.putOfficer(o); err != nil {
		return err
	}
	_, err = t.Exec("INSERT INTO sessions ("+sessionColumns+") VALUES (?, ?, ?, ?, ?, ?, ?)",
		n.Hash[:], n.OfficerID, n.Role, micros(n.CreatedAt), micros(n.AuthenticatedAt), micros(n.SeenAt), micros(n.ExpiresAt))
	if err != nil {
		return err
	}
	role := n.Role
	if role == "" {
		role = o.Role
	}
	return t.record(n.CreatedAt, "officer:"+o.ID, store.OfficerSignedIn, o.ID, struct {
		Role store.Role `json:"role"`
	}{role})
}

// TouchSession implements [store.SessionWriter].
func (s *Store) TouchSession(ctx context.Context, hash [sha256.Size]byte, at time.Time) error {
	_, err := change(ctx, s.writer, func(t *tx) (struct{}, error) {
		n, err := deleted(t, "UPDATE sessions SET seen_at = ? WHERE hash = ?", micros(at), hash[:])
		if err == nil && n == 0 {
			err = store.ErrNotFound
		}
		return struct{}{}, err
	})
	_, err = described(0, err, "session")
	return err
}

// EndSession implements [store.SessionWriter].
func (s *Store) EndSession(ctx context.Context, hash [sha256.Size]byte) error {
	_, err := change(ctx, s.writer, func(t *tx) (struct{}, error) {
		n, err := session(context.Background(), t, hash)
		if errors.Is(err, store.ErrNotFound) {
			return struct{}{}, nil
		}
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, t.endSessions(n.OfficerID, "officer:"+n.OfficerID, "hash = ?", hash[:])
	})
	_, err = described(0, err, "end session")
	return err
}

// EndSessionsOf implements [store.SessionWriter].
func (s *Store) EndSessionsOf(ctx context.Context, officerID, by string) error {
	if err := store.CheckBy(by); err != nil {
		return err
	}
	_, err := change(ctx, s.writer, func(t *tx) (struct{}, error) {
		return struct{}{}, t.endSessions(officerID, by, "officer_id = ?", officerID)
	})
	_, err = described(0, err, "end sessions of officer %.64q", officerID)
	return err
}

func (t *tx) endSessions(officerID, by, which string, argument any) error {
	n, err := deleted(t, "DELETE FROM sessions WHERE "+which, argument)
	if err != nil || n == 0 {
		return err
	}
	return t.record(t.now, by, store.OfficerSignedOut, officerID, struct {
		Sessions int `json:"sessions"`
	}{n})
}

// TouchToken implements [store.TokenUseWriter].
func (s *Store) TouchToken(ctx context.Context, tokenID string, at time.Time) error {
	_, err := change(ctx, s.writer, func(t *tx) (struct{}, error) {
		_, err := t.Exec("INSERT INTO token_uses (token_id, used_at) VALUES (?, ?) ON CONFLICT (token_id) DO UPDATE SET used_at = excluded.used_at",
			tokenID, micros(at))
		return struct{}{}, err
	})
	_, err = described(0, err, "use of token %.64q", tokenID)
	return err
}

// tokenUse is when one token was last used.
type tokenUse struct {
	id string
	at time.Time
}

func scanTokenUse(s scanner) (u tokenUse, err error) {
	err = s.Scan(&u.id, instant{&u.at})
	return u, err
}

// TokenUses implements [store.TokenUseReader].
func (r *Reader) TokenUses(ctx context.Context) (map[string]time.Time, error) {
	all, err := queryAll(ctx, r.reads, scanTokenUse, "SELECT token_id, used_at FROM token_uses")
	if err != nil {
		return described(map[string]time.Time(nil), err, "uses of tokens")
	}
	uses := make(map[string]time.Time, len(all))
	for _, u := range all {
		uses[u.id] = u.at
	}
	return uses, nil
}
