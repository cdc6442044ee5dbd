package sqlite

import (
	"database/sql"
	"embed"

	"github.com/cyberbadge/cyberbadge/internal/sqlitefile"
)

// applicationID marks a file as ours ("CBdg").
const applicationID = 0x43426467

const (
	writerCache  = 32 << 10 // KiB: the writer looks at everybody when the policy changes
	journalLimit = 64 << 20 // bytes
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// schema returns what this program makes of a database.
func schema() (sqlitefile.Schema, error) {
	changes, err := sqlitefile.ReadChanges(migrationFiles, map[string]func(*sql.Tx) error{
		"0007_chain.sql": chainEvents, "0014_directory.sql": foldNames,
	})
	return sqlitefile.Schema{ApplicationID: applicationID, NotOurs: "the file is no Cyber Badge database", Changes: changes}, err
}

// file is the database at a path.
func file(path string) sqlitefile.File {
	return sqlitefile.File{Path: path, JournalLimit: journalLimit, WriterCache: writerCache}
}
