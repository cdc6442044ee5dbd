package sqlite

import (
	"time"

	"github.com/cyberbadge/cyberbadge/internal/sqlitefile"
)

type scanner = sqlitefile.Scanner

// instant carries a time from its column: milliseconds since 1970, NULL for the
// zero time.
type instant struct{ *time.Time }

func (t instant) Scan(value any) error {
	return sqlitefile.ScanTime(t.Time, value, time.UnixMilli)
}

// millis is the column's value of a time.
func millis(t time.Time) any { return sqlitefile.TimeColumn(t, time.Time.UnixMilli) }
