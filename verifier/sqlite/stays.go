package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/sqlitefile"
	"github.com/cyberbadge/cyberbadge/verifier/visit"
)

// person is somebody at a site.
type person struct {
	site, issuer, subject string
}

// settle makes a person's stay what follows from the records.
func settle(tx *sql.Tx, who person) error {
	rows, err := tx.Query("SELECT "+recordColumns+" WHERE r.site = ? AND r.issuer = ? AND r.subject = ? AND r.issuer <> ''",
		who.site, who.issuer, who.subject)
	if err != nil {
		return err
	}
	entries, err := sqlitefile.Collect(rows, scanRecord)
	if err != nil {
		return err
	}
	_, err = tx.Exec("DELETE FROM stays WHERE site = ? AND issuer = ? AND subject = ?", who.site, who.issuer, who.subject)
	if err != nil {
		return err
	}
	if stay := visit.Settle(entries); stay != nil {
		return insertStay(tx, who, stay)
	}
	return nil
}

func insertStay(tx *sql.Tx, who person, stay *visit.Stay) error {
	b := stay.Badge
	_, err := tx.Exec(`
		INSERT INTO stays (site, issuer, subject, visit, since, gate_name, status_list, list_index,
			given_name, family_name, organization, role, expires)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		who.site, who.issuer, who.subject, stay.Visit, millis(stay.Since), stay.GateName, b.StatusList, int64(b.Index),
		b.GivenName, b.FamilyName, b.Organization, b.Role, millis(b.Expires))
	return err
}

// settleOld looks again at the stays that began before an instant, whose first
// record may be forgotten: a visit is named by a record that is there.
func settleOld(tx *sql.Tx, before time.Time) error {
	rows, err := tx.Query("SELECT site, issuer, subject FROM stays WHERE since < ?", before.UnixMilli())
	if err != nil {
		return err
	}
	old, err := sqlitefile.Collect(rows, func(row scanner) (who person, err error) {
		err = row.Scan(&who.site, &who.issuer, &who.subject)
		return who, err
	})
	if err != nil {
		return err
	}
	for _, who := range old {
		if err := settle(tx, who); err != nil {
			return err
		}
	}
	return nil
}

// Stays implements [visit.Store].
func (s *Store) Stays(ctx context.Context, site string) ([]visit.Stay, error) {
	rows, err := s.reads.QueryContext(ctx, `
		SELECT visit, since, gate_name, issuer, subject, status_list, list_index,
			given_name, family_name, organization, role, expires
		FROM stays WHERE site = ? ORDER BY since, visit`, site)
	if err != nil {
		return nil, err
	}
	return sqlitefile.Collect(rows, func(row scanner) (stay visit.Stay, err error) {
		b := &stay.Badge
		err = row.Scan(&stay.Visit, instant{&stay.Since}, &stay.GateName, &b.Issuer, &b.Subject, &b.StatusList, &b.Index,
			&b.GivenName, &b.FamilyName, &b.Organization, &b.Role, instant{&b.Expires})
		return stay, err
	})
}
