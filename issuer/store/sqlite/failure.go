package sqlite

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/cyberbadge/cyberbadge/internal/sqlitefile"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// broken reports whether an error means that disk or file cannot be trusted any
// more, so that going on could lose what was promised.
func broken(err error) bool {
	return sqlitefile.FaultOf(err) == sqlitefile.Damage
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
	switch sqlitefile.FaultOf(err) {
	case sqlitefile.PrimaryKey:
		return store.ErrAlreadyExists
	case sqlitefile.Unique:
		return store.ErrConflict
	case sqlitefile.ForeignKey:
		return store.ErrNotFound
	case sqlitefile.Damage, sqlitefile.Unable:
		return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	return err // not SQLite's, or a fault in this package: nothing for callers to match
}
