package sqlite

import (
	"context"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// counted is a group of rows.
type counted[K ~string] struct {
	key    K
	number int
}

func scanCounted[K ~string](s scanner) (c counted[K], err error) {
	err = s.Scan(&c.key, &c.number)
	return c, err
}

// countBy reads pairs of a key and a number.
func countBy[K ~string](ctx context.Context, q querier, query string, args ...any) (map[K]int, error) {
	all, err := queryAll(ctx, q, scanCounted[K], query, args...)
	if err != nil {
		return nil, err
	}
	numbers := make(map[K]int, len(all))
	for _, c := range all {
		numbers[c.key] = c.number
	}
	return numbers, nil
}

// CountStandings implements [store.CountReader].
func (r *Reader) CountStandings(ctx context.Context) (store.StandingCount, error) {
	c := store.StandingCount{Phases: map[string]int{}}
	phases, err := queryAll(ctx, r.reads, func(s scanner) (phase counted[string], err error) {
		err = s.Scan(&phase.key, &phase.number, &c.Unjudged)
		return phase, err
	}, "SELECT phase, count(*), (SELECT count(*) FROM standings WHERE policy = '') FROM standings GROUP BY phase")
	for _, phase := range phases {
		c.People += phase.number
		if phase.key == "" {
			phase.number -= c.Unjudged
		}
		if phase.number > 0 {
			c.Phases[phase.key] = phase.number
		}
	}
	return described(c, err, "count standings")
}

// CountWithoutManager implements [store.CountReader].
func (r *Reader) CountWithoutManager(ctx context.Context) (n int, err error) {
	err = r.reads.QueryRowContext(ctx, `SELECT count(*) FROM people p WHERE p.active = 1 AND NOT EXISTS (
		SELECT 1 FROM people m WHERE m.id = p.manager_id AND m.id <> p.id AND m.active = 1)`).Scan(&n)
	return described(n, translate(err), "count people without a manager")
}

// CountMessages implements [store.CountReader].
func (r *Reader) CountMessages(ctx context.Context) (map[notify.State]int, error) {
	// In the words of the two indices, so that the many that are done are not read.
	numbers, err := countBy[notify.State](ctx, r.reads, `
		SELECT 'waiting', count(*) FROM messages WHERE state = 'waiting'
		UNION ALL SELECT 'held', count(*) FROM messages WHERE state <> 'waiting' AND state = 'held'
		UNION ALL SELECT 'dead', count(*) FROM messages WHERE state <> 'waiting' AND state = 'dead'`)
	return described(numbers, err, "count messages")
}

// CountFallbacks implements [store.CountReader].
func (r *Reader) CountFallbacks(ctx context.Context, since time.Time) (map[notify.Instead]int, error) {
	numbers, err := countBy[notify.Instead](ctx, r.reads,
		"SELECT instead, count(*) FROM messages WHERE instead <> '' AND created_at >= ? GROUP BY instead", since.UnixMicro())
	return described(numbers, err, "count messages that went elsewhere")
}

// CountCases implements [store.CountReader].
func (r *Reader) CountCases(ctx context.Context) (c store.CaseCount, err error) {
	err = r.reads.QueryRowContext(ctx, "SELECT count(*), count(suspended_at) FROM cases WHERE outcome = ''").Scan(&c.Open, &c.Suspending)
	return described(c, translate(err), "count cases")
}
