package lockout

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
)

// Config is what a [Carrier] needs.
type Config struct {
	Program Program
	// Lockers are by the source that a device's evidence came from. Devices of other
	// sources are not locked, and their message says so.
	Lockers map[string]Locker
	Gate    *Gate
	// DryRun says in the outcome what would be done, and does nothing.
	DryRun bool
	// Tell is who learns that a device was locked or unlocked; nil means the person
	// and the manager, by mail.
	Tell []Recipient
	Now  func() time.Time
}

// Recipient is somebody to tell, and how.
type Recipient struct {
	Channel notify.Channel
	To      notify.Role
}

// Carrier works off the messages that lock and unlock. It is safe for concurrent
// use.
type Carrier struct{ cfg Config }

var _ notify.Carrier = (*Carrier)(nil)

// New checks cfg and reports all that is wrong with it.
func New(cfg Config) (*Carrier, error) {
	var problems []error
	if cfg.Program == nil {
		problems = append(problems, errors.New("lockout: Program is missing"))
	}
	if len(cfg.Lockers) == 0 {
		problems = append(problems, errors.New("lockout: Lockers is empty; leave the channel out to have no lock-out"))
	}
	for source, locker := range cfg.Lockers {
		if locker == nil {
			problems = append(problems, fmt.Errorf("lockout: Lockers: %q has no locker", source))
		}
	}
	if cfg.Gate == nil {
		problems = append(problems, errors.New("lockout: Gate is missing"))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	if cfg.Tell == nil {
		cfg.Tell = []Recipient{{notify.Mail, notify.ToPerson}, {notify.Mail, notify.ToManager}}
	}
	cfg.Now = clockOr(cfg.Now)
	return &Carrier{cfg}, nil
}

// Carry implements [notify.Carrier].
func (c *Carrier) Carry(ctx context.Context, d notify.Delivery) (notify.Receipt, error) {
	if d.Body.Device == nil {
		return notify.Receipt{}, notify.Permanent(errors.New("lockout: the message names no device"))
	}
	o := Order{ID: d.Message.ID, Person: d.Message.Person, Device: *d.Body.Device, Reasons: d.Body.Reasons}
	locker, ok := c.cfg.Lockers[o.Device.Source]
	if !ok {
		return notify.Receipt{}, notify.Permanent(fmt.Errorf("lockout: nothing is configured that locks devices of the source %.60q", o.Device.Source))
	}
	known, err := c.cfg.Program.Device(ctx, o.Device)
	if err != nil && !errors.Is(err, notify.ErrUnknown) {
		return notify.Receipt{}, fmt.Errorf("lockout: %w", err)
	}
	o.OS = known.OS
	switch d.Message.Kind {
	case notify.Lock:
		return c.lock(ctx, d, o, locker, known.PersonID)
	case notify.Unlock:
		return c.unlock(ctx, d, o, locker)
	}
	return notify.Receipt{}, notify.Permanent(fmt.Errorf("lockout: a message of the kind %q neither locks nor unlocks", d.Message.Kind))
}

func (c *Carrier) lock(ctx context.Context, d notify.Delivery, o Order, locker Locker, owner string) (notify.Receipt, error) {
	due, err := c.cfg.Program.LockDue(ctx, o.Person)
	if err != nil {
		return notify.Receipt{}, fmt.Errorf("lockout: %w", err)
	}
	switch {
	case !due:
		return c.overtaken(ctx, d, o, locker, "the lock-out is not due any more")
	case owner != o.Person:
		return c.overtaken(ctx, d, o, locker, "the device is not the person's any more")
	case c.cfg.DryRun:
		return dryRun(locker, d, o), nil
	case d.Message.ConfirmedBy == "" && !c.cfg.Gate.Allow(o.ID):
		return notify.Receipt{}, c.hold()
	}
	receipt, err := locker.Lock(ctx, o)
	if err != nil {
		return notify.Receipt{}, err
	}
	return notify.Receipt{Note: receipt.note(), Follow: c.tell(d, notify.Locked)}, nil
}

// overtaken is a lock-out that has lost its reason. Had an earlier attempt gone
// through without our learning of it, nobody would ever unlock the device: so it
// is unlocked.
func (c *Carrier) overtaken(ctx context.Context, d notify.Delivery, o Order, locker Locker, why string) (notify.Receipt, error) {
	tries := d.Message.Attempts
	if d.Message.ConfirmedBy != "" {
		tries-- // the one that was held called nobody
	}
	if tries <= 1 || c.cfg.DryRun {
		return notify.Receipt{Dropped: true, Note: why}, nil
	}
	receipt, err := locker.Unlock(ctx, o)
	if err != nil {
		return notify.Receipt{}, err
	}
	return notify.Receipt{Dropped: true, Note: why + "; in case an earlier attempt locked it: " + receipt.note()}, nil
}

func (c *Carrier) unlock(ctx context.Context, d notify.Delivery, o Order, locker Locker) (notify.Receipt, error) {
	ours, err := c.cfg.Program.LockedHere(ctx, o.Device)
	if err != nil {
		return notify.Receipt{}, fmt.Errorf("lockout: %w", err)
	}
	if !ours {
		return notify.Receipt{Dropped: true, Note: "the program had not locked it"}, nil
	}
	if c.cfg.DryRun {
		return dryRun(locker, d, o), nil
	}
	receipt, err := locker.Unlock(ctx, o)
	if err != nil {
		return notify.Receipt{}, err
	}
	return notify.Receipt{Note: receipt.note(), Follow: c.tell(d, notify.Unlocked)}, nil
}

// dryRun is not a delivery: a device that was not locked must not count as locked
// when the dry run is over.
func dryRun(locker Locker, d notify.Delivery, o Order) notify.Receipt {
	return notify.Receipt{Dropped: true, Note: "dry run; it would: " + strings.Join(locker.Plan(d.Message.Kind, o), ", ")}
}

// hold keeps the lock-out back and tells the office, once an hour.
func (c *Carrier) hold() error {
	now := c.cfg.Now()
	body, err := notify.Body{At: now}.JSON()
	if err != nil {
		return err
	}
	return &notify.HoldError{
		Why: fmt.Sprintf("more than %d lock-outs within an hour; an officer has to confirm it", c.cfg.Gate.perHour),
		Follow: []notify.Message{{
			Key:  "held/" + now.UTC().Truncate(window).Format(time.RFC3339),
			Kind: notify.Held, Channel: notify.Mail, To: notify.ToOffice, Created: now, Due: now, Body: body,
		}},
	}
}

// tell are the messages that follow from what was done.
func (c *Carrier) tell(d notify.Delivery, kind notify.Kind) []notify.Message {
	now := c.cfg.Now()
	body, err := notify.Body{At: now, Reasons: d.Body.Reasons, Device: d.Body.Device}.JSON()
	if err != nil {
		return nil // it was in a message before
	}
	var messages []notify.Message
	for _, r := range c.cfg.Tell {
		messages = append(messages, notify.Message{
			Key:    fmt.Sprintf("%s/%s/%s/%s", d.Message.Key, kind, r.Channel, r.To),
			Person: d.Message.Person, Kind: kind, Channel: r.Channel, To: r.To, Created: now, Due: now, Body: body,
		})
	}
	return messages
}
