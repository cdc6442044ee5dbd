package issuer_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/ladder"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// telling has the person and the manager told by mail, and devices locked.
func telling(c *issuer.Config) {
	c.Tell = []issuer.Recipient{{Channel: notify.Mail, To: notify.ToPerson}, {Channel: notify.Mail, To: notify.ToManager}}
	c.LockOut = true
}

// skilled is somebody in good standing for every access, with one device.
func (p program) skilled(t testing.TB) (issuer.Standing, evidence.Device) {
	t.Helper()
	for _, s := range p.eligible(t) {
		_, devices, err := p.store.EvidenceOf(t.Context(), s.Person.ID)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Access) == 2 && len(devices) == 1 {
			return s, devices[0]
		}
	}
	t.Fatal("nobody has every access")
	return issuer.Standing{}, evidence.Device{}
}

func (p program) receive(t testing.TB, im store.Import) {
	t.Helper()
	im.By = "a source"
	if _, err := p.Receive(t.Context(), im); err != nil {
		t.Fatal(err)
	}
}

// report takes in a report of a device, now.
func (p program) report(t testing.TB, d evidence.Device, compliance evidence.Compliance) {
	t.Helper()
	d.Compliance, d.LastSeen = compliance, p.Now()
	p.receive(t, store.Import{Devices: []evidence.Device{d}})
}

func (p program) advance(t testing.TB) issuer.Advanced {
	t.Helper()
	done, err := p.Advance(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// statusOf is a badge's status and why.
func (p program) statusOf(t testing.TB, id string) string {
	t.Helper()
	b, err := p.Badge(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(b.Status, b.Causes)
}

// told lists what was queued about somebody since the last call.
func (p program) told(t testing.TB, person string, after *int64) []string {
	t.Helper()
	page, err := p.Messages(t.Context(), store.MessageQuery{Person: person, After: *after, Limit: store.MaxPage})
	if err != nil {
		t.Fatal(err)
	}
	list := []string{}
	for _, m := range page {
		*after = m.Number
		list = append(list, fmt.Sprintf("%s %s", m.Kind, m.To))
	}
	return list
}

func want(t testing.TB, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestReceive_ALaptopThatDoesNotComplySuspendsAndTellsAtOnce(t *testing.T) {
	t.Parallel()
	p := start(t, telling)
	s, device := p.skilled(t)
	id, after := p.mustIssue(t, s.Person.ID).ID, int64(0)
	p.told(t, s.Person.ID, &after)

	p.report(t, device, "noncompliant")
	want(t, "badge", p.statusOf(t, id), "suspended[standing]")
	want(t, "told", p.told(t, s.Person.ID, &after), "[lapse person lapse manager]")
	if _, err := p.SetStatus(t.Context(), id, store.Valid, "please", "an officer"); !errors.As(err, new(*issuer.NotEligibleError)) {
		t.Errorf("reinstated: %v", err)
	}
	record, progress, err := p.Record(t.Context(), s.Person.ID)
	if err != nil || record.Eligible || progress.Phase != ladder.Suspended || !progress.LockAt.Equal(p.Now().Add(7*day)) {
		t.Errorf("%+v %+v %v", record, progress, err)
	}
	p.report(t, device, "noncompliant")
	want(t, "told again", p.told(t, s.Person.ID, &after), "[]")

	p.report(t, device, "compliant")
	want(t, "badge after it", p.statusOf(t, id), "valid[]")
	want(t, "told after it", p.told(t, s.Person.ID, &after), "[restored person restored manager]")
	want(t, "done later", p.advance(t), issuer.Advanced{})
}

func TestReceive_TheOfficeAndTheStandingDoNotOverwriteEachOther(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	s, device := p.skilled(t)
	id := p.mustIssue(t, s.Person.ID).ID
	set := func(to store.Status) {
		t.Helper()
		if _, err := p.SetStatus(t.Context(), id, to, "a reason", "an officer"); err != nil {
			t.Fatal(err)
		}
	}
	set(store.Suspended)
	p.report(t, device, "noncompliant")
	want(t, "both", p.statusOf(t, id), "suspended[office standing]")
	p.report(t, device, "compliant")
	want(t, "the office", p.statusOf(t, id), "suspended[office]")
	set(store.Valid)
	want(t, "none", p.statusOf(t, id), "valid[]")
}

func TestReceive_ABadgeThatGrantsMoreThanTheStandingIsSuspendedUntilItIsBack(t *testing.T) {
	t.Parallel()
	p := start(t, telling)
	s, _ := p.skilled(t)
	id, after := p.mustIssue(t, s.Person.ID).ID, int64(0)
	p.told(t, s.Person.ID, &after)
	training, _, err := p.store.EvidenceOf(t.Context(), s.Person.ID)
	if err != nil {
		t.Fatal(err)
	}
	remote := slices.DeleteFunc(training, func(r evidence.Training) bool { return r.Course != "CB-201" })
	var origins []evidence.Origin
	for _, r := range remote {
		origins = append(origins, r.Origin)
	}
	p.receive(t, store.Import{WithdrawnTraining: origins})
	want(t, "without remote", p.statusOf(t, id), "suspended[standing]")
	record, _, err := p.Record(t.Context(), s.Person.ID)
	if err != nil || !record.Eligible || fmt.Sprint(record.Access) != "[onsite]" {
		t.Errorf("%+v %v", record, err)
	}
	want(t, "a badge for what is left", p.statusOf(t, p.mustIssue(t, s.Person.ID).ID), "valid[]")
	want(t, "told", p.told(t, s.Person.ID, &after), "[]")
	for i := range remote {
		remote[i].Origin.ID += " again" // a statement that was voided stays so
	}
	p.receive(t, store.Import{Training: remote})
	want(t, "with remote", p.statusOf(t, id), "valid[]")
}

func TestReceive_WhoLeavesHasNoBadgeAndNoPhone(t *testing.T) {
	t.Parallel()
	p := start(t, telling)
	s, _ := p.skilled(t)
	ctx := t.Context()
	if _, err := p.store.AddInvitation(ctx, store.Invitation{
		ID: "phone", PersonID: s.Person.ID, CodeHash: [32]byte{1}, TxCodeHash: [32]byte{2}, Attempts: 3,
		InvitedAt: p.Now(), ExpiresAt: p.Now().Add(time.Hour), By: "an officer",
	}); err != nil {
		t.Fatal(err)
	}
	id := p.mustIssue(t, s.Person.ID).ID
	left := s.Person
	left.Active = false
	p.receive(t, store.Import{People: []evidence.Person{left}})
	want(t, "badge", p.statusOf(t, id), "invalid[]")
	all, err := p.store.EnrolmentsOf(ctx, s.Person.ID)
	if err != nil || len(all) != 1 || all[0].EndReason != store.EndLeft {
		t.Errorf("%+v %v", all, err)
	}
	// Back with the same evidence: good again, with nothing of what was before.
	p.receive(t, store.Import{People: []evidence.Person{s.Person}})
	want(t, "the badge of before", p.statusOf(t, id), "invalid[]")
	p.mustIssue(t, s.Person.ID)
}

func TestReceive_AMassChangeIsRefusedUntilItIsConfirmed(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	var all []evidence.Device
	if err := p.store.AllEvidence(t.Context(), func(_ evidence.Person, _ []evidence.Training, devices []evidence.Device) error {
		for _, d := range devices {
			d.Compliance = "noncompliant"
			all = append(all, d)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	good := len(p.eligible(t))
	_, err := p.Receive(t.Context(), store.Import{By: "a source", Devices: all})
	var mass *store.MassChangeError
	if !errors.As(err, &mass) || mass.Losing != good || mass.Good != good || mass.Limit != store.DefaultMassPeople {
		t.Fatalf("%v", err)
	}
	if !strings.Contains(err.Error(), "an officer") {
		t.Errorf("it does not say who decides: %v", err)
	}
	want(t, "in good standing", len(p.eligible(t)), good)
	p.receive(t, store.Import{Devices: all, Confirmed: true})
	want(t, "in good standing after it was confirmed", len(p.eligible(t)), 0)
}

func TestReceive_ManagersInACircleHangNothing(t *testing.T) {
	t.Parallel()
	p := start(t, telling)
	a, device := p.skilled(t)
	b := p.standings(t)[0].Person
	a.Person.ManagerID, b.ManagerID = b.ID, a.Person.ID
	p.receive(t, store.Import{People: []evidence.Person{a.Person, b}})
	after := int64(0)
	p.told(t, a.Person.ID, &after)
	p.report(t, device, "noncompliant")
	want(t, "told", p.told(t, a.Person.ID, &after), "[lapse person lapse manager]")
	p.deliver(t)
}

func TestReceive_ADeviceCountsForWhoeverItIsAssignedTo(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	s, device := p.skilled(t)
	id := p.mustIssue(t, s.Person.ID).ID
	device.PersonID = p.eligible(t)[1].Person.ID
	if device.PersonID == s.Person.ID {
		device.PersonID = p.eligible(t)[0].Person.ID
	}
	p.report(t, device, "compliant")
	want(t, "who has none any more", p.statusOf(t, id), "suspended[standing]")
	other := p.mustIssue(t, device.PersonID).ID
	p.report(t, device, "noncompliant")
	want(t, "who has it", p.statusOf(t, other), "suspended[standing]")
}

// deliver works the outbox off and returns what was taken.
func (p program) deliver(t testing.TB) map[string]int {
	t.Helper()
	box := &post{now: p.Now, taken: make(map[string]int)}
	courier, err := notify.New(notify.Config{
		Outbox: p.Outbox(), Directory: p.Directory(), Fallback: notify.Party{Email: "office@vendor.example"}, Now: p.Now,
		Carriers: map[notify.Channel]notify.Carrier{notify.Mail: box, notify.LockOut: box},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := courier.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	return box.taken
}

func TestAdvance_LocksAfterTheGraceAndUnlocksWhatWasLocked(t *testing.T) {
	t.Parallel()
	p := start(t, telling)
	s, device := p.skilled(t)
	origin := notify.Device{Source: device.Origin.Source, ID: device.Origin.ID}
	locks := p.LockOuts()
	state := func(what string, due, locked bool) {
		t.Helper()
		gotDue, err := locks.LockDue(t.Context(), s.Person.ID)
		if err != nil {
			t.Fatal(err)
		}
		gotLocked, err := locks.LockedHere(t.Context(), origin)
		if err != nil {
			t.Fatal(err)
		}
		want(t, what, []bool{gotDue, gotLocked}, []bool{due, locked})
	}
	p.report(t, device, "noncompliant")
	suspended := p.Now()
	p.Set(suspended.Add(7*day - time.Microsecond))
	p.advance(t)
	state("before the grace is over", false, false)
	p.Set(suspended.Add(7 * day))
	p.advance(t)
	state("ordered", true, false)
	p.deliver(t)
	state("done", true, true)

	// It goes to somebody else, who did nothing wrong.
	device.PersonID = ""
	p.report(t, device, "noncompliant")
	p.deliver(t)
	state("not the person's any more", true, false)

	device.PersonID = s.Person.ID
	p.report(t, device, "compliant")
	p.deliver(t)
	state("in good standing", false, false)
	if _, err := locks.Device(t.Context(), notify.Device{Source: "graph", ID: "none"}); !errors.Is(err, notify.ErrUnknown) {
		t.Errorf("an unknown device: %v", err)
	}
	known, err := locks.Device(t.Context(), origin)
	if err != nil || known.PersonID != s.Person.ID {
		t.Errorf("%+v %v", known, err)
	}
}

func TestReceive_SomebodyWithAHundredDevicesIsToldOfSome(t *testing.T) {
	t.Parallel()
	p := start(t, telling)
	s, device := p.skilled(t)
	var many []evidence.Device
	for n := range 100 {
		device.Origin.ID = fmt.Sprint(strings.Repeat("x", 900), n)
		device.Compliance = "noncompliant"
		many = append(many, device)
	}
	p.receive(t, store.Import{Devices: many})
	page, err := p.Messages(t.Context(), store.MessageQuery{Person: s.Person.ID, Limit: store.MaxPage})
	if err != nil {
		t.Fatal(err)
	}
	body, err := page[len(page)-1].Read()
	if err != nil || len(body.Reasons) == 0 || body.Reasons[0].Kind != string(policy.DeviceNoncompliant) {
		t.Errorf("%d reasons, %v", len(body.Reasons), err)
	}
}
