package sqlite

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/mattn/go-sqlite3"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// broken reports whether an error means that disk or file cannot be trusted any
// more, so that going on could lose what was promised.
func broken(err error) bool {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case sqlite3.ErrIoErr, sqlite3.ErrCorrupt, sqlite3.ErrNotADB:
		return true
	}
	return false
}

// translate gives what the driver says the store's words. Errors that are ours
// already, or the context's, pass unchanged.
func translate(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return store.ErrNotFound
	}
	if errors.Is(err, sql.ErrConnDone) || errors.Is(err, sql.ErrTxDone) {
		return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.ExtendedCode {
	case sqlite3.ErrConstraintPrimaryKey:
		return store.ErrAlreadyExists
	case sqlite3.ErrConstraintUnique:
		return store.ErrConflict
	case sqlite3.ErrConstraintForeignKey:
		return store.ErrNotFound
	}
	switch e.Code {
	case sqlite3.ErrConstraint, sqlite3.ErrMismatch, sqlite3.ErrError:
		return err // a fault in this package: nothing for callers to match
	}
	return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
}
