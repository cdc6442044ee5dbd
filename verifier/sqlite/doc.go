// Package sqlite keeps paired gates ([gate.Store]) and the register of visits
// ([visit.Store]) in one SQLite file.
//
// # Files
//
// The file has mode 0600 and lives on a local disk. Beside gates.db are gates.db-wal
// and gates.db-shm, which belong to it; package sqlitefile says why. Copy a database
// only while nothing has it open. A missing file is created only if asked for: a
// mistyped path must not begin a second, empty list of gates.
//
// # Several processes
//
// The service has the file open, and the command line beside it. Whoever writes
// takes the database's one write lock at the start of a transaction and waits up
// to five seconds for it; whoever reads never waits. So what one process ends
// (a gate, a visit), the other one knows with its next question.
//
// # Durability
//
// What was acknowledged is on the disk. One transaction per call, and a call of the
// register has up to 100 records.
//
// # Forgetting
//
// Deleted content is overwritten, and [Store.ForgetRecords] folds
// the write-ahead log into the file and empties it. A reader that is in the middle
// of something can delay the log's part of that until the next call.
//
// # Times
//
// Times are whole milliseconds since 1970, UTC.
package sqlite
