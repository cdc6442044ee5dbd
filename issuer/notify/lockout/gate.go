package lockout

import (
	"fmt"
	"maps"
	"sync"
	"time"
)

// How many devices may be locked in an hour without anybody's confirmation.
const (
	DefaultPerHour = 10
	MaxPerHour     = 1000

	window = time.Hour
)

// GateConfig is what a [Gate] needs.
type GateConfig struct {
	PerHour int // zero means DefaultPerHour
	// Before are the lock-outs of the last hour, by message id: a restart must not
	// open the gate anew.
	Before map[string]time.Time
	Now    func() time.Time
}

// Gate lets so many lock-outs an hour through. It is safe for concurrent use.
type Gate struct {
	perHour int
	now     func() time.Time

	mu     sync.Mutex
	passed map[string]time.Time
}

// NewGate checks cfg.
func NewGate(cfg GateConfig) (*Gate, error) {
	if cfg.PerHour < 0 || cfg.PerHour > MaxPerHour {
		return nil, fmt.Errorf("lockout: PerHour is %d; it must be from 1 to %d, or 0 for %d", cfg.PerHour, MaxPerHour, DefaultPerHour)
	}
	if cfg.PerHour == 0 {
		cfg.PerHour = DefaultPerHour
	}
	cfg.Now = clockOr(cfg.Now)
	passed := maps.Clone(cfg.Before)
	if passed == nil {
		passed = make(map[string]time.Time)
	}
	return &Gate{perHour: cfg.PerHour, now: cfg.Now, passed: passed}, nil
}

// Allow reports whether the lock-out with this id may go through now, and counts
// it if so. One that went through may go again: it is a repetition.
func (g *Gate) Allow(id string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	for other, at := range g.passed {
		// One from the future stays: a clock that was set back is no reason to lock more.
		if now.Sub(at) >= window {
			delete(g.passed, other)
		}
	}
	if _, again := g.passed[id]; again {
		return true
	}
	if len(g.passed) >= g.perHour {
		return false
	}
	g.passed[id] = now
	return true
}
