package policy_test

import (
	"slices"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/policy"
)

func TestDiff_TellsWhoGainsAndLosesWhat(t *testing.T) {
	t.Parallel()
	stays := newScene()
	loses := newScene()
	loses.person.ID, loses.person.ExternalID = "q", "2"
	loses.training = nil
	onlyRemote := newScene()
	onlyRemote.person.Role = "remote-support"
	lapsed := newScene()
	lapsed.training[0].At = noon.Add(-366 * day)
	short := newScene()
	short.training[2].At = noon.Add(-100 * day)
	people := func(scenes ...*scene) []policy.Subject {
		var list []policy.Subject
		for _, s := range scenes {
			list = append(list, policy.Subject{Person: s.person, Training: s.training, Devices: s.devices})
		}
		return list
	}(stays, loses, onlyRemote, lapsed, short)

	after, err := policy.Parse([]byte(edit(t, "valid_for: 365d", "valid_for: 400d", "valid_for: 180d", "valid_for: 90d", "[remote-support]", "[]")))
	if err != nil {
		t.Fatal(err)
	}
	got := policy.Diff(policy.Default(), after, slices.Values(people), noon)
	if got.People != 5 || got.Gain != 2 || got.Lose != 1 || got.LoseAll != 0 || len(got.Changes) != 3 {
		t.Fatalf("got %+v", got)
	}
	onsite, remote := []policy.Access{policy.Onsite}, []policy.Access{policy.Remote}
	for i, want := range []struct{ gains, loses []policy.Access }{{onsite, nil}, {slices.Concat(onsite, remote), nil}, {nil, remote}} {
		if c := got.Changes[i]; !slices.Equal(c.Gains, want.gains) || !slices.Equal(c.Loses, want.loses) {
			t.Errorf("%d: gains %v, loses %v", i, c.Gains, c.Loses)
		}
	}

	strict, err := policy.Parse([]byte(edit(t, "compliance: [compliant, inGracePeriod]", "compliance: [perfect]")))
	if err != nil {
		t.Fatal(err)
	}
	got = policy.Diff(policy.Default(), strict, slices.Values(people), noon)
	if got.LoseAll != 3 || len(got.Changes) != 4 {
		t.Fatalf("%d lose all, %d change", got.LoseAll, len(got.Changes))
	}
	c := got.Changes[2] // had nothing before, either
	if len(c.Gains)+len(c.Loses) > 0 || !slices.Equal(texts(c.New.Reasons), []string{"device-noncompliant:d1", "training-expired:CB-101"}) {
		t.Errorf("refused for other reasons: %v", c.New.Reasons)
	}
}

func TestDiff_OfAPolicyWithItselfIsNothing(t *testing.T) {
	t.Parallel()
	p := loadSample(t)
	people := func(yield func(policy.Subject) bool) {
		for _, person := range p.people {
			if !yield(policy.Subject{Person: person, Training: p.training[person.ExternalID], Devices: p.devices[person.ID]}) {
				return
			}
		}
	}
	for _, at := range []time.Time{p.expected.AsOf, p.expected.AsOf.Add(100 * day)} {
		got := policy.Diff(policy.Default(), policy.Default(), people, at)
		if got.People != len(p.people) || got.Gain+got.Lose+got.LoseAll+len(got.Changes) != 0 {
			t.Errorf("got %+v", got)
		}
	}
}
