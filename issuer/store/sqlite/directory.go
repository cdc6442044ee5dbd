package sqlite

import (
	"context"
	"database/sql"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// PeopleByUserName implements [store.DirectoryReader].
func (r *Reader) PeopleByUserName(ctx context.Context, userName string) ([]evidence.Person, error) {
	if userName == "" {
		return nil, nil
	}
	found, err := queryAll(ctx, r.reads, scanPerson,
		"SELECT "+personColumns+" FROM people WHERE erased_at IS NULL AND folded_user_name = ? ORDER BY id", store.Fold(userName))
	return described(found, err, "people with the user name %.64q", userName)
}

// PersonIDs implements [store.DirectoryReader]. One query for each index: with OR
// there is none that serves all.
func (r *Reader) PersonIDs(ctx context.Context, name string) ([]string, error) {
	if name == "" {
		return nil, nil
	}
	folded := store.Fold(name)
	ids, err := queryAll(ctx, r.reads, scanText, `
		SELECT id FROM people WHERE erased_at IS NULL AND id = ?
		UNION SELECT id FROM people WHERE erased_at IS NULL AND external_id = ?
		UNION SELECT id FROM people WHERE erased_at IS NULL AND folded_user_name = ?
		UNION SELECT id FROM people WHERE erased_at IS NULL AND folded_email = ?
		ORDER BY id LIMIT 2`, name, name, folded, folded)
	return described(ids, err, "people who go by %.64q", name)
}

// foldNames works out what people go by, in a database that did not keep it.
func foldNames(tx *sql.Tx) error {
	for after := ""; ; {
		page, err := queryAll(context.Background(), tx, scanPerson,
			"SELECT "+personColumns+" FROM people WHERE erased_at IS NULL AND id > ? ORDER BY id LIMIT ?", after, store.MaxPage)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, p := range page {
			_, err := tx.Exec("UPDATE people SET folded_user_name = ?, folded_email = ? WHERE id = ?",
				store.Fold(p.UserName), store.Fold(p.Email), p.ID)
			if err != nil {
				return err
			}
		}
		after = page[len(page)-1].ID
	}
}
