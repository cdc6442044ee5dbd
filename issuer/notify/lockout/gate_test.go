package lockout

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/clocktest"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/notify/notifytest"
)

func TestTheGateAtItsLimit(t *testing.T) {
	t.Parallel()
	c := clocktest.New(now)
	g, err := NewGate(GateConfig{Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	for i := range DefaultPerHour {
		if !g.Allow(fmt.Sprint(i)) {
			t.Errorf("number %d is held", i+1)
		}
		c.Move(time.Minute)
	}
	if g.Allow("one more") {
		t.Error("one above the limit passed")
	}
	if !g.Allow("3") {
		t.Error("a repetition is held")
	}
	c.Move(time.Hour - DefaultPerHour*time.Minute - 1)
	if g.Allow("one more") {
		t.Error("it passed before the hour was over")
	}
	c.Move(1)
	if !g.Allow("one more") || g.Allow("another") {
		t.Error("after an hour exactly one more may pass")
	}
	c.Move(-24 * time.Hour)
	if g.Allow("with the clock set back") {
		t.Error("setting the clock back opens the gate")
	}
}

func TestARestartDoesNotOpenTheGate(t *testing.T) {
	t.Parallel()
	c := clocktest.New(now)
	before := map[string]time.Time{"a": now.Add(-time.Minute), "b": now.Add(-59 * time.Minute), "c": now.Add(-time.Hour)}
	g, err := NewGate(GateConfig{PerHour: 3, Before: before, Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	if !g.Allow("d") || g.Allow("e") || len(before) != 3 {
		t.Error("two of the hour before should count, and the map should stay as it was")
	}
	for perHour, good := range map[int]bool{-1: false, 0: true, MaxPerHour: true, MaxPerHour + 1: false} {
		if _, err := NewGate(GateConfig{PerHour: perHour}); (err == nil) != good {
			t.Errorf("%d: %v", perHour, err)
		}
	}
}

// TestAnImportThatWentWrong: forty people are to be locked out at once. As many
// as the limit allows are; the others wait for an officer, who is told once.
func TestAnImportThatWentWrong(t *testing.T) {
	t.Parallel()
	const people, limit = 40, 5
	o := newOffice(t, limit, nil)
	outbox, directory := new(notifytest.Outbox), new(notifytest.Directory)
	letters := new(letterbox)
	courier, err := notify.New(notify.Config{
		Outbox: outbox, Directory: directory, Carriers: map[notify.Channel]notify.Carrier{notify.LockOut: o.carrier, notify.Mail: letters},
		Fallback: notify.Party{Email: "fallback@vendor.example"}, Office: notify.Party{Email: "office@vendor.example"}, Now: o.clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range people {
		device := fmt.Sprint("d-", i)
		person := fmt.Sprint("person-", i)
		known := o.program.devices["win-1"]
		known.PersonID = person
		o.program.devices[device] = known
		body, err := notify.Body{Device: &notify.Device{Source: "graph", ID: device}}.JSON()
		if err != nil {
			t.Fatal(err)
		}
		if err := outbox.Queue(t.Context(), notify.Message{Key: "lock/" + device, Person: person, Kind: notify.Lock, Channel: notify.LockOut, Created: now, Due: now, Body: body}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := courier.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	held := ""
	for i := range people {
		key := fmt.Sprint("lock/d-", i)
		if outcomes := outbox.Outcomes(key); outcomes[0].State == notify.HeldBack {
			held = key
		}
	}
	if len(o.ledger.asked) != limit || held == "" {
		t.Fatalf("%d devices were locked", len(o.ledger.asked))
	}
	if letters.count(notify.Held) != 1 {
		t.Errorf("the office was told %d times", letters.count(notify.Held))
	}
	outbox.Resend(held, "officer-1", now)
	if _, err := courier.Drain(t.Context()); err != nil || len(o.ledger.asked) != limit+1 {
		t.Errorf("after one was confirmed %d were locked, %v", len(o.ledger.asked), err)
	}
	// The source is mended: whoever confirms now locks nobody.
	o.program.due = false
	for i := range people {
		outbox.Resend(fmt.Sprint("lock/d-", i), "officer-1", now)
	}
	if _, err := courier.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, asked := range o.ledger.asked[limit+1:] {
		if strings.HasPrefix(asked, "lock") {
			t.Errorf("%s", asked)
		}
	}
}
