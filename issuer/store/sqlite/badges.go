package sqlite

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

const badgeColumns = `id, person_id, holder_key, type, access, issued_at, expires_at, actor,
	prepared_at, list_id, idx, state, signed_sha256, status, causes, status_reason, status_at, key_id`

func scanBadge(s scanner) (b store.Badge, err error) {
	var access, causes string
	var sum []byte
	err = s.Scan(&b.ID, &b.PersonID, &b.HolderKeyThumbprint, &b.Type, &access,
		instant{&b.IssuedAt}, instant{&b.ExpiresAt}, &b.By,
		instant{&b.PreparedAt}, &b.ListID, &b.Index, &b.State, &sum,
		&b.Status, &causes, &b.StatusReason, instant{&b.StatusAt}, &b.KeyID)
	b.Access = strings.Fields(access)
	for _, cause := range strings.Fields(causes) {
		b.Causes = append(b.Causes, store.Cause(cause))
	}
	copy(b.SignedSHA256[:], sum)
	return b, err
}

// Badge implements [store.BadgeReader].
func (r *Reader) Badge(ctx context.Context, id string) (store.Badge, error) {
	b, err := badge(ctx, r.reads, id)
	return described(b, err, "badge %.64q", id)
}

func badge(ctx context.Context, q querier, id string) (store.Badge, error) {
	return queryOne(ctx, q, scanBadge, "SELECT "+badgeColumns+" FROM badges WHERE id = ?", id)
}

// BadgeByIndex implements [store.BadgeReader].
func (r *Reader) BadgeByIndex(ctx context.Context, listID int64, index uint32) (store.Badge, error) {
	b, err := queryOne(ctx, r.reads, scanBadge,
		"SELECT "+badgeColumns+" FROM badges WHERE list_id = ? AND idx = ?", listID, index)
	return described(b, err, "badge with index %d of list %d", index, listID)
}

// BadgesOf implements [store.BadgeReader].
func (r *Reader) BadgesOf(ctx context.Context, personID string, liveAt time.Time) ([]store.Badge, error) {
	all, err := badgesOf(ctx, r.reads, personID, liveAt)
	return described(all, err, "badges of person %.64q", personID)
}

func badgesOf(ctx context.Context, q querier, personID string, liveAt time.Time) ([]store.Badge, error) {
	const query = "SELECT " + badgeColumns + " FROM badges WHERE person_id = ?"
	const order = " ORDER BY expires_at DESC, id"
	if liveAt.IsZero() {
		return queryAll(ctx, q, scanBadge, query+order, personID)
	}
	return queryAll(ctx, q, scanBadge, query+" AND expires_at > ? AND status <> 'invalid'"+order, personID, micros(liveAt))
}

// UnfinishedBadges implements [store.BadgeReader].
func (r *Reader) UnfinishedBadges(ctx context.Context) ([]store.Badge, error) {
	all, err := queryAll(ctx, r.reads, scanBadge,
		"SELECT "+badgeColumns+" FROM badges WHERE state = 'prepared' AND status <> 'invalid' ORDER BY prepared_at, id")
	return described(all, err, "unfinished badges")
}

// ReserveBadge implements [store.BadgeWriter].
func (s *Store) ReserveBadge(ctx context.Context, r store.Reservation) (store.Badge, error) {
	if err := r.Validate(); err != nil {
		return store.Badge{}, err
	}
	r.IssuedAt, r.ExpiresAt = kept(r.IssuedAt), kept(r.ExpiresAt)
	at := r.StandingAt
	r.StandingAt = time.Time{}
	b, err := change(ctx, s.writer, func(t *tx) (store.Badge, error) {
		if err := checkMayHave(t, r.PersonID, at); err != nil {
			return store.Badge{}, err
		}
		if err := checkSigns(t, r.KeyID); err != nil {
			return store.Badge{}, err
		}
		b := store.Badge{Reservation: r, PreparedAt: kept(t.now), State: store.Prepared, Status: store.Valid}
		if err := s.insertBadge(t, &b); err != nil {
			return b, err
		}
		return b, t.record(t.now, r.By, store.BadgePrepared, b.ID, struct {
			Person  string    `json:"person"`
			List    int64     `json:"list"`
			Index   uint32    `json:"index"`
			Expires time.Time `json:"expires"`
		}{b.PersonID, b.ListID, b.Index, b.ExpiresAt})
	})
	return described(b, err, "reserve badge %.64q of person %.64q", r.ID, r.PersonID)
}

// checkMayHave says why a person gets no badge, as far as the store can tell: what
// was read of the standing may have been overtaken.
func checkMayHave(t *tx, personID string, standingAt time.Time) error {
	var erased, suspended, lapsed bool
	err := t.QueryRow(`SELECT EXISTS (SELECT 1 FROM people WHERE id = ? AND erased_at IS NOT NULL),
		EXISTS (SELECT 1 FROM suspensions WHERE person_id = ?),
		EXISTS (SELECT 1 FROM standings WHERE person_id = ? AND eligible = 0 AND judged_at > ?)`,
		personID, personID, personID, micros(standingAt)).Scan(&erased, &suspended, &lapsed)
	switch {
	case err != nil:
		return err
	case erased:
		return store.ErrNotFound
	case suspended:
		return store.ErrSuspended
	case lapsed:
		return fmt.Errorf("%w: the person was judged meanwhile and is not in good standing", store.ErrConflict)
	}
	return nil
}

// maxDraws bounds how often an index that the bitmap wrongly holds to be free is
// drawn. The bitmap can be behind the table only by what one failed commit left.
const maxDraws = 1000

func (s *Store) insertBadge(t *tx, b *store.Badge) error {
	for range maxDraws {
		a, err := s.allocation(t, b.By)
		if err != nil {
			return err
		}
		index, err := a.indices.Draw(s.config.Rand)
		if err != nil {
			return fmt.Errorf("%w: random numbers: %v", store.ErrUnavailable, err)
		}
		b.ListID, b.Index = a.listID, index
		inserted, err := tryBadge(t, b)
		if err != nil {
			a.indices.Release(index)
			return err
		}
		if inserted {
			t.onRollback(func() { a.indices.Release(index) })
			return nil
		}
		// The table has this index: it stays taken.
	}
	return fmt.Errorf("%w: no free index in %d draws", store.ErrUnavailable, maxDraws)
}

// tryBadge reports whether the badge's index was free.
func tryBadge(t *tx, b *store.Badge) (bool, error) {
	result, err := t.Exec(`INSERT INTO badges (`+badgeColumns+`)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, '', '', NULL, ?)
		ON CONFLICT (list_id, idx) DO NOTHING`,
		b.ID, b.PersonID, b.HolderKeyThumbprint, b.Type, strings.Join(b.Access, " "),
		micros(b.IssuedAt), micros(b.ExpiresAt), b.By, micros(b.PreparedAt),
		b.ListID, b.Index, b.State, b.Status, b.KeyID)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

// CompleteBadge implements [store.BadgeWriter].
func (s *Store) CompleteBadge(ctx context.Context, id string, sum [sha256.Size]byte) (store.Badge, error) {
	if sum == ([sha256.Size]byte{}) {
		return store.Badge{}, fmt.Errorf("store: badge %.64q: %w: the hash of the signed text is missing", id, store.ErrInvalid)
	}
	b, err := change(ctx, s.writer, func(t *tx) (store.Badge, error) { return complete(t, id, sum) })
	return described(b, err, "complete badge %.64q", id)
}

func complete(t *tx, id string, sum [sha256.Size]byte) (store.Badge, error) {
	b, err := badge(context.Background(), t, id)
	if err != nil {
		return b, err
	}
	switch {
	case b.State == store.Issued && b.SignedSHA256 == sum:
		return b, nil
	case b.State == store.Issued:
		return b, fmt.Errorf("%w: it was completed with another signed text", store.ErrConflict)
	case b.Status == store.Invalid:
		return b, store.ErrFinal
	case b.Status != store.Valid:
		return b, fmt.Errorf("%w: it is %s", store.ErrConflict, b.Status)
	}
	b.State, b.SignedSHA256 = store.Issued, sum
	result, err := t.Exec("UPDATE badges SET state = ?, signed_sha256 = ? WHERE id = ? AND state = 'prepared' AND status = 'valid'",
		b.State, sum[:], id)
	if err := exactlyOne(result, err); err != nil {
		return b, err
	}
	return b, t.record(t.now, b.By, store.BadgeIssued, b.ID, struct {
		Person string `json:"person"`
		SHA256 string `json:"sha256"`
	}{b.PersonID, hex.EncodeToString(sum[:])})
}
