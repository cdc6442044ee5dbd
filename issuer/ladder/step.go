package ladder

import (
	"slices"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/policy"
)

// Step moves one person along the ladder. It returns the state to be kept, what is
// to be done now, in order, and the next instant after Now at which Step may do
// something with no news; zero means never. Stepping again at the same instant
// with the state returned does nothing. It is safe for concurrent use.
func Step(in Input) (State, []Action, time.Time) {
	s := &step{Input: in, state: in.State.asOf(in.Now)}
	switch {
	case !in.Active:
		s.leave()
	case s.repeats():
	case in.Standing.Eligible || s.covered():
		s.rise()
	default:
		s.fall()
	}
	s.remind()
	return s.state, s.actions, s.next()
}

// step is one call of Step.
type step struct {
	Input
	state   State
	actions []Action
}

// asOf returns the state without reminders that can't matter any more, and without
// those given by a clock that was far ahead: they have to be given again. It is
// not so with LockAt, which such a clock may have put off: to be locked out late is
// better than unwarned.
func (s State) asOf(now time.Time) State {
	// A new slice, because the caller keeps the old state.
	var reminders []Reminder
	for _, r := range s.Reminders {
		if now.Before(r.LapseAt.Add(MaxClockSetback)) && !r.At.After(now.Add(MaxClockSetback)) {
			reminders = append(reminders, r)
		}
	}
	s.Reminders = reminders
	return s
}

// reached returns the instant that is known to have come: Now or, when the clock
// was set back, the last change of phase.
func (s *step) reached() time.Time {
	if since := s.state.Since; since.After(s.Now) && !since.After(s.Now.Add(MaxClockSetback)) {
		return since
	}
	return s.Now
}

// repeats reports whether the standing is one of the past, on a clock that was set
// back: its next change has come to pass.
func (s *step) repeats() bool {
	switch s.state.Phase {
	case Good, Suspended, Locked:
		change := s.Standing.ChangesAt
		return change.After(s.Now) && !change.After(s.reached())
	}
	return false
}

// coveredUntil returns the end of the last hold.
func (s *step) coveredUntil() time.Time {
	var until time.Time
	for _, hold := range s.Holds {
		if hold.Until.After(until) {
			until = hold.Until
		}
	}
	return until
}

// covered reports whether a hold lasts. One that ended with a suspension does not
// last again because the clock was set back.
func (s *step) covered() bool {
	if s.state.Phase == Suspended || s.state.Phase == Locked {
		return s.coveredUntil().After(s.reached())
	}
	return s.coveredUntil().After(s.Now)
}

func (s *step) do(kind Kind, at time.Time, reasons []policy.Reason) {
	s.actions = append(s.actions, Action{Kind: kind, At: at, LapseAt: s.state.LapseAt, Reasons: reasons})
}

// enter begins a phase. What concerned the one before is over.
func (s *step) enter(phase Phase) {
	s.state.Phase, s.state.Since = phase, s.Now
	s.state.LapseAt, s.state.LockAt = time.Time{}, time.Time{}
}

func (s *step) leave() {
	before := s.state.Phase
	if before == Left {
		return
	}
	s.enter(Left)
	if before == Good || before == Suspended || before == Locked {
		s.do(Leave, s.Now, nil)
	}
}

// rise is for somebody good, by the evidence or by a hold.
func (s *step) rise() {
	if s.state.Phase == Suspended || s.state.Phase == Locked {
		s.do(Restore, s.Now, nil)
	}
	if !s.state.LockedAt.IsZero() {
		s.do(Unlock, s.Now, nil)
		s.state.LockedAt = time.Time{}
	}
	if s.state.Phase != Good {
		s.enter(Good)
	}
	s.state.LapseAt = s.lapseAhead()
}

// lapseAhead returns when somebody good will not be, if nothing comes: when the
// evidence runs out, or the hold that covers it then.
func (s *step) lapseAhead() time.Time {
	end := s.Now // without a good standing the evidence has run out by now
	if s.Standing.Eligible {
		i := slices.IndexFunc(s.Lapses, func(l policy.Lapse) bool { return l.Ends })
		if i < 0 {
			return time.Time{}
		}
		end = s.Lapses[i].At
	}
	if until := s.coveredUntil(); until.After(end) {
		return until
	}
	return end
}

// fall is for somebody who is not good.
func (s *step) fall() {
	switch s.state.Phase {
	case Good:
		due := s.due()
		s.enter(Suspended)
		s.state.LapseAt, s.state.LockAt = due, s.Now.Add(s.Times.Grace)
		s.do(Suspend, due, s.Standing.Reasons)
	case Suspended, Locked:
	default:
		if s.state.Phase != New {
			s.enter(New)
		}
		return
	}
	if s.state.Phase == Suspended && !s.Now.Before(s.state.LockAt) {
		s.do(Lock, s.state.LockAt, s.Standing.Reasons)
		s.state.Phase, s.state.Since, s.state.LockedAt = Locked, s.Now, s.Now
		s.state.LockAt = time.Time{}
	}
}

// due returns when somebody good should have been suspended: now, if news made it
// so; otherwise at the lapse that was ahead at the last step or, if evidence has
// come since without a step, when that ran out.
func (s *step) due() time.Time {
	due := s.state.LapseAt
	if due.IsZero() || due.After(s.Now) {
		return s.Now
	}
	var ranOut time.Time
	for _, reason := range s.Standing.Reasons {
		dated := reason.Kind == policy.TrainingExpired || reason.Kind == policy.DeviceStale
		if dated && reason.At.After(s.state.Since) && (ranOut.IsZero() || reason.At.Before(ranOut)) {
			ranOut = reason.At
		}
	}
	if ranOut.After(due) {
		return ranOut
	}
	return due
}

// next returns the earliest instant after now at which there is something to do.
func (s *step) next() time.Time {
	if !s.Active {
		return time.Time{}
	}
	var next time.Time
	consider := func(at time.Time) {
		if at.After(s.Now) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	consider(s.Standing.ChangesAt)
	consider(s.state.LockAt)
	if s.state.Phase == Good {
		consider(s.state.LapseAt)
		for _, lapse := range s.Lapses {
			for _, threshold := range s.pending(lapse) {
				consider(lapse.At.Add(-threshold))
			}
		}
	}
	return next
}
