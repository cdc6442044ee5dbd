package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"time"
)

// applicationID marks a file as ours ("CBdg"), in bytes 68 to 71 of its header.
const applicationID = 0x43426467

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migration is one change of the schema. Its version is its place, from 1. A
// file that was ever released must never be edited: add another.
type migration struct {
	name string
	text string
	sum  string              // SHA-256 of text, in hex
	then func(*sql.Tx) error // what SQL can't do, after the text; nil for nothing
}

// afterwards is what follows on some changes.
var afterwards = map[string]func(*sql.Tx) error{"0007_chain.sql": chainEvents, "0014_directory.sql": foldNames}

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
		all[i] = migration{entry.Name(), string(text), hex.EncodeToString(sum[:]), afterwards[entry.Name()]}
	}
	return all, nil
}

// initialise makes an empty file ours. A file that holds anything is left alone.
func initialise(ctx context.Context, db *sql.DB) error {
	var tables int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return err
	}
	if tables > 0 {
		return nil
	}
	return inTransaction(ctx, db, func(tx *sql.Tx) error {
		_, err := tx.Exec(fmt.Sprintf(`
			PRAGMA application_id = %d;
			CREATE TABLE migrations (
				version    INTEGER PRIMARY KEY,
				name       TEXT NOT NULL,
				sha256     TEXT NOT NULL,
				applied_at INTEGER NOT NULL
			) STRICT`, applicationID))
		return err
	})
}

// migrate brings the schema up to date, each change in its own transaction.
func migrate(ctx context.Context, db *sql.DB, now time.Time) error {
	all, err := migrations()
	if err != nil {
		return err
	}
	return apply(ctx, db, all, now)
}

func apply(ctx context.Context, db *sql.DB, all []migration, now time.Time) error {
	applied, err := checkSchema(ctx, db, all)
	if err != nil {
		return err
	}
	for version, m := range all[applied:] {
		err := inTransaction(ctx, db, func(tx *sql.Tx) error {
			if _, err := tx.Exec(m.text); err != nil {
				return err
			}
			if m.then != nil {
				if err := m.then(tx); err != nil {
					return err
				}
			}
			_, err := tx.Exec("INSERT INTO migrations (version, name, sha256, applied_at) VALUES (?, ?, ?, ?)",
				applied+version+1, m.name, m.sum, now.UnixMicro())
			return err
		})
		if err != nil {
			return fmt.Errorf("migration %s: %w", m.name, err)
		}
	}
	return nil
}

// checkSchema returns how many of the changes the database has, or why this
// program must not touch it.
func checkSchema(ctx context.Context, db *sql.DB, all []migration) (int, error) {
	var id int
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return 0, err
	}
	if id != applicationID {
		return 0, fmt.Errorf("the file is no Cyber Badge database")
	}
	applied, err := queryAll(ctx, db, scanMigration, "SELECT name, sha256 FROM migrations ORDER BY version")
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

func scanMigration(s scanner) (m migration, err error) {
	err = s.Scan(&m.name, &m.sum)
	return m, err
}

func inTransaction(ctx context.Context, db *sql.DB, do func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		tx.Rollback()
		return err
	}
	return tx.Commit()
}
