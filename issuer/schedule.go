package issuer

import (
	"context"
	"errors"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// Scheduler is who made the changes that time brings about, in events.
const Scheduler = "scheduler"

const (
	// batch is how many people are judged in one transaction: other writes wait for
	// it.
	batch = 256
	// maxSleep is how long the scheduler does not look: the clock may have been set.
	maxSleep = time.Minute
	// minSleep keeps it from spinning, whatever the clock does.
	minSleep = 10 * time.Millisecond
	// purgeEvery is how often what is over is deleted.
	purgeEvery = 24 * time.Hour
)

// Advanced says what [Program.Advance] did.
type Advanced struct {
	Judged   int // people
	Changed  int // of them, those whom it changed anything for
	Messages int // that were queued
}

// Advance works off what is due by now: people whose standing changes or whom a
// step of the ladder is due for, and everybody if another policy has come into
// force. It is what Run does, without waiting for anything. Calling it again does
// nothing. People whose record can't be read are left out and named by the error,
// after everybody else was judged.
func (p *Program) Advance(ctx context.Context) (Advanced, error) {
	now := p.config.Now()
	var done Advanced
	digest := p.PolicyAt(now).Digest()
	var failures []error
	for _, request := range []store.RejudgeRequest{{Due: now}, {NotUnder: digest}} {
		failures = append(failures, p.rejudge(ctx, request, now, &done))
	}
	if done.Changed > 0 {
		p.config.Logger.InfoContext(ctx, "people judged anew", "judged", done.Judged, "changed", done.Changed, "messages", done.Messages)
	}
	return done, errors.Join(failures...)
}

// rejudge repeats a request until nobody is left.
func (p *Program) rejudge(ctx context.Context, request store.RejudgeRequest, now time.Time, done *Advanced) error {
	request.At, request.By, request.Limit, request.Judge = now, Scheduler, batch, p.judgeAt(now)
	for {
		result, err := p.config.Store.Rejudge(ctx, request)
		if err != nil {
			return err
		}
		done.Judged += result.Judged
		done.Changed += result.Changed
		done.Messages += result.Messages
		if result.Messages > 0 {
			p.config.Queued()
		}
		if result.Judged < request.Limit {
			return result.Failed
		}
	}
}

// NextDue returns the next instant at which Advance has something to do if no news
// comes; zero for never.
func (p *Program) NextDue(ctx context.Context) (time.Time, error) {
	next, err := p.config.Store.NextJudgement(ctx)
	if err != nil {
		return time.Time{}, err
	}
	if at := p.policies.next(p.config.Now()); !at.IsZero() && (next.IsZero() || at.Before(next)) {
		next = at
	}
	return next, nil
}

// Run works off what is due, when it is due, until ctx is done, and then returns
// nil. It looks again at least every minute, because clocks are set. After a stop
// it does what still matters of the time that was missed: nobody is reminded of
// what has passed. When the store fails it tries again; it gives up only when the
// store is closed.
func (p *Program) Run(ctx context.Context) error {
	var purged time.Time
	for ctx.Err() == nil {
		sleep, err := p.turn(ctx, &purged)
		if errors.Is(err, store.ErrClosed) {
			return err
		}
		if err != nil && ctx.Err() == nil {
			p.config.Logger.ErrorContext(ctx, "what is due could not be done; it is tried again", "error", err)
			sleep = maxSleep
		}
		select {
		case <-ctx.Done():
		case <-p.wake:
		case <-p.config.After(sleep):
		}
	}
	return nil
}

// turn does what is due and returns how long there is nothing to do.
func (p *Program) turn(ctx context.Context, purged *time.Time) (time.Duration, error) {
	if _, err := p.Advance(ctx); err != nil {
		return 0, err
	}
	now := p.config.Now()
	if now.Sub(*purged) >= purgeEvery || now.Before(*purged) {
		if _, err := p.Purge(ctx, Scheduler); err != nil {
			return 0, err
		}
		*purged = now
	}
	next, err := p.NextDue(ctx)
	if err != nil || next.IsZero() {
		return maxSleep, err
	}
	return min(max(next.Sub(p.config.Now()), minSleep), maxSleep), nil
}
