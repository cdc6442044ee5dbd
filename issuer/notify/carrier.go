package notify

import (
	"context"
	"errors"
	"time"
)

// Carrier delivers the messages of one channel. It is safe for concurrent use.
type Carrier interface {
	// Carry delivers one message and returns when the other side has taken it. It
	// may be called again for a message that was taken, and makes that harmless
	// where it can; Message.ID stays the same.
	//
	// An error means that it was not taken, or that nobody knows. It is tried again
	// later, unless the error is a [PermanentError] or a [HoldError]; a [RetryError]
	// says when. The error's text becomes the outcome's note and keeps to its rules.
	Carry(ctx context.Context, d Delivery) (Receipt, error)
}

// Delivery is a message with everything that was looked up for it.
type Delivery struct {
	Message Message
	Body    Body
	To      Party
	Instead Instead  // why To is the fallback; else empty
	About   Person   // whom it is about; only the ID for an action, zero when it is about nobody
	Names   []string // of Body.Reasons' subjects, in their order; empty where there is none
	Device  string   // Body.Device's name; its id where there is none
}

// Receipt is what a carrier says about a message that was taken.
type Receipt struct {
	Note   string // see Outcome.Note
	Follow []Message
	// Dropped says that there was nothing to do any more.
	Dropped bool
}

// PermanentError is a failure that trying again will not mend: the message is
// dead at once.
type PermanentError struct{ Err error }

// Error implements the error interface.
func (e *PermanentError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *PermanentError) Unwrap() error { return e.Err }

// Permanent marks an error as a [PermanentError].
func Permanent(err error) error { return &PermanentError{err} }

// RetryError is a failure whose other side said when to come again.
type RetryError struct {
	After time.Duration // from now
	Err   error
}

// Error implements the error interface.
func (e *RetryError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *RetryError) Unwrap() error { return e.Err }

// HoldError is a message that is not done until somebody confirms it.
type HoldError struct {
	Why    string
	Follow []Message
}

// Error implements the error interface.
func (e *HoldError) Error() string { return e.Why }

// isPermanent reports whether an error is not worth another try.
func isPermanent(err error) bool {
	var permanent *PermanentError
	return errors.As(err, &permanent)
}
