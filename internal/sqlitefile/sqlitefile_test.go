package sqlitefile_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/sqlitefile"
	"github.com/cyberbadge/cyberbadge/internal/sqlitefile/sqlitefiletest"
)

// notes are changes of a schema for tests. The second one fills what it adds.
var notes = fstest.MapFS{
	"migrations/0002_length.sql": {Data: []byte("ALTER TABLE notes ADD COLUMN length INTEGER")},
	"migrations/0001_notes.sql":  {Data: []byte("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE, of INTEGER REFERENCES notes (id), at INTEGER) STRICT")},
	"migrations/readme.txt":      {Data: []byte("no change")},
}

func measure(tx *sql.Tx) error {
	_, err := tx.Exec("UPDATE notes SET length = length(text)")
	return err
}

func schema(t *testing.T) sqlitefile.Schema {
	t.Helper()
	changes, err := sqlitefile.ReadChanges(notes, map[string]func(*sql.Tx) error{"0002_length.sql": measure})
	if err != nil {
		t.Fatal(err)
	}
	return sqlitefile.Schema{ApplicationID: 0x6e6f7465, NotOurs: "these are no notes", Changes: changes}
}

func file(t *testing.T) sqlitefile.File {
	return sqlitefile.File{Path: filepath.Join(t.TempDir(), "notes.db"), JournalLimit: 1 << 20, WriterCache: 4096}
}

func open(t *testing.T, f sqlitefile.File, s sqlitefile.Schema, create bool) *sql.DB {
	t.Helper()
	db, err := f.Open(t.Context(), s, create, 1000)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func execute(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func TestCheckVersion(t *testing.T) {
	t.Parallel()
	if err := sqlitefile.CheckVersion(sqlitefile.MinVersion); err != nil {
		t.Error(err)
	}
	for minimum, want := range map[string]string{"99.0.0": "build it with 99.0.0 or newer", "3.99.0": "3.99.0 or newer", "three": `minimum version "three"`} {
		if err := sqlitefile.CheckVersion(minimum); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", minimum, err, want)
		}
	}
}

func TestOpen_MakesAFileOnlyOnPurpose(t *testing.T) {
	t.Parallel()
	f := file(t)
	if _, err := f.Open(t.Context(), schema(t), false, 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want %v", err, fs.ErrNotExist)
	}
	if _, err := os.Stat(f.Path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a refused Open left a file: %v", err)
	}
	open(t, f, schema(t), true).Close()
	if err := os.Chmod(f.Path, 0o640); err != nil {
		t.Fatal(err)
	}
	execute(t, open(t, f, schema(t), false), "INSERT INTO notes (text) VALUES ('a')")
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(f.Path + suffix)
		if err != nil || info.Mode().Perm() != sqlitefile.FileMode {
			t.Errorf("%q has mode %v, %v", suffix, info.Mode(), err)
		}
	}
}

func TestOpen_Settings(t *testing.T) {
	t.Parallel()
	f := file(t)
	writer, reader := open(t, f, schema(t), true), f.Readers(2)
	defer reader.Close()
	for _, c := range []struct {
		db          *sql.DB
		name, value string
	}{
		{writer, "journal_mode", "wal"}, {writer, "synchronous", "2"}, {writer, "secure_delete", "1"}, {writer, "cache_size", "-4096"},
		{writer, "foreign_keys", "1"}, {writer, "recursive_triggers", "1"}, {writer, "busy_timeout", "5000"},
		{writer, "trusted_schema", "0"}, {writer, "cell_size_check", "1"}, {writer, "journal_size_limit", "1048576"},
		{reader, "query_only", "1"}, {reader, "trusted_schema", "0"}, {reader, "foreign_keys", "1"},
	} {
		var value string
		if err := c.db.QueryRow("PRAGMA " + c.name).Scan(&value); err != nil || value != c.value {
			t.Errorf("%s is %q, %v; want %q", c.name, value, err, c.value)
		}
	}
	if _, err := reader.Exec("CREATE TABLE x (y)"); err == nil || !strings.Contains(err.Error(), "readonly") {
		t.Errorf("a reader wrote: %v", err)
	}
}

func TestMigrate_MakesWhatIsMissing(t *testing.T) {
	t.Parallel()
	f, whole, first := file(t), schema(t), schema(t)
	first.Changes = first.Changes[:1]
	db := open(t, f, first, true)
	execute(t, db, "INSERT INTO notes (text) VALUES ('four')")
	if err := whole.Migrate(t.Context(), db, false, 2000); err != nil {
		t.Fatal(err)
	}
	var versions, times string
	var length int
	if err := db.QueryRow("SELECT group_concat(name), group_concat(applied_at), (SELECT length FROM notes) FROM migrations").Scan(&versions, &times, &length); err != nil {
		t.Fatal(err)
	}
	if versions != "0001_notes.sql,0002_length.sql" || times != "1000,2000" || length != 4 {
		t.Errorf("%s at %s, length %d", versions, times, length)
	}
}

func TestMigrate_AFailureLeavesTheVersionBefore(t *testing.T) {
	t.Parallel()
	f, good, bad := file(t), schema(t), schema(t)
	bad.Changes[1].Then = func(*sql.Tx) error { return errors.New("no room") }
	first := schema(t)
	first.Changes = first.Changes[:1]
	db := open(t, f, first, true)
	if err := bad.Migrate(t.Context(), db, false, 0); err == nil || err.Error() != "migration 0002_length.sql: no room" {
		t.Errorf("error %v", err)
	}
	if version, err := good.Version(t.Context(), db); err != nil || version != 1 {
		t.Errorf("version %d, %v", version, err)
	}
	if _, err := db.Exec("SELECT length FROM notes"); err == nil {
		t.Error("half a change is left")
	}
}

func TestVersion_RefusesWhatThisProgramDidNotMake(t *testing.T) {
	t.Parallel()
	for statement, want := range map[string]string{
		"PRAGMA application_id = 7":                             "these are no notes",
		"INSERT INTO migrations VALUES (3, '0003', 'x', 0)":     "the database is at version 3, this program knows 2: use the newer program that wrote it",
		"UPDATE migrations SET sha256 = 'x' WHERE version = 2":  "the database was made with another 0002_length.sql than this program has (as 0002_length.sql): use the program that wrote it",
		"DELETE FROM migrations WHERE version = 2; SELECT 1":    "",
		"UPDATE migrations SET applied_at = 0 WHERE version= 2": "",
	} {
		db := open(t, file(t), schema(t), true)
		execute(t, db, statement)
		if _, err := schema(t).Version(t.Context(), db); (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("%s: %v, want %q", statement, err, want)
		}
	}
	foreign := file(t)
	other := schema(t)
	other.ApplicationID = 1
	open(t, foreign, other, true)
	if _, err := foreign.Open(t.Context(), schema(t), true, 0); err == nil || err.Error() != "these are no notes" {
		t.Errorf("took over another program's file: %v", err)
	}
}

func TestReadChanges_SomethingFollowsOnNothing(t *testing.T) {
	t.Parallel()
	_, err := sqlitefile.ReadChanges(notes, map[string]func(*sql.Tx) error{"0003_gone.sql": measure})
	if err == nil || !strings.Contains(err.Error(), "is not there") {
		t.Errorf("error %v", err)
	}
}

func TestOpen_ManyAtOnceMakeOneDatabase(t *testing.T) {
	t.Parallel()
	f, s := file(t), schema(t)
	const callers = 8
	errs := make(chan error, callers)
	for range callers {
		go func() {
			db, err := f.Open(context.Background(), s, true, 0)
			if err == nil {
				err = db.Close()
			}
			errs <- err
		}()
	}
	for range callers {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func TestInTransaction_AllOrNothing(t *testing.T) {
	t.Parallel()
	db := open(t, file(t), schema(t), true)
	refused := errors.New("refused")
	for _, want := range []error{refused, nil} {
		err := sqlitefile.InTransaction(t.Context(), db, func(tx *sql.Tx) error {
			n, err := sqlitefile.Affected(tx.Exec("INSERT INTO notes (text) VALUES ('a'), ('b')"))
			if err != nil || n != 2 {
				t.Errorf("%d rows, %v", n, err)
			}
			return want
		})
		if !errors.Is(err, want) {
			t.Errorf("error %v, want %v", err, want)
		}
	}
	var kept int
	if err := db.QueryRow("SELECT count(*) FROM notes").Scan(&kept); err != nil || kept != 2 {
		t.Errorf("%d rows, %v", kept, err)
	}
	if done, err := sqlitefile.TruncateLog(t.Context(), db); !done || err != nil {
		t.Errorf("the log: %v %v", done, err)
	}
}

func TestFaultOf_SaysWhatAnErrorMeans(t *testing.T) {
	t.Parallel()
	f := file(t)
	db := open(t, f, schema(t), true)
	execute(t, db, "INSERT INTO notes (id, text) VALUES (1, 'a')")
	for statement, want := range map[string]sqlitefile.Fault{
		"INSERT INTO notes (id, text) VALUES (1, 'b')":           sqlitefile.PrimaryKey,
		"INSERT INTO notes (id, text) VALUES (2, 'a')":           sqlitefile.Unique,
		"INSERT INTO notes (id, text, of) VALUES (2, 'b', 9)":    sqlitefile.ForeignKey,
		"INSERT INTO notes (id, text) VALUES (2, NULL)":          sqlitefile.Mistake,
		"INSERT INTO notes (id, text, at) VALUES (2, 'b', 'no')": sqlitefile.Mistake,
		"nonsense": sqlitefile.Mistake,
	} {
		_, err := db.Exec(statement)
		if got := sqlitefile.FaultOf(fmt.Errorf("around: %w", err)); got != want {
			t.Errorf("%s: fault %d of %v, want %d", statement, got, err, want)
		}
	}
	reader := f.Readers(1)
	defer reader.Close()
	_, err := reader.Exec("DELETE FROM notes")
	for err, want := range map[error]sqlitefile.Fault{
		err: sqlitefile.Unable, sqlitefiletest.DiskError(): sqlitefile.Damage, fs.ErrNotExist: sqlitefile.NoFault, nil: sqlitefile.NoFault,
	} {
		if got := sqlitefile.FaultOf(err); got != want {
			t.Errorf("%v: fault %d, want %d", err, got, want)
		}
	}
}

func TestScanTime_IsTheColumnsValueBack(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 8, 0, 0, 123456789, time.UTC)
	var got time.Time
	for _, want := range []time.Time{at.Truncate(time.Microsecond), {}} {
		if err := sqlitefile.ScanTime(&got, sqlitefile.TimeColumn(want, time.Time.UnixMicro), time.UnixMicro); err != nil || !got.Equal(want) || got.IsZero() != want.IsZero() {
			t.Errorf("%v, %v; want %v", got, err, want)
		}
	}
	if err := sqlitefile.ScanTime(&got, "yesterday", time.UnixMicro); err == nil || err.Error() != "a time is kept as string" {
		t.Errorf("error %v", err)
	}
}
