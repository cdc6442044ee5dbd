package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// maxDays is the longest duration that time.Duration can hold, in whole days.
const maxDays = int64(math.MaxInt64 / day)

// ParseDuration reads a duration as configurations and commands write it: what
// time.ParseDuration takes, and whole days before it: 90s, 15m, 24h, 7d, 1d12h.
// A day is 24 hours. There are no negative durations, and no numbers without a
// unit except 0.
func ParseDuration(text string) (time.Duration, error) {
	refused := fmt.Errorf("%.40q is not a duration; write 90s, 15m, 24h, 7d or 1d12h", text)
	days, rest, hasDays := strings.Cut(text, "d")
	if !hasDays {
		days, rest = "0", text
	}
	n, err := strconv.ParseUint(days, 10, 63)
	if err != nil || int64(n) > maxDays {
		return 0, refused
	}
	whole := time.Duration(n) * day
	if hasDays && rest == "" {
		return whole, nil
	}
	part, err := time.ParseDuration(rest)
	if err != nil || strings.HasPrefix(rest, "-") || strings.HasPrefix(rest, "+") || whole > math.MaxInt64-part {
		return 0, refused
	}
	return whole + part, nil
}
