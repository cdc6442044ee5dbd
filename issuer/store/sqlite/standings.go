package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

const recordColumns = "person_id, policy, judged_at, phase, eligible, access, reasons, changes_at, next_at, ladder"

func scanRecord(s scanner) (r store.Record, err error) {
	var access, reasons, ladder string
	err = s.Scan(&r.PersonID, &r.PolicyDigest, instant{&r.JudgedAt}, &r.Phase, &r.Eligible, &access, &reasons,
		instant{&r.ChangesAt}, instant{&r.NextAt}, &ladder)
	if err != nil {
		return r, err
	}
	if access != "" {
		r.Access = strings.Fields(access)
	}
	r.Ladder = json.RawMessage(ladder)
	if reasons == none {
		return r, nil
	}
	if err := json.Unmarshal([]byte(reasons), &r.Reasons); err != nil {
		return r, fmt.Errorf("reasons of person %.64q: %w", r.PersonID, err)
	}
	return r, nil
}

// none is an empty list in JSON.
const none = "[]"

// Record implements [store.StandingReader].
func (r *Reader) Record(ctx context.Context, personID string) (store.Record, error) {
	found, err := record(ctx, r.reads, personID)
	return described(found, err, "standing of person %.64q", personID)
}

func record(ctx context.Context, q querier, personID string) (store.Record, error) {
	return queryOne(ctx, q, scanRecord, "SELECT "+recordColumns+" FROM standings WHERE person_id = ? AND judged_at IS NOT NULL", personID)
}

// Records implements [store.StandingReader].
func (r *Reader) Records(ctx context.Context, after string, limit int) ([]store.Record, error) {
	if err := store.CheckPage(limit); err != nil {
		return nil, err
	}
	page, err := queryAll(ctx, r.reads, scanRecord, "SELECT "+recordColumns+` FROM standings
		WHERE person_id > ? AND judged_at IS NOT NULL ORDER BY person_id LIMIT ?`, after, limit)
	return described(page, err, "standings")
}

// NextJudgement implements [store.StandingReader].
func (r *Reader) NextJudgement(ctx context.Context) (time.Time, error) {
	var next time.Time
	err := r.reads.QueryRowContext(ctx, "SELECT min(next_at) FROM standings WHERE next_at IS NOT NULL").Scan(instant{&next})
	return described(next, translate(err), "next judgement")
}

func writeRecord(t *tx, r store.Record) error {
	reasons := []byte(none)
	if len(r.Reasons) > 0 {
		var err error
		if reasons, err = json.Marshal(r.Reasons); err != nil {
			return err
		}
	}
	result, err := t.Exec(`UPDATE standings SET policy = ?, judged_at = ?, phase = ?, eligible = ?, access = ?, reasons = ?,
		changes_at = ?, next_at = ?, ladder = ? WHERE person_id = ?`,
		r.PolicyDigest, micros(r.JudgedAt), r.Phase, r.Eligible, words(r.Access), string(reasons),
		micros(r.ChangesAt), micros(r.NextAt), string(r.Ladder), r.PersonID)
	return exactlyOne(result, err)
}

// addRecord makes room for the standing of somebody new.
func addRecord(t *tx, personID string) error {
	_, err := t.Exec(`INSERT INTO standings (person_id, policy, eligible, access, reasons, ladder)
		VALUES (?, '', 0, '', ?, '') ON CONFLICT (person_id) DO NOTHING`, personID, none)
	return err
}

// inGoodStanding counts people.
func inGoodStanding(t *tx) (n int, err error) {
	err = t.QueryRow("SELECT count(*) FROM standings WHERE eligible = 1").Scan(&n)
	return n, err
}
