package issuer_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/issuertest"
	"github.com/cyberbadge/cyberbadge/issuer/source"
	"github.com/cyberbadge/cyberbadge/issuer/source/runner"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// A program is all that a runner asks for.
var (
	_ runner.Receiver  = (*issuer.Program)(nil)
	_ runner.Inventory = (*issuer.Program)(nil)
)

func TestPersonID_IsThatOfOnePersonOrNobodys(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	person := func(id, userName, email string) evidence.Person {
		return evidence.Person{ID: id, ExternalID: "X-" + id, UserName: userName, Email: email, Active: true}
	}
	if _, err := p.Receive(t.Context(), store.Import{By: "a test", People: []evidence.Person{
		person("one", "ada@vendor.example", "Ada.L@vendor.example"), person("two", "bob@vendor.example", "desk@vendor.example"),
		person("three", "cy@vendor.example", "desk@vendor.example"),
	}}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"one": "one", "X-two": "two", "ADA@vendor.example": "one", "ada.l@VENDOR.example": "one",
		"desk@vendor.example": "", "nobody": "", "": "",
	} {
		if got, err := p.PersonID(t.Context(), name); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", name, got, err, want)
		}
	}
	if _, err := p.PersonByExternalID(t.Context(), "one"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an id is no external id: %v", err)
	}
}

func TestCursors_OutlastTheProgram(t *testing.T) {
	t.Parallel()
	if store.MaxCursor != source.MaxCursor {
		t.Errorf("a source's cursor has %d bytes, %d are kept", source.MaxCursor, store.MaxCursor)
	}
	p := start(t, nil)
	if err := p.Cursors().Set(t.Context(), "lrs", "here"); err != nil {
		t.Fatal(err)
	}
	config := issuertest.Config(p.store, p.Now)
	again, err := issuer.New(config)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"lrs": "here", "graph": ""} {
		if got, err := again.Cursors().Get(t.Context(), name); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", name, got, err, want)
		}
	}
}

// What is kept can be traced to what was sent.
func TestImport_KeepsWhenAndAsWhatEvidenceCame(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	text, err := p.ExportPerson(t.Context(), p.eligible(t)[0].Person.ID, "a test", "a test")
	if err != nil {
		t.Fatal(err)
	}
	type receipt struct {
		ReceivedAt time.Time `json:"received_at"`
		Raw        string    `json:"raw_sha256"`
	}
	var export struct{ Training, Devices []receipt }
	if err := json.Unmarshal(text, &export); err != nil {
		t.Fatal(err)
	}
	if len(export.Training) == 0 || len(export.Devices) == 0 {
		t.Fatalf("%+v", export)
	}
	for _, r := range append(export.Training, export.Devices...) {
		if !r.ReceivedAt.Equal(p.Now()) || len(r.Raw) != 64 {
			t.Errorf("%+v", r)
		}
	}
}

func TestDeviceIDs_AreThoseOfOneSource(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	held, err := p.DeviceIDs(t.Context(), "graph")
	if err != nil || len(held) == 0 {
		t.Errorf("%d devices of the sample's source, %v", len(held), err)
	}
	if none, err := p.DeviceIDs(t.Context(), "fleet"); err != nil || len(none) != 0 {
		t.Errorf("%q, %v", none, err)
	}
}
