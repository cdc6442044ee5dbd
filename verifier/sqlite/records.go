package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/sqlitefile"
	"github.com/cyberbadge/cyberbadge/verifier/visit"
)

// AddRecords implements [visit.Store].
func (s *Store) AddRecords(ctx context.Context, entries []visit.Entry) ([]bool, error) {
	added := make([]bool, len(entries))
	if len(entries) == 0 {
		return added, nil
	}
	err := s.write(ctx, func(tx *sql.Tx) error {
		touched := make(map[person]bool)
		for i, e := range entries {
			who, isNew, err := addRecord(tx, e)
			if err != nil {
				return err
			}
			added[i] = isNew
			if who.subject != "" {
				touched[who] = true
			}
		}
		for who := range touched {
			if err := settle(tx, who); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return added, nil
}

// addRecord returns whose stay may have changed.
func addRecord(tx *sql.Tx, e visit.Entry) (who person, isNew bool, err error) {
	byHand := e.Visit != ""
	if byHand {
		if e, err = tie(tx, e); err != nil {
			return person{}, false, err
		}
	}
	if isNew, err = insertRecord(tx, e); err != nil || !isNew || e.Badge == nil {
		return person{}, isNew, err
	}
	who = person{e.Site, e.Badge.Issuer, e.Badge.Subject}
	if e.Event == visit.Admitted {
		err = tieWaiting(tx, e, who)
	}
	return who, true, err
}

// tie completes a check-out by hand from its admission, if that is known.
func tie(tx *sql.Tx, e visit.Entry) (visit.Entry, error) {
	var b visit.Badge
	err := tx.QueryRow("SELECT at, issuer, subject FROM records WHERE id = ? AND site = ? AND event = 'admitted'",
		e.Visit, e.Site).Scan(instant{&e.VisitAt}, &b.Issuer, &b.Subject)
	if errors.Is(err, sql.ErrNoRows) {
		return e, nil
	}
	e.Badge = &b
	return e, err
}

// tieWaiting completes the check-outs by hand that came before their admission.
func tieWaiting(tx *sql.Tx, admission visit.Entry, who person) error {
	_, err := tx.Exec(`
		UPDATE records SET visit_at = ?1, counts_at = max(at, ?1), issuer = ?2, subject = ?3
		WHERE visit = ?4 AND visit <> '' AND visit_at IS NULL AND site = ?5`,
		millis(admission.At), who.issuer, who.subject, admission.ID, who.site)
	return err
}

func insertRecord(tx *sql.Tx, e visit.Entry) (isNew bool, err error) {
	var b visit.Badge
	if e.Badge != nil {
		b = *e.Badge
	}
	n, err := sqlitefile.Affected(tx.Exec(`
		INSERT INTO records (id, at, counts_at, event, site, gate, gate_name, reason, code, offline, again,
			decision, status_issued_at, visit, visit_at, issuer, subject, status_list, list_index,
			given_name, family_name, organization, role, expires)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO NOTHING`,
		e.ID, millis(e.At), millis(e.CountsAt()), e.Event, e.Site, e.Gate, e.GateName, e.Reason, e.Code, e.Offline, e.Again,
		e.Decision, millis(e.StatusIssuedAt), e.Visit, millis(e.VisitAt), b.Issuer, b.Subject, b.StatusList, int64(b.Index),
		b.GivenName, b.FamilyName, b.Organization, b.Role, millis(b.Expires)))
	return n > 0, err
}

// KnownRecords implements [visit.Store].
func (s *Store) KnownRecords(ctx context.Context, ids []string) ([]bool, error) {
	known := make([]bool, len(ids))
	for i, id := range ids {
		err := s.reads.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM records WHERE id = ?)", id).Scan(&known[i])
		if err != nil {
			return nil, err
		}
	}
	return known, nil
}

// recordColumns read the badge of a check-out by hand from its admission, v. Its
// own columns are empty, so each text comes from one of the two.
const recordColumns = `
	r.id, r.at, r.event, r.site, r.gate, r.gate_name, r.reason, r.code, r.offline, r.again, r.decision,
	r.status_issued_at, r.visit, r.visit_at, r.issuer, r.subject,
	r.status_list || coalesce(v.status_list, ''), r.list_index + coalesce(v.list_index, 0),
	r.given_name || coalesce(v.given_name, ''), r.family_name || coalesce(v.family_name, ''),
	r.organization || coalesce(v.organization, ''), r.role || coalesce(v.role, ''),
	coalesce(r.expires, v.expires)
	FROM records r LEFT JOIN records v
	ON r.visit <> '' AND v.id = r.visit AND v.site = r.site AND v.event = 'admitted'`

func scanRecord(row scanner) (e visit.Entry, err error) {
	var b visit.Badge
	err = row.Scan(&e.ID, instant{&e.At}, &e.Event, &e.Site, &e.Gate, &e.GateName, &e.Reason, &e.Code,
		&e.Offline, &e.Again, &e.Decision, instant{&e.StatusIssuedAt}, &e.Visit, instant{&e.VisitAt},
		&b.Issuer, &b.Subject, &b.StatusList, &b.Index, &b.GivenName, &b.FamilyName, &b.Organization, &b.Role,
		instant{&b.Expires})
	if b.Subject != "" {
		e.Badge = &b
	}
	return e, err
}

// RecordsBetween implements [visit.Store].
func (s *Store) RecordsBetween(ctx context.Context, site string, from, to time.Time, after visit.Cursor, limit int) ([]visit.Entry, error) {
	// SQLite seeks to the first bound and reads on from there, so the first has to
	// be the place of the page.
	if after.At.After(from) {
		from = after.At
	}
	rows, err := s.reads.QueryContext(ctx, "SELECT "+recordColumns+`
		WHERE r.site = ? AND r.at >= ? AND r.at < ? AND (r.at, r.id) > (?, ?)
		ORDER BY r.at, r.id LIMIT ?`,
		site, from.UnixMilli(), to.UnixMilli(), after.At.UnixMilli(), after.ID, limit)
	if err != nil {
		return nil, err
	}
	return sqlitefile.Collect(rows, scanRecord)
}

// ForgetRecords implements [visit.Store].
func (s *Store) ForgetRecords(ctx context.Context, before time.Time) (forgotten int, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		if forgotten, err = sqlitefile.Affected(tx.Exec("DELETE FROM records WHERE counts_at < ?", before.UnixMilli())); err != nil {
			return err
		}
		return settleOld(tx, before)
	})
	if err != nil {
		return 0, err
	}
	// The log still has what was overwritten in the file. If a reader is in the way,
	// the next call does it.
	_, err = sqlitefile.TruncateLog(ctx, s.writes)
	return forgotten, err
}
