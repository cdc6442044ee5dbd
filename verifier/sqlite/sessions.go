package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/sqlitefile"
	"github.com/cyberbadge/cyberbadge/verifier/gate"
)

// OpenSession implements [gate.Store].
func (s *Store) OpenSession(ctx context.Context, session gate.Session, keep int) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		living, err := sqlitefile.Affected(tx.Exec("UPDATE gates SET seen_at = ? WHERE id = ? AND ended_at IS NULL",
			millis(session.OpenedAt), session.GateID))
		if err != nil {
			return err
		}
		if living == 0 {
			return gate.ErrUnknownGate
		}
		_, err = tx.Exec("INSERT INTO sessions (hash, gate_id, opened_at, expires_at) VALUES (?, ?, ?, ?)",
			session.Hash[:], session.GateID, millis(session.OpenedAt), millis(session.ExpiresAt))
		if err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM sessions WHERE expires_at <= ?", millis(session.OpenedAt)); err != nil {
			return err
		}
		_, err = tx.Exec(`
			DELETE FROM sessions WHERE gate_id = ?1 AND id NOT IN (
				SELECT id FROM sessions WHERE gate_id = ?1 ORDER BY id DESC LIMIT ?2)`,
			session.GateID, keep)
		return err
	})
}

// GateOfSession implements [gate.Store].
func (s *Store) GateOfSession(ctx context.Context, session gate.Hash, at time.Time) (gate.Gate, error) {
	g, err := scanGate(s.reads.QueryRowContext(ctx, `
		SELECT `+gateColumns+` FROM sessions JOIN gates ON gates.id = gate_id
		WHERE hash = ? AND expires_at > ?`, session[:], millis(at)))
	if errors.Is(err, sql.ErrNoRows) {
		err = gate.ErrNoSession
	}
	return g, err
}

// SeeGate implements [gate.Store].
func (s *Store) SeeGate(ctx context.Context, id string, at time.Time) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec("UPDATE gates SET seen_at = ?2 WHERE id = ?1 AND coalesce(seen_at, 0) < ?2", id, millis(at))
		return err
	})
}
