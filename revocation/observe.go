package revocation

import (
	"context"
	"log/slog"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/code"
)

// EventKind says what became of a list or of the clock. The set is closed, so
// that it is good for a metric's label: [EventKinds].
type EventKind string

// The kinds of events.
const (
	ListNewer        EventKind = "list_newer"        // a newer list was taken
	ListUnchanged    EventKind = "list_unchanged"    // it was asked for, and there is none
	ListFailed       EventKind = "list_failed"       // no list came, or none that is good
	ListRollback     EventKind = "list_rollback"     // an older one came than is held
	ListEquivocation EventKind = "list_equivocation" // one came that contradicts the one held
	CacheFailed      EventKind = "cache_failed"      // a list was not kept, or what was kept is no good
	SignalTaken      EventKind = "signal_taken"      // see [Checker.Deny]
	SignalRefused    EventKind = "signal_refused"    // there were too many
	ClockLost        EventKind = "clock_lost"        // this clock can't be right
	ClockFound       EventKind = "clock_found"       // it can be again
	ClockAhead       EventKind = "clock_ahead"       // it leapt ahead: set, or asleep
)

// EventKinds returns all kinds.
func EventKinds() []EventKind {
	return []EventKind{ListNewer, ListUnchanged, ListFailed, ListRollback, ListEquivocation, CacheFailed,
		SignalTaken, SignalRefused, ClockLost, ClockFound, ClockAhead}
}

// Event is something that an operator may want to count or to be told.
type Event struct {
	Kind     EventKind
	Issuer   string // empty for the clock
	URI      string
	IssuedAt time.Time // of a newer list
	Err      error     // why, for what went wrong; often an *code.Error
}

// level of an event in the log. A list that goes back, or two that contradict each
// other, are signed by the issuer's key: that is no failure of a network.
func (e Event) level() slog.Level {
	switch e.Kind {
	case ListRollback, ListEquivocation, ClockLost:
		return slog.LevelError
	case ListNewer, ListUnchanged, SignalTaken:
		return slog.LevelDebug
	case ClockFound:
		return slog.LevelInfo
	}
	return slog.LevelWarn
}

// report must not be called with a lock held.
func (c *Checker) report(e Event) {
	if level := e.level(); c.config.Logger.Enabled(context.Background(), level) {
		c.config.Logger.Log(context.Background(), level, "status lists", "event", string(e.Kind), "issuer", e.Issuer, "uri", e.URI, "code", code.Of(e.Err), "error", e.Err)
	}
	if c.config.Observe != nil {
		c.config.Observe(e)
	}
}

// ListChange says that statuses may be other than they were: because a newer list
// was taken, or because a signal was.
type ListChange struct {
	Issuer string
	URI    string
	Old    time.Time // issue time of the list before; zero if there was none
	New    time.Time // of the list that counts now; Old if it was a signal
	// Entries says that the lists differ in an entry. Most are only signed again.
	Entries bool
	// Signalled says that it was a signal, about the badge at Index.
	Signalled bool
	Index     uint64
}

// OnList has told called after each newer list and each signal that was taken,
// until stop is called. By then, [Checker.Status] answers by it. Calls come from
// several goroutines, those for one list one after the other; fetches wait for
// told, so it must return soon, and it must not call Close or Load.
func (c *Checker) OnList(told func(ListChange)) (stop func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listeners = append(c.listeners[:len(c.listeners):len(c.listeners)], &told)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		kept := make([]*func(ListChange), 0, len(c.listeners))
		for _, l := range c.listeners {
			if l != &told {
				kept = append(kept, l)
			}
		}
		c.listeners = kept
	}
}

func (c *Checker) tell(change ListChange) {
	c.mu.Lock()
	listeners := c.listeners
	c.mu.Unlock()
	for _, told := range listeners {
		(*told)(change)
	}
}
