package issuer_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// yearModel works out what has to happen, by brute force: it looks at everybody in
// every hour, and at all that was ever heard of them. It knows package policy's
// standing, and nothing of the ladder, of lapses or of records.
type yearModel struct {
	rules    *policy.Policy
	people   map[string]evidence.Person
	training map[evidence.Origin]evidence.Training
	devices  map[evidence.Origin]evidence.Device
	holds    map[string][]time.Time
	states   map[string]*modelState

	expected map[string]int // what has to happen, and how often
}

// modelState is what the model remembers of a person.
type modelState struct {
	phase    string
	lockAt   time.Time
	lockedUp bool
	locked   map[evidence.Origin]bool
	reminded map[time.Time]time.Duration
	badges   []*modelBadge
}

type modelBadge struct {
	id     string
	access []policy.Access
	status store.Status
}

func newYearModel() *yearModel {
	return &yearModel{
		rules: policy.Default(), people: make(map[string]evidence.Person),
		training: make(map[evidence.Origin]evidence.Training), devices: make(map[evidence.Origin]evidence.Device),
		holds: make(map[string][]time.Time), states: make(map[string]*modelState), expected: make(map[string]int),
	}
}

// expect is the model for a year.
func expect(year []occurrence) *yearModel {
	m := newYearModel()
	for hour := range yearDays * 24 {
		now := hourOf(hour)
		for len(year) > 0 && !year[0].at.After(now) {
			m.hear(year[0], now)
			year = year[1:]
		}
		if down(now) {
			continue
		}
		m.hour(now, hour%24 == 0)
	}
	return m
}

func (m *yearModel) hear(o occurrence, now time.Time) {
	for _, p := range o.People {
		m.people[p.ID] = p
		if m.states[p.ID] == nil {
			m.states[p.ID] = &modelState{phase: "new", locked: make(map[evidence.Origin]bool), reminded: make(map[time.Time]time.Duration)}
		}
	}
	for _, r := range o.Training {
		m.training[r.Origin] = r
	}
	for _, d := range o.Devices {
		m.devices[d.Origin] = d
	}
	for _, origin := range o.WithdrawnTraining {
		delete(m.training, origin)
	}
	for _, origin := range o.WithdrawnDevices {
		delete(m.devices, origin)
	}
	for _, h := range o.holds {
		m.holds[h.person] = append(m.holds[h.person], h.until)
	}
	for _, id := range o.unhold {
		m.holds[id] = nil
	}
}

// evidenceOf picks out of all that was heard what is somebody's.
func (m *yearModel) evidence() (map[string][]evidence.Training, map[string][]evidence.Device) {
	training, devices := make(map[string][]evidence.Training), make(map[string][]evidence.Device)
	for _, r := range m.training {
		training[r.PersonExternalID] = append(training[r.PersonExternalID], r)
	}
	for _, d := range m.devices {
		devices[d.PersonID] = append(devices[d.PersonID], d)
	}
	return training, devices
}

func (m *yearModel) hour(now time.Time, morning bool) {
	training, devices := m.evidence()
	for id, s := range m.states {
		p := m.people[id]
		standing := m.rules.Standing(p, training[p.ExternalID], devices[id], now)
		held := slices.ContainsFunc(m.holds[id], now.Before)
		m.climb(now, p, s, standing.Eligible, held, devices[id])
		if s.phase == "good" && standing.Eligible {
			m.remind(now, p, s, endsOf(training[p.ExternalID], devices[id], now))
		}
		m.badges(now, p, s, standing, held)
		if morning && standing.Eligible && p.Active && !slices.ContainsFunc(s.badges, func(b *modelBadge) bool { return b.status != store.Invalid }) {
			s.badges = append(s.badges, &modelBadge{badgeID(id, now), standing.Access, store.Valid})
		}
	}
}

// badgeID is the id of the badge that somebody fetches at an instant.
func badgeID(person string, now time.Time) string { return person + " " + now.Format(time.DateOnly) }

func (m *yearModel) note(now time.Time, format string, args ...any) {
	m.expected[line(now, format, args...)]++
}

func line(now time.Time, format string, args ...any) string {
	return now.UTC().Format(time.DateTime) + " " + fmt.Sprintf(format, args...)
}

// climb moves somebody on the ladder: the message and the step are both expected.
func (m *yearModel) climb(now time.Time, p evidence.Person, s *modelState, eligible, held bool, devices []evidence.Device) {
	was := s.phase
	step := func(what string) { m.note(now, "step %s %s", p.ID, what) }
	tell := func(kind, at string) {
		m.note(now, "mail %s %s person about %s", p.ID, kind, at)
		m.note(now, "mail %s %s manager about %s instead %q", p.ID, kind, at, m.insteadOfManager(p))
	}
	clock := now.UTC().Format(time.DateTime)
	if was == "suspended" && now.Sub(s.lockAt) > time.Hour { // it was missed: the process was down
		s.lockAt = now.Add(day)
	}
	switch {
	case !p.Active:
		s.phase = "left"
		if was == "good" || was == "suspended" || was == "locked" {
			step("leave")
		}
	case eligible || held:
		s.phase = "good"
		if was == "suspended" || was == "locked" {
			step("restore")
			tell("restored", clock)
		}
		if s.lockedUp {
			step("unlock")
			s.lockedUp = false
			m.unlock(now, p, s, nil)
		}
	case was == "good":
		s.phase, s.lockAt = "suspended", now.Add(7*day)
		step("suspend")
		m.note(now, "mail %s lapse person", p.ID)
		m.note(now, "mail %s lapse manager instead %q", p.ID, m.insteadOfManager(p))
	case was == "suspended" && !now.Before(s.lockAt):
		s.phase, s.lockedUp = "locked", true
		step("lock")
		for _, d := range devices {
			if !s.locked[d.Origin] {
				s.locked[d.Origin] = true
				m.note(now, "lock %s of %s", d.Origin.ID, p.ID)
			}
		}
	case was == "left":
		s.phase = "new"
	}
	m.unlock(now, p, s, devices)
}

// unlock expects every locked device to be unlocked that is not among those that
// somebody still has.
func (m *yearModel) unlock(now time.Time, p evidence.Person, s *modelState, still []evidence.Device) {
	for origin := range s.locked {
		if !slices.ContainsFunc(still, func(d evidence.Device) bool { return d.Origin == origin }) {
			delete(s.locked, origin)
			m.note(now, "unlock %s of %s", origin.ID, p.ID)
		}
	}
}

// insteadOfManager says why the fallback address is used.
func (m *yearModel) insteadOfManager(p evidence.Person) string {
	manager, known := m.people[p.ManagerID]
	switch {
	case p.ManagerID == "" || p.ManagerID == p.ID:
		return "no-manager"
	case !known || !manager.Active:
		return "manager-left"
	}
	return ""
}

// endsOf returns when what somebody in good standing has runs out, and for how long
// such evidence is good.
func endsOf(training []evidence.Training, devices []evidence.Device, now time.Time) map[time.Time]time.Duration {
	ends := make(map[time.Time]time.Duration)
	for course, validity := range courses {
		end := now
		for again := true; again; {
			again = false
			for _, r := range training {
				until := r.At.Add(validity)
				if r.Course == course && r.Outcome != evidence.Failed && !r.At.After(end) && until.After(end) {
					end, again = until, true
				}
			}
		}
		if end.After(now) {
			ends[end] = max(ends[end], validity)
		}
	}
	for _, d := range devices {
		end := d.LastSeen.Add(7 * day)
		ends[end] = max(ends[end], 7*day)
	}
	return ends
}

// remind expects the reminder of the smallest threshold that has passed.
func (m *yearModel) remind(now time.Time, p evidence.Person, s *modelState, ends map[time.Time]time.Duration) {
	for end, validity := range ends {
		for _, threshold := range []time.Duration{day, 7 * day, 14 * day, 30 * day} {
			if validity <= 2*threshold || end.Add(-threshold).After(now) {
				continue
			}
			if last, before := s.reminded[end.UTC()]; !before || threshold < last {
				s.reminded[end.UTC()] = threshold
				at := end.UTC().Format(time.DateTime)
				m.note(now, "step %s remind %s before %s", p.ID, threshold, at)
				m.note(now, "mail %s reminder person about %s", p.ID, at)
				m.note(now, "mail %s reminder manager about %s instead %q", p.ID, at, m.insteadOfManager(p))
			}
			break
		}
	}
}

func (m *yearModel) badges(now time.Time, p evidence.Person, s *modelState, standing policy.Standing, held bool) {
	for _, b := range s.badges {
		if b.status == store.Invalid {
			continue
		}
		to := store.Suspended
		enough := !slices.ContainsFunc(b.access, func(a policy.Access) bool { return !slices.Contains(standing.Access, a) })
		switch {
		case !p.Active:
			to = store.Invalid
		case s.phase == "good" && (held || enough):
			to = store.Valid
		}
		if to != b.status {
			m.note(now, "badge %s is %s", b.id, to)
			b.status = to
		}
	}
}

// isRich fails the test unless the year had everything in it, several times.
func (m *yearModel) isRich(t *testing.T) {
	t.Helper()
	var all strings.Builder
	for what := range m.expected {
		all.WriteString(what + "\n")
	}
	text := all.String()
	for _, what := range []string{
		" remind 720h", " remind 336h", " remind 168h", " remind 24h", " suspend\n", " restore\n", " lock\n", " unlock\n", " leave\n",
		" lapse person", " restored manager", "\"no-manager\"", "\"manager-left\"", "instead \"\"",
		" lock ", " unlock ", " is suspended", " is valid", " is invalid",
	} {
		n := strings.Count(text, what)
		t.Logf("%5d × %q", n, what)
		if n < 5 {
			t.Errorf("%q happens %d times in the year", what, n)
		}
	}
}

// differences compares what happened with what was expected.
func (m *yearModel) differences(got map[string]int) []string {
	var list []string
	for what, n := range m.expected {
		if got[what] != n {
			list = append(list, fmt.Sprintf("%s: %d times, want %d", what, got[what], n))
		}
	}
	for _, what := range slices.Collect(maps.Keys(got)) {
		if m.expected[what] == 0 {
			list = append(list, fmt.Sprintf("%s: %d times, want none", what, got[what]))
		}
	}
	slices.Sort(list)
	return list
}
