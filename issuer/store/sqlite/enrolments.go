package sqlite

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

const enrolmentColumns = `id, person_id, actor, invited_at, invitation_expires_at, attempts_left,
	redeemed_at, key_thumbprint, access_expires_at, refresh_expires_at, ended_at, end_reason`

func scanEnrolment(s scanner) (e store.Enrolment, err error) {
	err = s.Scan(enrolmentFields(&e)...)
	return e, err
}

func enrolmentFields(e *store.Enrolment) []any {
	return []any{&e.ID, &e.PersonID, &e.By, instant{&e.InvitedAt}, instant{&e.InvitationExpiresAt}, &e.AttemptsLeft,
		instant{&e.RedeemedAt}, &e.KeyThumbprint, instant{&e.AccessExpiresAt}, instant{&e.RefreshExpiresAt},
		instant{&e.EndedAt}, &e.EndReason}
}

// EnrolmentsOf implements [store.EnrolmentReader].
func (r *Reader) EnrolmentsOf(ctx context.Context, personID string) ([]store.Enrolment, error) {
	all, err := queryAll(ctx, r.reads, scanEnrolment,
		"SELECT "+enrolmentColumns+" FROM enrolments WHERE person_id = ? ORDER BY invited_at DESC, id", personID)
	return described(all, err, "enrolments of person %.64q", personID)
}

// EnrolmentByCode implements [store.EnrolmentReader].
func (r *Reader) EnrolmentByCode(ctx context.Context, code [sha256.Size]byte, at time.Time) (store.Enrolment, error) {
	e, err := queryOne(ctx, r.reads, scanEnrolment, "SELECT "+enrolmentColumns+` FROM enrolments
		WHERE code_hash = ? AND redeemed_at IS NULL AND ended_at IS NULL AND invitation_expires_at > ?`, code[:], at.UnixMicro())
	return described(e, err, "open invitation")
}

// EnrolmentByAccess implements [store.EnrolmentReader].
func (r *Reader) EnrolmentByAccess(ctx context.Context, access [sha256.Size]byte, at time.Time) (store.Enrolment, error) {
	e, err := queryOne(ctx, r.reads, scanEnrolment, "SELECT "+enrolmentColumns+` FROM enrolments
		WHERE access_hash = ? AND ended_at IS NULL AND access_expires_at > ?`, access[:], at.UnixMicro())
	return described(e, err, "access token")
}

func enrolment(t *tx, id string) (store.Enrolment, error) {
	return queryOne(context.Background(), t, scanEnrolment, "SELECT "+enrolmentColumns+" FROM enrolments WHERE id = ?", id)
}

// AddInvitation implements [store.EnrolmentWriter].
func (s *Store) AddInvitation(ctx context.Context, i store.Invitation) ([]store.Badge, error) {
	if err := i.Validate(); err != nil {
		return nil, err
	}
	revoked, err := change(ctx, s.writer, func(t *tx) ([]store.Badge, error) { return addInvitation(t, i) })
	return described(revoked, err, "invitation %.64q of person %.64q", i.ID, i.PersonID)
}

func addInvitation(t *tx, i store.Invitation) ([]store.Badge, error) {
	if err := endEnrolmentsOf(t, i.PersonID, store.EndReplaced, i.By, i.InvitedAt); err != nil {
		return nil, err
	}
	revoked, err := setStatusOfPerson(t, store.PersonStatusChange{
		PersonID: i.PersonID, To: store.Invalid, Reason: store.EndReplaced, By: i.By, At: i.InvitedAt,
	})
	if err != nil {
		return nil, err
	}
	_, err = t.Exec(`INSERT INTO enrolments (id, person_id, actor, invited_at, invitation_expires_at,
		code_hash, tx_code_hash, attempts_left, key_thumbprint, end_reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', '')`,
		i.ID, i.PersonID, i.By, micros(i.InvitedAt), micros(i.ExpiresAt), i.CodeHash[:], i.TxCodeHash[:], i.Attempts)
	if errors.Is(translate(err), store.ErrConflict) {
		return nil, fmt.Errorf("an invitation with this code %w", store.ErrAlreadyExists)
	}
	if err != nil {
		return nil, err
	}
	return revoked, t.record(i.InvitedAt, i.By, store.EnrolmentInvited, i.ID, struct {
		Person  string    `json:"person"`
		Expires time.Time `json:"expires"`
	}{i.PersonID, kept(i.ExpiresAt)})
}

// endEnrolmentsOf ends every enrolment of a person that goes on.
func endEnrolmentsOf(t *tx, personID, reason, by string, at time.Time) error {
	open, err := queryAll(context.Background(), t, scanEnrolment,
		"SELECT "+enrolmentColumns+" FROM enrolments WHERE person_id = ? AND ended_at IS NULL ORDER BY invited_at, id", personID)
	if err != nil {
		return err
	}
	for _, e := range open {
		if err := endEnrolment(t, e, reason, by, at); err != nil {
			return err
		}
	}
	return nil
}

func endEnrolment(t *tx, e store.Enrolment, reason, by string, at time.Time) error {
	result, err := t.Exec("UPDATE enrolments SET ended_at = ?, end_reason = ? WHERE id = ? AND ended_at IS NULL", micros(at), reason, e.ID)
	if err := exactlyOne(result, err); err != nil {
		return err
	}
	return t.record(at, by, store.EnrolmentEnded, e.ID, struct {
		Person string `json:"person"`
		Reason string `json:"reason"`
	}{e.PersonID, reason})
}

// RedeemInvitation implements [store.EnrolmentWriter].
func (s *Store) RedeemInvitation(ctx context.Context, r store.Redemption) (store.Enrolment, store.Outcome, error) {
	if err := r.Validate(); err != nil {
		return store.Enrolment{}, "", err
	}
	type try struct {
		e       store.Enrolment
		outcome store.Outcome
	}
	done, err := change(ctx, s.writer, func(t *tx) (try, error) {
		e, outcome, err := redeem(t, r)
		return try{e, outcome}, err
	})
	_, err = described(0, err, "redeem an invitation")
	return done.e, done.outcome, err
}

func redeem(t *tx, r store.Redemption) (store.Enrolment, store.Outcome, error) {
	e, expected, err := invited(t, r.CodeHash)
	if err != nil {
		return e, "", err
	}
	if err := spend(t, r.Proof); err != nil {
		return e, "", err
	}
	right := subtle.ConstantTimeCompare(expected, r.TxCodeHash[:]) == 1
	switch {
	case !e.EndedAt.IsZero():
		return e, store.Over, nil
	case !e.RedeemedAt.IsZero() && right && e.KeyThumbprint != r.KeyThumbprint:
		// Somebody else has the link and the code (RFC 9700, section 4.5.3.1).
		// Without the transaction code a stranger could end it just by asking.
		err := endWithBadges(t, e, store.EndReplayed, r.At)
		return e, store.Replayed, err
	case !e.RedeemedAt.IsZero(), !e.InvitationExpiresAt.After(r.At):
		return e, store.Over, nil
	case !right:
		return wrongTxCode(t, e, r.At)
	}
	result, err := t.Exec(`UPDATE enrolments SET redeemed_at = ?, key_thumbprint = ? WHERE id = ? AND redeemed_at IS NULL`,
		micros(r.At), r.KeyThumbprint, e.ID)
	if err := exactlyOne(result, err); err != nil {
		return e, "", err
	}
	e.RedeemedAt, e.KeyThumbprint = kept(r.At), r.KeyThumbprint
	if err := setTokens(t, &e, r.Tokens, nil); err != nil {
		return e, "", err
	}
	return e, store.Redeemed, t.record(r.At, e.Actor(), store.EnrolmentRedeemed, e.ID, struct {
		Person string `json:"person"`
		Key    string `json:"key"`
	}{e.PersonID, e.KeyThumbprint})
}

// invited returns the enrolment that a code belongs to, open or not, and the
// hash that its transaction code must have.
func invited(t *tx, code [sha256.Size]byte) (e store.Enrolment, txCode []byte, err error) {
	row := t.QueryRow("SELECT "+enrolmentColumns+", tx_code_hash FROM enrolments WHERE code_hash = ?", code[:])
	if err := row.Scan(append(enrolmentFields(&e), &txCode)...); err != nil {
		return store.Enrolment{}, nil, translate(err)
	}
	return e, txCode, nil
}

func wrongTxCode(t *tx, e store.Enrolment, at time.Time) (store.Enrolment, store.Outcome, error) {
	e.AttemptsLeft--
	result, err := t.Exec("UPDATE enrolments SET attempts_left = ? WHERE id = ?", e.AttemptsLeft, e.ID)
	if err := exactlyOne(result, err); err != nil {
		return e, "", err
	}
	err = t.record(at, e.Actor(), store.EnrolmentRefused, e.ID, struct {
		Person       string `json:"person"`
		AttemptsLeft int    `json:"attempts_left"`
	}{e.PersonID, e.AttemptsLeft})
	if err == nil && e.AttemptsLeft == 0 {
		err = endEnrolment(t, e, store.EndAttempts, e.Actor(), at)
	}
	return e, store.WrongTxCode, err
}

// endWithBadges ends an enrolment and what it issued.
func endWithBadges(t *tx, e store.Enrolment, reason string, at time.Time) error {
	if err := endEnrolment(t, e, reason, e.Actor(), at); err != nil {
		return err
	}
	live, err := badgesOf(context.Background(), t, e.PersonID, at)
	if err != nil {
		return err
	}
	for _, b := range live {
		if b.By != e.Actor() {
			continue
		}
		if _, _, err := setStatus(t, b, store.StatusChange{To: store.Invalid, Reason: reason, By: e.Actor(), At: at}); err != nil {
			return err
		}
	}
	return nil
}

// setTokens gives an enrolment new tokens in place of those it has.
func setTokens(t *tx, e *store.Enrolment, tokens store.Tokens, previous []byte) error {
	e.AccessExpiresAt, e.RefreshExpiresAt = kept(tokens.AccessExpiresAt), kept(tokens.RefreshExpiresAt)
	result, err := t.Exec(`UPDATE enrolments SET access_hash = ?, access_expires_at = ?, refresh_hash = ?, refresh_expires_at = ?,
		previous_refresh_hash = ? WHERE id = ? AND ended_at IS NULL`,
		tokens.AccessHash[:], micros(e.AccessExpiresAt), tokens.RefreshHash[:], micros(e.RefreshExpiresAt), previous, e.ID)
	return exactlyOne(result, err)
}

// RefreshEnrolment implements [store.EnrolmentWriter].
func (s *Store) RefreshEnrolment(ctx context.Context, r store.Refreshment) (store.Enrolment, error) {
	if err := r.Validate(); err != nil {
		return store.Enrolment{}, err
	}
	e, err := change(ctx, s.writer, func(t *tx) (store.Enrolment, error) { return refresh(t, r) })
	return described(e, err, "refresh an enrolment")
}

func refresh(t *tx, r store.Refreshment) (store.Enrolment, error) {
	e, err := queryOne(context.Background(), t, scanEnrolment, "SELECT "+enrolmentColumns+` FROM enrolments
		WHERE (refresh_hash = ? OR previous_refresh_hash = ?) AND key_thumbprint = ? AND ended_at IS NULL AND refresh_expires_at > ?`,
		r.RefreshHash[:], r.RefreshHash[:], r.KeyThumbprint, micros(r.At))
	if err != nil {
		return e, err
	}
	if err := spend(t, r.Proof); err != nil {
		return e, err
	}
	return e, setTokens(t, &e, r.Tokens, r.RefreshHash[:])
}
