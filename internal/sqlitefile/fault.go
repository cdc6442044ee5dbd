package sqlitefile

import (
	"errors"

	"github.com/mattn/go-sqlite3"
)

// Fault is what an error of SQLite means.
type Fault int

// The faults. The zero value is none of SQLite's.
const (
	NoFault    Fault = iota
	Damage           // disk or file cannot be trusted any more: going on could lose what was promised
	PrimaryKey       // a second row under one primary key
	Unique           // a second row under a UNIQUE index that is no primary key
	ForeignKey       // a row refers to one that is not there
	Mistake          // the statement is wrong, or breaks another rule of the schema: a fault in the program
	Unable           // SQLite cannot do it now: the disk is full, the file is locked or read-only
)

// FaultOf returns what the first error of SQLite in err's tree means.
func FaultOf(err error) Fault {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return NoFault
	}
	switch e.ExtendedCode {
	case sqlite3.ErrConstraintPrimaryKey:
		return PrimaryKey
	case sqlite3.ErrConstraintUnique:
		return Unique
	case sqlite3.ErrConstraintForeignKey:
		return ForeignKey
	}
	switch e.Code {
	case sqlite3.ErrIoErr, sqlite3.ErrCorrupt, sqlite3.ErrNotADB:
		return Damage
	case sqlite3.ErrConstraint, sqlite3.ErrMismatch, sqlite3.ErrError:
		return Mistake
	}
	return Unable
}
