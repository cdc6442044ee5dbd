package sqlite

import (
	"context"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/sqlitefile"
	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// superseded is training with a success of the same person in the same course that
// is later and longer ago than an instant, its argument.
const superseded = `EXISTS (SELECT 1 FROM training n WHERE n.person_external_id = training.person_external_id
	AND n.course = training.course AND n.outcome IN ('passed', 'completed') AND n.at > training.at AND n.at < ?)`

// over are enrolments that ended, or could not be used any more, before an instant,
// which is its argument three times.
const over = `(ended_at < ? OR redeemed_at IS NULL AND invitation_expires_at < ? OR refresh_expires_at < ?)`

// Purge implements [store.PrivacyWriter].
func (s *Store) Purge(ctx context.Context, r store.PurgeRequest) (store.PurgeResult, error) {
	if err := r.Validate(); err != nil {
		return store.PurgeResult{}, err
	}
	keep, err := r.Retention.Complete()
	if err != nil {
		return store.PurgeResult{}, err
	}
	r.Retention = keep
	// Looking through all training takes long: not while others wait to write.
	old, err := queryAll(ctx, s.reads, scanOrigin, "SELECT source, source_id FROM training WHERE "+superseded+" LIMIT ?",
		r.At.Add(-keep.Evidence).UnixMicro(), store.MaxPurge)
	if err != nil {
		_, err = described(0, err, "purge")
		return store.PurgeResult{}, err
	}
	result, err := change(ctx, s.writer, func(t *tx) (store.PurgeResult, error) { return purge(t, r, old) })
	return described(result, err, "purge")
}

func scanOrigin(s scanner) (o evidence.Origin, err error) {
	err = s.Scan(&o.Source, &o.ID)
	return o, err
}

func purge(t *tx, r store.PurgeRequest, old []evidence.Origin) (done store.PurgeResult, err error) {
	before := func(keep time.Duration) int64 { return r.At.Add(-keep).UnixMicro() }
	for _, o := range old {
		n, err := deleted(t, "DELETE FROM training WHERE source = ? AND source_id = ? AND "+superseded, o.Source, o.ID, before(r.Retention.Evidence))
		if err != nil {
			return done, err
		}
		done.Training += n
	}
	if done.Messages, err = deleted(t, `DELETE FROM messages WHERE number IN (SELECT number FROM messages
		WHERE state IN ('delivered', 'dropped') AND settled_at < ? LIMIT ?)`, before(r.Retention.Messages), store.MaxPurge); err != nil {
		return done, err
	}
	if done.Enrolments, err = purgeEnrolments(t, before(r.Retention.Enrolments)); err != nil {
		return done, err
	}
	ended := before(r.Retention.Tokens)
	if done.Tokens, err = deleted(t, `DELETE FROM tokens WHERE id IN (SELECT id FROM tokens
		WHERE revoked_at < ? OR expires_at < ? LIMIT ?)`, ended, ended, store.MaxPurge); err != nil {
		return done, err
	}
	if done.Cases, err = deleted(t, `DELETE FROM cases WHERE id IN (SELECT id FROM cases
		WHERE outcome <> '' AND closed_at < ? AND suspended_at IS NULL LIMIT ?)`, before(r.Retention.Cases), store.MaxPurge); err != nil {
		return done, err
	}
	if done.Spent, err = deleted(t, "DELETE FROM spent WHERE hash IN (SELECT hash FROM spent WHERE expires_at <= ? LIMIT ?)",
		r.At.UnixMicro(), store.MaxPurge); err != nil {
		return done, err
	}
	done.More = max(len(old), done.Messages, done.Enrolments, done.Tokens, done.Cases, done.Spent) == store.MaxPurge
	if done.Training+done.Messages+done.Enrolments+done.Tokens+done.Cases == 0 {
		return done, nil
	}
	return done, t.record(r.At, r.By, store.RecordsPurged, "", done)
}

// purgeEnrolments deletes enrolments with what was handed out to them.
func purgeEnrolments(t *tx, before int64) (int, error) {
	ids, err := queryAll(context.Background(), t, scanText, "SELECT id FROM enrolments WHERE "+over+" LIMIT ?",
		before, before, before, store.MaxPurge)
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		for _, query := range []string{
			"DELETE FROM delivered_badges WHERE delivery_id IN (SELECT id FROM deliveries WHERE enrolment_id = ?)",
			"DELETE FROM deliveries WHERE enrolment_id = ?",
			"DELETE FROM enrolments WHERE id = ?",
		} {
			if _, err := t.Exec(query, id); err != nil {
				return 0, err
			}
		}
	}
	return len(ids), nil
}

// deleted counts what a statement deletes.
func deleted(t *tx, query string, args ...any) (int, error) {
	return sqlitefile.Affected(t.Exec(query, args...))
}
