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

func (a *Advanced) add(r store.RejudgeResult) {
	a.Judged += r.Judged
	a.Changed += r.Changed
	a.Messages += r.Messages
}

// Advance works off what is due by now: people whose standing changes or whom a
// step of the ladder is due for, and everybody if another policy has come into
// force. It is what Run does, without waiting for anything. Calling it again does
// nothing. People whose record can't be read are left out and named by the error,
// after everybody else was judged.
//
// # After the program stood still
//
// What was due while nobody worked it off is done now, with two exceptions, because
// nobody is to be suspended or locked out by our own stop or by a broken source:
//
//   - When more people than Config.MassLimit allows would be suspended for nothing but
//     that their devices were silent for too long, none of them is. They are asked
//     about again every hour; whoever is heard of is good as before, and the others are
//     suspended when an officer confirms it ([Program.ConfirmSilence]). The office is
//     told, once a day. Silence is no compliance all the same: none of them is in good
//     standing, no badge is issued to them, and those of before have run out.
//   - A lock-out that was missed by more than an hour is put off by a day, once. The
//     grace of those who are suspended now begins now.
//
// Training that ran out meanwhile suspends: time alone says so, and the people were
// reminded before.
func (p *Program) Advance(ctx context.Context) (Advanced, error) {
	now := p.config.Now()
	var done Advanced
	rules := p.judgeOf(now)
	rules.catchingUp = false
	many, err := p.massSilence(ctx, now)
	// What can't be told is taken for one: to be suspended late is better than wrongly.
	rules.massSilence = many || err != nil
	failures := []error{err, p.KeepKeys(ctx)}
	for _, request := range []store.RejudgeRequest{{Due: now}, {NotUnder: rules.policy.Digest()}} {
		request.At, request.By, request.Limit, request.Judge = now, Scheduler, batch, rules.judge
		failures = append(failures, p.rejudge(ctx, request, &done))
	}
	if done.Changed > 0 {
		p.config.Logger.InfoContext(ctx, "people judged anew", "judged", done.Judged, "changed", done.Changed, "messages", done.Messages)
	}
	return done, errors.Join(failures...)
}

// rejudge repeats a request until nobody is left.
func (p *Program) rejudge(ctx context.Context, request store.RejudgeRequest, done *Advanced) error {
	for {
		result, err := p.config.Store.Rejudge(ctx, request)
		if err != nil {
			return err
		}
		done.add(result)
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
// it does what still matters of the time that was missed, as Advance says: nobody
// is reminded of what has passed. When the store fails it tries again; it gives up only when the
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
