package notify

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

// lane is one channel's loop.
type lane struct {
	courier *Courier
	channel Channel
	carrier Carrier
	wake    chan struct{}
	running atomic.Bool
}

// run claims under ctx and delivers under work, which outlives it.
func (l *lane) run(ctx, work context.Context) {
	for ctx.Err() == nil {
		done, err := l.once(ctx, work)
		if err != nil && ctx.Err() == nil {
			l.courier.cfg.Logger.Error("the outbox does not answer", "channel", l.channel, "error", err)
		}
		if done > 0 && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-l.wake:
		case <-l.courier.cfg.After(l.sleep(ctx)):
		}
	}
}

// sleep is how long there is surely nothing to do.
func (l *lane) sleep(ctx context.Context) time.Duration {
	next, err := l.courier.cfg.Outbox.NextDue(ctx, l.channel)
	if err != nil || next.IsZero() {
		return maxSleep
	}
	// At least a moment, whatever the outbox says: this must not spin.
	return min(max(next.Sub(l.courier.cfg.Now()), 10*time.Millisecond), maxSleep)
}

// once claims one round and delivers it, and returns how many that were.
func (l *lane) once(ctx, work context.Context) (int, error) {
	cfg := l.courier.cfg
	messages, err := cfg.Outbox.Claim(ctx, l.channel, cfg.Now(), cfg.Workers, cfg.Timeout+leaseMargin)
	if err != nil {
		return 0, fmt.Errorf("notify: claim: %w", err)
	}
	var round sync.WaitGroup
	for _, m := range messages {
		round.Go(func() { l.deliver(work, m) })
	}
	round.Wait()
	return len(messages), nil
}

// deliver makes one attempt and records its outcome.
func (l *lane) deliver(ctx context.Context, m Message) {
	cfg := l.courier.cfg
	o := l.attempt(ctx, m)
	o.Attempt, o.At = m.Attempts, cfg.Now()
	o.Note = cut(o.Note, MaxNote)
	log := cfg.Logger.With("message", m.ID, "kind", m.Kind, "channel", m.Channel, "attempt", m.Attempts, "state", o.State)
	if o.Instead != "" {
		log = log.With("instead", o.Instead)
	}
	// The outcome is recorded even when the delivery was cut off.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishWithin)
	defer cancel()
	if err := cfg.Outbox.Finish(ctx, m.ID, o); err != nil {
		// The claim runs out and the message is delivered again.
		log.Error("an outcome could not be recorded", "error", err)
		return
	}
	if o.State == Delivered || o.State == Dropped {
		log.Info("message settled", "note", o.Note)
	} else {
		log.Warn("message not delivered", "note", o.Note, "next", o.NextAt)
	}
	cfg.Observe(m, o)
}

// attempt hands a message to the carrier and judges what came of it.
func (l *lane) attempt(work context.Context, m Message) Outcome {
	ctx, cancel := context.WithTimeout(work, l.courier.cfg.Timeout)
	defer cancel()
	d, err := l.courier.prepare(ctx, m)
	if errors.Is(err, ErrUnknown) {
		return Outcome{State: Dropped, Note: "the person is not known any more"}
	}
	var receipt Receipt
	if err == nil {
		receipt, err = l.carry(ctx, d)
	}
	o := l.judge(m, receipt, err)
	if o.State == Waiting && work.Err() != nil {
		// Its own fault it was not: it goes first when the program is back.
		o.NextAt, o.Note = l.courier.cfg.Now(), "cut off: the program stopped"
	}
	o.To, o.Instead = d.To.Role, d.Instead
	return o
}

func (l *lane) judge(m Message, receipt Receipt, err error) Outcome {
	var hold *HoldError
	switch {
	case err == nil && receipt.Dropped:
		return Outcome{State: Dropped, Note: receipt.Note}
	case err == nil:
		return Outcome{State: Delivered, Note: receipt.Note, Follow: receipt.Follow}
	case errors.As(err, &hold):
		return Outcome{State: HeldBack, Note: hold.Why, Follow: hold.Follow}
	case isPermanent(err):
		return Outcome{State: Dead, Note: err.Error()}
	case errors.Is(err, context.DeadlineExceeded):
		err = fmt.Errorf("no answer within %s", l.courier.cfg.Timeout)
	}
	if m.Attempts >= MaxAttempts {
		return Outcome{State: Dead, Note: fmt.Sprintf("given up after %d attempts: %v", m.Attempts, err)}
	}
	cfg := l.courier.cfg
	return Outcome{State: Waiting, NextAt: cfg.Now().Add(retryIn(m.Attempts, err, cfg.Chance())), Note: err.Error()}
}

// carry keeps a panic of the carrier to this one message.
func (l *lane) carry(ctx context.Context, d Delivery) (receipt Receipt, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			l.courier.cfg.Logger.Error("a carrier panicked", "channel", l.channel, "message", d.Message.ID, "panic", cause, "stack", string(debug.Stack()))
			receipt, err = Receipt{}, errors.New("the channel failed inside; the log says where")
		}
	}()
	return l.carrier.Carry(ctx, d)
}

// prepare looks up all that a delivery needs.
func (c *Courier) prepare(ctx context.Context, m Message) (Delivery, error) {
	d := Delivery{Message: m, About: Person{ID: m.Person}}
	var err error
	if d.Body, err = m.Read(); err != nil {
		return d, Permanent(err)
	}
	if d.Body.Device != nil {
		d.Device = d.Body.Device.ID
	}
	if m.Kind == Lock || m.Kind == Unlock {
		// An erased person's device is unlocked like any other.
		return d, nil
	}
	if m.Person != "" {
		if d.About, err = c.cfg.Directory.Person(ctx, m.Person); err != nil {
			return d, fmt.Errorf("the directory: %w", err)
		}
		d.About.Name = cleanName(d.About.Name)
	}
	if d.To, d.Instead, err = c.recipient(ctx, m.To, d.About); err != nil {
		return d, fmt.Errorf("the directory: %w", err)
	}
	return d, c.name(ctx, &d)
}

// name looks up what the reasons and the device are called.
func (c *Courier) name(ctx context.Context, d *Delivery) error {
	for _, r := range d.Body.Reasons {
		name, err := c.cfg.Directory.Subject(ctx, r)
		if err != nil {
			return fmt.Errorf("the directory: %w", err)
		}
		d.Names = append(d.Names, cleanName(name))
	}
	if d.Body.Device == nil {
		return nil
	}
	name, err := c.cfg.Directory.Device(ctx, *d.Body.Device)
	if err != nil {
		return fmt.Errorf("the directory: %w", err)
	}
	if name != "" {
		d.Device = cleanName(name)
	}
	return nil
}

// cut shortens a text to at most size bytes, between characters.
func cut(text string, size int) string {
	if len(text) <= size {
		return text
	}
	size -= len("…")
	for size > 0 && !utf8.RuneStart(text[size]) {
		size--
	}
	return text[:size] + "…"
}
