package issuer_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/ladder"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// Who leaves, marries and is hired again under the same number is the same person:
// the training counts, the badges of before do not.
func TestReceive_WhoIsRenamedAndHiredAgainKeepsTheTraining(t *testing.T) {
	t.Parallel()
	p := start(t, telling)
	s, _ := p.skilled(t)
	before := p.mustIssue(t, s.Person.ID)
	p.turn(t, false, s.Person)
	p.Move(30 * day)
	_, devices, err := p.store.EvidenceOf(t.Context(), s.Person.ID)
	if err != nil {
		t.Fatal(err)
	}
	again := s.Person
	again.FamilyName, again.DisplayName, again.UserName, again.Email = "Nguyễn-Smith", "Someone Nguyễn-Smith", "renamed@vendor.example", "renamed@vendor.example"
	p.receive(t, store.Import{People: []evidence.Person{again}})
	p.report(t, devices[0], "compliant")
	want(t, "phase", p.phase(t, s), ladder.Good)
	want(t, "the badge of before", p.statusOf(t, before.ID), gone)
	badge := opened(t, p.mustIssue(t, s.Person.ID).Text)
	want(t, "name", badge.Claims.FamilyName, "Nguyễn-Smith")
	want(t, "subject", badge.Claims.Subject, opened(t, before.Text).Claims.Subject)
}

// Training is known by the employee number. Who gets another one has none, until the
// learning system tells of it under the new number; nobody else gets it.
func TestReceive_WhoGetsAnotherNumberHasNoTraining(t *testing.T) {
	t.Parallel()
	p := start(t, telling)
	s, _ := p.skilled(t)
	training, _, err := p.store.EvidenceOf(t.Context(), s.Person.ID)
	if err != nil {
		t.Fatal(err)
	}
	renumbered := s.Person
	renumbered.ExternalID = "0999999"
	p.receive(t, store.Import{People: []evidence.Person{renumbered}})
	want(t, "under the new number", p.phase(t, s), ladder.Suspended)
	for i := range training {
		training[i].PersonExternalID = "0999999"
	}
	p.receive(t, store.Import{Training: training})
	want(t, "told again", p.phase(t, s), ladder.Good)
}

// A course that the policy has no more costs nobody anything: the records stay, and
// are of no account.
func TestActivatePolicy_ARetiredCourseCostsNobodyAnything(t *testing.T) {
	t.Parallel()
	p := start(t, telling)
	good := p.eligible(t)
	text := strings.Replace(policy.DefaultYAML(), "courses: [CB-101, CB-102]", "courses: [CB-101]", 1)
	begin := strings.Index(text, "  - code: CB-102")
	end := begin + strings.Index(text[begin:], "  - code: CB-201")
	text = text[:begin] + text[end:]
	if _, err := p.ActivatePolicy(t.Context(), []byte(text), time.Time{}, "an officer"); err != nil {
		t.Fatal(err)
	}
	want(t, "phases", p.phases(t, good), map[ladder.Phase]int{ladder.Good: len(good)})
	for _, held := range opened(t, p.mustIssue(t, good[0].Person.ID).Text).Claims.Training {
		if held.Course == "CB-102" {
			t.Error("a badge tells of a course that is none any more")
		}
	}
	training, _, err := p.store.EvidenceOf(t.Context(), good[0].Person.ID)
	if err != nil {
		t.Fatal(err)
	}
	kept := 0
	for _, r := range training {
		if r.Course == "CB-102" {
			kept++
		}
	}
	if kept == 0 {
		t.Error("its records are gone")
	}
	if _, err := p.ActivatePolicy(t.Context(), []byte(policy.DefaultYAML()), time.Time{}, "an officer"); err != nil {
		t.Fatal(err)
	}
	want(t, "the course is back", p.phases(t, good), map[ladder.Phase]int{ladder.Good: len(good)})
}

// A record from the future counts from then on, by itself.
func TestReceive_TrainingFromTheFutureCountsFromThenOn(t *testing.T) {
	t.Parallel()
	p := start(t, telling)
	s, device := p.skilled(t)
	training, _, err := p.store.EvidenceOf(t.Context(), s.Person.ID)
	if err != nil {
		t.Fatal(err)
	}
	at := p.Now().Add(2 * day)
	var voided []evidence.Origin
	var ahead []evidence.Training
	for _, r := range training {
		voided = append(voided, r.Origin)
		r.Origin.ID += " ahead"
		r.At = at
		ahead = append(ahead, r)
	}
	p.receive(t, store.Import{Training: ahead, WithdrawnTraining: voided})
	want(t, "before", p.phase(t, s), ladder.Suspended)
	p.report(t, device, "compliant")
	p.advanceTo(t, at.Add(-time.Microsecond))
	want(t, "an instant before", p.phase(t, s), ladder.Suspended)
	p.advanceTo(t, at)
	want(t, "at the instant", p.phase(t, s), ladder.Good)
}

// A device whose clock is a year off is not believed, either way, and is not good for
// a year once the clock is right again.
func TestReceive_ADeviceClockAYearOffIsNotBelieved(t *testing.T) {
	t.Parallel()
	for _, years := range []int{-1, 1} {
		p := start(t, telling)
		s, device := p.skilled(t)
		device.LastSeen = p.Now().AddDate(years, 0, 0)
		p.receive(t, store.Import{Devices: []evidence.Device{device}})
		want(t, "a year off", p.phase(t, s), ladder.Suspended)
		p.report(t, device, "compliant")
		want(t, "right again", p.phase(t, s), ladder.Good)
		record, _, err := p.Record(t.Context(), s.Person.ID)
		if err != nil || record.ChangesAt.After(p.Now().Add(seenWithin)) {
			t.Errorf("good until %s, %v", record.ChangesAt, err)
		}
	}
}
