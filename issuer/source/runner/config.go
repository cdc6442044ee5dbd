package runner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/source"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// Times and bounds.
const (
	DefaultInterval = 5 * time.Minute
	MinInterval     = 10 * time.Second
	MaxInterval     = 24 * time.Hour

	// MaxBackoff is the longest pause after failures, unless the interval is longer.
	MaxBackoff = time.Hour
	// Jitter is the part of a pause by which it may be longer, so that sources and
	// instances do not march in step.
	Jitter = 0.1

	MaxSources = 64
	// MaxCalls bounds how often a source is asked in one go because it has more.
	MaxCalls = 1000
	// MaxRound bounds one go; what it has taken in by then stays.
	MaxRound = 30 * time.Minute

	// MaxLoss is the part of a source's devices that may be gone at once without
	// somebody's word. FreeLoss devices may always be gone, unless nothing is left.
	MaxLoss  = 0.2
	FreeLoss = 5

	HintGap  = 30 * time.Second // between two looks for the sake of hints
	MaxHints = 100              // devices that wait for one; with more, everything is listed

	MaxProblems = 20 // that a report repeats
)

// chunk is how many training records go into one transaction, which holds up
// every other writer.
const chunk = 20_000

// Receiver takes evidence in. An issuer.Program is one.
type Receiver interface {
	// Receive takes in what a source brought, in one transaction, and judges whom it
	// touches. See store.EvidenceWriter.
	Receive(ctx context.Context, im store.Import) (store.ImportResult, error)
}

// Inventory knows which devices are held.
type Inventory interface {
	// DeviceIDs returns the source's ids of all devices that are held of it, whether
	// or not their person is known.
	DeviceIDs(ctx context.Context, source string) ([]string, error)
}

// Source is one system that is asked.
type Source struct {
	// Name is the source in the origin of its records, and names its cursor. It
	// must be the name that Feed gives its records.
	Name     string
	Feed     source.Feed
	Interval time.Duration // MinInterval to MaxInterval; zero means DefaultInterval
}

// Config configures a [Runner]. Receiver, Inventory and Cursors are required.
type Config struct {
	Sources   []Source
	Receiver  Receiver
	Inventory Inventory
	Cursors   source.Cursors

	Now func() time.Time // time.Now when nil
	// Random returns numbers from 0 to below 1, for the jitter; nil means those of
	// package math/rand.
	Random func() float64
	Logger *slog.Logger // discards when nil
}

func (c Config) check() error {
	var problems []error
	refuse := func(wrong bool, format string, args ...any) {
		if wrong {
			problems = append(problems, fmt.Errorf("runner: "+format, args...))
		}
	}
	refuse(c.Receiver == nil, "Receiver is missing")
	refuse(c.Inventory == nil, "Inventory is missing")
	refuse(c.Cursors == nil, "Cursors is missing")
	refuse(len(c.Sources) > MaxSources, "there are %d sources, at most %d are asked", len(c.Sources), MaxSources)
	names := map[string]bool{}
	for _, s := range c.Sources {
		refuse(s.Name == "", "a source has no name")
		refuse(names[s.Name], "two sources are named %q: their records could not be told apart", s.Name)
		names[s.Name] = true
		refuse(s.Feed == nil, "source %q: Feed is missing", s.Name)
		refuse(s.Interval != 0 && (s.Interval < MinInterval || s.Interval > MaxInterval),
			"source %q: the interval is %v to %v, not %v", s.Name, MinInterval, MaxInterval, s.Interval)
	}
	return errors.Join(problems...)
}

func (c Config) withDefaults() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Random == nil {
		c.Random = rand.Float64
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}
