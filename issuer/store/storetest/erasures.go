package storetest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var erasureTests = []test{
	{"evidence of somebody who was erased stays out", erasedStaysOut},
	{"evidence of others goes in", erasedOthers},
	{"who is hired anew is known anew", erasedHiredAnew},
	{"who comes back inactive under another id stays out", erasedInactive},
	{"what belonged to somebody else is taken from them", erasedMoved},
	{"groups forget whoever is erased", erasedFromGroups},
	{"an erasure that breaks a rule is refused", erasureInvalid},
	{"an export is recorded, with its reason", exportRecorded},
	{"what is taken in once is taken in once", importOnce},
}

// mark is the suite's [store.Mark].
func mark(identifier string) (sum [sha256.Size]byte) {
	mac := hmac.New(sha256.New, []byte("a key for tests"))
	mac.Write([]byte(identifier))
	mac.Sum(sum[:0])
	return sum
}

// Erasure returns what erases a person.
func Erasure(personID string) store.Erasure {
	return store.Erasure{PersonID: personID, By: officer, Mark: mark}
}

func exportOf(personID string) store.ExportRequest {
	return store.ExportRequest{PersonID: personID, By: officer, Reason: "they asked", At: now}
}

// received imports as the program does, with marks.
func received(t *testing.T, s store.Store, im store.Import) store.ImportResult {
	t.Helper()
	im.Mark = mark
	return mustImport(t, s, im)
}

func erasedStaysOut(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	history := store.Import{Training: Training(0), Devices: []evidence.Device{Device(0)}}
	equal(t, "before", received(t, s, history).Training, store.ImportCount{Added: 3})
	check(t, s.ErasePerson(t.Context(), Erasure("person-000")), nil)
	quiet(t, s, func() {
		for range 2 {
			result := received(t, s, history)
			equal(t, "training", result.Training, store.ImportCount{Erased: 3})
			equal(t, "devices", result.Devices, store.ImportCount{Erased: 1})
		}
		// By names that no directory resolved, in whatever capitals.
		for _, name := range []string{"USER0", "Zoe@vendor.example", "1000", "e-000"} {
			d := Device(9)
			d.PersonID = name
			equal(t, "a device of "+name, received(t, s, store.Import{Devices: []evidence.Device{d}}).Devices, store.ImportCount{Erased: 1})
		}
	})
	d, err := s.Device(t.Context(), Device(0).Origin)
	check(t, err, nil)
	equal(t, "owner and name", d.PersonID+d.Name, "")
	_, err = s.Device(t.Context(), Device(9).Origin)
	check(t, err, store.ErrNotFound)
	export, text := exported(t, s, "person-000")
	equal(t, "exported", len(export.Training)+len(export.Devices), 0)
	if strings.Contains(text, "E-000") {
		t.Errorf("the external id is still kept: %s", text)
	}
}

func erasedOthers(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	check(t, s.ErasePerson(t.Context(), Erasure("person-000")), nil)
	// Somebody else has the employee number of who was erased as their external id.
	other := People(2)[1]
	other.ExternalID = "1000"
	of := Training(1)
	for i := range of {
		of[i].PersonExternalID = "1000"
	}
	result := received(t, s, store.Import{People: []evidence.Person{other}, Training: append(of, Training(2)...), Devices: []evidence.Device{Device(1), Device(2)}})
	equal(t, "training", result.Training, store.ImportCount{Added: 6})
	equal(t, "devices", result.Devices, store.ImportCount{Added: 2})
	unknown := Training(7)
	equal(t, "of nobody known", received(t, s, store.Import{Training: unknown}).Training, store.ImportCount{Added: 3})
	equal(t, "without marks", mustImport(t, s, store.Import{Training: Training(0)}).Training, store.ImportCount{Added: 3})
}

func erasedHiredAnew(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	check(t, s.ErasePerson(t.Context(), Erasure("person-000")), nil)
	equal(t, "too early", received(t, s, store.Import{Training: Training(0)}).Training, store.ImportCount{Erased: 3})
	again := People(1)[0]
	again.ID = "person-anew"
	result := received(t, s, store.Import{People: []evidence.Person{again}, Training: Training(0)})
	equal(t, "person", result.People, store.ImportCount{Added: 1})
	equal(t, "training", result.Training, store.ImportCount{Added: 3})
	// What was remembered is forgotten with that: it goes in, too, when they leave.
	again.Active = false
	received(t, s, store.Import{People: []evidence.Person{again}})
	more := Training(0)[0]
	more.Origin.ID = "after"
	equal(t, "later", received(t, s, store.Import{Training: []evidence.Training{more}}).Training, store.ImportCount{Added: 1})
}

func erasedInactive(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	check(t, s.ErasePerson(t.Context(), Erasure("person-000")), nil)
	left := People(1)[0]
	left.Active = false
	renamed := left
	renamed.ID = "person-renamed"
	quiet(t, s, func() {
		for _, p := range []evidence.Person{left, renamed} {
			face := Portrait("face", 0)
			face.PersonID = p.ID
			result := received(t, s, store.Import{People: []evidence.Person{p}, Portraits: []store.PersonPortrait{face}})
			equal(t, "people", result.People, store.ImportCount{Unchanged: 1})
			equal(t, "portraits", result.Portraits, store.ImportCount{})
		}
	})
	_, err := s.Person(t.Context(), "person-renamed")
	check(t, err, store.ErrNotFound)
}

func erasedMoved(t *testing.T, open Opener) {
	s, c := opened(t, open, Config{}), newScale()
	mustImport(t, s, store.Import{Training: Training(1)[:1], Devices: []evidence.Device{Device(1)}})
	check(t, s.ErasePerson(t.Context(), Erasure("person-000")), nil)
	moved, device := Training(1)[0], Device(1)
	moved.PersonExternalID, device.PersonID = "E-000", "person-000"
	result := mustJudge(t, s, c, store.Import{Training: []evidence.Training{moved}, Devices: []evidence.Device{device}, Mark: mark})
	equal(t, "training", result.Training, store.ImportCount{Erased: 1, Removed: 1})
	equal(t, "devices", result.Devices, store.ImportCount{Erased: 1, Changed: 1})
	equal(t, "judged", c.judged(), persons(1))
	training, devices, err := s.EvidenceOf(t.Context(), "person-001")
	check(t, err, nil)
	equal(t, "left", len(training)+len(devices), 0)
}

func erasedFromGroups(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	gone := People(1)[0]
	gone.DisplayName, gone.GivenName, gone.FamilyName, gone.UserName, gone.Email = "Li Wu", "Li", "Wu", "lw", "lw@vendor.example"
	mustImport(t, s, store.Import{People: []evidence.Person{gone}})
	for id, body := range map[string]string{
		"members": `{"display_name":"Welders","members":["person-001","person-000","PERSON-000"],"count":12345678901234567890}`,
		"objects": `{"members":[{"value":"person-000","display":"Li"},{"value":"person-002","display":"Ann"}]}`,
		"named":   `{"display_name":"Li Wu's crew","note":"ask LI WU Li Wu or lw@vendor.example; not lw2 or Limerick Wu"}`,
		"others":  `{"display_name":"Plant <7>","members":["person-001"]}`,
	} {
		check(t, s.PutGroup(t.Context(), store.Group{ID: id, Body: json.RawMessage(body)}), nil)
	}
	check(t, s.ErasePerson(t.Context(), Erasure("person-000")), nil)
	for id, want := range map[string]string{
		"members": `{"count":12345678901234567890,"display_name":"Welders","members":["person-001"]}`,
		"objects": `{"members":[{"display":"Ann","value":"person-002"}]}`,
		"named":   `{"display_name":"(erased)'s crew","note":"ask (erased) (erased) or (erased); not lw2 or Limerick Wu"}`,
		"others":  `{"display_name":"Plant <7>","members":["person-001"]}`,
	} {
		g, err := s.Group(t.Context(), id)
		check(t, err, nil)
		equal(t, id, string(g.Body), want)
	}
}

func erasureInvalid(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	quiet(t, s, func() {
		for _, e := range []store.Erasure{{By: officer, Mark: mark}, {PersonID: "person-000", Mark: mark}, {PersonID: "person-000", By: officer}} {
			check(t, s.ErasePerson(t.Context(), e), store.ErrInvalid)
		}
		for _, spoil := range []func(*store.ExportRequest){
			func(r *store.ExportRequest) { r.PersonID = "" },
			func(r *store.ExportRequest) { r.By = "" },
			func(r *store.ExportRequest) { r.Reason = "" },
			func(r *store.ExportRequest) { r.Reason = strings.Repeat("x", store.MaxText+1) },
			func(r *store.ExportRequest) { r.At = time.Time{} },
		} {
			bad := exportOf("person-000")
			spoil(&bad)
			_, err := s.ExportPerson(t.Context(), bad)
			check(t, err, store.ErrInvalid)
		}
		_, err := s.ExportPerson(t.Context(), exportOf("nobody"))
		check(t, err, store.ErrNotFound)
	})
	longest := exportOf("person-000")
	longest.Reason = strings.Repeat("x", store.MaxText)
	_, err := s.ExportPerson(t.Context(), longest)
	check(t, err, nil)
}

func exportRecorded(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	before := last(t, s)
	first, _ := exported(t, s, "person-000")
	recorded := events(t, s, before)
	equal(t, "events", kinds(recorded), []store.EventKind{store.PersonExported})
	equal(t, "event", []string{recorded[0].Subject, recorded[0].By, string(recorded[0].Detail)}, []string{"person-000", officer, `{"reason":"they asked"}`})
	second, _ := exported(t, s, "person-000")
	equal(t, "events in the exports", []int{len(first.Events), len(second.Events)}, []int{1, 2})
	check(t, s.ErasePerson(t.Context(), Erasure("person-000")), nil)
	before = last(t, s)
	exported(t, s, "person-000")
	equal(t, "of what stayed", kinds(events(t, s, before)), []store.EventKind{store.PersonExported})
}

func importOnce(t *testing.T, open Opener) {
	clock := now
	s := opened(t, open, Config{Now: func() time.Time { return clock }})
	once := func(n int) store.OneTime {
		return store.OneTime{Hash: sha256.Sum256([]byte(fmt.Sprint("webhook ", n))), Until: now.Add(5 * time.Minute)}
	}
	im := store.Import{By: officer, Devices: []evidence.Device{Device(0)}, Once: once(1)}
	im.DryRun = true
	mustImport(t, s, im)
	im.DryRun = false
	mustImport(t, s, im)
	older := Device(0)
	older.Compliance = "noncompliant"
	replayed := store.Import{By: officer, Devices: []evidence.Device{older}, Once: once(1)}
	quiet(t, s, func() {
		_, err := s.ApplyImport(t.Context(), replayed)
		check(t, err, store.ErrAlreadyExists)
	})
	// What was refused may come again.
	refused := store.Import{By: officer, Portraits: []store.PersonPortrait{Portrait("face", 8)}, Once: once(2)}
	for range 2 {
		_, err := s.ApplyImport(t.Context(), refused)
		check(t, err, store.ErrNotFound)
	}
	// So may what changes nothing, once.
	unchanged := store.Import{By: officer, Devices: []evidence.Device{Device(0)}, Once: once(3)}
	mustImport(t, s, unchanged)
	_, err := s.ApplyImport(t.Context(), unchanged)
	check(t, err, store.ErrAlreadyExists)
	_, err = s.ApplyImport(t.Context(), store.Import{By: officer, Once: store.OneTime{Hash: once(4).Hash}})
	check(t, err, store.ErrInvalid)
	// From its time on it would be refused for its age, and is forgotten.
	clock = now.Add(5 * time.Minute)
	mustImport(t, s, replayed)
}
