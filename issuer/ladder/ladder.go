package ladder

import (
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/policy"
)

// MaxClockSetback is how far a clock may be set back without anything being done
// again: an hour, as when somebody mistakes summer time, and then some.
const MaxClockSetback = 2 * time.Hour

// Phase is where somebody stands on the ladder.
type Phase string

// The phases. The zero Phase is taken as New.
const (
	New       Phase = "new" // never in good standing so far, or back after having left
	Good      Phase = "good"
	Suspended Phase = "suspended"
	Locked    Phase = "locked"
	Left      Phase = "left"
)

// State is what has to be kept of one person between two steps, as JSON if one
// likes. The zero State is somebody new.
type State struct {
	Phase Phase     `json:"phase"`
	Since time.Time `json:"since,omitzero"` // the step that began the phase

	// LapseAt is, of somebody good, when standing is going to be lost if nothing
	// comes, zero for never; of somebody suspended or locked, when it was lost.
	LapseAt time.Time `json:"lapse_at,omitzero"`

	// LockAt is when somebody suspended is locked out.
	LockAt time.Time `json:"lock_at,omitzero"`

	// LockedAt is when a lock-out was ordered that has not been undone. It outlasts
	// the person's leaving.
	LockedAt time.Time `json:"locked_at,omitzero"`

	// Reminders are the last ones about each lapse that has not long passed.
	Reminders []Reminder `json:"reminders,omitempty"`
}

// Reminder is one that was given.
type Reminder struct {
	LapseAt   time.Time     `json:"lapse_at"`
	Threshold time.Duration `json:"threshold"` // how long before the lapse it was due, in nanoseconds
	At        time.Time     `json:"at"`        // the step that gave it
}

// Hold is an officer's exception for one person.
type Hold struct {
	ID, Reason, By string
	Until          time.Time // from this instant on it covers nothing
}

// Kind is what is to be done.
type Kind string

// The kinds of action.
const (
	Remind  Kind = "remind"  // tell about a lapse ahead
	Suspend Kind = "suspend" // suspend the badges and tell at once
	Lock    Kind = "lock"    // lock the person's equipment
	Restore Kind = "restore" // end the suspension
	Unlock  Kind = "unlock"  // undo the lock-out
	Leave   Kind = "leave"   // revoke the badges: the person is not active any more
)

// Action is something to be done once.
type Action struct {
	Kind      Kind
	At        time.Time       // when it was due, not after the step
	LapseAt   time.Time       // the lapse that it is about; zero for Leave
	Threshold time.Duration   // of a reminder: how long before the lapse it was due
	Loses     []policy.Access // of a reminder: what will be lost
	Reasons   []policy.Reason // of a reminder what will run out, of Suspend and Lock what is wrong
}

// Times says when what is due.
type Times = policy.Ladder

// Input is what is known of one person at one instant.
type Input struct {
	Now      time.Time
	Active   bool            // employed and covered by the program
	Standing policy.Standing // at Now
	Lapses   []policy.Lapse  // after Now, as Policy.Lapses lists them
	State    State           // what the step before returned
	Holds    []Hold          // those that ended may be among them
	Times    Times
}
