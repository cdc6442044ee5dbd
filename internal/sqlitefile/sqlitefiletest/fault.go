package sqlitefiletest

import "github.com/mattn/go-sqlite3"

// DiskError returns what SQLite says when the disk fails.
func DiskError() error { return sqlite3.Error{Code: sqlite3.ErrIoErr} }
