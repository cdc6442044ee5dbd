package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var standingTests = []test{
	{"an import judges everybody whom it touches, and nobody else", judgeTouched},
	{"a judge is told all that there is", judgeSituation},
	{"a judgement is kept and told", judgementKept},
	{"a judgement changes badges because of standing alone", judgementBadges},
	{"who leaves has no badge and no phone", judgementLeave},
	{"a judge that fails refuses the whole change", judgeFails},
	{"a judgement that breaks a rule is refused", judgementInvalid},
}

// scale is a judge whose people are in good standing as long as they have a
// device that complies; it notes whom it judged.
type scale struct {
	digest string
	seen   []store.Situation
	change func(store.Situation, *store.Judgement)
}

func newScale() *scale { return &scale{digest: "p1"} }

func (c *scale) judge(s store.Situation) (store.Judgement, error) {
	c.seen = append(c.seen, s)
	good := s.Person.Active && len(s.Devices) > 0 && !slices.ContainsFunc(s.Devices, func(d evidence.Device) bool { return d.Compliance != "compliant" })
	j := store.Judgement{Reason: "judged", Record: store.Record{
		PolicyDigest: c.digest, Eligible: good, NextAt: s.Now.Add(time.Hour), ChangesAt: s.Now.Add(2 * time.Hour), Ladder: json.RawMessage(`{"n":1}`),
	}}
	if good {
		j.Record.Access = []string{"onsite"}
	} else {
		j.Record.Reasons = []notify.Reason{{Kind: "device-noncompliant", Subject: "d", At: now}}
	}
	if c.change != nil {
		c.change(s, &j)
	}
	return j, nil
}

// judged returns the ids of those who were judged since the last call, in order.
func (c *scale) judged() []string {
	all := make([]string, 0)
	for _, s := range c.seen {
		all = append(all, s.Person.ID)
	}
	c.seen = nil
	slices.Sort(all)
	return all
}

func mustJudge(t *testing.T, s store.Store, c *scale, im store.Import) store.ImportResult {
	t.Helper()
	im.Judge = c.judge
	if im.At.IsZero() {
		im.At = now
	}
	return mustImport(t, s, im)
}

func persons(ns ...int) []string {
	all := make([]string, 0)
	for _, n := range ns {
		all = append(all, fmt.Sprintf("person-%03d", n))
	}
	return all
}

func judgeTouched(t *testing.T, open Opener) {
	s, c := opened(t, open, Config{}), newScale()
	training, device := Training(1)[0], Device(0)
	swapped := People(3)
	swapped[0].ExternalID, swapped[1].ExternalID = swapped[1].ExternalID, swapped[0].ExternalID
	managed := slices.Clone(swapped)
	managed[2].ManagerID = "person-000"
	moved, renamed := device, training
	moved.PersonID, renamed.PersonExternalID = "person-002", "E-002"
	stranger := Training(7)[0]
	for _, step := range []struct {
		what string
		im   store.Import
		want []string
	}{
		{"a device", store.Import{Devices: []evidence.Device{device}}, persons(0)},
		{"the same device", store.Import{Devices: []evidence.Device{device}}, persons()},
		{"training", store.Import{Training: []evidence.Training{training}}, persons(1)},
		{"training of nobody known", store.Import{Training: []evidence.Training{stranger}}, persons()},
		{"people who change external ids", store.Import{People: swapped}, persons(0, 1)},
		{"a manager", store.Import{People: managed}, persons(2)},
		{"a device that goes to somebody else", store.Import{Devices: []evidence.Device{moved}}, persons(0, 2)},
		{"training that was somebody else's", store.Import{Training: []evidence.Training{renamed}}, persons(0, 2)},
		{"a withdrawn device", store.Import{WithdrawnDevices: []evidence.Origin{device.Origin}}, persons(2)},
		{"withdrawn training", store.Import{WithdrawnTraining: []evidence.Origin{training.Origin}}, persons(2)},
		{"a device withdrawn again", store.Import{WithdrawnDevices: []evidence.Origin{device.Origin}}, persons()},
		{"somebody new, with what was there before", store.Import{People: People(8)[7:]}, persons(7)},
	} {
		result := mustJudge(t, s, c, step.im)
		equal(t, step.what+": judged", result.Judged, len(step.want))
		if step.what == "somebody new, with what was there before" {
			equal(t, "training of who came after it", len(c.seen[0].Training), 1)
		}
		equal(t, step.what, c.judged(), step.want)
	}
}

func judgeSituation(t *testing.T, open Opener) {
	s, c := opened(t, open, Config{}), newScale()
	mustImport(t, s, store.Import{Training: Training(0), Devices: []evidence.Device{Device(0)}})
	badge := mustReserve(t, s, "b", 0)
	gone := mustReserve(t, s, "gone", 0)
	_, err := setStatus(t, s, gone.ID, store.Invalid)
	check(t, err, nil)
	hold := Hold("h", 0)
	check(t, s.AddHold(t.Context(), hold, nil), nil)
	_, err = s.Record(t.Context(), "person-000")
	check(t, err, store.ErrNotFound)

	at := now.Add(time.Minute)
	request := store.RejudgeRequest{Persons: persons(0), At: at, By: officer, Judge: c.judge}
	result, err := s.Rejudge(t.Context(), request)
	check(t, err, nil)
	equal(t, "result", result, store.RejudgeResult{Judged: 1, Changed: 1})
	training, devices, err := s.EvidenceOf(t.Context(), "person-000")
	check(t, err, nil)
	first := store.Situation{Now: at, Person: People(1)[0], Training: training, Devices: devices, Holds: []store.Hold{hold}, Badges: []store.Badge{badge}}
	equal(t, "the first situation", c.seen[0], first)

	kept, err := s.Record(t.Context(), "person-000")
	check(t, err, nil)
	request.At = at.Add(time.Minute)
	result, err = s.Rejudge(t.Context(), request)
	check(t, err, nil)
	equal(t, "nothing changed", result, store.RejudgeResult{Judged: 1})
	first.Now, first.Record = request.At, kept
	equal(t, "the second situation", c.seen[1], first)
}

func judgementKept(t *testing.T, open Opener) {
	s, c := opened(t, open, Config{}), newScale()
	step := store.Step{Kind: "remind", Due: now.UTC(), Lapse: now.Add(time.Hour).UTC(), Threshold: "24h0m0s"}
	c.change = func(_ store.Situation, j *store.Judgement) {
		j.Steps = []store.Step{step}
		j.Messages = []notify.Message{Message("person-000", "key")}
	}
	before := last(t, s)
	result := mustJudge(t, s, c, store.Import{Devices: []evidence.Device{Device(0)}})
	equal(t, "messages", result.Messages, 1)
	want := store.Record{
		PersonID: "person-000", PolicyDigest: "p1", JudgedAt: now, Eligible: true, Access: []string{"onsite"},
		ChangesAt: now.Add(2 * time.Hour), NextAt: now.Add(time.Hour), Ladder: json.RawMessage(`{"n":1}`),
	}
	got, err := s.Record(t.Context(), "person-000")
	check(t, err, nil)
	equal(t, "record", got, want)
	page, err := s.Records(t.Context(), "", store.MaxPage)
	check(t, err, nil)
	equal(t, "records", page, []store.Record{want})
	next, err := s.NextJudgement(t.Context())
	check(t, err, nil)
	equal(t, "next judgement", next, want.NextAt)

	c.change = nil
	worse := Device(0)
	worse.Compliance = "noncompliant"
	mustJudge(t, s, c, store.Import{Devices: []evidence.Device{worse}})
	var details []string
	for _, e := range events(t, s, before) {
		if e.Kind == store.StandingChanged || e.Kind == store.LadderStep || e.Kind == store.MessageQueued {
			details = append(details, string(e.Kind)+string(e.Detail))
		}
	}
	stepped, err := json.Marshal(step)
	check(t, err, nil)
	equal(t, "events", details, []string{
		`standing.changed{"after":{"eligible":true,"access":["onsite"]},"policy":"p1"}`,
		`ladder.step` + string(stepped),
		`message.queued{"person":"person-000","kind":"lapse","channel":"mail","to":"person"}`,
		`standing.changed{"before":{"eligible":true,"access":["onsite"]},"after":{"eligible":false,"reasons":["device-noncompliant"]},"policy":"p1"}`,
	})
}

func judgementBadges(t *testing.T, open Opener) {
	s, c := opened(t, open, Config{}), newScale()
	mustReserve(t, s, "b", 0)
	act := func(to string) store.Badge {
		t.Helper()
		c.change = func(_ store.Situation, j *store.Judgement) {
			ids := []string{"b"}
			switch to {
			case "suspend":
				j.Suspend = ids
			case "resume":
				j.Resume = ids
			case "revoke":
				j.Revoke = ids
			}
		}
		_, err := s.Rejudge(t.Context(), store.RejudgeRequest{Persons: persons(0), At: now, By: officer, Judge: c.judge})
		check(t, err, nil)
		b, err := s.Badge(t.Context(), "b")
		check(t, err, nil)
		return b
	}
	office := func(to store.Status, cause store.Cause) store.Badge {
		t.Helper()
		b, err := s.SetBadgeStatus(t.Context(), store.StatusChange{BadgeID: "b", To: to, Cause: cause, Reason: "r", By: officer, At: now})
		check(t, err, nil)
		return b
	}
	causes := func(what string, b store.Badge, want ...store.Cause) {
		t.Helper()
		equal(t, what, b.Causes, slices.Clip(want))
		status := store.Suspended
		if len(want) == 0 {
			status = store.Valid
		}
		equal(t, what+": status", b.Status, status)
		equal(t, what+": entry", entry(t, s, b), status.Entry())
	}
	causes("suspended by standing", act("suspend"), store.ByStanding)
	causes("by the office, too", office(store.Suspended, ""), store.ByOffice, store.ByStanding)
	causes("and for a concern", office(store.Suspended, store.ByConcern), store.ByConcern, store.ByOffice, store.ByStanding)
	quiet(t, s, func() { office(store.Suspended, store.ByConcern) })
	causes("in good standing again", act("resume"), store.ByConcern, store.ByOffice)
	causes("the office reinstates", office(store.Valid, store.ByOffice), store.ByConcern)
	causes("the concern is dropped", office(store.Valid, store.ByConcern))
	equal(t, "revoked", act("revoke").Status, store.Invalid)
	check(t, checkOffice(t, s, store.ByStanding), store.ErrInvalid)
}

func checkOffice(t *testing.T, s store.Store, cause store.Cause) error {
	_, err := s.SetBadgeStatus(t.Context(), store.StatusChange{BadgeID: "b", To: store.Valid, Cause: cause, Reason: "r", By: officer, At: now})
	return err
}

func judgementLeave(t *testing.T, open Opener) {
	s, c := opened(t, open, Config{}), newScale()
	mustEnrol(t, s, "phone")
	mustReserve(t, s, "b", 0)
	c.change = func(v store.Situation, j *store.Judgement) {
		j.Leave, j.Revoke = true, []string{"b"}
	}
	left := People(1)[0]
	left.Active = false
	mustJudge(t, s, c, store.Import{People: []evidence.Person{left}})
	b, err := s.Badge(t.Context(), "b")
	check(t, err, nil)
	equal(t, "badge", b.Status, store.Invalid)
	all, err := s.EnrolmentsOf(t.Context(), "person-000")
	check(t, err, nil)
	equal(t, "enrolments", len(all), 1)
	equal(t, "end", all[0].EndReason, store.EndLeft)
	equal(t, "ended", all[0].EndedAt, now)
}

func judgeFails(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	broken := errors.New("broken")
	quiet(t, s, func() {
		_, err := s.ApplyImport(t.Context(), store.Import{By: officer, Devices: []evidence.Device{Device(0)},
			Judge: func(store.Situation) (store.Judgement, error) { return store.Judgement{}, broken }})
		check(t, err, broken)
	})
	_, devices, err := s.EvidenceOf(t.Context(), "person-000")
	check(t, err, nil)
	equal(t, "devices", len(devices), 0)
}

func judgementInvalid(t *testing.T, open Opener) {
	s, c := opened(t, open, Config{}), newScale()
	other := mustReserve(t, s, "other", 1)
	for name, spoil := range map[string]func(*store.Judgement){
		"no policy":             func(j *store.Judgement) { j.Record.PolicyDigest = "" },
		"due at once":           func(j *store.Judgement) { j.Record.NextAt = now },
		"no ladder":             func(j *store.Judgement) { j.Record.Ladder = nil },
		"ladder too long":       func(j *store.Judgement) { j.Record.Ladder = jsonOf(store.MaxLadder + 1) },
		"no reason":             func(j *store.Judgement) { j.Suspend, j.Reason = []string{"b"}, "" },
		"another's badge":       func(j *store.Judgement) { j.Suspend = []string{other.ID} },
		"message without a key": func(j *store.Judgement) { j.Messages = []notify.Message{Message("p", "")} },
		"too many messages":     func(j *store.Judgement) { j.Messages = make([]notify.Message, store.MaxMessages+1) },
	} {
		c.change = func(_ store.Situation, j *store.Judgement) { spoil(j) }
		quiet(t, s, func() {
			_, err := s.Rejudge(t.Context(), store.RejudgeRequest{Persons: persons(0), At: now, By: officer, Judge: c.judge})
			if !errors.Is(err, store.ErrInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	c.change = func(_ store.Situation, j *store.Judgement) { j.Record.Ladder = jsonOf(store.MaxLadder) }
	_, err := s.Rejudge(t.Context(), store.RejudgeRequest{Persons: persons(0), At: now, By: officer, Judge: c.judge})
	check(t, err, nil)
}

// jsonOf is a JSON text of so many bytes.
func jsonOf(size int) json.RawMessage {
	text := make([]byte, size)
	for i := range text {
		text[i] = '1'
	}
	return text
}
