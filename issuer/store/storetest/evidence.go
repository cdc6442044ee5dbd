package storetest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var evidenceTests = []test{
	{"a person comes back as imported", personComesBack},
	{"an unknown person is not found", personNotFound},
	{"people come in pages by external id", peoplePages},
	{"the same import again changes nothing", importTwice},
	{"what a source withdraws is gone, once", importWithdrawn},
	{"of one record in an import twice the last counts", importDuplicate},
	{"each changed field is noticed and named", importChange},
	{"two people with one external id are refused by name", importConflict},
	{"external ids change hands in one import", importSwap},
	{"an import that fails leaves nothing", importAtomic},
	{"evidence of the unknown is kept until they are known", importEarly},
	{"all evidence equals each person's", allEvidence},
	{"an error of the visitor ends the walk", allEvidenceStops},
	{"an import has at most so many records", importBound},
}

// Training returns three attempts of one of [People], out of order.
func Training(person int) []evidence.Training {
	attempt := func(n int, outcome evidence.Outcome) evidence.Training {
		return evidence.Training{
			Origin:           evidence.Origin{Source: "https://lrs.example", ID: fmt.Sprintf("t-%d-%d", person, n)},
			PersonExternalID: fmt.Sprintf("E-%03d", person), Course: "CB-101", Outcome: outcome,
			At: now.AddDate(0, -n, 0), Received: now,
		}
	}
	return []evidence.Training{attempt(1, evidence.Passed), attempt(3, evidence.Failed), attempt(2, evidence.Completed)}
}

// Device returns the device of one of [People].
func Device(person int) evidence.Device {
	return evidence.Device{
		Origin: evidence.Origin{Source: "graph", ID: fmt.Sprintf("d-%d", person)}, PersonID: fmt.Sprintf("person-%03d", person),
		Name: "LAPTOP", OS: "Windows", OSVersion: "10.0.22631.4429", Compliance: "compliant", Encrypted: true,
		LastSeen: now, Serial: "S-1",
	}
}

func personComesBack(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	want := People(1)[0]
	got, err := s.Person(t.Context(), want.ID)
	check(t, err, nil)
	equal(t, "person", got, want)
	got, err = s.PersonByExternalID(t.Context(), want.ExternalID)
	check(t, err, nil)
	equal(t, "person by external id", got, want)

	// Finer than a microsecond, in another zone, and zero.
	want.Modified = time.Date(2026, 1, 2, 3, 4, 5, 6789, time.FixedZone("", 3600))
	other := People(2)[1]
	other.Modified = time.Time{}
	mustImport(t, s, store.Import{People: []evidence.Person{want, other}})
	want.Modified = time.Date(2026, 1, 2, 2, 4, 5, 6000, time.UTC)
	for _, want := range []evidence.Person{want, other} {
		got, err = s.Person(t.Context(), want.ID)
		check(t, err, nil)
		equal(t, "person", got, want)
	}
}

func personNotFound(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	_, err := s.Person(t.Context(), "E-000")
	check(t, err, store.ErrNotFound)
	_, err = s.PersonByExternalID(t.Context(), "person-000")
	check(t, err, store.ErrNotFound)
	_, _, err = s.EvidenceOf(t.Context(), "nobody")
	check(t, err, store.ErrNotFound)
}

func peoplePages(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	// Bytes decide: capitals sort before small letters.
	extra := People(2)
	extra[0].ID, extra[0].ExternalID = "x", "e-000"
	extra[1].ID, extra[1].ExternalID = "y", "É"
	mustImport(t, s, store.Import{People: extra})
	var ids []string
	for after := ""; ; {
		page, err := s.People(t.Context(), after, 2)
		check(t, err, nil)
		for _, p := range page {
			ids = append(ids, p.ExternalID)
		}
		if len(page) < 2 {
			break
		}
		after = page[1].ExternalID
	}
	equal(t, "order", ids, []string{"E-000", "E-001", "E-002", "e-000", "É"})

	for _, limit := range []int{-1, 0, store.MaxPage + 1} {
		_, err := s.People(t.Context(), "", limit)
		check(t, err, store.ErrInvalid)
	}
	_, err := s.People(t.Context(), "", store.MaxPage)
	check(t, err, nil)
}

func importTwice(t *testing.T, open Opener) {
	s := open(t, Config{Now: fixedClock})
	im := store.Import{People: People(3), Training: Training(0), Devices: []evidence.Device{Device(0), Device(1)}}
	im.Training[0].Received = time.Time{}
	im.Training[1].At = im.Training[1].At.Add(789) // nanoseconds, which are not kept
	equal(t, "first", mustImport(t, s, im), store.ImportResult{
		People: store.ImportCount{Added: 3}, Training: store.ImportCount{Added: 3}, Devices: store.ImportCount{Added: 2},
	})
	quiet(t, s, func() {
		equal(t, "second", mustImport(t, s, im), store.ImportResult{
			People: store.ImportCount{Unchanged: 3}, Training: store.ImportCount{Unchanged: 3}, Devices: store.ImportCount{Unchanged: 2},
		})
		equal(t, "empty", mustImport(t, s, store.Import{}), store.ImportResult{})
	})
}

func importDuplicate(t *testing.T, open Opener) {
	s := open(t, Config{Now: fixedClock})
	twice := append(People(1), People(1)...)
	twice[1].Role = "support"
	im := store.Import{People: twice, Training: append(Training(0), Training(0)...)}
	mustImport(t, s, im)
	p, err := s.Person(t.Context(), "person-000")
	check(t, err, nil)
	equal(t, "role", p.Role, "support")
	quiet(t, s, func() {
		equal(t, "again", mustImport(t, s, im), store.ImportResult{
			People: store.ImportCount{Unchanged: 1}, Training: store.ImportCount{Unchanged: 3},
		})
	})
}

func importChange(t *testing.T, open Opener) {
	s := open(t, Config{Now: fixedClock})
	person, training, device := People(1)[0], Training(0)[0], Device(0)
	send := func() store.ImportResult {
		return mustImport(t, s, store.Import{
			People: []evidence.Person{person}, Training: []evidence.Training{training}, Devices: []evidence.Device{device},
		})
	}
	send()
	for field, change := range map[string]func(){
		"external_id": func() { person.ExternalID = "E-9" }, "user_name": func() { person.UserName = "n" },
		"active": func() { person.Active = false }, "role": func() { person.Role = "n" },
		"given_name": func() { person.GivenName = "n" }, "family_name": func() { person.FamilyName = "n" },
		"display_name": func() { person.DisplayName = "n" }, "email": func() { person.Email = "n" },
		"language": func() { person.Language = "n" }, "employee_number": func() { person.EmployeeNumber = "n" },
		"organization": func() { person.Organization = "n" }, "department": func() { person.Department = "n" },
		"manager_id": func() { person.ManagerID = "n" }, "modified": func() { person.Modified = time.Time{} },
	} {
		before := last(t, s)
		change()
		equal(t, field, send().People, store.ImportCount{Changed: 1})
		e := events(t, s, before)[0]
		equal(t, "kind", e.Kind, store.PersonChanged)
		if !strings.Contains(string(e.Detail), fmt.Sprintf(`"changed":["%s"]`, field)) {
			t.Errorf("event of %s says %s", field, e.Detail)
		}
	}
	for i, change := range []func(){
		func() { training.PersonExternalID = "E-7" }, func() { training.Course = "CB-2" },
		func() { training.Outcome = evidence.Failed }, func() { training.At = now.Add(1000) },
		func() { training.Received = time.Time{} }, func() { training.Received = now },
	} {
		change()
		equal(t, fmt.Sprint("training ", i), send().Training, store.ImportCount{Changed: 1})
	}
	for i, change := range []func(){
		func() { device.PersonID = "" }, func() { device.Name = "n" }, func() { device.OS = "n" },
		func() { device.OSVersion = "n" }, func() { device.Compliance = "n" }, func() { device.Encrypted = false },
		func() { device.LastSeen = time.Time{} }, func() { device.LastSeen = now }, func() { device.Serial = "n" },
	} {
		change()
		equal(t, fmt.Sprint("device ", i), send().Devices, store.ImportCount{Changed: 1})
	}
}

func importConflict(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	stored := People(1)
	stored[0].ID = "newcomer"
	within := People(5)[3:]
	within[1].ExternalID = within[0].ExternalID
	for _, c := range []struct {
		people []evidence.Person
		names  []string
	}{
		{stored, []string{"newcomer", "person-000", "E-000"}},
		{within, []string{"person-003", "person-004", "E-003"}},
	} {
		quiet(t, s, func() {
			_, err := s.ApplyImport(t.Context(), store.Import{By: officer, People: c.people})
			check(t, err, store.ErrConflict)
			for _, name := range c.names {
				if !strings.Contains(err.Error(), name) {
					t.Errorf("error %q does not name %s", err, name)
				}
			}
		})
	}
}

func importSwap(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	ring := People(3)
	ring[0].ExternalID, ring[1].ExternalID, ring[2].ExternalID = "E-001", "E-002", "E-000"
	equal(t, "result", mustImport(t, s, store.Import{People: ring}).People, store.ImportCount{Changed: 3})
	for _, want := range ring {
		got, err := s.PersonByExternalID(t.Context(), want.ExternalID)
		check(t, err, nil)
		equal(t, "person", got, want)
	}
}

func importAtomic(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	fresh := People(4)
	fresh[0].Role = "changed"
	fresh[3].ExternalID = "E-001" // taken by person-001
	quiet(t, s, func() {
		_, err := s.ApplyImport(t.Context(), store.Import{By: officer, People: fresh, Training: Training(0)})
		check(t, err, store.ErrConflict)
	})
	p, err := s.Person(t.Context(), "person-000")
	check(t, err, nil)
	equal(t, "role", p.Role, "technician")
	training, _, err := s.EvidenceOf(t.Context(), "person-000")
	check(t, err, nil)
	equal(t, "training", len(training), 0)
}

func importWithdrawn(t *testing.T, open Opener) {
	s := open(t, Config{Now: fixedClock})
	training := Training(0)
	mustImport(t, s, store.Import{People: People(1), Training: training, Devices: []evidence.Device{Device(0)}})
	unknown := evidence.Origin{Source: "graph", ID: "nobody knows it"}
	im := store.Import{
		WithdrawnTraining: []evidence.Origin{training[0].Origin},
		WithdrawnDevices:  []evidence.Origin{Device(0).Origin, unknown},
	}
	equal(t, "first", mustImport(t, s, im), store.ImportResult{
		Training: store.ImportCount{Removed: 1}, Devices: store.ImportCount{Removed: 1},
	})
	left, devices, err := s.EvidenceOf(t.Context(), "person-000")
	check(t, err, nil)
	equal(t, "training by time", left, []evidence.Training{training[1], training[2]})
	equal(t, "devices", len(devices), 0)
	quiet(t, s, func() { equal(t, "second", mustImport(t, s, im), store.ImportResult{}) })
}

func importEarly(t *testing.T, open Opener) {
	s := open(t, Config{Now: fixedClock})
	nobodys := Device(9)
	nobodys.PersonID = ""
	equal(t, "result", mustImport(t, s, store.Import{
		Training: Training(0), Devices: []evidence.Device{Device(0), nobodys},
	}), store.ImportResult{Training: store.ImportCount{Added: 3}, Devices: store.ImportCount{Added: 2}})

	mustImport(t, s, store.Import{People: People(1)})
	training, devices, err := s.EvidenceOf(t.Context(), "person-000")
	check(t, err, nil)
	early := Training(0)
	equal(t, "training by time", training, []evidence.Training{early[1], early[2], early[0]})
	equal(t, "devices", devices, []evidence.Device{Device(0)})
}

func allEvidence(t *testing.T, open Opener) {
	const people = 1203 // more than two pages of any size an engine might choose
	s := open(t, Config{Now: fixedClock})
	im := store.Import{People: People(people)}
	for i := range people + 5 { // and some of people who are not known
		if i%3 == 0 {
			im.Training = append(im.Training, Training(i)...)
		}
		if i%2 == 0 {
			im.Devices = append(im.Devices, Device(i))
		}
	}
	unknown := Training(0)[0]
	unknown.Origin.ID, unknown.PersonExternalID = "between", "E-0001"
	im.Training = append(im.Training, unknown)
	mustImport(t, s, im)

	seen, after := 0, ""
	check(t, s.AllEvidence(t.Context(), func(p evidence.Person, training []evidence.Training, devices []evidence.Device) error {
		if p.ExternalID <= after {
			t.Errorf("%s came behind %s", p.ExternalID, after)
		}
		after = p.ExternalID
		if seen%100 == 0 || seen == people-1 {
			wantTraining, wantDevices, err := s.EvidenceOf(t.Context(), p.ID)
			check(t, err, nil)
			equal(t, "training", training, wantTraining)
			equal(t, "devices", devices, wantDevices)
		}
		number, err := strconv.Atoi(strings.TrimPrefix(p.ID, "person-"))
		if err != nil || (len(training) == 3) != (number%3 == 0) || (len(devices) == 1) != (number%2 == 0) {
			t.Errorf("%s has %d records of training and %d devices", p.ID, len(training), len(devices))
		}
		seen++
		return nil
	}), nil)
	equal(t, "people seen", seen, people)
}

func allEvidenceStops(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	enough, calls := errors.New("enough"), 0
	err := s.AllEvidence(t.Context(), func(evidence.Person, []evidence.Training, []evidence.Device) error {
		calls++
		return enough
	})
	if err != enough || calls != 1 {
		t.Errorf("error %v after %d calls, want the visitor's own after one", err, calls)
	}
}

func importBound(t *testing.T, open Opener) {
	s := open(t, Config{Now: fixedClock})
	devices := make([]evidence.Device, store.MaxImportRecords+1)
	for i := range devices {
		devices[i] = Device(i % 2) // few records, so that the bound is reached without the cost
	}
	_, err := s.ApplyImport(t.Context(), store.Import{By: officer, Devices: devices})
	check(t, err, store.ErrInvalid)
	equal(t, "at the bound", mustImport(t, s, store.Import{Devices: devices[1:]}).Devices, store.ImportCount{Added: 2})
}
