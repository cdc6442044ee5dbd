package issuer

import (
	"errors"
	"fmt"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
)

// StockOverlap is how long two badges of a stock that follow each other are both
// good: clocks at gates differ, and badges of one stock may be issued on both
// sides of a step of credential.TimeGranularity.
const StockOverlap = credential.TimeGranularity

// ErrBeyondStock is the answer to somebody who asks for a place that the
// policy's stock does not have.
var ErrBeyondStock = errors.New("the policy's stock has no such place")

// Stock is how many badges the policy lets a phone hold, good one after the
// other.
func (p *Program) Stock() int { return p.policy().Stock }

// Remedy is where a person puts a reason right; empty if the policy does not say.
func (p *Program) Remedy(r policy.Reason) string { return p.policy().Remedy(r) }

// window is when the badge at a place of a stock is good. All badges of a stock
// rest on the standing of now, so none outlives it, and none reaches further
// than one badge might. A badge that would add nothing to the one before it is
// [ErrEndsTooSoon].
func (p *Program) window(place int, s Standing, now time.Time) (from, until time.Time, err error) {
	if place < 0 || place >= p.Stock() {
		return from, until, fmt.Errorf("issuer: %w: %d of %d", ErrBeyondStock, place, p.Stock())
	}
	from = now.Add(time.Duration(place) * (p.config.BadgeLife - StockOverlap))
	until = earlier(from.Add(p.config.BadgeLife), now.Add(credential.MaxLifetime))
	if !s.ChangesAt.IsZero() {
		until = earlier(until, s.ChangesAt)
	}
	before := from // until when the badges before are good
	if place > 0 {
		before = from.Add(StockOverlap)
	}
	// As the badge will have them: its times are rounded down.
	if !before.Truncate(credential.TimeGranularity).Before(until.Truncate(credential.TimeGranularity)) {
		return from, until, fmt.Errorf("issuer: %w: place %d in the stock of %s, until %s", ErrEndsTooSoon,
			place, s.Person.ExternalID, until.UTC().Format(time.RFC3339))
	}
	return from, until, nil
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
