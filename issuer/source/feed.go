package source

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
)

// MaxCursor is how long a cursor may be, in bytes.
const MaxCursor = 16 << 10

// Feed is a system that is asked for what is new: a record store, a device
// manager. It is safe for concurrent use.
type Feed interface {
	// Changes returns what has changed since the cursor, which an earlier call
	// returned as Next; "" begins at the start. It may bring again what was
	// brought before, and never leaves out what is new. A cursor that the source
	// has forgotten, or that is damaged, is no error: it begins at the start.
	//
	// An error means that nothing is known; what was read until then is dropped.
	// [*RetryError] is an error that says when to come back.
	Changes(ctx context.Context, cursor string) (Changes, error)
}

// Rereader is a [Feed] of devices that can be asked for single ones.
type Rereader interface {
	// Reread returns these devices as they are now; those that the source does not
	// know are among Removed. Cursor and Full of the answer mean nothing.
	Reread(ctx context.Context, ids []string) (Changes, error)
}

// Changes is what a [Feed] brought.
type Changes struct {
	Training Result[evidence.Training]
	Devices  Result[evidence.Device]

	Next string // the cursor to go on from; at most MaxCursor bytes
	More bool   // there is more at once: call again with Next
	// Full says that Devices holds all that the source has: a device of this source
	// that is not among them is gone.
	Full bool
}

// Cursors keeps how far each source was read. It is safe for concurrent use.
type Cursors interface {
	// Get returns the cursor under a name, or "" when there is none.
	Get(ctx context.Context, name string) (string, error)
	// Set replaces the cursor under a name, durably.
	Set(ctx context.Context, name, cursor string) error
}

// Directory finds whose a device is.
type Directory interface {
	// PersonID returns the evidence.Person.ID of the one person who goes by a name
	// that a device manager knows: an id of the identity provider, a user name or
	// a mail address, the latter two in any capitals. It is "" when that is nobody
	// or several.
	PersonID(ctx context.Context, name string) (string, error)
}

// RetryError is an answer that says when to come back.
type RetryError struct {
	After time.Duration // from now
	Err   error
}

// Error implements the error interface.
func (e *RetryError) Error() string {
	return fmt.Sprintf("%v; it asks to come back in %v", e.Err, e.After)
}

// Unwrap returns the cause.
func (e *RetryError) Unwrap() error { return e.Err }

// ErrRepeats is a source that sends the same page again and again.
var ErrRepeats = errors.New("the source sends the same page again: it must be mended there; nothing was taken in")

// ErrTooLong is a source that does not come to an end.
var ErrTooLong = errors.New("the source has more pages than are read at once: nothing was taken in")
