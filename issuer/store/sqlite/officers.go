package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

const officerColumns = "id, issuer, subject, name, email, role, actor, changed_at, signed_in_at"

func scanOfficer(s scanner) (o store.Officer, err error) {
	err = s.Scan(&o.ID, &o.Issuer, &o.Subject, &o.Name, &o.Email, &o.Role, &o.By, instant{&o.ChangedAt}, instant{&o.SignedInAt})
	return o, err
}

func officer(ctx context.Context, q querier, id string) (store.Officer, error) {
	return queryOne(ctx, q, scanOfficer, "SELECT "+officerColumns+" FROM officers WHERE id = ?", id)
}

// Officer implements [store.OfficerReader].
func (r *Reader) Officer(ctx context.Context, id string) (store.Officer, error) {
	o, err := officer(ctx, r.reads, id)
	return described(o, err, "officer %.64q", id)
}

// Officers implements [store.OfficerReader].
func (r *Reader) Officers(ctx context.Context) ([]store.Officer, error) {
	all, err := queryAll(ctx, r.reads, scanOfficer, "SELECT "+officerColumns+" FROM officers ORDER BY id")
	return described(all, err, "officers")
}

// ChangeOfficer implements [store.OfficerWriter].
func (s *Store) ChangeOfficer(ctx context.Context, c store.OfficerChange) (store.Officer, error) {
	if err := c.Validate(); err != nil {
		return store.Officer{}, err
	}
	o, err := change(ctx, s.writer, func(t *tx) (store.Officer, error) { return changeOfficer(t, c) })
	return described(o, err, "officer %.64q", c.ID)
}

func changeOfficer(t *tx, c store.OfficerChange) (store.Officer, error) {
	if c.Proposal != "" {
		if _, err := finishProposal(t, c.Proposal, "", c.At, true); err != nil {
			return store.Officer{}, err
		}
	}
	o, err := officer(context.Background(), t, c.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return o, err
	}
	if o.Role == c.Role {
		return o, nil
	}
	if err := t.keepAnAdmin(o, c.Role); err != nil {
		return o, err
	}
	from := o.Role
	o.ID, o.Issuer, o.Subject = c.ID, c.Issuer, c.Subject
	o.Role, o.By, o.ChangedAt = c.Role, c.By, kept(c.At)
	if c.Role == "" {
		o.Name, o.Email = "", ""
		if _, err := t.Exec("DELETE FROM sessions WHERE officer_id = ?", o.ID); err != nil {
			return o, err
		}
	}
	if err := t.putOfficer(o); err != nil {
		return o, err
	}
	return o, t.record(c.At, c.By, store.OfficerChanged, o.ID, struct {
		From store.Role `json:"from"`
		To   store.Role `json:"to"`
	}{from, o.Role})
}

func (t *tx) keepAnAdmin(o store.Officer, to store.Role) error {
	if o.Role != store.RoleAdmin || to == store.RoleAdmin {
		return nil
	}
	var others int
	if err := t.QueryRow("SELECT count(*) FROM officers WHERE role = ? AND id <> ?", store.RoleAdmin, o.ID).Scan(&others); err != nil {
		return err
	}
	if others == 0 {
		return store.ErrLastAdmin
	}
	return nil
}

// putOfficer keeps an officer as a whole. An id whose issuer and subject are
// others' is a mistake of the caller.
func (t *tx) putOfficer(o store.Officer) error {
	result, err := t.Exec("INSERT INTO officers ("+officerColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, email = excluded.email, role = excluded.role, actor = excluded.actor,
			changed_at = excluded.changed_at, signed_in_at = excluded.signed_in_at
		WHERE issuer = excluded.issuer AND subject = excluded.subject`,
		o.ID, o.Issuer, o.Subject, o.Name, o.Email, o.Role, o.By, micros(o.ChangedAt), micros(o.SignedInAt))
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return errors.Join(err, fmt.Errorf("%w: the id is another officer's", store.ErrConflict))
	}
	return nil
}
