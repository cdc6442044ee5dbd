package issuer_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

func TestErasePerson_LeavesNothingToDo(t *testing.T) {
	t.Parallel()
	p := start(t, telling)
	s, device := p.skilled(t)
	p.report(t, device, "noncompliant")
	p.set(p.Now().Add(8 * day))
	p.advance(t)
	p.deliver(t)
	locked := notify.Device{Source: device.Origin.Source, ID: device.Origin.ID}
	if here, err := p.LockOuts().LockedHere(t.Context(), locked); err != nil || !here {
		t.Fatalf("not locked: %v", err)
	}
	text, err := p.ExportPerson(t.Context(), s.Person.ExternalID)
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
	text, err = p.ExportPerson(t.Context(), s.Person.ID)
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
	if _, err := p.ExportPerson(t.Context(), "nobody"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("nobody: %v", err)
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
	p.set(delivered.Add(2 * store.MinRetention))
	if done, err := p.Purge(t.Context(), "an officer"); err != nil || done.Messages != 0 {
		t.Errorf("at the limit: %+v %v", done, err)
	}
	p.set(delivered.Add(2*store.MinRetention + time.Second))
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
