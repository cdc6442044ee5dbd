package sqlitefile

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
)

// Change is one step of a schema. A file that was ever released must never be edited:
// add another.
type Change struct {
	Name string // of its file
	Text string
	Sum  string              // SHA-256 of Text, in hex
	Then func(*sql.Tx) error // what SQL can't do, after the text; nil for nothing
}

// Schema says what is in a database, and how that came about.
type Schema struct {
	ApplicationID int      // marks a file of this kind, in bytes 68 to 71 of its header
	NotOurs       string   // what is said of a file that is something else
	Changes       []Change // a change's version is its place, from 1
}

// ReadChanges reads the files migrations/*.sql in the order of their names. Then names
// what follows on some of them.
func ReadChanges(files fs.FS, then map[string]func(*sql.Tx) error) ([]Change, error) {
	names, err := fs.Glob(files, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	followed := 0
	all := make([]Change, len(names))
	for i, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(text)
		all[i] = Change{Name: path.Base(name), Text: string(text), Sum: hex.EncodeToString(sum[:]), Then: then[path.Base(name)]}
		if all[i].Then != nil {
			followed++
		}
	}
	if followed != len(then) {
		return nil, errors.New("something follows on a change of the schema that is not there")
	}
	return all, nil
}

// Migrate brings a database up to date, all of it or nothing. Create makes an empty
// file one of ours; a file that holds anything is left alone.
func (s Schema) Migrate(ctx context.Context, db *sql.DB, create bool, at int64) error {
	return InTransaction(ctx, db, func(tx *sql.Tx) error {
		if create {
			if err := s.initialise(tx); err != nil {
				return err
			}
		}
		applied, err := s.Version(ctx, tx)
		if err != nil {
			return err
		}
		for i, change := range s.Changes[applied:] {
			if err := change.apply(tx, applied+i+1, at); err != nil {
				return fmt.Errorf("migration %s: %w", change.Name, err)
			}
		}
		return nil
	})
}

func (s Schema) initialise(tx *sql.Tx) error {
	var tables int
	if err := tx.QueryRow("SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return err
	}
	if tables > 0 {
		return nil
	}
	_, err := tx.Exec(fmt.Sprintf(`
		PRAGMA application_id = %d;
		CREATE TABLE migrations (
			version    INTEGER PRIMARY KEY,
			name       TEXT NOT NULL,
			sha256     TEXT NOT NULL,
			applied_at INTEGER NOT NULL
		) STRICT`, s.ApplicationID))
	return err
}

func (c Change) apply(tx *sql.Tx, version int, at int64) error {
	if _, err := tx.Exec(c.Text); err != nil {
		return err
	}
	if c.Then != nil {
		if err := c.Then(tx); err != nil {
			return err
		}
	}
	_, err := tx.Exec("INSERT INTO migrations (version, name, sha256, applied_at) VALUES (?, ?, ?, ?)", version, c.Name, c.Sum, at)
	return err
}

// Version returns how many of the changes a database has, or why this program must not
// touch it.
func (s Schema) Version(ctx context.Context, q Querier) (int, error) {
	var id int
	if err := q.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return 0, err
	}
	if id != s.ApplicationID {
		return 0, errors.New(s.NotOurs)
	}
	rows, err := q.QueryContext(ctx, "SELECT name, sha256 FROM migrations ORDER BY version")
	if err != nil {
		return 0, err
	}
	applied, err := Collect(rows, func(row Scanner) (c Change, err error) {
		err = row.Scan(&c.Name, &c.Sum)
		return c, err
	})
	if err != nil {
		return 0, err
	}
	if len(applied) > len(s.Changes) {
		return 0, fmt.Errorf("the database is at version %d, this program knows %d: use the newer program that wrote it", len(applied), len(s.Changes))
	}
	for i, c := range applied {
		if c.Sum != s.Changes[i].Sum {
			return 0, fmt.Errorf("the database was made with another %s than this program has (as %s): use the program that wrote it", s.Changes[i].Name, c.Name)
		}
	}
	return len(applied), nil
}
