package sqlite

import (
	"context"
	"errors"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/portrait"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// selectPortrait finds a portrait by its name, spelled as the index has it.
const selectPortrait = "SELECT digest, bytes, media_type, width, height FROM portraits WHERE substr(digest, 1, 16) = ?"

func scanPortrait(s scanner) (p portrait.Portrait, err error) {
	var digest []byte
	err = s.Scan(&digest, &p.Bytes, &p.MediaType, &p.Width, &p.Height)
	copy(p.Digest[:], digest)
	return p, err
}

func scanDigest(s scanner) (d portrait.Digest, err error) {
	var digest []byte
	err = s.Scan(&digest)
	copy(d[:], digest)
	return d, err
}

// Portrait implements [store.PortraitReader].
func (r *Reader) Portrait(ctx context.Context, name portrait.Name) (portrait.Portrait, error) {
	p, err := queryOne(ctx, r.reads, scanPortrait, selectPortrait, name[:])
	return described(p, err, "portrait")
}

// PortraitOf implements [store.PortraitReader].
func (r *Reader) PortraitOf(ctx context.Context, personID string) (portrait.Digest, error) {
	d, err := portraitOf(ctx, r.reads, personID)
	return described(d, err, "portrait of person %.64q", personID)
}

func portraitOf(ctx context.Context, q querier, personID string) (portrait.Digest, error) {
	return queryOne(ctx, q, scanDigest, "SELECT digest FROM people_portraits WHERE person_id = ?", personID)
}

// SetPortrait implements [store.PortraitWriter].
func (s *Store) SetPortrait(ctx context.Context, p store.PersonPortrait) (bool, error) {
	if err := p.Validate(); err != nil {
		return false, err
	}
	done, err := change(ctx, s.writer, func(t *tx) (done store.ImportCount, err error) {
		if p.At.IsZero() {
			p.At = t.now
		}
		err = setPortrait(t, p, &done)
		return done, err
	})
	_, err = described(done, err, "portrait of person %.64q", p.PersonID)
	return err == nil && done.Unchanged == 0, err
}

// setPortrait gives somebody a portrait and counts what that did.
func setPortrait(t *tx, p store.PersonPortrait, done *store.ImportCount) error {
	before, err := portraitOf(context.Background(), t, p.PersonID)
	had := err == nil
	if !had && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if had && before == p.Portrait.Digest {
		done.Unchanged++
		return nil
	}
	// The row of somebody who was erased would satisfy the foreign key.
	if _, err := person(context.Background(), t, "id", p.PersonID); err != nil {
		return err
	}
	if err := keepPortrait(t, p); err != nil {
		return translate(err)
	}
	if had {
		done.Changed++
		if err := releasePortrait(t, before, p.At); err != nil {
			return err
		}
	} else {
		done.Added++
	}
	salt, err := saltOf(t, p.PersonID)
	if err != nil {
		return err
	}
	return t.record(p.At, p.By, store.PortraitSet, p.PersonID, struct {
		Replaced bool   `json:"replaced"`
		Before   string `json:"before,omitempty"`
		After    string `json:"after"`
	}{had, salt.Portrait(before), salt.Portrait(p.Portrait.Digest)})
}

// keepPortrait keeps a portrait, if it is not there yet, and gives it to a person.
func keepPortrait(t *tx, p store.PersonPortrait) error {
	made := p.Portrait
	_, err := t.Exec(`INSERT INTO portraits (digest, bytes, media_type, width, height, added_at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (digest) DO UPDATE SET unused_since = NULL`,
		made.Digest[:], made.Bytes, made.MediaType, made.Width, made.Height, micros(p.At))
	if err != nil {
		return err
	}
	_, err = t.Exec(`INSERT INTO people_portraits (person_id, digest) VALUES (?, ?)
		ON CONFLICT (person_id) DO UPDATE SET digest = excluded.digest`, p.PersonID, made.Digest[:])
	return err
}

// releasePortrait notes since when nobody has a portrait, if nobody has it.
func releasePortrait(t *tx, digest portrait.Digest, at time.Time) error {
	_, err := t.Exec(`UPDATE portraits SET unused_since = ? WHERE digest = ?
		AND NOT EXISTS (SELECT 1 FROM people_portraits p WHERE p.digest = portraits.digest)`, micros(at), digest[:])
	return err
}

// RemovePortrait implements [store.PortraitWriter].
func (s *Store) RemovePortrait(ctx context.Context, r store.PortraitRemoval) (bool, error) {
	if err := r.Validate(); err != nil {
		return false, err
	}
	removed, err := change(ctx, s.writer, func(t *tx) (bool, error) {
		if r.At.IsZero() {
			r.At = t.now
		}
		return removePortrait(t, r)
	})
	return described(removed, err, "remove the portrait of person %.64q", r.PersonID)
}

func removePortrait(t *tx, r store.PortraitRemoval) (bool, error) {
	if _, err := person(context.Background(), t, "id", r.PersonID); err != nil {
		return false, err
	}
	before, err := portraitOf(context.Background(), t, r.PersonID)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if _, err := t.Exec("DELETE FROM people_portraits WHERE person_id = ?", r.PersonID); err != nil {
		return false, err
	}
	if err := releasePortrait(t, before, r.At); err != nil {
		return false, err
	}
	salt, err := saltOf(t, r.PersonID)
	if err != nil {
		return false, err
	}
	return true, t.record(r.At, r.By, store.PortraitRemoved, r.PersonID, struct {
		Before string `json:"before"`
	}{salt.Portrait(before)})
}

// DiscardPortraits implements [store.PortraitWriter].
func (s *Store) DiscardPortraits(ctx context.Context, before time.Time) (int, error) {
	if err := store.CheckDiscard(before); err != nil {
		return 0, err
	}
	discarded, err := change(ctx, s.writer, func(t *tx) (int, error) {
		return deleted(t, "DELETE FROM portraits WHERE unused_since < ?", micros(before))
	})
	return described(discarded, err, "discard portraits")
}
