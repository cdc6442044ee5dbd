package main

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/source/runner"
)

const (
	// askFirst is how long the scheduler waits for the sources when the issuer starts:
	// as long as an export of a large company takes. A source that is down must not
	// keep suspensions waiting for longer.
	askFirst = 2 * time.Minute
	// askedEvery is how often it is looked whether they have answered.
	askedEvery = 20 * time.Millisecond
)

// hearFirst has each source asked at once, and returns when each has answered or
// failed, or after a time. After a stop, what the sources know is newer than what the
// scheduler would act upon. It needs the runner to run.
func hearFirst(ctx context.Context, asked *runner.Runner, within time.Duration, logger *slog.Logger) {
	if asked == nil {
		return
	}
	for _, source := range asked.Reports() {
		_ = asked.Ask(source.Name) // it is known: it is in the report
	}
	waiting, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	tick := time.NewTicker(askedEvery)
	defer tick.Stop()
	for {
		silent := unheard(asked)
		if len(silent) == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-waiting.Done():
			if ctx.Err() == nil {
				logger.WarnContext(ctx, "sources have not answered; the scheduler begins without them", "sources", silent, "waited", within)
			}
			return
		}
	}
}

// unheard names the sources that have neither answered nor failed yet.
func unheard(asked *runner.Runner) []string {
	var names []string
	for _, r := range slices.DeleteFunc(asked.Reports(), func(r runner.Report) bool {
		return !r.LastSuccess.IsZero() || !r.LastFailure.IsZero()
	}) {
		names = append(names, r.Name)
	}
	return names
}
