package policy_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/cyberbadge/cyberbadge/issuer/policy"
)

func expired(course string, at time.Time) policy.Reason {
	return policy.Reason{Kind: policy.TrainingExpired, Subject: course, At: at}
}

func stale(device string, at time.Time) policy.Reason {
	return policy.Reason{Kind: policy.DeviceStale, Subject: device, At: at}
}

func TestLapses(t *testing.T) {
	t.Parallel()
	onsite, remote := []policy.Access{policy.Onsite}, []policy.Access{policy.Remote}
	both := slices.Concat(onsite, remote)
	silent, base, access := noon.Add(-time.Hour+7*day), noon.Add(355*day), noon.Add(170*day)
	device1 := policy.Lapse{At: silent, Reasons: []policy.Reason{stale("d1", silent)}, Loses: both, Validity: 7 * day, Ends: true}
	course201 := policy.Lapse{At: access, Reasons: []policy.Reason{expired("CB-201", access)}, Loses: remote, Validity: 180 * day}
	courses := policy.Lapse{At: base, Reasons: []policy.Reason{expired("CB-101", base), expired("CB-102", base)}, Loses: both, Validity: 365 * day}
	tests := []struct {
		name  string
		spoil func(*scene)
		want  []policy.Lapse
	}{
		{"a device does not hide courses; several at one instant are one", func(*scene) {}, []policy.Lapse{device1, course201, courses}},
		{"nobody without access loses any", func(s *scene) { s.devices[0].Encrypted = false }, nil},
		{"nor does somebody who left", func(s *scene) { s.person.Active = false }, nil},
		{"a course that is not needed is no loss", func(s *scene) {
			s.training = slices.Delete(s.training, 2, 3)
		}, []policy.Lapse{
			{At: silent, Reasons: device1.Reasons, Loses: onsite, Validity: 7 * day, Ends: true},
			{At: base, Reasons: courses.Reasons, Loses: onsite, Validity: 365 * day},
		}},
		{"for the only access of the role it is all", func(s *scene) { s.person.Role = "remote-support" }, []policy.Lapse{
			{At: silent, Reasons: device1.Reasons, Loses: remote, Validity: 7 * day, Ends: true},
			course201,
			{At: base, Reasons: courses.Reasons, Loses: remote, Validity: 365 * day},
		}},
		{"later training that is in force counts alone", func(s *scene) {
			s.training = append(s.training, passed("CB-201", noon.Add(-20*day)))
		}, []policy.Lapse{device1, course201, courses}},
		{"later training that is not yet in force renews", func(s *scene) {
			s.training = append(s.training, passed("CB-201", noon.Add(100*day)))
		}, []policy.Lapse{device1,
			{At: noon.Add(280 * day), Reasons: []policy.Reason{expired("CB-201", noon.Add(280*day))}, Loses: remote, Validity: 180 * day},
			courses}},
		{"training from the very instant renews", func(s *scene) {
			s.training = append(s.training, passed("CB-201", access))
		}, []policy.Lapse{device1,
			{At: access.Add(180 * day), Reasons: []policy.Reason{expired("CB-201", access.Add(180*day))}, Loses: remote, Validity: 180 * day},
			courses}},
		{"training that comes a nanosecond late does not", func(s *scene) {
			s.training = append(s.training, passed("CB-201", access.Add(1)))
		}, []policy.Lapse{device1, course201, courses}},
		{"a failed attempt renews nothing", func(s *scene) {
			s.training = append(s.training, passed("CB-201", access))
			s.training[3].Outcome = "failed"
		}, []policy.Lapse{device1, course201, courses}},
		{"each device by itself", func(s *scene) {
			s.devices = append(s.devices, device("d2"), device("d3"))
			s.devices[1].LastSeen = noon.Add(-2 * time.Hour)
		}, []policy.Lapse{
			{At: silent.Add(-time.Hour), Reasons: []policy.Reason{stale("d2", silent.Add(-time.Hour))}, Loses: both, Validity: 7 * day, Ends: true},
			{At: silent, Reasons: []policy.Reason{stale("d1", silent), stale("d3", silent)}, Loses: both, Validity: 7 * day},
			course201, courses,
		}},
		{"device and course at one instant", func(s *scene) { s.training[0].At = silent.Add(-365 * day) }, []policy.Lapse{
			{At: silent, Reasons: []policy.Reason{stale("d1", silent), expired("CB-101", silent)}, Loses: both, Validity: 365 * day, Ends: true},
			course201,
			{At: base, Reasons: []policy.Reason{expired("CB-102", base)}, Loses: both, Validity: 365 * day},
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newScene()
			test.spoil(s)
			got := policy.Default().Lapses(s.person, s.training, s.devices, noon)
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
			next := policy.Default().NextLapse(s.person, s.training, s.devices, noon)
			if len(got) > 0 && !reflect.DeepEqual(next, got[0]) || len(got) == 0 && !next.At.IsZero() {
				t.Errorf("next is %+v", next)
			}
		})
	}
}

// Two courses, either of which a rule accepts: only the last to go is a loss, and
// it ends what the other could have kept.
func TestLapses_OfAlternatives(t *testing.T) {
	t.Parallel()
	p := withRules(t, rule(`training.exists(t, t.valid && t.course in ["CB-201", "CB-102"])`, "access: remote"))
	s := newScene()
	s.training[1].At = noon.Add(-300 * day)
	got := p.Lapses(s.person, s.training, s.devices, noon)
	var ends []time.Time
	for _, lapse := range got {
		ends = append(ends, lapse.At)
	}
	if want := []time.Time{noon.Add(7*day - time.Hour), noon.Add(65 * day), noon.Add(170 * day), noon.Add(355 * day)}; !slices.EqualFunc(ends, want, time.Time.Equal) {
		t.Errorf("got %v, want %v", ends, want)
	}
}

// Accesses may go one by one: the last of them ends it.
func TestLapses_TheLastAccessEndsIt(t *testing.T) {
	t.Parallel()
	p, err := policy.Parse([]byte(edit(t, "courses: [CB-101, CB-102]", "courses: []", "except_roles: [remote-support]", "courses: [CB-101]", "seen_within: 7d", "seen_within: 90d")))
	if err != nil {
		t.Fatal(err)
	}
	s := newScene()
	s.training[0].At, s.training[2].At = noon.Add(-355*day), noon.Add(-160*day)
	got := p.Lapses(s.person, s.training, s.devices, noon)
	want := []policy.Lapse{
		{At: noon.Add(10 * day), Reasons: []policy.Reason{expired("CB-101", noon.Add(10*day))}, Loses: []policy.Access{policy.Onsite}, Validity: 365 * day},
		{At: noon.Add(20 * day), Reasons: []policy.Reason{expired("CB-201", noon.Add(20*day))}, Loses: []policy.Access{policy.Remote}, Validity: 180 * day, Ends: true},
	}
	if len(got) != 3 || !reflect.DeepEqual(got[:2], want) {
		t.Errorf("got %+v", got)
	}
}

func TestNextLapseIsWhenStandingFirstLosesSomething(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		at := noon.Add(time.Duration(rapid.IntRange(-200, 200).Draw(t, "hours")) * time.Hour)
		had := s.at(at).Access
		moments := s.moments()
		slices.SortFunc(moments, time.Time.Compare)
		var first, end time.Time
		for _, moment := range moments {
			if !moment.After(at) {
				continue
			}
			has := s.at(moment).Access
			if first.IsZero() && slices.ContainsFunc(had, func(a policy.Access) bool { return !slices.Contains(has, a) }) {
				first = moment
			}
			if end.IsZero() && len(had) > 0 && len(has) == 0 {
				end = moment
			}
		}
		if got := policy.Default().NextLapse(s.person, s.training, s.devices, at).At; !got.Equal(first) {
			t.Fatalf("next lapse %v, but it is %v", got, first)
		}
		var last time.Time
		previous := at
		for _, lapse := range policy.Default().Lapses(s.person, s.training, s.devices, at) {
			if !lapse.At.After(previous) || len(lapse.Loses) == 0 || len(lapse.Reasons) == 0 {
				t.Fatalf("out of order or empty: %+v", lapse)
			}
			previous = lapse.At
			if lapse.Ends && !last.IsZero() {
				t.Fatal("it ends twice")
			}
			if lapse.Ends {
				last = lapse.At
			}
		}
		if !last.Equal(end) {
			t.Fatalf("ends at %v, but it is %v", last, end)
		}
	})
}
