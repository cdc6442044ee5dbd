package ladder_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/cyberbadge/cyberbadge/issuer/ladder"
)

// once is an action that may come once only.
type once struct {
	kind      ladder.Kind
	lapse     time.Time
	threshold time.Duration
}

// watch checks a sequence of steps as a whole.
type watch struct {
	done      map[once]bool
	suspended time.Time // the step that really did it
}

func newWatch() *watch { return &watch{done: map[once]bool{}} }

// see is told of a step and of the state before it.
func (w *watch) see(t *rapid.T, now time.Time, before ladder.State, actions []ladder.Action) {
	for _, a := range actions {
		// A suspension by news has no lapse of its own: it may come again.
		byItself := a.Kind == ladder.Remind || a.Kind == ladder.Suspend && a.LapseAt.Equal(before.LapseAt)
		key := once{a.Kind, a.LapseAt, a.Threshold}
		if byItself && w.done[key] {
			t.Fatalf("%s: %s once more", since(now), say(a))
		}
		w.done[key] = w.done[key] || byItself
		switch a.Kind {
		case ladder.Suspend:
			if before.Phase != ladder.Good {
				t.Fatalf("%s: suspended from %s", since(now), before.Phase)
			}
			w.suspended = now
		case ladder.Lock:
			if w.suspended.IsZero() || now.Before(w.suspended.Add(grace)) {
				t.Fatalf("%s: locked, suspended on %s", since(now), since(w.suspended))
			}
		case ladder.Restore, ladder.Leave:
			w.suspended = time.Time{}
		}
		if a.Kind == ladder.Restore && before.Phase != ladder.Suspended && before.Phase != ladder.Locked {
			t.Fatalf("%s: restored from %s", since(now), before.Phase)
		}
		if a.Kind == ladder.Unlock && before.LockedAt.IsZero() {
			t.Fatalf("%s: unlocked what was not locked", since(now))
		}
	}
}

// Whenever the ladder is stepped — late, in bursts, at one instant again, on a clock
// that runs up to an hour ahead and is set right — nothing happens twice, nobody is
// locked out unwarned, and nobody is reminded of what has passed.
func TestStep_AtAnyInstantsDoesNothingTwice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		history := drawHistory(t)
		s, w := &scene{rules: rules(t)}, newWatch()
		for now := start; now.Before(start.Add(horizon)); {
			for len(history) > 0 && !history[0].at.After(now) {
				s.hear(history[0])
				history = history[1:]
			}
			ahead := time.Duration(rapid.IntRange(0, 3600).Draw(t, "ahead")) * time.Second
			before := s.state
			w.see(t, now.Add(ahead), before, s.act(t, now.Add(ahead)))
			now = now.Add(drawPause(t, s.next.Sub(now)))
		}
	})
}

// drawPause is how long nobody steps: until the ladder asks for it, or less, or
// much longer.
func drawPause(t *rapid.T, asked time.Duration) time.Duration {
	switch rapid.IntRange(0, 4).Draw(t, "pause") {
	case 0:
		return time.Duration(rapid.IntRange(1, 600).Draw(t, "seconds")) * time.Second
	case 1:
		return time.Duration(rapid.IntRange(1, 14*24).Draw(t, "hours")) * time.Hour
	case 2:
		return max(asked-time.Nanosecond, time.Second)
	}
	return max(asked, time.Second)
}
