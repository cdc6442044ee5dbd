package store

import (
	"context"
	"fmt"
)

// MaxCursor is how long a source's cursor may be, in bytes.
const MaxCursor = 16 << 10

// SourceReader answers how far sources were read, and what is held of them.
type SourceReader interface {
	// SourceCursor returns the cursor that was kept of a source, or "" when there is
	// none.
	SourceCursor(ctx context.Context, name string) (string, error)

	// DeviceIDs returns the source's ids of all devices that are held of it, in
	// order, whether or not their person is known.
	DeviceIDs(ctx context.Context, source string) ([]string, error)
}

// SourceWriter keeps how far sources were read.
type SourceWriter interface {
	// SetSourceCursor replaces the cursor of a source. It is no event. A cursor of
	// more than MaxCursor bytes is ErrInvalid.
	SetSourceCursor(ctx context.Context, name, cursor string) error
}

// CheckCursor returns nil for what may be kept as the cursor of a source, else
// [ErrInvalid]. It is for engines.
func CheckCursor(name, cursor string) error {
	c := checker{of: fmt.Sprintf("cursor of source %.64q", name)}
	c.required("name", name)
	c.bounded("cursor", cursor, MaxCursor)
	return c.err
}
