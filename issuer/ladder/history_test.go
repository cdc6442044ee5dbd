package ladder_test

import (
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/cyberbadge/cyberbadge/issuer/ladder"
)

// horizon is how long a history lasts.
const horizon = 90 * day

// news is one thing that becomes known, in full hours.
type news struct {
	at   time.Time
	what string // base, remote, report, noncompliant, withdraw, leave, return, hold, unhold
	// of training how long ago it was, negative if ahead; of a hold how long it lasts
	span time.Duration
}

// drawHistory makes up what becomes known of somebody, in order. Devices report
// often and people train now and then, so that every phase is seen.
func drawHistory(t *rapid.T) []news {
	kinds := []string{
		"report", "report", "report", "report", "report", "report", "base", "remote",
		"noncompliant", "withdraw", "leave", "return", "hold", "unhold",
	}
	history := []news{{at: start, what: "return"}}
	add := func(at time.Time, what string, span time.Duration) {
		history = append(history, news{at, what, span})
	}
	if rapid.Bool().Draw(t, "ready") {
		add(start, "base", 0)
		add(start, "report", 0)
	}
	weekly := rapid.IntRange(0, 30).Draw(t, "reports")
	for i := range weekly {
		add(start.Add(time.Duration(i)*6*day+time.Hour), "report", 0)
	}
	for range rapid.IntRange(0, 25).Draw(t, "news") {
		at := start.Add(time.Duration(rapid.IntRange(0, int(horizon/time.Hour)).Draw(t, "hour")) * time.Hour)
		what := rapid.SampledFrom(kinds).Draw(t, "what")
		span := time.Duration(rapid.IntRange(-3, 48).Draw(t, "span")) * time.Hour
		if what == "report" {
			span = 0
		}
		if what == "hold" {
			span = time.Duration(rapid.IntRange(1, 20*24).Draw(t, "lasts")) * time.Hour
		}
		add(at, what, span)
	}
	slices.SortStableFunc(history, func(a, b news) int { return a.at.Compare(b.at) })
	return history
}

// hear makes a piece of news known to the scene.
func (s *scene) hear(n news) {
	switch n.what {
	case "base":
		s.pass("BASE", n.at.Add(-n.span))
	case "remote":
		s.pass("REMOTE", n.at.Add(-n.span))
	case "report":
		s.report(n.at)
	case "noncompliant":
		s.report(n.at)
		s.device.Compliance = "noncompliant"
	case "withdraw":
		if len(s.training) > 0 {
			s.training = slices.Clone(s.training[:len(s.training)-1])
		}
	case "leave":
		s.active = false
	case "return":
		s.active = true
	case "hold":
		s.holds = append(s.holds, ladder.Hold{Until: n.at.Add(n.span)})
	case "unhold":
		s.holds = nil
	}
}
