package issuer_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/issuertest"
	"github.com/cyberbadge/cyberbadge/issuer/signal"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
)

// signalled is a program with a stream on which everything is told.
type signalled struct {
	program
	seen int64
}

func signalling(t *testing.T) *signalled {
	t.Helper()
	p := start(t, nil)
	if err := p.store.AddSignalReceiver(t.Context(), store.SignalReceiver{
		Name: "gate", Audience: "https://gate.example", Algorithm: store.SignalES256, SubjectFormat: store.SignalIssuerSubject,
		Events: signal.Types(), Everybody: true, Badges: true, By: "local", CreatedAt: p.Now(),
	}); err != nil {
		t.Fatal(err)
	}
	if err := p.store.AddSignalStream(t.Context(), store.SignalStream{ID: "s", Receiver: "gate", Delivered: signal.Types(), CreatedAt: p.Now()}); err != nil {
		t.Fatal(err)
	}
	return &signalled{program: p}
}

// said is what was queued since the last time, in a few words each, sorted.
func (p *signalled) said(t *testing.T) []string {
	t.Helper()
	waiting, err := p.store.Signals(t.Context(), "s", store.SignalQuery{Limit: store.MaxSignalRead})
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, q := range waiting {
		if q.Number <= p.seen {
			continue
		}
		p.seen = q.Number
		var event struct {
			Change   string                  `json:"change_type"`
			By       string                  `json:"initiating_entity"`
			Before   string                  `json:"previous_status"`
			After    string                  `json:"current_status"`
			Reason   map[string]string       `json:"reason_admin"`
			At       int64                   `json:"event_timestamp"`
			OneBadge struct{ Status string } `json:"badge"`
		}
		if err := json.Unmarshal(q.Event, &event); err != nil {
			t.Fatal(err)
		}
		if event.Reason["en"] == "" || event.At != p.Now().Unix() || q.Subject == "" || q.Cause == "" {
			t.Errorf("%s: %s", q.Type, q.Event)
		}
		name := q.Type[strings.LastIndex(q.Type, "/")+1:]
		list = append(list, strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s %s by %s", name, event.Change, event.OneBadge.Status, event.Before, event.After, event.By)), " "))
	}
	slices.Sort(list)
	return list
}

func (p *signalled) wantSaid(t *testing.T, what string, want ...string) {
	t.Helper()
	if got := p.said(t); !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestSignals_OfOneBadge(t *testing.T) {
	t.Parallel()
	p := signalling(t)
	person, _ := p.skilled(t)
	badge := p.mustIssue(t, person.Person.ID).ID
	p.wantSaid(t, "issuing")
	for _, step := range []struct {
		to   store.Status
		by   string
		want []string
	}{
		{store.Suspended, "officer:1", []string{"credential-change update suspended by admin", "session-revoked suspended by admin"}},
		{store.Suspended, "officer:1", nil},
		{store.Valid, "token:1", []string{"credential-change update valid by admin"}},
		{store.Suspended, "local", []string{"credential-change update suspended by admin", "session-revoked suspended by admin"}},
		{store.Invalid, "local:ann", []string{"credential-change revoke invalid by admin"}},
	} {
		p.Move(time.Second)
		if _, err := p.SetStatus(t.Context(), badge, step.to, "x", step.by); err != nil {
			t.Fatal(err)
		}
		p.wantSaid(t, string(step.to), step.want...)
	}
}

func TestSignals_OfALapseAndItsEnd(t *testing.T) {
	t.Parallel()
	p := signalling(t)
	person, device := p.skilled(t)
	p.mustIssue(t, person.Person.ID)
	p.mustIssue(t, person.Person.ID)
	p.report(t, device, "noncompliant")
	p.wantSaid(t, "a device that is not good enough",
		"credential-change update suspended by policy", "credential-change update suspended by policy",
		"device-compliance-change compliant not-compliant by policy",
		"session-revoked suspended by policy", "session-revoked suspended by policy")
	p.report(t, device, "noncompliant")
	p.wantSaid(t, "the same again")
	p.Move(time.Second)
	p.report(t, device, "compliant")
	p.wantSaid(t, "a device that is good again",
		"credential-change update valid by policy", "credential-change update valid by policy",
		"device-compliance-change not-compliant compliant by policy")
}

func TestSignals_OfThoseWhoLeaveAndPhonesThatAreReplaced(t *testing.T) {
	t.Parallel()
	p := signalling(t)
	person, _ := p.skilled(t)
	p.mustIssue(t, person.Person.ID)
	p.invite(t, person.Person.ID)
	p.wantSaid(t, "another phone", "credential-change revoke invalid by system", "session-revoked invalid by system")
	p.mustIssue(t, person.Person.ID)
	p.turn(t, false, person.Person)
	p.wantSaid(t, "leaving", "credential-change revoke invalid by policy", "session-revoked invalid by policy")
}

func TestSignals_OfBadgesThatNoPhoneHas(t *testing.T) {
	t.Parallel()
	p := signalling(t)
	person, _ := p.skilled(t)
	for _, reason := range []string{store.EndSuperseded, store.EndDeleted, store.EndFailed} {
		badge := p.mustIssue(t, person.Person.ID).ID
		if _, err := p.store.SetBadgeStatus(t.Context(), store.StatusChange{BadgeID: badge, To: store.Invalid, Reason: reason, By: "enrolment:1", At: p.Now()}); err != nil {
			t.Fatal(err)
		}
		p.wantSaid(t, reason, "credential-change delete invalid by user")
	}
}

func TestSignals_TheFirstKeySignsAtOnce(t *testing.T) {
	t.Parallel()
	config, _ := configure(t, sqlite.Config{})
	config.Keys = issuertest.NewKeys()
	p := issuertest.New(t, config)
	if err := p.EnsureSignalKey(t.Context(), "local"); err != nil {
		t.Fatal(err)
	}
	first, _, err := p.SigningKey(store.ForSignals)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.EnsureSignalKey(t.Context(), "local"); err != nil {
		t.Fatal(err)
	}
	if again, _, err := p.SigningKey(store.ForSignals); err != nil || again != first {
		t.Errorf("a second key was made: %s %v", again, err)
	}
	if _, err := p.TaintKey(t.Context(), issuer.KeyRequest{ID: first, By: "local", Reason: "x", WithoutSuccessor: true}); err != nil {
		t.Fatal(err)
	}
	if err := p.EnsureSignalKey(t.Context(), "local"); err != nil {
		t.Fatal(err)
	}
	if next, _, err := p.SigningKey(store.ForSignals); err != nil || next == first {
		t.Errorf("%s signs again, %v", next, err)
	}
}
