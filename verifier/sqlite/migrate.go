package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
)

// applicationID marks a file as ours ("CBgt"), in bytes 68 to 71 of its header.
const applicationID = 0x43426774

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migration is one change of the schema. Its version is its place, from 1. A
// file that was ever released must never be edited: add another.
type migration struct {
	name string
	text string
	sum  string // SHA-256 of text, in hex
}

// migrations returns all changes in their order, which is that of their names.
func migrations() ([]migration, error) {
	entries, err := fs.ReadDir(migrationFiles, "migrations")
	if err != nil {
		return nil, err
	}
	all := make([]migration, len(entries))
	for i, entry := range entries {
		text, err := migrationFiles.ReadFile("migrations/" + entry.Name())
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(text)
		all[i] = migration{entry.Name(), string(text), hex.EncodeToString(sum[:])}
	}
	return all, nil
}

// migrate brings the schema up to date in one transaction, so that of several
// processes that come at once one does it and the others find it done.
func migrate(ctx context.Context, db *sql.DB, all []migration, c Config) error {
	return inTransaction(ctx, db, func(tx *sql.Tx) error {
		if c.Create {
			if err := initialise(tx); err != nil {
				return err
			}
		}
		applied, err := checkSchema(tx, all)
		if err != nil {
			return err
		}
		for i, m := range all[applied:] {
			if _, err := tx.Exec(m.text); err != nil {
				return fmt.Errorf("migration %s: %w", m.name, err)
			}
			_, err := tx.Exec("INSERT INTO migrations (version, name, sha256, applied_at) VALUES (?, ?, ?, ?)",
				applied+i+1, m.name, m.sum, millis(c.Now()))
			if err != nil {
				return fmt.Errorf("migration %s: %w", m.name, err)
			}
		}
		return nil
	})
}

// initialise makes an empty file ours. A file that holds anything is left alone.
func initialise(tx *sql.Tx) error {
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
		) STRICT`, applicationID))
	return err
}

// checkSchema returns how many of the changes the database has, or why this
// program must not touch it.
func checkSchema(tx *sql.Tx, all []migration) (int, error) {
	var id int
	if err := tx.QueryRow("PRAGMA application_id").Scan(&id); err != nil {
		return 0, err
	}
	if id != applicationID {
		return 0, errors.New("the file is no database of gates and visits: check the path")
	}
	rows, err := tx.Query("SELECT name, sha256 FROM migrations ORDER BY version")
	if err != nil {
		return 0, err
	}
	applied, err := collect(rows, func(row scanner) (m migration, err error) {
		err = row.Scan(&m.name, &m.sum)
		return m, err
	})
	if err != nil {
		return 0, err
	}
	if len(applied) > len(all) {
		return 0, fmt.Errorf("the database is at version %d, this program knows %d: use the newer program that wrote it", len(applied), len(all))
	}
	for i, m := range applied {
		if m.sum != all[i].sum {
			return 0, fmt.Errorf("the database was made with another %s than this program has (as %s): use the program that wrote it", all[i].name, m.name)
		}
	}
	return len(applied), nil
}
