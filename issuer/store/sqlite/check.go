package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Check reads the whole database and returns nil, or every fault found in the
// file, between tables, and between events and what they tell of. It takes
// seconds for each gigabyte and needs no pause of the writer.
func (r *Reader) Check(ctx context.Context) error {
	err := r.snapshot(ctx, func(tx *sql.Tx) error {
		return errors.Join(checkFile(ctx, tx), checkReferences(ctx, tx), checkEvents(ctx, tx), checkChain(ctx, tx), checkPeople(ctx, tx))
	})
	_, err = described(0, err, "check")
	return err
}

func checkFile(ctx context.Context, q querier) error {
	faults, err := queryAll(ctx, q, scanText, "PRAGMA integrity_check")
	if err != nil {
		return err
	}
	if len(faults) == 1 && faults[0] == "ok" {
		return nil
	}
	return fmt.Errorf("integrity_check: %q", faults)
}

func checkReferences(ctx context.Context, q querier) error {
	faults, err := queryAll(ctx, q, scanText, `SELECT "table" || ' row ' || coalesce(rowid, 0) FROM pragma_foreign_key_check`)
	if err == nil && len(faults) > 0 {
		err = fmt.Errorf("foreign_key_check: %q", faults)
	}
	return err
}

// checkEvents compares each list's version with its events: both must tell of
// the same number of changes.
func checkEvents(ctx context.Context, q querier) error {
	faults, err := queryAll(ctx, q, scanText, `
		SELECT 'list ' || l.id || ' has version ' || l.version || ' after ' || count(e.number) || ' changes'
		FROM lists l
		LEFT JOIN badges b ON b.list_id = l.id
		LEFT JOIN events e ON e.kind = 'badge.status' AND e.subject = b.id
		GROUP BY l.id, l.version HAVING l.version <> 1 + count(e.number)`)
	if err == nil && len(faults) > 0 {
		err = fmt.Errorf("events: %q", faults)
	}
	return err
}

func checkChain(ctx context.Context, q querier) error {
	_, err := verifyEvents(ctx, q, nil)
	return err
}

func scanText(s scanner) (text string, err error) {
	err = s.Scan(&text)
	return text, err
}
