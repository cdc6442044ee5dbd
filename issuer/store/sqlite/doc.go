// Package sqlite keeps the issuer's [store.Store] in one SQLite file.
//
// # Files
//
// The database lives in a folder of its own that nobody else may enter (mode
// 0700, the file 0600), on a local disk: SQLite's locks and shared memory do not
// work on a network file system. Beside store.db are store.db-wal and
// store.db-shm, which belong to it, and store.db.lock. Copy a database only
// while nothing has it open.
//
// One process writes. It holds a lock on store.db.lock as long as it runs, and
// a second [Open] is told so; the lock dies with the process. Any number may
// read meanwhile ([OpenReadOnly]).
//
// A missing database is created only if asked for: a mistyped path must not
// begin a second, empty history in which nobody was ever revoked.
//
// # One writer, group commit
//
// A durable commit waits for the disk, and SQLite commits one transaction at a
// time. So callers hand their changes to one goroutine, which puts whatever has
// gathered into one transaction, commits, and then answers all of them. Each
// change runs under its own savepoint: one that fails is rolled back alone and
// leaves its neighbours untouched. No caller hears of success before the commit.
//
// An error of the disk or in the file stops the writer for good: after a failed
// fsync nobody knows what the disk holds. Everything then fails with
// [store.ErrUnavailable] until the process has been restarted.
//
// # Indices
//
// The writer holds a bitmap of the free indices of the list that is being
// filled, read from the badges at the start, and draws uniformly from the free
// ones. UNIQUE(list_id, idx) is the backstop. When MaxFillPercent of a list is
// given out the next list begins: a list that is nearly full would give away
// which badges are the newest.
//
// # Lists
//
// A badge's row is its entry. Beside it stands the version of the list at which the
// entry changed last, so that whoever publishes reads what changed and not the list:
// 0.3 ms in place of 6 with one of a hundred badges of a million revoked. The writer
// calls who watches lists ([Store.WatchLists]) between its commit and its answers.
//
// # Events
//
// The writer holds the end of the chain of events in memory and takes it back with a
// change that is rolled back. Databases from before the chain are chained when they
// are opened. SQLite remembers the highest number it gave to an event, so that
// missing events at the end are noticed.
//
// # Judging
//
// Judges run in the writer's goroutine: other changes wait meanwhile. One person takes
// about a tenth of a millisecond, which is why everybody is judged in batches.
//
// # Erasing
//
// What is deleted is overwritten, and after a person was erased the write-ahead log is
// folded into the file and cut off, unless somebody is reading in it. Copies of the
// database are the operator's to erase.
//
// # Settings
//
// They are those of package sqlitefile. Tables are STRICT.
//
// # Portability
//
// SQL here keeps to what PostgreSQL speaks, too. What is SQLite's own stays in
// connect.go, failure.go (what errors mean), check.go, lock_*.go, and the files of
// migrations.
package sqlite
