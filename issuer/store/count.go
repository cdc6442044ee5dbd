package store

import (
	"context"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
)

// CountReader counts what the status of a program tells, each by one query that reads
// no more than it counts.
type CountReader interface {
	// CountStandings counts people by where they are on the ladder.
	CountStandings(ctx context.Context) (StandingCount, error)

	// CountWithoutManager counts the active people whose manager can't be told: none is
	// recorded, it is they themselves, or somebody who is not active or not known.
	CountWithoutManager(ctx context.Context) (int, error)

	// CountMessages counts the messages with which something is left to do. All of
	// waiting, held and dead are in the answer.
	CountMessages(ctx context.Context) (map[notify.State]int, error)

	// CountFallbacks counts the messages created not before an instant that went, or
	// would have at the last attempt, to somebody they were not for, by why.
	CountFallbacks(ctx context.Context, since time.Time) (map[notify.Instead]int, error)

	// CountCases counts the cases that are open.
	CountCases(ctx context.Context) (CaseCount, error)
}

// StandingCount counts people.
type StandingCount struct {
	People   int            // all of them
	Unjudged int            // who were never judged
	Phases   map[string]int // the others, by Record.Phase; none that are zero
}

// CaseCount counts open cases.
type CaseCount struct {
	Open       int
	Suspending int // of them, those on which somebody is suspended
}
