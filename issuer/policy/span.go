package policy

import (
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// MaxValidFor and MaxSeenWithin bound the policy's spans, MinSpan both of them
// from below.
const (
	MinSpan       = time.Hour
	MaxValidFor   = 3650 * day
	MaxSeenWithin = 90 * day

	day = 24 * time.Hour
)

// span reads a time span such as "365d" or "36h".
func (r *reader) span(node ast.Node, what string, limit time.Duration) time.Duration {
	return r.spanWithin(node, what, MinSpan, limit)
}

func (r *reader) spanWithin(node ast.Node, what string, least, limit time.Duration) time.Duration {
	text := r.text(node, what)
	if text == "" {
		return 0
	}
	span, ok := parseSpan(text)
	if !ok {
		r.add(lineOf(node), "%s %q is not a time span: use whole days or hours, for example 365d or 36h", what, text)
		return 0
	}
	if span < least || span > limit {
		r.add(lineOf(node), "%s %q is out of range: use %dh to %dd", what, text, least/time.Hour, limit/day)
		return 0
	}
	return span
}

// parseSpan needs no bound of its own: nine digits of days overflow nothing that
// is compared, because days are capped before they are multiplied.
func parseSpan(text string) (time.Duration, bool) {
	unit := time.Hour
	digits, hours := strings.CutSuffix(text, "h")
	if !hours {
		unit = day
		var days bool
		if digits, days = strings.CutSuffix(text, "d"); !days {
			return 0, false
		}
	}
	count, ok := parseNumber(digits)
	if !ok {
		return 0, false
	}
	const beyondAnyLimit = 100_000
	return time.Duration(min(count, beyondAnyLimit)) * unit, true
}
