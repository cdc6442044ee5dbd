package sqlite

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/sqlitefile"
	"github.com/cyberbadge/cyberbadge/verifier/gate"
)

// AddInvitation implements [gate.Store].
func (s *Store) AddInvitation(ctx context.Context, i gate.StoredInvitation) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.Exec("DELETE FROM invitations WHERE expires_at <= ?", millis(i.InvitedAt)); err != nil {
			return err
		}
		_, err := tx.Exec(`
			INSERT INTO invitations (code_hash, name, site, access, policy, invited_by, invited_at, expires_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			i.Code[:], i.Name, i.Site, i.Access, i.Policy, i.By, millis(i.InvitedAt), millis(i.ExpiresAt))
		return err
	})
}

// RedeemInvitation implements [gate.Store].
func (s *Store) RedeemInvitation(ctx context.Context, code gate.Hash, g gate.Gate) (gate.Gate, error) {
	key, err := g.Key.Bytes()
	if err != nil {
		return gate.Gate{}, err
	}
	err = s.write(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRow(`
			DELETE FROM invitations WHERE code_hash = ? AND expires_at > ?
			RETURNING name, site, access, policy, invited_by`,
			code[:], millis(g.PairedAt)).Scan(&g.Name, &g.Site, &g.Access, &g.Policy, &g.InvitedBy)
		if errors.Is(err, sql.ErrNoRows) {
			return gate.ErrPairingRefused
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(`
			INSERT INTO gates (id, name, site, access, policy, invited_by, public_key, paired_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			g.ID, g.Name, g.Site, g.Access, g.Policy, g.InvitedBy, key, millis(g.PairedAt))
		if sqlitefile.FaultOf(err) == sqlitefile.Unique {
			return gate.ErrKeyRefused
		}
		return err
	})
	if err != nil {
		return gate.Gate{}, err
	}
	return g, nil
}

const gateColumns = "gates.id, name, site, access, policy, invited_by, public_key, paired_at, seen_at, ended_at"

func scanGate(row scanner) (g gate.Gate, err error) {
	var key []byte
	err = row.Scan(&g.ID, &g.Name, &g.Site, &g.Access, &g.Policy, &g.InvitedBy, &key,
		instant{&g.PairedAt}, instant{&g.SeenAt}, instant{&g.EndedAt})
	if err != nil {
		return gate.Gate{}, err
	}
	if g.Key, err = ecdsa.ParseUncompressedPublicKey(elliptic.P256(), key); err != nil {
		return gate.Gate{}, fmt.Errorf("the key of gate %s: %w", g.ID, err)
	}
	return g, nil
}

// Gate implements [gate.Store].
func (s *Store) Gate(ctx context.Context, id string) (gate.Gate, error) {
	g, err := scanGate(s.reads.QueryRowContext(ctx, "SELECT "+gateColumns+" FROM gates WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		err = gate.ErrUnknownGate
	}
	return g, err
}

// Gates implements [gate.Store].
func (s *Store) Gates(ctx context.Context) ([]gate.Gate, error) {
	rows, err := s.reads.QueryContext(ctx, "SELECT "+gateColumns+" FROM gates ORDER BY paired_at, id")
	if err != nil {
		return nil, err
	}
	return sqlitefile.Collect(rows, scanGate)
}

// EndGate implements [gate.Store].
func (s *Store) EndGate(ctx context.Context, id string, at time.Time) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		ended, err := sqlitefile.Affected(tx.Exec("UPDATE gates SET ended_at = ? WHERE id = ? AND ended_at IS NULL", millis(at), id))
		if err != nil || ended > 0 {
			return err
		}
		var known bool
		if err := tx.QueryRow("SELECT EXISTS (SELECT 1 FROM gates WHERE id = ?)", id).Scan(&known); err != nil {
			return err
		}
		if !known {
			return gate.ErrUnknownGate
		}
		return nil
	})
}
