package ladder_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/ladder"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
)

const day = 24 * time.Hour

var start = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

// The spans of the policy below.
const (
	baseValid   = 40 * day
	remoteValid = 20 * day
	seenWithin  = 7 * day
	grace       = 3 * day
)

var thresholds = []time.Duration{10 * day, 5 * day, 2 * day, 12 * time.Hour}

func rules(t failing) *policy.Policy {
	t.Helper()
	p, err := policy.Parse([]byte(`
version: 1
name: Quick
courses:
  - {code: BASE, title: Base, valid_for: 40d}
  - {code: REMOTE, title: Remote, valid_for: 20d}
everyone: {courses: [BASE]}
devices: {compliance: [compliant], encrypted: optional, minimum_os: {Windows: 10}, seen_within: 7d}
access: {onsite: {}, remote: {courses: [REMOTE]}}
ladder: {remind: [10d, 5d, 2d, 12h], grace: 3d}
`))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// scene is one person with all that the policy asks for, and what the ladder
// remembers.
type scene struct {
	rules    *policy.Policy
	active   bool
	training []evidence.Training
	device   evidence.Device
	holds    []ladder.Hold
	state    ladder.State
	next     time.Time
}

func newScene(t testing.TB) *scene {
	s := &scene{rules: rules(t), active: true}
	s.pass("BASE", start)
	s.report(start)
	return s
}

func (s *scene) pass(course string, at time.Time) {
	s.training = append(s.training, evidence.Training{
		Origin: evidence.Origin{Source: "lrs", ID: fmt.Sprint(len(s.training))}, PersonExternalID: "1",
		Course: course, Outcome: evidence.Passed, At: at,
	})
}

func (s *scene) report(at time.Time) {
	s.device = evidence.Device{
		Origin: evidence.Origin{Source: "graph", ID: "d"}, PersonID: "p", OS: "Windows", OSVersion: "10",
		Compliance: "compliant", LastSeen: at,
	}
}

// step steps and returns the actions as texts, with times from the start.
func (s *scene) step(t testing.TB, at time.Time) []string {
	t.Helper()
	var said []string
	for _, a := range s.act(t, at) {
		said = append(said, say(a))
	}
	return said
}

// failing is a test, of either kind.
type failing interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// act steps. The state goes through JSON, as in a store, and what holds of every
// step is checked.
func (s *scene) act(t failing, at time.Time) []ladder.Action {
	t.Helper()
	person := evidence.Person{ID: "p", ExternalID: "1", Active: s.active}
	devices := []evidence.Device{s.device}
	text, err := json.Marshal(s.state)
	if err != nil {
		t.Fatal(err)
	}
	var state ladder.State
	if err := json.Unmarshal(text, &state); err != nil {
		t.Fatal(err)
	}
	in := ladder.Input{
		Now: at, Active: s.active,
		Standing: s.rules.Standing(person, s.training, devices, at),
		Lapses:   s.rules.Lapses(person, s.training, devices, at),
		State:    state, Holds: s.holds, Times: s.rules.Ladder,
	}
	after, actions, next := ladder.Step(in)
	if !next.IsZero() && !next.After(at) {
		t.Fatalf("%s: next is %s", since(at), since(next))
	}
	for _, a := range actions {
		if a.At.After(at) {
			t.Fatalf("%s: %s was due at %s", since(at), a.Kind, since(a.At))
		}
		if a.Kind == ladder.Remind && !a.LapseAt.After(at) {
			t.Fatalf("%s: a reminder of %s", since(at), since(a.LapseAt))
		}
	}
	in.State = after
	if same, more, again := ladder.Step(in); !reflect.DeepEqual(same, after) || len(more) > 0 || !again.Equal(next) {
		t.Fatalf("%s: stepping again does %v, and gives\n%+v %s after\n%+v %s", since(at), more, same, again, after, next)
	}
	s.state, s.next = after, next
	return actions
}

// run steps whenever the ladder asks for it until an instant, and then there.
func (s *scene) run(t testing.TB, from, until time.Time) []string {
	t.Helper()
	said := s.step(t, from)
	for !s.next.IsZero() && s.next.Before(until) {
		said = append(said, s.step(t, s.next)...)
	}
	return append(said, s.step(t, until)...)
}

func say(a ladder.Action) string {
	said := fmt.Sprintf("%s at %s", a.Kind, since(a.At))
	if a.Kind == ladder.Remind {
		said += fmt.Sprintf(" %s ahead, loses %v", a.Threshold, a.Loses)
	}
	if a.LapseAt.IsZero() {
		return said
	}
	return said + fmt.Sprintf(" about %s %v", since(a.LapseAt), a.Reasons)
}

// since is an instant as days and the rest after the start.
func since(at time.Time) string {
	span := at.Sub(start)
	return fmt.Sprintf("day %d+%s", span/day, span%day)
}
