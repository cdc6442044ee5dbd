package policy

import (
	"time"

	"github.com/goccy/go-yaml/ast"
)

// Bounds of the ladder. A reminder is at least [MinSpan] ahead.
const (
	MaxReminders = 8         // reminders of one lapse
	MaxReminder  = 365 * day // how far ahead of a lapse the first may be
	MaxGrace     = 90 * day  // how long a lock-out may wait after the suspension
)

// Ladder says when a lapse sets off what. Package ladder climbs it.
type Ladder struct {
	Remind []time.Duration // how long before a lapse its owner is reminded, longest first
	Grace  time.Duration   // from the suspension to the lock-out; may be zero
}

// defaultLadder is for a policy that does not say; so is each half of it.
func defaultLadder() Ladder {
	return Ladder{Remind: []time.Duration{30 * day, 14 * day, 7 * day, day}, Grace: 7 * day}
}

// ladder reads the times of the ladder, which a policy need not say.
func (r *reader) ladder(node ast.Node) Ladder {
	ladder := defaultLadder()
	fields := r.fields(node, "ladder", nil, []string{"remind", "grace"})
	if list, given := fields["remind"]; given {
		ladder.Remind = r.reminders(list)
	}
	if span, given := fields["grace"]; given {
		ladder.Grace = r.spanWithin(span, "grace", 0, MaxGrace)
	}
	return ladder
}

// reminders reads the list of reminders; an empty one reminds nobody.
func (r *reader) reminders(node ast.Node) []time.Duration {
	items := r.list(node, "remind")
	if len(items) > MaxReminders {
		r.add(lineOf(node), "there are more than %d reminders: people stop reading them", MaxReminders)
		return nil
	}
	var reminders []time.Duration
	for _, item := range items {
		reminder := r.span(item, "remind", MaxReminder)
		if n := len(reminders); reminder > 0 && n > 0 && reminder >= reminders[n-1] {
			r.add(lineOf(item), "remind has to get shorter from entry to entry: write the longest first, each once")
			return nil
		}
		if reminder > 0 {
			reminders = append(reminders, reminder)
		}
	}
	return reminders
}
