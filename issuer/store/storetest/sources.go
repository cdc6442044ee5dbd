package storetest

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var sourceTests = []test{
	{"a cursor comes back and is no event", cursorComesBack},
	{"a cursor has a bound", cursorBound},
	{"a source's devices are listed, whosever they are", deviceIDs},
	{"training that was withdrawn stays out", withdrawnStaysOut},
	{"what is kept says when it came and what it was", receipts},
	{"hashes are as many as records", hashesMatch},
}

func cursorComesBack(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	for name, want := range map[string]string{"": "", "unknown": ""} {
		got, err := s.SourceCursor(t.Context(), name)
		check(t, err, nil)
		equal(t, "cursor of "+name, got, want)
	}
	quiet(t, s, func() {
		check(t, s.SetSourceCursor(t.Context(), "lrs", "2026-11-23T08:00:00Z 7"), nil)
		check(t, s.SetSourceCursor(t.Context(), "graph", "https://…"), nil)
		check(t, s.SetSourceCursor(t.Context(), "graph", ""), nil) // from the start again
	})
	for name, want := range map[string]string{"lrs": "2026-11-23T08:00:00Z 7", "graph": "", "LRS": ""} {
		got, err := s.SourceCursor(t.Context(), name)
		check(t, err, nil)
		equal(t, "cursor of "+name, got, want)
	}
}

func cursorBound(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	longest := strings.Repeat("x", store.MaxCursor)
	check(t, s.SetSourceCursor(t.Context(), "lrs", longest), nil)
	for _, bad := range []struct{ name, cursor string }{
		{"lrs", longest + "x"}, {"", "x"}, {"lrs", "\xff"}, {"lrs", "\x00"}, {strings.Repeat("x", store.MaxText+1), "x"},
	} {
		check(t, s.SetSourceCursor(t.Context(), bad.name, bad.cursor), store.ErrInvalid)
	}
	got, err := s.SourceCursor(t.Context(), "lrs")
	check(t, err, nil)
	equal(t, "cursor", got, longest)
}

func deviceIDs(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	nobodys, unknowns, others := Device(0), Device(1), Device(2)
	nobodys.Origin.ID, nobodys.PersonID = "z", ""
	unknowns.Origin.ID, unknowns.PersonID = "a", "nobody knows"
	others.Origin.Source = "fleet"
	mustImport(t, s, store.Import{Devices: []evidence.Device{nobodys, Device(0), unknowns, others}})
	for source, want := range map[string][]string{"graph": {"a", "d-0", "z"}, "fleet": {"d-2"}, "nothing": nil} {
		got, err := s.DeviceIDs(t.Context(), source)
		check(t, err, nil)
		equal(t, "devices of "+source, got, want)
	}
}

func withdrawnStaysOut(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	training := Training(0)
	mustImport(t, s, store.Import{Training: training})
	// One that was there, one whose voiding came first.
	early := Training(1)[0]
	mustImport(t, s, store.Import{WithdrawnTraining: []evidence.Origin{training[0].Origin, early.Origin}})
	training[0].Course = "CB-102" // and not by saying something else either
	quiet(t, s, func() {
		equal(t, "again", mustImport(t, s, store.Import{Training: append([]evidence.Training{early}, training...)}), store.ImportResult{
			Training: store.ImportCount{Unchanged: 4},
		})
	})
	left, _, err := s.EvidenceOf(t.Context(), "person-000")
	check(t, err, nil)
	equal(t, "training by time", left, []evidence.Training{training[1], training[2]})
	left, _, err = s.EvidenceOf(t.Context(), "person-001")
	check(t, err, nil)
	equal(t, "training", len(left), 0)

	// Of another source that id is another statement.
	other := training[0]
	other.Origin.Source = "elsewhere"
	equal(t, "another source", mustImport(t, s, store.Import{Training: []evidence.Training{other}}).Training, store.ImportCount{Added: 1})

	// A dry run withdraws nothing.
	result, err := s.ApplyImport(t.Context(), store.Import{By: officer, WithdrawnTraining: []evidence.Origin{training[1].Origin}, DryRun: true})
	check(t, err, nil)
	equal(t, "dry run", result.Training, store.ImportCount{Removed: 1})
	training[1].Course = "CB-103"
	equal(t, "after it", mustImport(t, s, store.Import{Training: training[1:2]}).Training, store.ImportCount{Changed: 1})

	// A device may come back.
	mustImport(t, s, store.Import{Devices: []evidence.Device{Device(0)}})
	mustImport(t, s, store.Import{WithdrawnDevices: []evidence.Origin{Device(0).Origin}})
	equal(t, "device", mustImport(t, s, store.Import{Devices: []evidence.Device{Device(0)}}).Devices, store.ImportCount{Added: 1})
}

// receipt is how a record came, as an export tells it.
type receipt struct {
	ID         string    `json:"source_id"`
	ReceivedAt time.Time `json:"received_at"`
	Raw        string    `json:"raw_sha256"`
}

func receiptsOf(t *testing.T, s store.Store) map[string]receipt {
	t.Helper()
	e, err := s.ExportPerson(t.Context(), exportOf("person-000"))
	check(t, err, nil)
	all := map[string]receipt{}
	for _, text := range append(e.Training, e.Devices...) {
		var r receipt
		check(t, json.Unmarshal(text, &r), nil)
		all[r.ID] = r
	}
	return all
}

func receipts(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	training, device := Training(0), Device(0)
	hash := func(text string) evidence.Hash { return evidence.Hash(Sum(text)) }
	training = append(training, training[0])
	training[3].Course = "CB-102" // the last of one id counts, and so does its hash
	mustImport(t, s, store.Import{
		At: now.Add(time.Hour), Training: training, Devices: []evidence.Device{device},
		TrainingHashes: []evidence.Hash{hash("0"), hash("1"), {}, hash("3")}, DeviceHashes: []evidence.Hash{hash("d")},
	})
	id := func(n int) string { return training[n].Origin.ID }
	first := now.Add(time.Hour)
	want := map[string]receipt{
		id(0): {id(0), first, hash("3").String()}, id(1): {id(1), first, hash("1").String()}, id(2): {id(2), first, ""},
		device.Origin.ID: {device.Origin.ID, first, hash("d").String()},
	}
	equal(t, "receipts", receiptsOf(t, s), want)

	// What comes again leaves them; what changes brings its own, or none.
	device.Name = "changed"
	training[2].Outcome = evidence.Passed
	mustImport(t, s, store.Import{
		At: now.Add(2 * time.Hour), Training: training[1:3], Devices: []evidence.Device{device},
		TrainingHashes: []evidence.Hash{hash("other spaces"), hash("2")},
	})
	want[id(2)] = receipt{id(2), now.Add(2 * time.Hour), hash("2").String()}
	want[device.Origin.ID] = receipt{device.Origin.ID, now.Add(2 * time.Hour), ""}
	equal(t, "receipts", receiptsOf(t, s), want)
}

func hashesMatch(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	for _, im := range []store.Import{
		{Training: Training(0), TrainingHashes: make([]evidence.Hash, 2)}, {TrainingHashes: make([]evidence.Hash, 1)},
		{Devices: []evidence.Device{Device(0)}, DeviceHashes: make([]evidence.Hash, 2)},
	} {
		im.By = officer
		_, err := s.ApplyImport(t.Context(), im)
		check(t, err, store.ErrInvalid)
	}
}
