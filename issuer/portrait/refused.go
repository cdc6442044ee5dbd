package portrait

import "fmt"

// Reason is why a picture is not taken: a closed set.
type Reason string

// The reasons.
const (
	Empty         Reason = "empty"
	TooLarge      Reason = "too_large"
	UnknownType   Reason = "unknown_type"
	Damaged       Reason = "damaged"
	TooManyPixels Reason = "too_many_pixels"
	TooManyScans  Reason = "too_many_scans"
	TooSmall      Reason = "too_small"
	TooNarrow     Reason = "too_narrow"
)

// RefusedError is a picture that is not taken.
type RefusedError struct {
	Reason Reason
	Detail string // what is wrong, and what to do
}

// Error is the detail.
func (e *RefusedError) Error() string { return "portrait: " + e.Detail }

func refuse(reason Reason, format string, args ...any) error {
	return &RefusedError{reason, fmt.Sprintf(format, args...)}
}

func damaged(err error) error {
	return refuse(Damaged, "the picture can't be read (%v): export it again as JPEG or PNG", err)
}
