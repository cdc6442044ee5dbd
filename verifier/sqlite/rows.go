package sqlite

import (
	"database/sql"
	"fmt"
	"time"
)

// scanner is a row.
type scanner interface {
	Scan(dest ...any) error
}

// collect reads every row.
func collect[T any](rows *sql.Rows, scan func(scanner) (T, error)) ([]T, error) {
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

// affected is how many rows a statement changed.
func affected(result sql.Result, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}

// instant carries a time from its column: milliseconds since 1970, NULL for the
// zero time.
type instant struct{ *time.Time }

func (t instant) Scan(value any) error {
	switch v := value.(type) {
	case nil:
		*t.Time = time.Time{}
	case int64:
		*t.Time = time.UnixMilli(v).UTC()
	default:
		return fmt.Errorf("a time is kept as %T", value)
	}
	return nil
}

// millis is the column's value of a time.
func millis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}
