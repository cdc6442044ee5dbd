// Package sqlitefile opens the SQLite files in which this program keeps data, and
// brings their schema up to date. It is the one room that imports the driver, which
// needs cgo. What is kept in a file is for the package that opens it.
//
// # Files
//
// A file has mode 0600 and lives on a local disk: SQLite's locks and shared memory do
// not work on a network file system. Beside it are its -wal and -shm, which belong to
// it. A missing file is made only if asked for: a mistyped path must not begin a
// second, empty database.
//
// # Connections
//
// One connection writes ([File.Writer]), any number read ([File.Readers]); they are two
// pools. Writing takes SQLite's one write lock at the start of a transaction and waits
// up to five seconds for it, so that several processes may write one after another.
// Reading never waits.
//
// # Settings
//
// Write-ahead log, synchronous=FULL, foreign keys, secure_delete (what is deleted is
// overwritten), trusted_schema=OFF, cell_size_check, and recursive triggers: without
// them REPLACE would delete rows unseen by the triggers that forbid it. SQLite must be
// [MinVersion] or newer.
//
// # Schema
//
// A database is marked by an application id, and its table "migrations" says which
// changes made it, with the SHA-256 of each. A program that knows other changes than
// these does not touch it. All that are missing are made in one transaction: of several
// processes that come at once one makes them and the others find them made, and a
// change that fails leaves the version before.
package sqlitefile
