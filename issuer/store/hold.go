package store

import (
	"context"
	"fmt"
	"time"
)

// MaxHold is how long an officer's exception may last: one without an end would be
// a policy of its own.
const MaxHold = 90 * 24 * time.Hour

// HoldReader answers for whom there are exceptions.
type HoldReader interface {
	// HoldsOf returns every hold of one person, the latest first. None for an
	// unknown person.
	HoldsOf(ctx context.Context, personID string) ([]Hold, error)

	// Holds returns every hold that lasts at the given instant, those that end
	// first in front.
	Holds(ctx context.Context, at time.Time) ([]Hold, error)
}

// HoldWriter makes exceptions and ends them. The person is judged in the same
// transaction, unless the judge is nil.
type HoldWriter interface {
	// AddHold makes an exception. An id that was used before is ErrAlreadyExists, an
	// unknown person ErrNotFound.
	AddHold(ctx context.Context, h Hold, judge Judge) error

	// EndHold ends an exception before its time and returns it. Idempotent: the
	// first end stays. An unknown id is ErrNotFound.
	EndHold(ctx context.Context, e HoldEnd, judge Judge) (Hold, error)
}

// Hold is an officer's exception for one person: while it lasts, a lapse suspends
// and locks nobody out.
type Hold struct {
	ID       string // chosen by the caller, never to be used again
	PersonID string
	Reason   string // an officer's words; erased with the person
	By       string
	At       time.Time // when it was made
	Until    time.Time // from this instant on it covers nothing; at most MaxHold after At
	EndedAt  time.Time // zero unless it was ended before its time; not read by AddHold
	EndedBy  string
}

// Lasts reports whether the hold covers its person at an instant.
func (h Hold) Lasts(at time.Time) bool {
	return !at.Before(h.At) && at.Before(h.Until) && (h.EndedAt.IsZero() || at.Before(h.EndedAt))
}

// HoldEnd ends a hold before its time.
type HoldEnd struct {
	ID string
	By string
	At time.Time
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (h Hold) Validate() error {
	c := checker{of: fmt.Sprintf("hold %.64q", h.ID)}
	c.required("id", h.ID)
	c.required("person", h.PersonID)
	c.required("reason", h.Reason)
	c.required("by", h.By)
	c.requiredTime("at", h.At)
	c.requiredTime("until", h.Until)
	switch {
	case !h.Until.After(h.At):
		c.fail("it ends before it begins")
	case h.Until.Sub(h.At) > MaxHold:
		c.fail("it lasts longer than %d days: end it sooner, and make another if it is still needed", MaxHold/(24*time.Hour))
	}
	return c.err
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (e HoldEnd) Validate() error {
	c := checker{of: fmt.Sprintf("end of hold %.64q", e.ID)}
	c.required("id", e.ID)
	c.required("by", e.By)
	c.requiredTime("at", e.At)
	return c.err
}
