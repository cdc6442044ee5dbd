package revocation

import (
	"sync"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/code"
)

// Bounds on this clock.
const (
	// MaxClockBehind is how far this clock may be behind what was signed, and
	// behind where it was before.
	MaxClockBehind = time.Minute
	// MaxClockAhead is how far it may get ahead of the time that elapsed before
	// that is reported.
	MaxClockAhead = time.Minute
	// FreshList is how old a list may be, by this clock, to speak for it; or its
	// ttl, if that is longer, up to MaxRefresh.
	FreshList = 2 * time.Minute
)

// clockGuard finds out that a clock can't be right. It keeps one line: an instant
// that was reached, and how much time has elapsed since, by a clock that nobody
// can set. What raises the line is what was signed, by whichever trusted issuer,
// and the clock itself.
//
// A clock behind the line was set back, or has lost its time: a list that is too
// old would look fresh, and an expired badge good. It is not trusted until it is
// back at the line, or until a list comes that is newer than everything that was
// signed before and fresh by this clock: then the line was wrong, as it is when
// the clock had been ahead, or an issuer's was.
//
// A clock that leaps ahead of the line is believed. That is what one does whose
// computer slept, because sleep does not count as time elapsed, and nobody can
// tell it from a clock that was set. It is safe: all lists are older then, and
// are refused where they are too old; badges and proofs end earlier, not later;
// and a badge that was made ahead can begin early by no more than lists may be
// old. Setting the clock back afterwards is noticed.
type clockGuard struct {
	elapsed func(now time.Time) time.Duration // nil: nothing tells, so only what was signed counts

	mu     sync.Mutex
	base   time.Time // the line, when elapsed was at
	at     time.Duration
	newest time.Time // what was signed last
	signer string    // and by whom
	lost   bool      // as it was found by the last look
}

func newClockGuard(config *CheckerConfig) *clockGuard {
	now := config.Now()
	g := &clockGuard{elapsed: elapsedBy(config, now)}
	g.reach(now.Round(0), g.since(now))
	return g
}

// reach puts the line where the clock is.
func (g *clockGuard) reach(now time.Time, elapsed time.Duration) {
	if g.elapsed == nil {
		now = g.newest
	}
	g.base, g.at = now, elapsed
}

// elapsedBy tells the time elapsed by the monotonic readings that Now gives,
// unless there is a clock for it.
func elapsedBy(config *CheckerConfig, began time.Time) func(time.Time) time.Duration {
	switch {
	case config.Elapsed != nil:
		return func(time.Time) time.Duration { return config.Elapsed() }
	case began.Round(0) == began:
		return nil // no monotonic reading
	}
	return func(now time.Time) time.Duration { return now.Sub(began) }
}

func (g *clockGuard) since(now time.Time) time.Duration {
	if g.elapsed == nil {
		return 0
	}
	return g.elapsed(now)
}

// turn is what a look at the clock has changed.
type turn struct {
	found EventKind // ClockLost, ClockFound, ClockAhead, or empty
	err   error     // clock_untrusted when it is lost
}

// look judges the clock, which says now.
func (g *clockGuard) look(now time.Time) turn {
	elapsed := g.since(now)
	now = now.Round(0)
	g.mu.Lock()
	defer g.mu.Unlock()
	ahead := now.Sub(g.line(elapsed))
	if ahead < -MaxClockBehind {
		return g.turnTo(true, g.refusal(-ahead))
	}
	if ahead > 0 {
		g.reach(now, elapsed)
	}
	if ahead > MaxClockAhead && g.elapsed != nil && !g.lost {
		return turn{found: ClockAhead}
	}
	return g.turnTo(false, nil)
}

// signed notes the issue time of a good list.
func (g *clockGuard) signed(now time.Time, list *Token, signer string) {
	elapsed := g.since(now)
	now = now.Round(0)
	g.mu.Lock()
	defer g.mu.Unlock()
	if !list.IssuedAt.After(g.newest) {
		return
	}
	g.newest, g.signer = list.IssuedAt, signer
	age := now.Sub(list.IssuedAt)
	fresh := age >= -MaxClockBehind && age <= max(FreshList, min(list.TTL, MaxRefresh))
	switch {
	case fresh && age > 0:
		g.reach(now, elapsed)
	case fresh || list.IssuedAt.After(g.line(elapsed)):
		g.base, g.at = list.IssuedAt, elapsed
	}
}

// unsigned forgets a list that proved nothing, because its key was not to be
// trusted: with that key somebody could have put the line where no clock is. If it
// was the newest, rest is the newest of the others.
func (g *clockGuard) unsigned(now, issuedAt time.Time, signer string, rest *Token, restSigner string) {
	elapsed := g.since(now)
	g.mu.Lock()
	if g.signer != signer || !g.newest.Equal(issuedAt) {
		g.mu.Unlock()
		return
	}
	g.newest, g.signer = time.Time{}, ""
	g.reach(now.Round(0), elapsed)
	g.mu.Unlock()
	if rest != nil {
		g.signed(now, rest, restSigner)
	}
}

// isLost is what the last look found.
func (g *clockGuard) isLost() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.lost
}

func (g *clockGuard) line(elapsed time.Duration) time.Time { return g.base.Add(elapsed - g.at) }

func (g *clockGuard) turnTo(lost bool, err error) turn {
	t := turn{err: err}
	switch {
	case lost && !g.lost:
		t.found = ClockLost
	case !lost && g.lost:
		t.found = ClockFound
	}
	g.lost = lost
	return t
}

func (g *clockGuard) refusal(behind time.Duration) error {
	if g.newest.IsZero() {
		return code.Refuse(code.ClockUntrusted, "this clock went back: it is %v behind where it was", behind)
	}
	return code.Refuse(code.ClockUntrusted, "this clock is %v behind: it went back, or was wrong when %s signed a list at %s",
		behind, g.signer, g.newest.Format(time.RFC3339))
}

// checkClock looks at the clock and tells what has become of it. Whoever held a
// lock of an entry would be in the way of that.
func (c *Checker) checkClock() error {
	turn := c.clock.look(c.config.Now())
	if turn.found != "" {
		c.report(Event{Kind: turn.found, Err: turn.err})
		c.lookAnew()
	}
	return turn.err
}

// lookAnew makes every list due: instants that were noted by another clock mean
// nothing, and a newer list can say which clock is right.
func (c *Checker) lookAnew() {
	now := c.now()
	for _, e := range c.entries() {
		e.mu.Lock()
		if e.failures == 0 {
			e.due = now
		}
		e.mu.Unlock()
	}
}
