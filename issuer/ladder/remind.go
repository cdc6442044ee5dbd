package ladder

import (
	"slices"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/policy"
)

// minValidity is how many times as long as a threshold evidence has to be good for
// the threshold to count; exactly as long is not enough.
const minValidity = 2

// remind gives, of each lapse ahead, the reminder of the smallest threshold that
// has passed, unless that was given.
func (s *step) remind() {
	if s.state.Phase != Good {
		return
	}
	for _, lapse := range s.Lapses {
		if !lapse.At.After(s.Now) {
			continue
		}
		passed := time.Duration(0)
		for _, threshold := range s.pending(lapse) {
			if !lapse.At.Add(-threshold).After(s.Now) {
				passed = threshold
			}
		}
		if passed > 0 {
			s.remember(lapse.At, passed)
			s.actions = append(s.actions, Action{Remind, lapse.At.Add(-passed), lapse.At, passed, lapse.Loses, lapse.Reasons})
		}
	}
}

// pending lists the thresholds of a lapse below the last that was given, longest
// first.
func (s *step) pending(lapse policy.Lapse) []time.Duration {
	given := s.given(lapse.At)
	var pending []time.Duration
	for _, threshold := range s.Times.Remind {
		if lapse.Validity > minValidity*threshold && (given == 0 || threshold < given) {
			pending = append(pending, threshold)
		}
	}
	return pending
}

// given returns the threshold of the last reminder about a lapse; 0 for none.
func (s *step) given(lapseAt time.Time) time.Duration {
	i := s.reminder(lapseAt)
	if i < 0 {
		return 0
	}
	return s.state.Reminders[i].Threshold
}

func (s *step) remember(lapseAt time.Time, threshold time.Duration) {
	given := Reminder{lapseAt, threshold, s.Now}
	if i := s.reminder(lapseAt); i >= 0 {
		s.state.Reminders[i] = given
		return
	}
	s.state.Reminders = append(s.state.Reminders, given)
}

func (s *step) reminder(lapseAt time.Time) int {
	return slices.IndexFunc(s.state.Reminders, func(r Reminder) bool { return r.LapseAt.Equal(lapseAt) })
}
