package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"net/url"
	"strings"

	"github.com/mattn/go-sqlite3"
)

const (
	minVersion     = "3.51.3" // older ones: two connections that checkpoint at once can corrupt the log
	busyTimeout    = "5000"   // milliseconds
	statementCache = "64"     // prepared statements kept per connection
	writerCache    = "-32768" // KiB, negated: the writer looks at everybody when the policy changes
	journalLimit   = 64 << 20 // bytes; a log that grew larger is cut back
)

// connector opens connections with our settings. It spares us a driver
// registered under a global name.
type connector struct {
	driver *sqlite3.SQLiteDriver
	dsn    string
}

func (c connector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.dsn) }
func (c connector) Driver() driver.Driver                        { return c.driver }

// openWriter returns a pool of exactly one connection.
func openWriter(path string) *sql.DB {
	db := openPool(path, url.Values{
		"mode":          {"rw"}, // never create: that is done with the right file mode before
		"_journal_mode": {"WAL"},
		"_synchronous":  {"FULL"},
		"_txlock":       {"immediate"},
		"_cache_size":   {writerCache},
		// What is erased must not stay behind in free pages.
		"_secure_delete": {"on"},
	})
	db.SetMaxOpenConns(1)
	return db
}

// openReaders returns a pool of connections that cannot write.
func openReaders(path string, connections int) *sql.DB {
	db := openPool(path, url.Values{
		"mode":        {"ro"},
		"_query_only": {"on"},
		"_txlock":     {"deferred"},
	})
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db
}

func openPool(path string, settings url.Values) *sql.DB {
	settings.Set("_foreign_keys", "on")
	settings.Set("_recursive_triggers", "on")
	settings.Set("_busy_timeout", busyTimeout)
	settings.Set("_stmt_cache_size", statementCache)
	// Escaped, since a "?" in the path would begin the settings.
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + settings.Encode()
	return sql.OpenDB(connector{&sqlite3.SQLiteDriver{ConnectHook: harden}, dsn})
}

// harden makes the settings that have no key in the DSN.
func harden(c *sqlite3.SQLiteConn) error {
	_, err := c.Exec(fmt.Sprintf(`
		PRAGMA trusted_schema = OFF;
		PRAGMA cell_size_check = ON;
		PRAGMA journal_size_limit = %d`, journalLimit), nil)
	return err
}

// checkVersion asks the library that is really linked, which may be the
// system's. minimum has the form of [minVersion].
func checkVersion(minimum string) error {
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
