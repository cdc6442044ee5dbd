package sqlite

import (
	"embed"

	"github.com/cyberbadge/cyberbadge/internal/sqlitefile"
)

// applicationID marks a file as ours ("CBgt").
const applicationID = 0x43426774

const (
	readers      = 4        // connections
	journalLimit = 16 << 20 // bytes
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// schema returns what this program makes of a database.
func schema() (sqlitefile.Schema, error) {
	changes, err := sqlitefile.ReadChanges(migrationFiles, nil)
	return sqlitefile.Schema{
		ApplicationID: applicationID,
		NotOurs:       "the file is no database of gates and visits: check the path",
		Changes:       changes,
	}, err
}

// file is the database at a path.
func file(path string) sqlitefile.File {
	return sqlitefile.File{Path: path, JournalLimit: journalLimit}
}
