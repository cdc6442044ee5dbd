package problem

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
)

// Codes of the answers that [From] gives on its own.
const (
	CodeInternal         = "internal_error"
	CodeRequestTooLarge  = "request_too_large"
	CodeRequestTimeout   = "request_timeout"
	CodeUnavailable      = "unavailable"
	CodeNotFound         = "not_found"
	CodeMethodNotAllowed = "method_not_allowed"
)

// RetryAfter is the Retry-After of an answer that says that a server is busy, in
// seconds (RFC 9110, section 10.2.3).
const RetryAfter = "1"

// Error is an error that knows what its caller may be told.
type Error struct {
	Status int    // 400 to 599; anything else is a mistake of ours and becomes 500
	Code   string // snake_case
	Detail string // shown to the caller: what was wrong and what to do
	Err    error  // the cause, or nil. It is logged and never shown
}

// Error implements the error interface. The text includes the cause: it is for
// the log.
func (e *Error) Error() string {
	text := e.Code
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an [*Error] whose detail is formatted as fmt.Sprintf does.
func Errorf(status int, code, format string, args ...any) error {
	return &Error{Status: status, Code: code, Detail: fmt.Sprintf(format, args...)}
}

// From is the one mapping from an error to an answer. The first that matches
// anywhere in err's tree decides:
//
//	*Error                                      what it says
//	*http.MaxBytesError                         413 request_too_large
//	os.ErrDeadlineExceeded (reading the body)   408 request_timeout
//	context.DeadlineExceeded, context.Canceled  503 unavailable
//	anything else                               500 internal_error, without detail of the cause
func From(err error) Problem {
	var known *Error
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &known) && known.Status >= 400 && known.Status <= 599:
		return New(known.Status, known.Code, known.Detail)
	case errors.As(err, &tooLarge):
		return New(http.StatusRequestEntityTooLarge, CodeRequestTooLarge,
			fmt.Sprintf("The body may be at most %d bytes long.", tooLarge.Limit))
	// context.DeadlineExceeded is not os.ErrDeadlineExceeded: the first is our
	// own time running out, the second a caller who sends too slowly.
	case errors.Is(err, os.ErrDeadlineExceeded):
		return New(http.StatusRequestTimeout, CodeRequestTimeout,
			"The request did not arrive in time. Send it again.")
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return New(http.StatusServiceUnavailable, CodeUnavailable,
			"The answer was not ready in time. Try again in a moment.")
	}
	return New(http.StatusInternalServerError, CodeInternal,
		"Something went wrong on our side. Tell the operator the request id; the log has the cause.")
}

// WriteError answers with what [From] makes of err. Answers of 500 and above
// are logged with their cause; the others are the caller's affair.
func WriteError(w http.ResponseWriter, r *http.Request, logger *slog.Logger, err error) {
	p := From(err)
	if p.Status >= http.StatusInternalServerError {
		logger.ErrorContext(r.Context(), "request failed",
			"request_id", w.Header().Get(RequestIDHeader), "status", p.Status, "code", p.Code, "error", err)
	}
	Write(w, r, p)
}
