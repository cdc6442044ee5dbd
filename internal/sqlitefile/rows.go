package sqlitefile

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Querier is a pool or a transaction.
type Querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Scanner is a row.
type Scanner interface {
	Scan(dest ...any) error
}

// Collect reads every row and closes rows.
func Collect[T any](rows *sql.Rows, scan func(Scanner) (T, error)) ([]T, error) {
	defer rows.Close()
	var all []T
	for rows.Next() {
		record, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, record)
	}
	return all, rows.Err()
}

// Affected is how many rows a statement changed; it takes what Exec returns.
func Affected(result sql.Result, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}

// ScanTime reads a time from its column: a number since 1970 in the unit that from
// takes, such as [time.UnixMicro], or NULL for the zero time.
func ScanTime(to *time.Time, value any, from func(int64) time.Time) error {
	switch v := value.(type) {
	case nil:
		*to = time.Time{}
	case int64:
		*to = from(v).UTC()
	default:
		return fmt.Errorf("a time is kept as %T", value)
	}
	return nil
}

// TimeColumn is what [ScanTime] reads: the column's value of a time in a unit, such as
// [time.Time.UnixMicro].
func TimeColumn(t time.Time, unit func(time.Time) int64) any {
	if t.IsZero() {
		return nil
	}
	return unit(t)
}
