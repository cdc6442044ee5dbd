package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/internal/webhook"
	"github.com/cyberbadge/cyberbadge/verifier/grant"
)

// Bounds and times of a [Sender].
const (
	MaxReceivers = 16
	MaxWaiting   = 4096 // messages for one receiver; a kilobyte each
	Workers      = 4    // deliveries to one receiver at once
	MaxAttempts  = 12
	FirstWait    = time.Second // before the second attempt, give or take; then twice as long each time
	MaxWait      = 5 * time.Minute
	StopWithin   = 5 * time.Second // what is under way at the end has so long
)

// Type is what the messages are called.
const Type = "grant.ended"

// Outcome is what became of a message or of one attempt. The set is closed:
// [Outcomes].
type Outcome string

// The outcomes.
const (
	Delivered Outcome = "delivered"
	Failed    Outcome = "failed"  // and will be tried again
	GaveUp    Outcome = "gave_up" // after MaxAttempts
	Dropped   Outcome = "dropped" // too many waited
	Lost      Outcome = "lost"    // still waiting at the end
)

// Outcomes returns all outcomes.
func Outcomes() []Outcome { return []Outcome{Delivered, Failed, GaveUp, Dropped, Lost} }

// Receiver is who is told.
type Receiver struct {
	URL string
	// Secrets sign each message: two of them while the receiver changes over.
	Secrets []webhook.Secret
}

// Config configures a [Sender]. Receivers and Client are required.
type Config struct {
	Receivers []Receiver
	Client    *outbound.Client
	Now       func() time.Time
	After     func(time.Duration) <-chan time.Time // as time.After
	Chance    func() float64                       // in [0,1), for the jitter
	Logger    *slog.Logger                         // discards when nil
}

// Sender delivers endings. It is safe for concurrent use.
type Sender struct {
	config   Config
	lanes    []*lane
	counts   map[Outcome]*atomic.Uint64 // never changed
	observed func(Outcome)              // for tests; nil
}

// New reports everything that is wrong with the configuration at once. It starts
// nothing.
func New(config Config) (*Sender, error) {
	if err := config.check(); err != nil {
		return nil, fmt.Errorf("verifier/grant/webhook: %w", err)
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.After == nil {
		config.After = time.After
	}
	if config.Chance == nil {
		config.Chance = rand.Float64
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Sender{config: config, counts: make(map[Outcome]*atomic.Uint64)}
	for _, outcome := range Outcomes() {
		s.counts[outcome] = new(atomic.Uint64)
	}
	for number, receiver := range config.Receivers {
		s.lanes = append(s.lanes, &lane{sender: s, number: number + 1, receiver: receiver, more: make(chan struct{})})
	}
	return s, nil
}

func (c Config) check() error {
	var problems []error
	if len(c.Receivers) == 0 || len(c.Receivers) > MaxReceivers {
		problems = append(problems, fmt.Errorf("there are %d receivers, not 1 to %d", len(c.Receivers), MaxReceivers))
	}
	if c.Client == nil {
		return errors.Join(append(problems, errors.New("no Client: nothing could be sent"))...)
	}
	for i, receiver := range c.Receivers {
		if err := c.Client.CheckField("url", receiver.URL); err != nil {
			problems = append(problems, fmt.Errorf("receiver %d: %w", i+1, err))
		}
		if _, err := webhook.Sign(receiver.Secrets, "test", time.Time{}, nil); err != nil {
			problems = append(problems, fmt.Errorf("receiver %d: %w", i+1, err))
		}
	}
	return errors.Join(problems...)
}

// Ended queues an ending for every receiver. It does not block.
func (s *Sender) Ended(e grant.Ending) {
	for _, l := range s.lanes {
		l.add(e)
	}
}

// Waiting is how many messages are not delivered yet.
func (s *Sender) Waiting() int {
	waiting := 0
	for _, l := range s.lanes {
		waiting += l.length()
	}
	return waiting
}

// Count is how often something came of a message.
func (s *Sender) Count(outcome Outcome) uint64 { return s.counts[outcome].Load() }

func (s *Sender) note(outcome Outcome) {
	s.counts[outcome].Add(1)
	if s.observed != nil {
		s.observed(outcome)
	}
}

// Run delivers until ctx is done and what was under way then has ended. It is called
// once.
func (s *Sender) Run(ctx context.Context) {
	var running sync.WaitGroup
	for _, l := range s.lanes {
		for range Workers {
			running.Go(func() { l.work(ctx) })
		}
	}
	running.Wait()
	for _, l := range s.lanes {
		l.abandon()
	}
}
