package signal

import "fmt"

// Why is the kind of a refusal. The set is closed.
type Why string

// The kinds, with the status of SSF.
const (
	Invalid   Why = "invalid"   // 400
	Forbidden Why = "forbidden" // 403
	NotThere  Why = "not_there" // 404
	Taken     Why = "taken"     // 409
	TooSoon   Why = "too_soon"  // 429
)

// RefusedError is a call that is refused.
type RefusedError struct {
	Why    Why
	Detail string // for the caller: what to do
}

// Error implements the error interface.
func (e *RefusedError) Error() string { return "signal: " + e.Detail }

func refuse(why Why, format string, args ...any) error {
	return &RefusedError{why, fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) error { return refuse(Invalid, format, args...) }

// noStream is one answer to streams that there are not and to those of others.
func noStream() error {
	return refuse(NotThere, "You have no stream with this stream_id. GET the configuration endpoint lists yours.")
}
