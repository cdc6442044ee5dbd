package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Bounds of signals. The bound itself is allowed.
const (
	MaxSignalReceivers = 100
	MaxSignalEvents    = 32      // event types that one stream asks for
	MaxSignalEvent     = 4 << 10 // bytes of an event
	MaxSignalSecret    = 8 << 10 // bytes of a sealed authorization
	MaxSignalsWaiting  = 10_000  // for one stream; of more the oldest are given up
	MaxSignalsRefused  = 1000    // kept of one stream, the newest
	MaxSignalSubjects  = 100_000 // that one stream treats unlike the others
	MaxSignalRead      = 256     // signals read at once
	MaxSignalNote      = 512     // bytes of what a receiver says
)

// Errors of signals.
var (
	// ErrTooSoon: the last verification of the stream was asked for a moment ago.
	ErrTooSoon = errors.New("too soon after the last time")
	// ErrHeld: the office has set the stream's status, and only the office changes it.
	ErrHeld = errors.New("the program office holds the stream")
)

// SignalReader answers which other systems hear of changes, and what waits for them.
type SignalReader interface {
	// SignalReceivers returns every receiver, by name.
	SignalReceivers(ctx context.Context) ([]SignalReceiver, error)

	// SignalReceiver returns one receiver, or ErrNotFound.
	SignalReceiver(ctx context.Context, name string) (SignalReceiver, error)

	// SignalStreams returns every stream with its receiver and its counts, by the
	// receiver's name.
	SignalStreams(ctx context.Context) ([]SignalStreamState, error)

	// SignalStream returns the stream of a receiver, or ErrNotFound.
	SignalStream(ctx context.Context, receiver string) (SignalStream, error)

	// Signals returns signals that wait on a stream in the order in which they were
	// queued; none for an unknown stream.
	Signals(ctx context.Context, streamID string, q SignalQuery) ([]QueuedSignal, error)

	// RefusedSignals returns what receivers refused for good on a stream, the newest
	// first, at most limit of them: 1 to MaxSignalRead, else ErrInvalid.
	RefusedSignals(ctx context.Context, streamID string, limit int) ([]QueuedSignal, error)
}

// SignalWriter registers receivers, keeps their streams, and what is queued on them.
//
// Signals are queued by nothing but a change, in its transaction: the engine asks the
// [Signaller], and puts what it answers on each stream that wants it.
type SignalWriter interface {
	// UseSignaller has changes made from now on told to a function, in place of the
	// one before.
	UseSignaller(s Signaller)

	// AddSignalReceiver registers a receiver. ErrAlreadyExists for a name that is
	// taken, ErrConflict when there are MaxSignalReceivers.
	AddSignalReceiver(ctx context.Context, r SignalReceiver) error

	// RemoveSignalReceiver forgets a receiver, its stream and what waits on it.
	RemoveSignalReceiver(ctx context.Context, name, by string, at time.Time) error

	// AddSignalStream keeps a receiver's stream. ErrAlreadyExists where it has one,
	// ErrNotFound for an unknown receiver.
	AddSignalStream(ctx context.Context, s SignalStream) error

	// ConfigureSignalStream gives a stream another description, delivery and other
	// events: the fields Description, Endpoint, Authorization, Requested and
	// Delivered. What failed before is tried again at once. What waits stays, unless
	// it is of a type that is not delivered any more.
	ConfigureSignalStream(ctx context.Context, s SignalStream) error

	// SetSignalStatus changes the status of a stream and returns the stream.
	// Idempotent. Disabling it gives up what waits. What the office changes is told
	// on the stream; what it has set, nobody else changes: ErrHeld.
	SetSignalStatus(ctx context.Context, c SignalStatusChange) (SignalStream, error)

	// RemoveSignalStream deletes a receiver's stream and what waits on it.
	RemoveSignalStream(ctx context.Context, streamID, by string, at time.Time) error

	// SetSignalSubject has a stream tell of a subject or not. It is kept whether or
	// not there is such a subject. Idempotent. ErrConflict for one more than
	// MaxSignalSubjects.
	SetSignalSubject(ctx context.Context, streamID, subject string, told bool) error

	// VerifySignalStream queues an event about the stream itself. ErrTooSoon within
	// the interval after the last time, ErrConflict on a stream that is disabled.
	VerifySignalStream(ctx context.Context, v SignalVerification) error

	// SettleSignals records what became of deliveries on a stream. What is not there
	// any more is passed over.
	SettleSignals(ctx context.Context, streamID string, at time.Time, outcomes []SignalOutcome) error

	// RetrySignalStream records that nobody answers, or that somebody does again. It
	// records no event.
	RetrySignalStream(ctx context.Context, streamID string, r SignalRetry) error

	// RequeueSignals has what was refused tried again, and returns how many that is.
	RequeueSignals(ctx context.Context, streamID, by string, at time.Time) (int, error)

	// ExpireSignals gives up what has waited since before an instant, and returns how
	// many that is.
	ExpireSignals(ctx context.Context, before time.Time) (int, error)
}

// SignalWatcher tells of signals that were queued.
type SignalWatcher interface {
	// WatchSignals has told called after each commit of this process that may have
	// queued a signal or changed a stream, until stop is called. It must return at
	// once, and must not call the store.
	WatchSignals(told func()) (stop func())
}

// Signaller says what other systems are told of a change. It is called inside the
// transaction that makes the change, and so must be a pure function: no I/O, no
// clock, no waiting.
type Signaller func(SignalChange) []Signal

// SignalChange is a change of the status of one badge, or of the standing of a person.
type SignalChange struct {
	PersonID string
	At       time.Time
	By       string

	Badge  *Badge // as it is now; nil for a change of the standing
	From   Status // that the badge had
	Cause  Cause  // as in StatusChange
	Reason string // as in StatusChange

	Before, After *Record // of the standing; nil for a change of a badge
}

// Signal is one security event.
type Signal struct {
	Type    string // a URI
	Subject string // whom it is about, as other systems know them; empty for the stream
	Cause   string // the same for all that one change sets off
	Event   map[string]any
	// Badge is what streams have in addition in the event that say which badge it is.
	Badge map[string]any
}

// SignalReceiver is another system.
type SignalReceiver struct {
	Name          string // its API tokens have the same
	Audience      string // of all that is sent to it
	Algorithm     SignalAlgorithm
	SubjectFormat SignalSubjectFormat
	Events        []string // the types that it may have
	Everybody     bool     // its streams tell of everybody but of whom it removes; else of whom it adds
	Badges        bool     // its streams say which badge an event is about
	By            string
	CreatedAt     time.Time
}

// SignalAlgorithm signs what is sent to a receiver.
type SignalAlgorithm string

// The algorithms.
const (
	SignalES256 SignalAlgorithm = "ES256"
	SignalRS256 SignalAlgorithm = "RS256"
)

// SignalSubjectFormat is how people are named (RFC 9493).
type SignalSubjectFormat string

// The formats.
const (
	SignalIssuerSubject SignalSubjectFormat = "iss_sub" // {"format":"iss_sub","iss":…,"sub":…}
	SignalOpaque        SignalSubjectFormat = "opaque"  // {"format":"opaque","id":…}
)

// SignalStatus says whether a stream flows. The texts are those of SSF.
type SignalStatus string

// The statuses.
const (
	SignalEnabled  SignalStatus = "enabled"
	SignalPaused   SignalStatus = "paused"   // what is queued waits
	SignalDisabled SignalStatus = "disabled" // nothing is queued
)

// SignalStream is how a receiver has its signals.
type SignalStream struct {
	ID            string
	Receiver      string // its name
	Description   string
	Endpoint      string // where they are pushed; empty: they are polled
	Authorization []byte // sealed by the caller; nil for none
	Requested     []string
	Delivered     []string
	CreatedAt     time.Time

	// What follows is not read by AddSignalStream: a new stream is enabled.
	Status     SignalStatus
	Reason     string    // of the status
	ByOffice   bool      // the office has set the status
	VerifiedAt time.Time // when a verification was asked for last
	Failures   int       // of deliveries, in a row
	RetryAt    time.Time // not before; zero without a failure
	Trouble    string    // what the last failure was
	TakenAt    time.Time // when the receiver took something last
	Lost       int64     // signals that were given up, ever
}

// SignalStreamState is a stream, whose it is, and what there is on it.
type SignalStreamState struct {
	SignalStream
	For     SignalReceiver
	Waiting int
	Refused int
	Oldest  time.Time // since when the first waits; zero when none does
}

// SignalStatusChange is another status of a stream.
type SignalStatusChange struct {
	StreamID string
	To       SignalStatus
	Reason   string
	Office   bool // the office changes it; else its receiver
	By       string
	At       time.Time
	// Told is the event that tells of it, for a change by the office.
	Told Signal
}

// SignalVerification is an event that its receiver asked for.
type SignalVerification struct {
	StreamID string
	Event    Signal
	Interval time.Duration // since the last one
	At       time.Time
}

// SignalQuery asks for signals that wait.
type SignalQuery struct {
	Type  string    // of this type; empty for all
	Due   time.Time // that may be sent by then; zero for all
	Limit int       // 1 to MaxSignalRead, else ErrInvalid
}

// QueuedSignal is a signal on a stream.
type QueuedSignal struct {
	Number   int64
	ID       string // the jti
	StreamID string
	Type     string
	Subject  string
	Cause    string
	Event    json.RawMessage
	QueuedAt time.Time
	DueAt    time.Time // not before
	Refusals int
	Note     string // what the receiver said at the last refusal
}

// SignalOutcome is what became of one delivery.
type SignalOutcome struct {
	ID    string
	Taken bool // else it was refused
	// DueAt is when a refused one is tried again; zero for never.
	DueAt time.Time
	Note  string
}

// SignalRetry is how the deliveries of a stream go.
type SignalRetry struct {
	Failures int
	At       time.Time // when it is tried again
	Trouble  string
}

// Flows reports whether what is about people goes over the stream now.
func (s SignalStream) Flows(now time.Time) bool {
	return s.Status == SignalEnabled && !s.RetryAt.After(now)
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (r SignalReceiver) Validate() error {
	c := checker{of: fmt.Sprintf("receiver %.64q", r.Name)}
	c.required("name", r.Name)
	c.required("audience", r.Audience)
	c.required("by", r.By)
	c.requiredTime("time of creation", r.CreatedAt)
	c.words("events", r.Events)
	if r.Algorithm != SignalES256 && r.Algorithm != SignalRS256 {
		c.fail("%.64q is no algorithm: use %s or %s", r.Algorithm, SignalES256, SignalRS256)
	}
	if r.SubjectFormat != SignalIssuerSubject && r.SubjectFormat != SignalOpaque {
		c.fail("%.64q is no format of a subject: use %s or %s", r.SubjectFormat, SignalIssuerSubject, SignalOpaque)
	}
	return c.err
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (s SignalStream) Validate() error {
	c := checker{of: fmt.Sprintf("stream %.64q", s.ID)}
	c.required("id", s.ID)
	c.required("receiver", s.Receiver)
	c.text("description", s.Description)
	c.text("endpoint", s.Endpoint)
	c.requiredTime("time of creation", s.CreatedAt)
	if len(s.Authorization) > MaxSignalSecret {
		c.fail("its authorization has %d bytes, at most %d are kept", len(s.Authorization), MaxSignalSecret)
	}
	for name, types := range map[string][]string{"events requested": s.Requested, "events delivered": s.Delivered} {
		if len(types) > MaxSignalEvents {
			c.fail("%d %s, at most %d are kept", len(types), name, MaxSignalEvents)
		}
		for _, eventType := range types {
			c.words(name, []string{eventType})
		}
	}
	return c.err
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (s SignalStatusChange) Validate() error {
	c := checker{of: fmt.Sprintf("status of stream %.64q", s.StreamID)}
	c.required("stream", s.StreamID)
	c.text("reason", s.Reason)
	c.required("by", s.By)
	c.requiredTime("at", s.At)
	if !slices.Contains([]SignalStatus{SignalEnabled, SignalPaused, SignalDisabled}, s.To) {
		c.fail("%.64q is no status: use %s, %s or %s", s.To, SignalEnabled, SignalPaused, SignalDisabled)
	}
	return c.err
}

// CheckSignals returns nil for a number of signals that may be read at once: 1 to
// MaxSignalRead, and [ErrInvalid] for any other. It is for engines.
func CheckSignals(limit int) error {
	if limit < 1 || limit > MaxSignalRead {
		return fmt.Errorf("store: %w: 1 to %d signals are read at once, %d were asked for", ErrInvalid, MaxSignalRead, limit)
	}
	return nil
}

// CheckSignalSubject returns nil for what a subject can be called, else [ErrInvalid].
// It is for engines.
func CheckSignalSubject(subject string) error {
	c := checker{of: "subject of a stream"}
	c.required("subject", subject)
	return c.err
}
