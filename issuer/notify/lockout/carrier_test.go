package lockout

import (
	"errors"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/internal/clocktest"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
)

type office struct {
	clock   *clocktest.Clock
	program *program
	ledger  *ledger
	carrier *Carrier
}

func newOffice(t *testing.T, perHour int, change func(*Config)) *office {
	t.Helper()
	o := &office{clock: clocktest.New(now), program: newProgram(), ledger: new(ledger)}
	gate, err := NewGate(GateConfig{PerHour: perHour, Now: o.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Program: o.program, Lockers: map[string]Locker{"graph": o.ledger}, Gate: gate, Now: o.clock.Now}
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

func TestNewReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	_, err := New(Config{})
	want := "lockout: Program is missing\nlockout: Lockers is empty; leave the channel out to have no lock-out\nlockout: Gate is missing"
	if err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
}
