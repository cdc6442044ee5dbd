package policy_test

import (
	"slices"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
)

var (
	noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	day  = 24 * time.Hour
)

// scene is one person with all that the reference policy asks for, to be spoilt
// by a test.
type scene struct {
	person   evidence.Person
	training []evidence.Training
	devices  []evidence.Device
}

func newScene() *scene {
	return &scene{
		person: evidence.Person{ID: "p", ExternalID: "1", Active: true, Role: "technician"},
		training: []evidence.Training{
			passed("CB-101", noon.Add(-10*day)),
			passed("CB-102", noon.Add(-10*day)),
			passed("CB-201", noon.Add(-10*day)),
		},
		devices: []evidence.Device{device("d1")},
	}
}

func passed(course string, at time.Time) evidence.Training {
	return evidence.Training{
		Origin:           evidence.Origin{Source: "lrs", ID: course + at.String()},
		PersonExternalID: "1", Course: course, Outcome: evidence.Passed, At: at,
	}
}

func device(id string) evidence.Device {
	return evidence.Device{
		Origin:   evidence.Origin{Source: "graph", ID: id},
		PersonID: "p", OS: "Windows", OSVersion: "10.0.22631.1", Compliance: "compliant", Encrypted: true,
		LastSeen: noon.Add(-time.Hour),
	}
}

func (s *scene) standing() policy.Standing {
	return policy.Default().Standing(s.person, s.training, s.devices, noon)
}

func TestRulesAtTheirBounds(t *testing.T) {
	t.Parallel()
	both := []policy.Access{policy.Onsite, policy.Remote}
	tests := []struct {
		name    string
		spoil   func(*scene)
		access  []policy.Access
		reasons []string
	}{
		{"all is well", func(*scene) {}, both, nil},
		{"not employed", func(s *scene) { s.person.Active = false }, nil, []string{"not-employed"}},

		{"course expires in a nanosecond", func(s *scene) { s.training[0].At = noon.Add(-365*day + 1) }, both, nil},
		{"course expires now", func(s *scene) { s.training[0].At = noon.Add(-365 * day) }, nil, []string{"training-expired:CB-101"}},
		{"course taken now", func(s *scene) { s.training[0].At = noon }, both, nil},
		{"course taken in a nanosecond", func(s *scene) { s.training[0].At = noon.Add(1) }, nil, []string{"training-missing:CB-101"}},
		{"expired, and taken again in a nanosecond", func(s *scene) {
			s.training[0].At = noon.Add(-400 * day)
			s.training = append(s.training, passed("CB-101", noon.Add(1)))
		}, nil, []string{"training-expired:CB-101"}},
		{"completed instead of passed", func(s *scene) { s.training[0].Outcome = evidence.Completed }, both, nil},
		{"failed", func(s *scene) { s.training[0].Outcome = evidence.Failed }, nil, []string{"training-missing:CB-101"}},
		{"outcome of another kind", func(s *scene) { s.training[0].Outcome = "attended" }, nil, []string{"training-missing:CB-101"}},
		{"failed after passing", func(s *scene) {
			s.training = append(s.training, passed("CB-101", noon.Add(-day)))
			s.training[3].Outcome = evidence.Failed
		}, both, nil},
		{"taken again before the first expired", func(s *scene) {
			s.training = append(s.training, passed("CB-101", noon.Add(-400*day)))
		}, both, nil},
		{"course of another person", func(s *scene) { s.training[0].PersonExternalID = "2" }, nil, []string{"training-missing:CB-101"}},
		{"course in other letters", func(s *scene) { s.training[0].Course = "cb-101" }, nil, []string{"training-missing:CB-101"}},
		{"nobody's courses are not those of a person without externalId", func(s *scene) {
			s.person.ExternalID = ""
			for i := range s.training {
				s.training[i].PersonExternalID = ""
			}
		}, nil, []string{"training-missing:CB-101", "training-missing:CB-102"}},

		{"no device", func(s *scene) { s.devices = nil }, nil, []string{"device-missing"}},
		{"device of another person", func(s *scene) { s.devices[0].PersonID = "q" }, nil, []string{"device-missing"}},
		{"nobody's device is not that of a person without id", func(s *scene) {
			s.person.ID, s.devices[0].PersonID = "", ""
		}, nil, []string{"device-missing"}},
		{"device in grace period", func(s *scene) { s.devices[0].Compliance = "inGracePeriod" }, both, nil},
		{"device noncompliant", func(s *scene) { s.devices[0].Compliance = "noncompliant" }, nil, []string{"device-noncompliant:d1"}},
		{"compliance in other letters", func(s *scene) { s.devices[0].Compliance = "Compliant" }, nil, []string{"device-noncompliant:d1"}},
		{"compliance not reported", func(s *scene) { s.devices[0].Compliance = "" }, nil, []string{"device-noncompliant:d1"}},
		{"device unencrypted", func(s *scene) { s.devices[0].Encrypted = false }, nil, []string{"device-unencrypted:d1"}},
		{"exactly the minimum", func(s *scene) { s.devices[0].OSVersion = "10.0.22631" }, both, nil},
		{"one build below the minimum", func(s *scene) { s.devices[0].OSVersion = "10.0.22630.9999" }, nil, []string{"device-os-outdated:d1"}},
		{"numbers are compared as numbers", func(s *scene) { s.devices[0].OSVersion = "10.0.100000" }, both, nil},
		{"a short version counts as zeros", func(s *scene) { s.devices[0].OSVersion = "11" }, both, nil},
		{"a short version below the minimum", func(s *scene) { s.devices[0].OSVersion = "10.0" }, nil, []string{"device-os-outdated:d1"}},
		{"version is no version", func(s *scene) { s.devices[0].OSVersion = "11 Pro" }, nil, []string{"device-os-outdated:d1"}},
		{"version is empty", func(s *scene) { s.devices[0].OSVersion = "" }, nil, []string{"device-os-outdated:d1"}},
		{"system in other letters", func(s *scene) { s.devices[0].OS, s.devices[0].OSVersion = "MACOS", "14.6" }, both, nil},
		{"system that the policy does not name", func(s *scene) { s.devices[0].OS = "Linux" }, nil, []string{"device-os-outdated:d1"}},
		{"device turns stale in a nanosecond", func(s *scene) { s.devices[0].LastSeen = noon.Add(-7*day + 1) }, both, nil},
		{"device turns stale now", func(s *scene) { s.devices[0].LastSeen = noon.Add(-7 * day) }, nil, []string{"device-stale:d1"}},
		{"device never seen", func(s *scene) { s.devices[0].LastSeen = time.Time{} }, nil, []string{"device-stale:d1"}},
		{"device's clock is ahead", func(s *scene) { s.devices[0].LastSeen = noon.Add(policy.MaxClockSkew) }, both, nil},
		{"device's clock is too far ahead", func(s *scene) { s.devices[0].LastSeen = noon.Add(policy.MaxClockSkew + 1) }, nil, []string{"device-stale:d1"}},
		{"one of two devices is bad", func(s *scene) {
			s.devices = append(s.devices, device("d2"))
			s.devices[1].Encrypted = false
		}, nil, []string{"device-unencrypted:d2"}},

		{"no course for remote", func(s *scene) { s.training = s.training[:2] }, []policy.Access{policy.Onsite}, nil},
		{"course for remote expires in a nanosecond", func(s *scene) { s.training[2].At = noon.Add(-180*day + 1) }, both, nil},
		{"course for remote expires now", func(s *scene) { s.training[2].At = noon.Add(-180 * day) }, []policy.Access{policy.Onsite}, nil},
		{"remote support", func(s *scene) { s.person.Role = "remote-support" }, []policy.Access{policy.Remote}, nil},
		{"remote support in other letters", func(s *scene) { s.person.Role = " Remote-Support " }, []policy.Access{policy.Remote}, nil},
		{"remote support without the course", func(s *scene) {
			s.person.Role, s.training = "remote-support", s.training[:2]
		}, nil, []string{"training-missing:CB-201"}},
		{"remote support whose course expires now", func(s *scene) {
			s.person.Role, s.training[2].At = "remote-support", noon.Add(-180*day)
		}, nil, []string{"training-expired:CB-201"}},
		{"access is not asked about before the base holds", func(s *scene) {
			s.person.Role, s.training = "remote-support", s.training[:1]
		}, nil, []string{"training-missing:CB-102"}},

		{"every reason at once, in order", func(s *scene) {
			s.person.Active = false
			s.training = []evidence.Training{passed("CB-102", noon.Add(-400*day))}
			s.devices = []evidence.Device{
				{Origin: evidence.Origin{ID: "d2"}, PersonID: "p"},
				{Origin: evidence.Origin{ID: "d1"}, PersonID: "p"},
				{Origin: evidence.Origin{ID: "d1"}, PersonID: "p"},
			}
		}, nil, []string{
			"device-noncompliant:d1", "device-noncompliant:d2",
			"device-os-outdated:d1", "device-os-outdated:d2",
			"device-stale:d1", "device-stale:d2",
			"device-unencrypted:d1", "device-unencrypted:d2",
			"not-employed", "training-expired:CB-102", "training-missing:CB-101",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newScene()
			test.spoil(s)
			got := s.standing()
			if got.Eligible != (len(test.reasons) == 0) || !slices.Equal(got.Access, test.access) || !slices.Equal(texts(got.Reasons), test.reasons) {
				t.Errorf("got %v %v %v, want %v %v", got.Eligible, got.Access, got.Reasons, test.access, test.reasons)
			}
		})
	}
}

func TestRoleThatEveryAccessIsClosedToIsAReason(t *testing.T) {
	t.Parallel()
	p, rules := loadSecond(t)
	got := p.standing(rules, p.people[2], p.expected.AsOf)
	if want := []policy.Reason{{Kind: policy.RoleExcluded, Subject: "Guest"}}; !slices.Equal(got.Reasons, want) {
		t.Errorf("got %v, want %v", got.Reasons, want)
	}
}

func TestStandingCarriesWhatABadgeNeeds(t *testing.T) {
	t.Parallel()
	s := newScene()
	s.training[1].At = noon.Add(-400 * day) // not held any more
	s.training = append(s.training, passed("CB-101", noon.Add(-20*day)), passed("XY-1", noon))
	s.devices = append(s.devices, device("d2"))
	s.devices[1].LastSeen = noon.Add(-3 * day)
	got := s.standing()
	want := []policy.HeldCourse{
		{
			Course: "CB-101", Title: "Secure operation principles", Standard: "IEC 62443-2-4",
			CompletedAt: noon.Add(-10 * day), ValidUntil: noon.Add(355 * day), Origin: s.training[0].Origin,
		},
		{
			Course: "CB-201", Title: "Secure remote access to operational technology",
			CompletedAt: noon.Add(-10 * day), ValidUntil: noon.Add(170 * day), Origin: s.training[2].Origin,
		},
	}
	if !slices.Equal(got.Training, want) {
		t.Errorf("training: got %+v, want %+v", got.Training, want)
	}
	if !got.EquipmentCheckedAt.Equal(noon.Add(-3 * day)) {
		t.Errorf("equipment checked at %v", got.EquipmentCheckedAt)
	}
}

func TestZeroStandingIsNotEligible(t *testing.T) {
	t.Parallel()
	var s policy.Standing
	if s.Eligible || len(s.Access) > 0 {
		t.Errorf("got %+v", s)
	}
}
