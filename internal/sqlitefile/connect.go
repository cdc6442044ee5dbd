package sqlitefile

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/mattn/go-sqlite3"
)

// MinVersion is the oldest SQLite that is good enough: in older ones two connections
// that checkpoint at once can corrupt the log.
const MinVersion = "3.51.3"

// FileMode is the mode of a database's files: the owner's alone.
const FileMode fs.FileMode = 0o600

const (
	busyTimeout    = "5000" // milliseconds
	statementCache = "64"   // prepared statements kept per connection
)

// File is a database file. Its methods may be used by several goroutines.
type File struct {
	Path         string
	JournalLimit int64 // bytes; a log that grew larger is cut back
	WriterCache  int   // KiB of pages that the writer's connection keeps; 0 for what SQLite has
}

// Open makes the file if it may and it is missing, brings its schema up to date and
// returns the pool that writes. At is now, in the unit that the schema's times have.
//
// The error is an [fs.ErrNotExist] for a missing file. Others are: the library is too
// old, the file is something else or was made by another program, the disk can't do a
// write-ahead log.
func (f File) Open(ctx context.Context, s Schema, create bool, at int64) (*sql.DB, error) {
	if err := CheckVersion(MinVersion); err != nil {
		return nil, err
	}
	if err := f.prepare(create); err != nil {
		return nil, err
	}
	db := f.Writer()
	err := s.Migrate(ctx, db, create, at)
	if err == nil {
		err = checkJournal(ctx, db)
	}
	if err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// prepare makes the file if it may, and keeps others out of it. SQLite gives the files
// beside it the same mode.
func (f File) prepare(create bool) error {
	if create {
		file, err := os.OpenFile(f.Path, os.O_CREATE|os.O_RDWR, FileMode)
		if err != nil {
			return err
		}
		if err := file.Close(); err != nil {
			return err
		}
	}
	info, err := os.Stat(f.Path)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&^FileMode == 0 {
		return nil
	}
	return os.Chmod(f.Path, FileMode)
}

// Writer returns a pool of exactly one connection. The file must be there.
func (f File) Writer() *sql.DB {
	settings := url.Values{
		"mode":          {"rw"}, // never create: that is done with the right file mode before
		"_journal_mode": {"WAL"},
		"_synchronous":  {"FULL"},
		"_txlock":       {"immediate"},
		// What is erased must not stay behind in free pages.
		"_secure_delete": {"on"},
	}
	if f.WriterCache > 0 {
		settings.Set("_cache_size", strconv.Itoa(-f.WriterCache)) // negative: KiB instead of pages
	}
	db := f.pool(settings)
	db.SetMaxOpenConns(1)
	return db
}

// Readers returns a pool of that many connections, which cannot write.
func (f File) Readers(connections int) *sql.DB {
	db := f.pool(url.Values{
		"mode":        {"ro"},
		"_query_only": {"on"},
		"_txlock":     {"deferred"},
	})
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db
}

func (f File) pool(settings url.Values) *sql.DB {
	settings.Set("_foreign_keys", "on")
	settings.Set("_recursive_triggers", "on")
	settings.Set("_busy_timeout", busyTimeout)
	settings.Set("_stmt_cache_size", statementCache)
	// Escaped, since a "?" in the path would begin the settings.
	dsn := "file:" + (&url.URL{Path: f.Path}).EscapedPath() + "?" + settings.Encode()
	return sql.OpenDB(connector{&sqlite3.SQLiteDriver{ConnectHook: f.harden}, dsn})
}

// harden makes the settings that have no key in the DSN.
func (f File) harden(c *sqlite3.SQLiteConn) error {
	_, err := c.Exec(fmt.Sprintf(`
		PRAGMA trusted_schema = OFF;
		PRAGMA cell_size_check = ON;
		PRAGMA journal_size_limit = %d`, f.JournalLimit), nil)
	return err
}

// connector opens connections with our settings. It spares us a driver registered
// under a global name.
type connector struct {
	driver *sqlite3.SQLiteDriver
	dsn    string
}

func (c connector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.dsn) }
func (c connector) Driver() driver.Driver                        { return c.driver }

// CheckVersion asks the library that is really linked, which may be the system's, for
// at least a version of the form of [MinVersion].
func CheckVersion(minimum string) error {
	var major, minor, patch int
	if _, err := fmt.Sscanf(minimum, "%d.%d.%d", &major, &minor, &patch); err != nil {
		return fmt.Errorf("minimum version %q: %w", minimum, err)
	}
	version, number, _ := sqlite3.Version()
	if number < major*1_000_000+minor*1000+patch {
		return fmt.Errorf("this program is linked with SQLite %s, which can corrupt databases: build it with %s or newer", version, minimum)
	}
	return nil
}

// checkJournal notices file systems that cannot do a write-ahead log.
func checkJournal(ctx context.Context, db *sql.DB) error {
	var mode string
	if err := db.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil {
		return err
	}
	if !strings.EqualFold(mode, "wal") {
		return fmt.Errorf("the journal mode is %q, not a write-ahead log: keep the database on a local disk", mode)
	}
	return nil
}

// TruncateLog folds the write-ahead log into the file and empties it, so that what was
// erased is in neither. It reports false while somebody is reading in the log: what was
// erased then leaves it later.
func TruncateLog(ctx context.Context, writer *sql.DB) (bool, error) {
	var busy, log, done int
	err := writer.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &log, &done)
	return err == nil && busy == 0, err
}

// InTransaction makes one change, durably or not at all.
func InTransaction(ctx context.Context, db *sql.DB, do func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		// Nothing to add to err: what is not committed is not there.
		if lost := tx.Rollback(); lost != nil && !errors.Is(lost, sql.ErrTxDone) {
			return errors.Join(err, lost)
		}
		return err
	}
	return tx.Commit()
}
