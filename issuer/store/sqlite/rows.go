package sqlite

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/sqlitefile"
)

type (
	querier = sqlitefile.Querier
	scanner = sqlitefile.Scanner
)

// queryAll reads every row that a query gives.
func queryAll[T any](ctx context.Context, q querier, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, translate(err)
	}
	all, err := sqlitefile.Collect(rows, scan)
	return all, translate(err)
}

// queryOne reads the one row that a query gives, or says store.ErrNotFound.
func queryOne[T any](ctx context.Context, q querier, scan func(scanner) (T, error), query string, args ...any) (T, error) {
	record, err := scan(q.QueryRowContext(ctx, query, args...))
	if err != nil {
		var none T
		return none, translate(err)
	}
	return record, nil
}

// described puts what was asked for before an error, if there is one.
func described[T any](record T, err error, format string, args ...any) (T, error) {
	if err != nil {
		err = fmt.Errorf("store: %s: %w", fmt.Sprintf(format, args...), err)
	}
	return record, err
}

// instant carries a time to and from its column: microseconds since 1970, NULL
// for the zero time.
type instant struct{ *time.Time }

func (t instant) Scan(value any) error {
	return sqlitefile.ScanTime(t.Time, value, time.UnixMicro)
}

// micros is the column's value of a time.
func micros(t time.Time) any { return sqlitefile.TimeColumn(t, time.Time.UnixMicro) }

// kept is a time as it comes back.
func kept(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.UnixMicro(t.UnixMicro()).UTC()
}

// words is the column's value of a short list.
func words[T ~string](list []T) string {
	var text strings.Builder
	for i, word := range list {
		if i > 0 {
			text.WriteByte(' ')
		}
		text.WriteString(string(word))
	}
	return text.String()
}
