package lockout

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/webhook"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/notify/notifytest"
)

type office struct {
	clock   *clock
	program *program
	ledger  *ledger
	carrier *Carrier
}

func newOffice(t *testing.T, perHour int, change func(*Config)) *office {
	t.Helper()
	o := &office{clock: newClock(), program: newProgram(), ledger: new(ledger)}
	gate, err := NewGate(GateConfig{PerHour: perHour, Now: o.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Program: o.program, Lockers: map[string]Locker{"graph": o.ledger}, Gate: gate, Now: o.clock.now}
	if change != nil {
		change(&cfg)
	}
	if o.carrier, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	return o
}

func delivery(kind notify.Kind, device string) notify.Delivery {
	return notify.Delivery{
		Message: notify.Message{ID: "m-1", Key: "lock/person-1/" + device, Person: "person-1", Kind: kind, Attempts: 1},
		Body:    notify.Body{Device: &notify.Device{Source: "graph", ID: device}, Reasons: []notify.Reason{{Kind: "training-expired", Subject: "CB-101"}}},
	}
}

func TestALockOutIsCarriedOutAndTold(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 0, nil)
	receipt, err := o.carrier.Carry(t.Context(), delivery(notify.Lock, "win-1"))
	if err != nil || receipt.Dropped || receipt.Note != "done: lock" {
		t.Fatalf("%+v %v", receipt, err)
	}
	same(t, "asked", o.ledger.asked, "lock win-1")
	var told []string
	for _, m := range receipt.Follow {
		body, err := m.Read()
		if err != nil || m.Person != "person-1" || m.Kind != notify.Locked || body.Device.ID != "win-1" || !body.At.Equal(now) || len(body.Reasons) != 1 {
			t.Errorf("%+v %v", m, err)
		}
		told = append(told, m.Key)
	}
	same(t, "told", told, "lock/person-1/win-1/locked/mail/person", "lock/person-1/win-1/locked/mail/manager")
	o.program.locked["win-1"] = true
	receipt, err = o.carrier.Carry(t.Context(), delivery(notify.Unlock, "win-1"))
	if err != nil || receipt.Dropped || len(receipt.Follow) != 2 || receipt.Follow[0].Kind != notify.Unlocked {
		t.Fatalf("%+v %v", receipt, err)
	}
	same(t, "asked", o.ledger.asked, "lock win-1", "unlock win-1")
}

func TestNobodyIsLockedOutWithoutCause(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		change func(*office)
		device string
		want   string
	}{
		{"restored meanwhile", func(o *office) { o.program.due = false }, "win-1", "the lock-out is not due any more"},
		{"given to somebody else", nil, "win-2", "the device is not the person's any more"},
		{"not in the program any more", nil, "gone", "the device is not the person's any more"},
	}
	for _, c := range cases {
		o := newOffice(t, 0, nil)
		if c.change != nil {
			c.change(o)
		}
		receipt, err := o.carrier.Carry(t.Context(), delivery(notify.Lock, c.device))
		if err != nil || !receipt.Dropped || receipt.Note != c.want || len(receipt.Follow)+len(o.ledger.asked) != 0 {
			t.Errorf("%s: %+v %v, asked %q", c.name, receipt, err, o.ledger.asked)
		}
	}
	o := newOffice(t, 0, nil)
	o.program.down = errors.New("the database is away")
	if _, err := o.carrier.Carry(t.Context(), delivery(notify.Lock, "win-1")); err == nil || isPermanent(err) || len(o.ledger.asked) != 0 {
		t.Errorf("%v, asked %q", err, o.ledger.asked)
	}
}

func TestALockOutThatMayHaveGoneThroughUnseenIsTakenBack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		attempts    int
		confirmedBy string
		undone      bool
	}{{1, "", false}, {2, "", true}, {2, "officer", false}, {3, "officer", true}} {
		o := newOffice(t, 0, nil)
		o.program.due = false
		d := delivery(notify.Lock, "win-1")
		d.Message.Attempts, d.Message.ConfirmedBy = c.attempts, c.confirmedBy
		receipt, err := o.carrier.Carry(t.Context(), d)
		if err != nil || !receipt.Dropped || (len(o.ledger.asked) == 1) != c.undone {
			t.Errorf("%+v: %+v %v, asked %q", c, receipt, err, o.ledger.asked)
		}
	}
}

func TestOnlyWhatWasLockedHereIsUnlocked(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 0, nil)
	receipt, err := o.carrier.Carry(t.Context(), delivery(notify.Unlock, "win-1"))
	if err != nil || !receipt.Dropped || receipt.Note != "the program had not locked it" || len(o.ledger.asked) != 0 {
		t.Errorf("%+v %v, asked %q", receipt, err, o.ledger.asked)
	}
	// A device that the program does not know any more is unlocked all the same.
	o.program.locked["gone"] = true
	if receipt, err := o.carrier.Carry(t.Context(), delivery(notify.Unlock, "gone")); err != nil || receipt.Dropped {
		t.Errorf("%+v %v", receipt, err)
	}
}

func TestADryRunCallsNobody(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 0, func(cfg *Config) { cfg.DryRun = true })
	o.program.locked["win-1"] = true
	for kind, want := range map[notify.Kind]string{notify.Lock: "dry run; it would: lock it", notify.Unlock: "dry run; it would: unlock it"} {
		d := delivery(kind, "win-1")
		receipt, err := o.carrier.Carry(t.Context(), d)
		if err != nil || !receipt.Dropped || receipt.Note != want || len(receipt.Follow) != 0 {
			t.Errorf("%+v %v", receipt, err)
		}
	}
	o.program.due = false
	d := delivery(notify.Lock, "win-1")
	d.Message.Attempts = 5
	if _, err := o.carrier.Carry(t.Context(), d); err != nil || len(o.ledger.asked) != 0 {
		t.Errorf("%v, asked %q", err, o.ledger.asked)
	}
}

func TestMessagesThatCannotBeCarriedOut(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 0, nil)
	jamf := delivery(notify.Lock, "win-1")
	jamf.Body.Device = &notify.Device{Source: "jamf", ID: "1"}
	none := delivery(notify.Lock, "win-1")
	none.Body.Device = nil
	for want, d := range map[string]notify.Delivery{
		"names no device":                    none,
		`locks devices of the source "jamf"`: jamf,
		`"lapse" neither locks nor unlocks`:  delivery(notify.Lapse, "win-1"),
	} {
		if _, err := o.carrier.Carry(t.Context(), d); !isPermanent(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestTheGateAtItsLimit(t *testing.T) {
	t.Parallel()
	c := newClock()
	g, err := NewGate(GateConfig{Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	for i := range DefaultPerHour {
		if !g.Allow(fmt.Sprint(i)) {
			t.Errorf("number %d is held", i+1)
		}
		c.move(time.Minute)
	}
	if g.Allow("one more") {
		t.Error("one above the limit passed")
	}
	if !g.Allow("3") {
		t.Error("a repetition is held")
	}
	c.move(time.Hour - DefaultPerHour*time.Minute - 1)
	if g.Allow("one more") {
		t.Error("it passed before the hour was over")
	}
	c.move(1)
	if !g.Allow("one more") || g.Allow("another") {
		t.Error("after an hour exactly one more may pass")
	}
	c.move(-24 * time.Hour)
	if g.Allow("with the clock set back") {
		t.Error("setting the clock back opens the gate")
	}
}

func TestARestartDoesNotOpenTheGate(t *testing.T) {
	t.Parallel()
	c := newClock()
	before := map[string]time.Time{"a": now.Add(-time.Minute), "b": now.Add(-59 * time.Minute), "c": now.Add(-time.Hour)}
	g, err := NewGate(GateConfig{PerHour: 3, Before: before, Now: c.now})
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
		Fallback: notify.Party{Email: "fallback@vendor.example"}, Office: notify.Party{Email: "office@vendor.example"}, Now: o.clock.now,
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

func TestTheHookIsSigned(t *testing.T) {
	t.Parallel()
	secret, _ := webhook.NewSecret()
	var header http.Header
	var body []byte
	status := http.StatusAccepted
	address, client := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header = r.Header
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(status)
	}))
	h, err := NewHook(HookConfig{URL: address, Secrets: []webhook.Secret{secret}, Client: client, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	o := Order{ID: "m-1", Person: "person-1", Device: notify.Device{Source: "jamf", ID: "7"}, Reasons: []notify.Reason{{Kind: "device-stale", Subject: "7"}}}
	receipt, err := h.Lock(t.Context(), o)
	if err != nil || receipt.note() != "done: have the webhook lock the device" {
		t.Fatalf("%+v %v", receipt, err)
	}
	got, err := webhook.Verify([]webhook.Secret{secret}, header, body, now)
	const want = `{"type":"device.lock","timestamp":"2026-11-23T08:00:00Z","data":{"device":{"source":"jamf","id":"7"},"person":"person-1","reasons":[{"kind":"device-stale","subject":"7"}]}}`
	if err != nil || got.ID != "m-1-lock" || string(body) != want {
		t.Errorf("%+v %v %s", got, err, body)
	}
	if _, err := h.Unlock(t.Context(), o); err != nil || header.Get("Webhook-Id") != "m-1-unlock" || !strings.Contains(string(body), `"device.unlock"`) {
		t.Errorf("%v %s", err, body)
	}
	status = http.StatusNotFound
	if _, err := h.Lock(t.Context(), o); !isPermanent(err) {
		t.Errorf("%v", err)
	}
	if _, err := NewHook(HookConfig{}); err == nil || err.Error() != "lockout: hook: Client is missing\nwebhook: there are 0 secrets; there must be 1 to 4" {
		t.Errorf("%v", err)
	}
}

func TestNewReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	_, err := New(Config{})
	want := "lockout: Program is missing\nlockout: Lockers is empty; leave the channel out to have no lock-out\nlockout: Gate is missing"
	if err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
}
