package notify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Bounds of a message. The bound itself is allowed.
const (
	MaxBody    = 16 << 10 // bytes of a message's body
	MaxReasons = 64       // in a body
	MaxKey     = 256      // bytes of a key
)

// Kind says what a message is about. The set is closed and its texts are stable.
type Kind string

// Notices tell somebody something.
const (
	Reminder   Kind = "reminder" // standing will be lost at Body.At
	Lapse      Kind = "lapse"    // standing was lost at Body.At; lock-out at Body.LockAt unless that is zero
	Restored   Kind = "restored" // standing is good again since Body.At
	Locked     Kind = "locked"   // Body.Device was locked at Body.At
	Unlocked   Kind = "unlocked" // Body.Device was unlocked at Body.At
	Concern    Kind = "case"     // a customer raised Body.Case at Body.At
	Held       Kind = "held"     // since Body.At lock-outs wait for somebody to confirm them
	Leavers    Kind = "leavers"  // since Body.At more people leave at once than is believed; they are suspended first
	Silence    Kind = "silence"  // since Body.At more devices are silent than is believed; nobody is suspended for it until somebody confirms it
	KeyStopped Kind = "key"      // since Body.At a signing key is out of use; badges that it signed are revoked
)

// Actions do something to Body.Device.
const (
	Lock   Kind = "lock"
	Unlock Kind = "unlock"
)

// Notices returns every kind that tells somebody something.
func Notices() []Kind {
	return []Kind{Reminder, Lapse, Restored, Locked, Unlocked, Concern, Held, Leavers, Silence, KeyStopped}
}

// Channel names the way that a message goes. The set is the operator's: a
// program may have several webhooks, each with a channel of its own.
type Channel string

// The channels that there is one of at most.
const (
	Mail    Channel = "mail"
	Teams   Channel = "teams"
	Slack   Channel = "slack"
	LockOut Channel = "lockout"
)

// Webhook returns the channel of the webhook with this name.
func Webhook(name string) Channel { return Channel("webhook/" + name) }

// Role says whom a message is for, as seen from the person it is about.
type Role string

// The roles. A channel that leads to one place, as a room or a webhook does,
// takes a message for [ToOffice].
const (
	ToPerson   Role = "person"
	ToManager  Role = "manager"
	ToFallback Role = "fallback" // the program's address for what reaches nobody else
	ToOffice   Role = "office"
)

// Message is one row of the outbox.
type Message struct {
	// ID is given by the outbox and unique: 1 to 100 letters, digits, - and _, because
	// it goes out as a webhook's id.
	ID      string
	Key     string // given by who queues it; one key is queued once, ever: the lasting guard against telling twice
	Person  string // evidence.Person.ID of who it is about; empty when it is about nobody
	Kind    Kind
	Channel Channel
	To      Role
	Created time.Time
	Due     time.Time // not before
	// Attempts is how often it was claimed, this claim included.
	Attempts int
	// ConfirmedBy is the officer who confirmed a lock-out that was held.
	ConfirmedBy string
	Body        json.RawMessage // a Body
}

// Body is what a message says. It holds ids and instants, no names, no
// addresses and nothing that somebody outside wrote.
type Body struct {
	At      time.Time `json:"at,omitzero"` // see the kinds
	LockAt  time.Time `json:"lock_at,omitzero"`
	Reasons []Reason  `json:"reasons,omitempty"`
	Device  *Device   `json:"device,omitempty"`
	Case    string    `json:"case,omitempty"` // the case's id
}

// Reason is one thing that takes standing away, as policy.Reason has it.
type Reason struct {
	Kind    string    `json:"kind"`
	Subject string    `json:"subject,omitempty"`
	At      time.Time `json:"at,omitzero"`
}

// Device is a device as its source names it; see evidence.Origin.
type Device struct {
	Source string `json:"source"`
	ID     string `json:"id"`
}

// JSON returns the body as a message carries it.
func (b Body) JSON() (json.RawMessage, error) {
	text, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("notify: body: %w", err)
	}
	return text, b.check(len(text))
}

func (b Body) check(size int) error {
	if size > MaxBody {
		return fmt.Errorf("notify: a body has %d bytes; it may have %d", size, MaxBody)
	}
	if len(b.Reasons) > MaxReasons {
		return fmt.Errorf("notify: a body has %d reasons; it may have %d", len(b.Reasons), MaxReasons)
	}
	return nil
}

// Read returns the message's body. An unknown field is an error: a message
// written by a newer program is not half understood.
func (m Message) Read() (Body, error) {
	if len(m.Body) > MaxBody {
		return Body{}, Body{}.check(len(m.Body))
	}
	decoder := json.NewDecoder(bytes.NewReader(m.Body))
	decoder.DisallowUnknownFields()
	var b Body
	if err := decoder.Decode(&b); err != nil {
		return Body{}, fmt.Errorf("notify: body: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Body{}, errors.New("notify: body: something follows the object")
	}
	return b, b.check(len(m.Body))
}
