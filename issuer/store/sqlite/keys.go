package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

const keyColumns = `id, purpose, jwk, state, prepared_at, activated_at, retired_at, removed_at, tainted_at, revoked_at, actor, reason`

func scanKey(s scanner) (k store.Key, err error) {
	var jwk string
	err = s.Scan(&k.ID, &k.Purpose, &jwk, &k.State, instant{&k.PreparedAt}, instant{&k.ActivatedAt}, instant{&k.RetiredAt},
		instant{&k.RemovedAt}, instant{&k.TaintedAt}, instant{&k.RevokedAt}, &k.By, &k.Reason)
	k.JWK = json.RawMessage(jwk)
	return k, err
}

// Keys implements [store.KeyReader].
func (r *Reader) Keys(ctx context.Context) ([]store.Key, error) {
	all, err := queryAll(ctx, r.reads, scanKey, "SELECT "+keyColumns+" FROM keys ORDER BY number")
	return described(all, err, "keys")
}

// liveOfKey are the badges of one key that are live at an instant.
const liveOfKey = " FROM badges WHERE expires_at > ? AND key_id = ? AND status <> 'invalid'"

// KeyUse implements [store.KeyReader].
func (r *Reader) KeyUse(ctx context.Context, keyID string, at time.Time) (store.KeyUse, error) {
	use, err := queryOne(ctx, r.reads, func(s scanner) (u store.KeyUse, err error) {
		err = s.Scan(&u.Live)
		return u, err
	}, "SELECT count(*)"+liveOfKey, micros(at), keyID)
	return described(use, err, "use of key %.64q", keyID)
}

func key(q querier, id string) (store.Key, error) {
	k, err := queryOne(context.Background(), q, scanKey, "SELECT "+keyColumns+" FROM keys WHERE id = ?", id)
	return described(k, err, "key %.64q", id)
}

// AddKey implements [store.KeyWriter].
func (s *Store) AddKey(ctx context.Context, k store.Key) error {
	if err := k.Validate(); err != nil {
		return err
	}
	_, err := change(ctx, s.writer, func(t *tx) (struct{}, error) {
		k.State = store.KeyPrepared
		if err := insertKey(t, k); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, t.record(k.PreparedAt, k.By, store.KeyWasPrepared, k.ID, keyDetail{Purpose: k.Purpose, To: k.State, Reason: k.Reason})
	})
	_, err = described(0, err, "add key %.64q", k.ID)
	return err
}

func insertKey(t *tx, k store.Key) error {
	result, err := t.Exec("INSERT INTO keys ("+keyColumns+") VALUES (?, ?, ?, ?, ?, ?, NULL, NULL, NULL, NULL, ?, ?) ON CONFLICT (id) DO NOTHING",
		k.ID, k.Purpose, string(k.JWK), k.State, micros(k.PreparedAt), micros(k.ActivatedAt), k.By, k.Reason)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return store.ErrAlreadyExists
}

// keyDetail is what an event tells of a key.
type keyDetail struct {
	Purpose store.KeyPurpose `json:"purpose"`
	From    store.KeyState   `json:"from,omitempty"`
	To      store.KeyState   `json:"to"`
	Reason  string           `json:"reason,omitempty"`
	Early   bool             `json:"early,omitempty"`
}

// AdoptKeys implements [store.KeyWriter].
func (s *Store) AdoptKeys(ctx context.Context, keys []store.Key) error {
	for _, k := range keys {
		if err := k.Validate(); err != nil {
			return err
		}
	}
	_, err := change(ctx, s.writer, func(t *tx) (struct{}, error) {
		for _, k := range keys {
			if err := adopt(t, k); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	_, err = described(0, err, "first keys")
	return err
}

func adopt(t *tx, k store.Key) error {
	var known bool
	if err := t.QueryRow("SELECT EXISTS (SELECT 1 FROM keys WHERE purpose = ?)", k.Purpose).Scan(&known); err != nil || known {
		return err
	}
	k.State, k.ActivatedAt = store.KeyActive, k.PreparedAt
	if err := insertKey(t, k); err != nil {
		return err
	}
	if k.Purpose == store.ForBadges {
		// Of those that have expired it matters to nobody any more.
		if _, err := t.Exec("UPDATE badges SET key_id = ? WHERE key_id = '' AND expires_at > ?", k.ID, micros(k.PreparedAt)); err != nil {
			return err
		}
	}
	return t.record(k.PreparedAt, k.By, store.KeyWasActivated, k.ID, keyDetail{Purpose: k.Purpose, To: k.State})
}

// ChangeKey implements [store.KeyWriter].
func (s *Store) ChangeKey(ctx context.Context, c store.KeyChange) ([]store.Key, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	changed, err := change(ctx, s.writer, func(t *tx) ([]store.Key, error) {
		k, err := key(t, c.ID)
		if err != nil {
			return nil, err
		}
		if c.To == store.KeyActive {
			return activate(t, k, c)
		}
		wasActive := k.State == store.KeyActive
		if wasActive && c.To == store.KeyRetired {
			return nil, fmt.Errorf("%w: it is the one that signs; activate another, which retires it", store.ErrConflict)
		}
		if k, err = step(t, k, c); err != nil || c.Successor == "" {
			return []store.Key{k}, err
		}
		return succeed(t, k, wasActive, c)
	})
	return described(changed, err, "change of key %.64q", c.ID)
}

// activate retires the key that was active before.
func activate(t *tx, k store.Key, c store.KeyChange) ([]store.Key, error) {
	before, err := queryAll(context.Background(), t, scanKey, "SELECT "+keyColumns+" FROM keys WHERE purpose = ? AND state = 'active'", k.Purpose)
	if err != nil {
		return nil, err
	}
	var changed []store.Key
	for _, b := range before {
		if b.ID == k.ID {
			break // and step says why that can't be
		}
		retired := c
		retired.To, retired.Early = store.KeyRetired, false
		if b, err = step(t, b, retired); err != nil {
			return nil, err
		}
		changed = append(changed, b)
	}
	if k, err = step(t, k, c); err != nil {
		return nil, err
	}
	return append(changed, k), nil
}

// succeed has a prepared key take over from one that was active.
func succeed(t *tx, tainted store.Key, wasActive bool, c store.KeyChange) ([]store.Key, error) {
	next, err := key(t, c.Successor)
	if err != nil {
		return nil, err
	}
	if !wasActive || next.Purpose != tainted.Purpose {
		return nil, fmt.Errorf("%w: key %.64q can't take over from it", store.ErrConflict, c.Successor)
	}
	c.To, c.Early = store.KeyActive, true
	if next, err = step(t, next, c); err != nil {
		return nil, err
	}
	return []store.Key{tainted, next}, nil
}

// step changes one key and records that.
func step(t *tx, k store.Key, c store.KeyChange) (store.Key, error) {
	if !k.State.LeadsTo(c.To) {
		return k, fmt.Errorf("%w: key %s is %s and can't become %s", store.ErrConflict, k.ID, k.State, c.To)
	}
	from := k.State
	k.State, k.By, k.Reason = c.To, c.By, c.Reason
	var column string
	switch c.To {
	case store.KeyActive:
		column, k.ActivatedAt = "activated_at", kept(c.At)
	case store.KeyRetired:
		column, k.RetiredAt = "retired_at", kept(c.At)
	case store.KeyRemoved:
		column, k.RemovedAt = "removed_at", kept(c.At)
	case store.KeyTainted:
		column, k.TaintedAt = "tainted_at", kept(c.At)
	case store.KeyRevoked:
		column, k.RevokedAt = "revoked_at", kept(c.At)
	}
	result, err := t.Exec("UPDATE keys SET state = ?, "+column+" = ?, actor = ?, reason = ? WHERE id = ? AND state = ?",
		k.State, micros(c.At), k.By, k.Reason, k.ID, from)
	if err := exactlyOne(result, err); err != nil {
		return k, err
	}
	return k, t.record(c.At, c.By, keyEvents[c.To], k.ID, keyDetail{k.Purpose, from, k.State, c.Reason, c.Early})
}

var keyEvents = map[store.KeyState]store.EventKind{
	store.KeyActive:  store.KeyWasActivated,
	store.KeyRetired: store.KeyWasRetired,
	store.KeyRemoved: store.KeyWasRemoved,
	store.KeyTainted: store.KeyWasTainted,
	store.KeyRevoked: store.KeyWasRevoked,
}

// RevokeBadgesOfKey implements [store.KeyWriter].
func (s *Store) RevokeBadgesOfKey(ctx context.Context, r store.KeyRevocation) (int, error) {
	if err := r.Validate(); err != nil {
		return 0, err
	}
	revoked, err := change(ctx, s.writer, func(t *tx) (int, error) { return revokeOfKey(t, r) })
	return described(revoked, err, "badges of key %.64q", r.KeyID)
}

func revokeOfKey(t *tx, r store.KeyRevocation) (int, error) {
	k, err := key(t, r.KeyID)
	if err != nil {
		return 0, err
	}
	if k.State != store.KeyTainted && k.State != store.KeyRevoked {
		return 0, fmt.Errorf("%w: the key is %s, and what it signed is good", store.ErrConflict, k.State)
	}
	live, err := queryAll(context.Background(), t, scanBadge,
		"SELECT "+badgeColumns+liveOfKey+" LIMIT ?", micros(r.At), r.KeyID, store.MaxKeyBadges)
	if err != nil {
		return 0, err
	}
	for _, b := range live {
		if _, _, err := setStatus(t, b, store.StatusChange{To: store.Invalid, Reason: r.Reason, By: r.By, At: r.At}); err != nil {
			return 0, err
		}
	}
	return len(live), nil
}

// checkSigns refuses to begin a badge that its key must not sign any more: who
// asks may not have seen yet that the key has changed.
func checkSigns(t *tx, keyID string) error {
	if keyID == "" {
		return nil
	}
	var signs bool
	err := t.QueryRow("SELECT EXISTS (SELECT 1 FROM keys WHERE id = ? AND purpose = 'badge' AND state = 'active')", keyID).Scan(&signs)
	if err == nil && !signs {
		return fmt.Errorf("%w: %.64q", store.ErrKeyInactive, keyID)
	}
	return err
}
