package issuer_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
	"github.com/cyberbadge/cyberbadge/issuer/sample"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

func TestErasePerson_LeavesNothingToDo(t *testing.T) {
	t.Parallel()
	p := start(t, telling)
	s, device := p.skilled(t)
	p.report(t, device, "noncompliant")
	p.Set(p.Now().Add(7 * day))
	p.advance(t)
	p.deliver(t)
	locked := notify.Device{Source: device.Origin.Source, ID: device.Origin.ID}
	if here, err := p.LockOuts().LockedHere(t.Context(), locked); err != nil || !here {
		t.Fatalf("not locked: %v", err)
	}
	text, err := p.ExportPerson(t.Context(), s.Person.ExternalID, "they asked", "an officer")
	if err != nil || !strings.Contains(string(text), s.Person.DisplayName) || !json.Valid(text) {
		t.Errorf("%s %v", text, err)
	}
	if err := p.ErasePerson(t.Context(), s.Person.ExternalID, "an officer"); err != nil {
		t.Fatal(err)
	}
	p.deliver(t)
	if here, err := p.LockOuts().LockedHere(t.Context(), locked); err != nil || here {
		t.Errorf("still locked: %v", err)
	}
	text, err = p.ExportPerson(t.Context(), s.Person.ID, "they asked", "an officer")
	if err != nil || strings.Contains(string(text), s.Person.DisplayName) || strings.Contains(string(text), s.Person.ExternalID) {
		t.Errorf("%s %v", text, err)
	}
	if _, err := p.VerifyEvents(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := p.Directory().Person(t.Context(), s.Person.ID); !errors.Is(err, notify.ErrUnknown) {
		t.Errorf("the directory: %v", err)
	}
	if due, err := p.LockOuts().LockDue(t.Context(), s.Person.ID); err != nil || due {
		t.Errorf("a lock-out is due: %v", err)
	}
	if err := p.ErasePerson(t.Context(), s.Person.ID, "an officer"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("twice: %v", err)
	}
	if _, err := p.ExportPerson(t.Context(), "nobody", "they asked", "an officer"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
}

// The record store sends its whole history again, the device manager the laptop: both
// stay out until the person is hired anew.
func TestErasePerson_HistoryThatComesAgainStaysOut(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	s, device := p.skilled(t)
	training, _, err := p.store.EvidenceOf(t.Context(), s.Person.ID)
	if err != nil {
		t.Fatal(err)
	}
	history := func() issuer.ImportReport {
		t.Helper()
		text, err := sample.At("training.xapi.json", p.Now())
		if err != nil {
			t.Fatal(err)
		}
		report, err := p.Import(t.Context(), issuer.Files{Training: bytes.NewReader(text)}, "a record store")
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	all := history().Training.Unchanged
	if err := p.ErasePerson(t.Context(), s.Person.ID, "an officer"); err != nil {
		t.Fatal(err)
	}
	want := store.ImportCount{Unchanged: all - len(training), Erased: len(training)}
	if got := history().Training.ImportCount; len(training) == 0 || got != want {
		t.Errorf("training %+v, want %+v", got, want)
	}
	byName := device
	byName.PersonID = strings.ToUpper(s.Person.Email)
	for _, d := range []evidence.Device{device, byName} {
		got, err := p.Receive(t.Context(), store.Import{By: "a device manager", Devices: []evidence.Device{d}})
		if err != nil || got.Devices != (store.ImportCount{Erased: 1}) {
			t.Errorf("device of %q: %+v, %v", d.PersonID, got.Devices, err)
		}
	}
	p.receive(t, store.Import{People: []evidence.Person{s.Person}})
	if got := history().Training.ImportCount; got != (store.ImportCount{Unchanged: all - len(training), Added: len(training)}) {
		t.Errorf("hired anew: %+v", got)
	}
	p.receive(t, store.Import{Devices: []evidence.Device{device}})
	if again, err := p.Standing(t.Context(), s.Person.ID, time.Time{}); err != nil || !slices.Contains(again.Access, policy.Onsite) {
		t.Errorf("hired anew: %+v, %v", again.Standing, err)
	}
	if err := p.store.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestExportPerson_SaysWhoHadItAndWhy(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	s, _ := p.skilled(t)
	if _, err := p.ExportPerson(t.Context(), s.Person.ExternalID, "", "an officer"); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("without a reason: %v", err)
	}
	if before := p.events(t)[store.PersonExported]; before != 0 {
		t.Errorf("%d exports before the first", before)
	}
	if _, err := p.ExportPerson(t.Context(), s.Person.ExternalID, "they asked", "an officer"); err != nil {
		t.Fatal(err)
	}
	head, err := p.VerifyEvents(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	page, err := p.Events(t.Context(), head.Number-1, 1)
	if err != nil || len(page) != 1 {
		t.Fatal(page, err)
	}
	e := page[0]
	if e.Kind != store.PersonExported || e.Subject != s.Person.ID || e.By != "an officer" || string(e.Detail) != `{"reason":"they asked"}` || !e.At.Equal(p.Now()) {
		t.Errorf("event %+v %s", e, e.Detail)
	}
}

func TestPurge_WorksByTheConfiguredRetention(t *testing.T) {
	t.Parallel()
	p := start(t, func(c *issuer.Config) {
		telling(c)
		c.Retention.Messages = 2 * store.MinRetention
	})
	_, device := p.skilled(t)
	p.report(t, device, "noncompliant")
	if len(p.deliver(t)) == 0 {
		t.Fatal("nothing was delivered")
	}
	delivered := p.Now()
	p.Set(delivered.Add(2 * store.MinRetention))
	if done, err := p.Purge(t.Context(), "an officer"); err != nil || done.Messages != 0 {
		t.Errorf("at the limit: %+v %v", done, err)
	}
	p.Set(delivered.Add(2*store.MinRetention + time.Second))
	if done, err := p.Purge(t.Context(), "an officer"); err != nil || done.Messages == 0 {
		t.Errorf("a second later: %+v %v", done, err)
	}
}

func TestDirectory_KnowsWhatThingsAreCalled(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	s, device := p.skilled(t)
	d := p.Directory()
	person, err := d.Person(t.Context(), s.Person.ID)
	if err != nil || person.Name != s.Person.DisplayName || person.Email != s.Person.Email || !person.Active || person.ManagerID != s.Person.ManagerID {
		t.Errorf("%+v %v", person, err)
	}
	nameless := s.Person
	nameless.DisplayName = ""
	p.receive(t, store.Import{People: []evidence.Person{nameless}})
	if person, err = d.Person(t.Context(), s.Person.ID); err != nil || person.Name != s.Person.GivenName+" "+s.Person.FamilyName {
		t.Errorf("%+v %v", person, err)
	}
	for r, name := range map[notify.Reason]string{
		{Kind: "training-expired", Subject: "CB-101"}:     "Secure operation principles",
		{Kind: "training-expired", Subject: "CB-999"}:     "",
		{Kind: "device-stale", Subject: device.Origin.ID}: device.Name,
		{Kind: "device-noncompliant", Subject: "none"}:    "",
		{Kind: "role-excluded", Subject: "a role"}:        "",
		{Kind: "rule-unmet", Subject: "none"}:             "",
	} {
		if got, err := d.Subject(t.Context(), r); err != nil || got != name {
			t.Errorf("%+v is called %q, want %q: %v", r, got, name, err)
		}
	}
}
