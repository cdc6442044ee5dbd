package ladder_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/cyberbadge/cyberbadge/issuer/ladder"
)

// model works out by brute force what is due: it looks at every hour, and knows
// nothing of package policy or of how the ladder is built.
type model struct {
	active       bool
	base, remote []time.Time // when each was passed
	order        []string    // which course came when
	reported     time.Time
	compliant    bool
	holds        []time.Time

	phase    string
	lockAt   time.Time
	lockedUp bool
	reminded map[time.Time]time.Duration
}

func (m *model) hear(n news) {
	switch n.what {
	case "base":
		m.base, m.order = append(m.base, n.at.Add(-n.span)), append(m.order, "base")
	case "remote":
		m.remote, m.order = append(m.remote, n.at.Add(-n.span)), append(m.order, "remote")
	case "report", "noncompliant":
		m.reported, m.compliant = n.at, n.what == "report"
	case "withdraw":
		if len(m.order) == 0 {
			return
		}
		if m.order[len(m.order)-1] == "base" {
			m.base = slices.Clone(m.base[:len(m.base)-1])
		} else {
			m.remote = slices.Clone(m.remote[:len(m.remote)-1])
		}
		m.order = m.order[:len(m.order)-1]
	case "leave", "return":
		m.active = n.what == "return"
	case "hold":
		m.holds = append(m.holds, n.at.Add(n.span))
	case "unhold":
		m.holds = nil
	}
}

// validUntil returns when something that was passed at these instants will not be
// valid any more; now, when it is not.
func validUntil(passed []time.Time, validity time.Duration, now time.Time) time.Time {
	end := now
	for again := true; again; {
		again = false
		for _, at := range passed {
			if !at.After(end) && at.Add(validity).After(end) {
				end, again = at.Add(validity), true
			}
		}
	}
	return end
}

// hour looks at one hour and returns what is due in it.
func (m *model) hour(now time.Time) []string {
	base := validUntil(m.base, baseValid, now)
	remote := validUntil(m.remote, remoteValid, now)
	device := now
	if !m.reported.IsZero() && m.compliant {
		device = validUntil([]time.Time{m.reported}, seenWithin, now)
	}
	eligible := base.After(now) && device.After(now)
	held := slices.ContainsFunc(m.holds, now.Before)
	var due []string
	do := func(what string) { due = append(due, fmt.Sprintf("%s %s", since(now), what)) }

	was := m.phase
	switch {
	case !m.active:
		m.phase = "left"
		if was == "good" || was == "suspended" || was == "locked" {
			do("leave")
		}
		return due
	case eligible || held:
		m.phase = "good"
		if was == "suspended" || was == "locked" {
			do("restore")
		}
		if m.lockedUp {
			do("unlock")
			m.lockedUp = false
		}
	case was == "good":
		do("suspend")
		m.phase, m.lockAt = "suspended", now.Add(grace)
	case was == "suspended" && !now.Before(m.lockAt):
		do("lock")
		m.phase, m.lockedUp = "locked", true
	case was == "left":
		m.phase = "new"
	}
	if !eligible {
		return due
	}
	ends := map[time.Time]time.Duration{base: baseValid}
	if remote.After(now) {
		ends[remote] = max(ends[remote], remoteValid)
	}
	ends[device] = max(ends[device], seenWithin)
	for end, validity := range ends {
		for _, threshold := range slices.Backward(thresholds) {
			passed := !end.Add(-threshold).After(now) && validity > 2*threshold
			last, before := m.reminded[end]
			if passed && (!before || threshold < last) {
				m.reminded[end] = threshold
				do(fmt.Sprintf("remind %s of %s, due %s", threshold, since(end), since(end.Add(-threshold))))
			}
			if passed {
				break
			}
		}
	}
	return due
}

// The ladder, woken only when it asked for it or when there is news, does what the
// model does that looks at every hour, in the very hour.
func TestStep_DrivenByItsOwnNextDoesWhatAModelOfEveryHourDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		history := drawHistory(t)
		m := &model{phase: "new", reminded: map[time.Time]time.Duration{}}
		var want []string
		ahead := history
		for now := start; now.Before(start.Add(horizon)); now = now.Add(time.Hour) {
			for len(ahead) > 0 && !ahead[0].at.After(now) {
				m.hear(ahead[0])
				ahead = ahead[1:]
			}
			due := m.hour(now)
			slices.Sort(due)
			want = append(want, due...)
		}
		if got := drive(t, history); !slices.Equal(got, want) {
			t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// drive returns what the ladder does in a history, in the model's words.
func drive(t *rapid.T, history []news) []string {
	s := &scene{rules: rules(t)}
	var did []string
	now, end := start, start.Add(horizon)
	for now.Before(end) {
		for len(history) > 0 && !history[0].at.After(now) {
			s.hear(history[0])
			history = history[1:]
		}
		actions := s.act(t, now)
		var said []string
		for _, a := range actions {
			if a.Kind == ladder.Suspend && !a.LapseAt.Equal(now) {
				t.Fatalf("%s: a suspension about %s", since(now), since(a.LapseAt))
			}
			if !a.At.Equal(now) && a.Kind != ladder.Remind {
				t.Fatalf("%s: %s was due at %s", since(now), a.Kind, since(a.At))
			}
			line := fmt.Sprintf("%s %s", since(now), a.Kind)
			if a.Kind == ladder.Remind {
				line += fmt.Sprintf(" %s of %s, due %s", a.Threshold, since(a.LapseAt), since(a.At))
			}
			said = append(said, line)
		}
		slices.Sort(said)
		did = append(did, said...)

		woken := end
		if len(history) > 0 {
			woken = history[0].at
		}
		if !s.next.IsZero() && s.next.Before(woken) {
			woken = s.next
		}
		now = woken
	}
	return did
}
