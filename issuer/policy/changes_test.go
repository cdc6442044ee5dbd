package policy_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
)

func TestChangesAt(t *testing.T) {
	t.Parallel()
	never := time.Time{}
	tests := []struct {
		name  string
		spoil func(*scene)
		want  time.Time
	}{
		{"the device turns stale first", func(*scene) {}, noon.Add(-time.Hour + 7*day)},
		{"a course expires first", func(s *scene) { s.training[1].At = noon.Add(-365*day + time.Minute) }, noon.Add(time.Minute)},
		{"the remote course expires first", func(s *scene) { s.training[2].At = noon.Add(-180*day + time.Minute) }, noon.Add(time.Minute)},
		{"a course that was taken again does not expire", func(s *scene) {
			s.training = append(s.training, passed("CB-101", noon.Add(-365*day+time.Minute)))
		}, noon.Add(-time.Hour + 7*day)},
		{"a course comes into force", func(s *scene) { s.training[0].At = noon.Add(time.Minute) }, noon.Add(time.Minute)},
		{"a device comes into force", func(s *scene) {
			s.devices[0].LastSeen = noon.Add(time.Hour)
		}, noon.Add(time.Hour - policy.MaxClockSkew)},
		{"a failed attempt changes nothing", func(s *scene) {
			s.training[0].At = noon.Add(time.Minute)
			s.training[0].Outcome = evidence.Failed
		}, noon.Add(-time.Hour + 7*day)},
		{"nothing is left to change", func(s *scene) {
			s.training, s.devices = nil, nil
		}, never},
		{"all has lapsed", func(s *scene) {
			for i := range s.training {
				s.training[i].At = noon.Add(-1000 * day)
			}
			s.devices[0].LastSeen = noon.Add(-1000 * day)
		}, never},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newScene()
			test.spoil(s)
			if got := s.standing().ChangesAt; !got.Equal(test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// drawScene makes up a person with evidence on a coarse grid around noon, so that
// instants coincide often.
func drawScene(t *rapid.T) *scene {
	s := newScene()
	s.person.Active = rapid.IntRange(0, 5).Draw(t, "active") > 0
	s.person.Role = rapid.SampledFrom([]string{"technician", "remote-support"}).Draw(t, "role")
	s.training, s.devices = nil, nil
	near := func(span time.Duration, label string) time.Time {
		return noon.Add(time.Duration(rapid.IntRange(-6, 6).Draw(t, label))*time.Hour - span)
	}
	for range rapid.IntRange(0, 8).Draw(t, "records") {
		course := rapid.SampledFrom([]string{"CB-101", "CB-102", "CB-201", "XY-1"}).Draw(t, "course")
		span := rapid.SampledFrom([]time.Duration{0, 10 * day, 180 * day, 365 * day}).Draw(t, "age")
		record := passed(course, near(span, "at"))
		record.Outcome = rapid.SampledFrom([]evidence.Outcome{evidence.Passed, evidence.Completed, evidence.Failed}).Draw(t, "outcome")
		record.Origin.ID = rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "id")
		s.training = append(s.training, record)
	}
	for range rapid.IntRange(0, 3).Draw(t, "devices") {
		d := device(rapid.SampledFrom([]string{"d1", "d2", "d3"}).Draw(t, "device"))
		d.LastSeen = near(rapid.SampledFrom([]time.Duration{0, day, 7 * day}).Draw(t, "silence"), "seen")
		d.Encrypted = rapid.IntRange(0, 5).Draw(t, "encrypted") > 0
		s.devices = append(s.devices, d)
	}
	return s
}

func (s *scene) at(at time.Time) policy.Standing {
	return policy.Default().Standing(s.person, s.training, s.devices, at)
}

// moments lists, without looking into the policy's own reckoning, every instant
// near which something might change, and those just before and after it.
func (s *scene) moments() []time.Time {
	var moments []time.Time
	around := func(at time.Time) { moments = append(moments, at.Add(-1), at, at.Add(1)) }
	for _, record := range s.training {
		around(record.At)
		around(record.At.Add(180 * day))
		around(record.At.Add(365 * day))
	}
	for _, d := range s.devices {
		around(d.LastSeen)
		around(d.LastSeen.Add(-policy.MaxClockSkew))
		around(d.LastSeen.Add(7 * day))
	}
	return moments
}

func TestStandingHoldsUntilChangesAtAndDiffersThen(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		at := noon.Add(time.Duration(rapid.IntRange(-200, 200).Draw(t, "hours")) * time.Hour)
		now := s.at(at)
		for _, moment := range s.moments() {
			inside := !moment.Before(at) && (now.ChangesAt.IsZero() || moment.Before(now.ChangesAt))
			if inside && !s.at(moment).Equal(now) {
				t.Fatalf("it differs at %v already, ChangesAt is %v:\n%+v\n%+v", moment, now.ChangesAt, now, s.at(moment))
			}
		}
		if now.ChangesAt.IsZero() {
			return
		}
		if !now.ChangesAt.After(at) {
			t.Fatalf("ChangesAt %v is not after %v", now.ChangesAt, at)
		}
		if s.at(now.ChangesAt).Equal(now) {
			t.Fatalf("nothing differs at ChangesAt %v: %+v", now.ChangesAt, now)
		}
		if !s.at(now.ChangesAt.Add(-1)).Equal(now) {
			t.Fatalf("it differs before ChangesAt %v", now.ChangesAt)
		}
	})
}

func TestEligibleMeansAccessAndNoReasons(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		got := drawScene(t).standing()
		if got.Eligible != (len(got.Access) > 0) || got.Eligible != (len(got.Reasons) == 0) {
			t.Fatalf("got %+v", got)
		}
		if reasons := texts(got.Reasons); !slices.IsSorted(reasons) || len(slices.Compact(reasons)) != len(got.Reasons) {
			t.Fatalf("reasons out of order or repeated: %v", reasons)
		}
		if !slices.IsSorted(got.Access) {
			t.Fatalf("access out of order: %v", got.Access)
		}
	})
}

func TestOrderOfEvidenceMakesNoDifference(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		before := s.standing()
		shuffle := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		shuffle.Shuffle(len(s.training), func(i, j int) { s.training[i], s.training[j] = s.training[j], s.training[i] })
		shuffle.Shuffle(len(s.devices), func(i, j int) { s.devices[i], s.devices[j] = s.devices[j], s.devices[i] })
		if after := s.standing(); !after.Equal(before) || !after.ChangesAt.Equal(before.ChangesAt) {
			t.Fatalf("before %+v\nafter %+v", before, after)
		}
	})
}
