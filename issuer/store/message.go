package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
)

// MessageReader answers what was queued and what became of it.
type MessageReader interface {
	// NextDue is that of [notify.Outbox].
	NextDue(ctx context.Context, channel notify.Channel) (time.Time, error)

	// Message returns the message with this id, or ErrNotFound.
	Message(ctx context.Context, id string) (QueuedMessage, error)

	// Messages returns a page of messages in the order in which they were queued.
	// Fewer than the limit means the end.
	Messages(ctx context.Context, q MessageQuery) ([]QueuedMessage, error)

	// Locked reports whether a device is locked by the program: a lock was
	// delivered, and no unlock after it.
	Locked(ctx context.Context, d notify.Device) (bool, error)
}

// MessageWriter is the outbox: [notify.Outbox], and what an office needs of it.
type MessageWriter interface {
	// Claim is that of [notify.Outbox].
	Claim(ctx context.Context, channel notify.Channel, now time.Time, limit int, lease time.Duration) ([]notify.Message, error)

	// Finish is that of [notify.Outbox]. An unknown id is no error: the message may
	// have been erased while it was under way.
	Finish(ctx context.Context, id string, o notify.Outcome) error

	// Queue adds messages that belong to no judgement, in their order. A key that
	// was queued before, ever, is skipped. Ids are given by the store, out of the
	// key.
	Queue(ctx context.Context, messages ...notify.Message) error

	// Resend has a message that is dead or held delivered again, from at on, and
	// returns it. For one that was held, by is the officer who confirms it.
	// ErrConflict for a message in another state, ErrNotFound for an unknown id.
	Resend(ctx context.Context, id, by string, at time.Time) (QueuedMessage, error)
}

// QueuedMessage is a message and what became of it.
type QueuedMessage struct {
	notify.Message
	Number  int64 // from 1, growing: the order of queuing
	State   notify.State
	Settled time.Time      // when it came to this state; zero while it waits
	SentTo  notify.Role    // who really got it, or would have at the last attempt
	Instead notify.Instead // why that is not who it was for
	Note    string         // what happened at the last attempt
}

// MessageQuery asks for messages.
type MessageQuery struct {
	Person string         // about this person; empty for all
	States []notify.State // in one of these; none for all
	After  int64          // behind this number; 0 begins at the start
	Limit  int            // 1 to MaxPage, else ErrInvalid
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (q MessageQuery) Validate() error {
	if err := CheckPage(q.Limit); err != nil {
		return err
	}
	c := checker{of: "messages"}
	c.text("person", q.Person)
	for _, s := range q.States {
		checkState(&c, s)
	}
	return c.err
}

// CheckMessages returns nil, or [ErrInvalid] with the first message and rule
// broken. It is for engines.
func CheckMessages(messages []notify.Message) error {
	c := checker{}
	for _, m := range messages {
		checkMessage(&c, m)
	}
	return c.err
}

// CheckOutcome returns nil, or [ErrInvalid] with the first rule broken. It is for
// engines.
func CheckOutcome(o notify.Outcome) error {
	c := checker{of: "outcome"}
	checkState(&c, o.State)
	c.requiredTime("at", o.At)
	c.text("note", o.Note)
	if o.State == notify.Waiting {
		c.requiredTime("instant of the next attempt", o.NextAt)
	}
	for _, m := range o.Follow {
		checkMessage(&c, m)
	}
	return c.err
}

func checkState(c *checker, s notify.State) {
	if !slices.Contains([]notify.State{notify.Waiting, notify.Delivered, notify.Dropped, notify.Dead, notify.HeldBack}, s) {
		c.fail("%.64q is no state of a message", s)
	}
}

func checkMessage(c *checker, m notify.Message) {
	of := c.of
	defer func() { c.of = of }()
	c.of = fmt.Sprintf("message %.64q", m.Key)
	c.required("key", m.Key)
	if len(m.Key) > notify.MaxKey {
		c.fail("its key has %d bytes, at most %d are kept", len(m.Key), notify.MaxKey)
	}
	c.text("person", m.Person)
	c.required("kind", string(m.Kind))
	c.required("channel", string(m.Channel))
	c.required("role", string(m.To))
	c.requiredTime("time of creation", m.Created)
	c.requiredTime("time it is due", m.Due)
	if _, err := m.Read(); err != nil {
		c.fail("%v", err)
	}
}
