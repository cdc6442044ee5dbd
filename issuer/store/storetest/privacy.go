package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var privacyTests = []test{
	{"an export holds all that is kept of somebody", exportAll},
	{"who was erased is not known any more, and the chain holds", erased},
	{"who was erased comes back as somebody new, or not at all", erasedComesBack},
	{"orders for devices outlast their person", erasedOrders},
	{"a portrait that two people have outlasts one of them", erasedPortrait},
}

func asChainError(err error) (*store.ChainError, bool) {
	var wrong *store.ChainError
	ok := errors.As(err, &wrong)
	return wrong, ok
}

// personal is what is known of person-000 and must be gone once it was erased.
var personal = []string{"Zoë", "Nuñez", "zoe@vendor.example", "user0", "E-000", "Field", "LAPTOP", "on site", "device-stale", "CB-101"}

// known returns a store in which there is something of every kind about person-000.
func known(t *testing.T, open Opener) store.Store {
	t.Helper()
	s, c := opened(t, open, Config{}), newScale()
	mustJudge(t, s, c, store.Import{Training: Training(0), Devices: []evidence.Device{Device(0)}})
	check(t, s.AddHold(t.Context(), Hold("h", 0), nil), nil)
	mustEnrol(t, s, "phone")
	mustReserve(t, s, "b", 0)
	_, err := s.SetStatusOfPerson(t.Context(), store.PersonStatusChange{PersonID: "person-000", To: store.Suspended, Reason: "r", By: officer, At: now})
	check(t, err, nil)
	_, err = s.SetPortrait(t.Context(), Portrait("face", 0))
	check(t, err, nil)
	check(t, s.Queue(t.Context(), Message("person-000", "delivered")), nil)
	settle(t, s, notify.Mail, notify.Delivered)
	check(t, s.Queue(t.Context(), Message("person-000", "waiting")), nil)
	return s
}

func exported(t *testing.T, s store.Store, id string) (store.PersonExport, string) {
	t.Helper()
	e, err := s.ExportPerson(t.Context(), exportOf(id))
	check(t, err, nil)
	text, err := json.Marshal(e)
	check(t, err, nil)
	return e, string(text)
}

func exportAll(t *testing.T, open Opener) {
	s := known(t, open)
	e, text := exported(t, s, "person-000")
	for _, want := range append(personal,
		`"device-stale"`, `"2026-11-23T08:00:00.123456Z"`, `"eligible":true`, `"cause":"office"`, `"thumbprint-b"`, `"key":"waiting"`, `"media_type"`) {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in the export", want)
		}
	}
	equal(t, "training, devices, holds, suspensions, badges, enrolments, messages",
		[]int{len(e.Training), len(e.Devices), len(e.Holds), len(e.Suspensions), len(e.Badges), len(e.Enrolments), len(e.Messages)},
		[]int{3, 1, 1, 1, 1, 1, 2})
	for _, event := range e.Events {
		if !strings.Contains(string(event), "person-000") {
			t.Errorf("an event of somebody else: %s", event)
		}
	}
	for _, secret := range []string{"code_hash", "access_hash", "refresh_hash", "person-001"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s is in the export", secret)
		}
	}
	_, err := s.ExportPerson(t.Context(), exportOf("nobody"))
	check(t, err, store.ErrNotFound)
}

func erased(t *testing.T, open Opener) {
	s := known(t, open)
	before, err := s.VerifyEvents(t.Context())
	check(t, err, nil)
	check(t, s.ErasePerson(t.Context(), Erasure("person-000")), nil)
	_, err = s.VerifyEvents(t.Context(), before)
	check(t, err, nil)

	e, text := exported(t, s, "person-000")
	for _, gone := range personal {
		if strings.Contains(text, gone) {
			t.Errorf("%s is still kept: %s", gone, text)
		}
	}
	equal(t, "what stays", []int{len(e.Training), len(e.Devices), len(e.Holds), len(e.Suspensions), len(e.Badges), len(e.Enrolments), len(e.Messages)},
		[]int{0, 0, 0, 0, 1, 1, 2})
	equal(t, "erased at", e.ErasedAt, now)
	b, err := s.Badge(t.Context(), "b")
	check(t, err, nil)
	equal(t, "badge", b.Status, store.Invalid)
	all, err := s.EnrolmentsOf(t.Context(), "person-000")
	check(t, err, nil)
	equal(t, "enrolment", all[0].EndReason, store.EndErased)
	claimed, err := s.Claim(t.Context(), notify.Mail, now.Add(time.Hour), 10, time.Minute)
	check(t, err, nil)
	equal(t, "messages to be sent", len(claimed), 0)

	quiet(t, s, func() { unknown(t, s, "person-000") })
	rejudgeTwo(t, s)
}

// unknown tries every way to find somebody.
func unknown(t *testing.T, s store.Store, id string) {
	t.Helper()
	_, err := s.Person(t.Context(), id)
	check(t, err, store.ErrNotFound)
	_, err = s.PersonByExternalID(t.Context(), "E-000")
	check(t, err, store.ErrNotFound)
	_, _, err = s.EvidenceOf(t.Context(), id)
	check(t, err, store.ErrNotFound)
	_, err = s.Record(t.Context(), id)
	check(t, err, store.ErrNotFound)
	_, err = s.ReserveBadge(t.Context(), Reservation("another", 0))
	check(t, err, store.ErrNotFound)
	_, err = s.AddInvitation(t.Context(), Invitation("another", 0))
	check(t, err, store.ErrNotFound)
	_, err = s.SetPortrait(t.Context(), Portrait("another", 0))
	check(t, err, store.ErrNotFound)
	check(t, s.AddHold(t.Context(), Hold("another", 0), nil), store.ErrNotFound)
	check(t, s.ErasePerson(t.Context(), Erasure(id)), store.ErrNotFound)
	people, err := s.People(t.Context(), "", store.MaxPage)
	check(t, err, nil)
	equal(t, "people", len(people), 2)
	if err := s.AllEvidence(t.Context(), func(p evidence.Person, _ []evidence.Training, _ []evidence.Device) error {
		if p.ID == id {
			return errors.New("still there")
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// rejudgeTwo rejudges everybody, which is two people.
func rejudgeTwo(t *testing.T, s store.Store) {
	t.Helper()
	result, err := s.Rejudge(t.Context(), store.RejudgeRequest{NotUnder: "p9", Limit: 10, At: now, By: officer, Judge: func(store.Situation) (store.Judgement, error) {
		return store.Judgement{Record: store.Record{PolicyDigest: "p9", Ladder: []byte("{}")}}, nil
	}})
	check(t, err, nil)
	equal(t, "judged", result.Judged, 2)
}

func erasedComesBack(t *testing.T, open Opener) {
	s, c := opened(t, open, Config{}), newScale()
	check(t, s.ErasePerson(t.Context(), Erasure("person-000")), nil)
	left := People(1)
	left[0].Active = false
	quiet(t, s, func() {
		equal(t, "as somebody who left", mustJudge(t, s, c, store.Import{People: left}).People, store.ImportCount{Unchanged: 1})
	})
	equal(t, "as somebody active", mustJudge(t, s, c, store.Import{People: People(1)}).People, store.ImportCount{Added: 1})
	equal(t, "judged", c.judged(), persons(0))
	got, err := s.Person(t.Context(), "person-000")
	check(t, err, nil)
	equal(t, "person", got, People(1)[0])
	mustReserve(t, s, "b", 0)
}

func erasedOrders(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustImport(t, s, store.Import{Devices: []evidence.Device{Device(0)}})
	check(t, s.Queue(t.Context(), order(notify.Unlock, "unlock", "d-0")), nil)
	check(t, s.ErasePerson(t.Context(), Erasure("person-000")), nil)
	m := mustClaim(t, s, notify.LockOut)
	body, err := m.Read()
	check(t, err, nil)
	equal(t, "device", *body.Device, notify.Device{Source: "graph", ID: "d-0"})
	d, err := s.Device(t.Context(), evidence.Origin{ID: "d-0"})
	check(t, err, nil)
	equal(t, "owner and name", d.PersonID+d.Name, "")
	equal(t, "system", d.OS, "Windows")
}

func erasedPortrait(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	face := Portrait("face", 0)
	for person := range 2 {
		_, err := s.SetPortrait(t.Context(), Portrait("face", person))
		check(t, err, nil)
	}
	for person, want := range []error{nil, store.ErrNotFound} {
		check(t, s.ErasePerson(t.Context(), Erasure(fmt.Sprintf("person-%03d", person))), nil)
		_, err := s.Portrait(t.Context(), face.Portrait.Digest.Name())
		check(t, err, want)
	}
}
