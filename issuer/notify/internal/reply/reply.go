// Package reply says what the answer of somebody else's HTTP API means for a
// message: taken, later, or never. It repeats nothing of the answer's body, which
// may hold what we sent.
package reply

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
)

// Judge returns nil when the answer is a yes (2xx), else an error of package
// notify's kinds:
//
//   - 429 and 503 with Retry-After: when they say.
//   - 408, 425, 429 and 5xx: later. So is no answer at all.
//   - An address or redirect that is not called, and every other status: never.
//     Whoever reads the dead message mends the configuration and sends it again.
//
// what names the other side in the error. now is for a Retry-After that is a date.
func Judge(what string, response outbound.Response, err error, now time.Time) error {
	if err != nil {
		return unanswered(what, err)
	}
	if response.Status >= 200 && response.Status < 300 {
		return nil
	}
	answer := fmt.Errorf("%s answered %d", what, response.Status)
	switch {
	case response.Status == http.StatusTooManyRequests || response.Status == http.StatusServiceUnavailable:
		if after, _ := response.RetryAfter(now); after > 0 {
			return &notify.RetryError{After: after, Err: answer}
		}
		return answer
	case response.Status >= 500, response.Status == http.StatusRequestTimeout, response.Status == http.StatusTooEarly:
		return answer
	}
	return notify.Permanent(answer)
}

func unanswered(what string, err error) error {
	code := outbound.CodeOf(err)
	problem := fmt.Errorf("%s could not be called: %s", what, code)
	var known *outbound.Error
	if errors.As(err, &known) && known.Detail != "" {
		problem = fmt.Errorf("%w: %s", problem, known.Detail)
	}
	if code == outbound.CodeBlocked || code == outbound.CodeRedirectRefused {
		return notify.Permanent(problem)
	}
	return problem
}
