package notify

import (
	"errors"
	"time"
)

// How long and how often is tried again.
const (
	FirstRetry    = time.Minute    // after the first failure
	MaxRetry      = 6 * time.Hour  // between any two tries
	MaxRetryAfter = 24 * time.Hour // however long the other side asks for
	MaxAttempts   = 22             // more than three days: a mail server may be away over a weekend

	// jitter is how far chance moves a retry, as a share of it, either way: what
	// failed together does not come back together.
	jitter = 0.25
)

// retryIn returns how long to wait after the attempt with this number failed, the
// first one being 1. chance is in [0,1).
func retryIn(attempt int, err error, chance float64) time.Duration {
	wait := MaxRetry
	// Beyond this many doublings it is the maximum anyway, and would overflow.
	if doublings := max(attempt, 1) - 1; doublings < 16 {
		wait = min(FirstRetry<<doublings, MaxRetry)
	}
	wait += time.Duration(float64(wait) * jitter * (2*chance - 1))
	var asked *RetryError
	if errors.As(err, &asked) {
		// Never sooner than asked for.
		return max(wait, min(asked.After, MaxRetryAfter))
	}
	return wait
}
