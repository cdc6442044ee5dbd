package ratelimit

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// Bounds of a [Config].
const (
	MaxPerSecond   = 1_000_000
	MaxBurst       = 1_000_000
	DefaultClients = 1 << 16
	MaxClients     = 1 << 22 // of some 150 bytes each
)

// Config describes one limit.
type Config struct {
	PerSecond float64 // calls that a client may go on making; above 0, to MaxPerSecond
	Burst     int     // calls that a client may make at once; 1 to MaxBurst
	Clients   int     // whose buckets are kept; DefaultClients when zero, at most MaxClients
	Now       func() time.Time
}

// Limiter counts calls. It is safe for concurrent use.
type Limiter struct {
	interval time.Duration // in which one call comes back
	depth    time.Duration // in which an empty bucket fills up
	now      func() time.Time

	mu   sync.Mutex
	full *simplelru.LRU[string, time.Time] // when each client's bucket is full again
}

// New reports everything that is wrong with the configuration at once.
func New(c Config) (*Limiter, error) {
	if c.Clients == 0 {
		c.Clients = DefaultClients
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	full, err := simplelru.NewLRU[string, time.Time](c.Clients, nil)
	if err != nil {
		return nil, err
	}
	interval := time.Duration(float64(time.Second) / c.PerSecond)
	return &Limiter{interval: interval, depth: interval * time.Duration(c.Burst), now: c.Now, full: full}, nil
}

func (c Config) check() error {
	var problems []error
	refuse := func(wrong bool, format string, args ...any) {
		if wrong {
			problems = append(problems, fmt.Errorf("ratelimit: "+format, args...))
		}
	}
	// Written so that NaN is refused, too.
	rateIsGood := c.PerSecond > 0 && c.PerSecond <= MaxPerSecond
	burstIsGood := c.Burst >= 1 && c.Burst <= MaxBurst
	refuse(!rateIsGood, "PerSecond is %v; it must be above 0 and at most %d", c.PerSecond, MaxPerSecond)
	refuse(!burstIsGood, "Burst is %d; it must be from 1 to %d", c.Burst, MaxBurst)
	refuse(c.Clients < 1 || c.Clients > MaxClients, "Clients is %d; it must be from 1 to %d", c.Clients, MaxClients)
	refuse(rateIsGood && burstIsGood && float64(c.Burst)/c.PerSecond > maxDepth.Seconds(),
		"a burst of %d at %v a second takes longer than %s to come back", c.Burst, c.PerSecond, maxDepth)
	return errors.Join(problems...)
}

// maxDepth keeps durations far from overflowing.
const maxDepth = 24 * time.Hour

// Take takes one call out of the client's bucket. It returns zero, or how long
// the client has to wait until a call is there; then nothing was taken.
func (l *Limiter) Take(client string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	empty := now.Add(l.depth)
	full, _ := l.full.Get(client)
	if full.Before(now) {
		full = now
	}
	// The clock was set back. The bucket counts as empty from now on, so that
	// nobody waits for the clock to catch up.
	if full.After(empty) {
		full = empty
		l.full.Add(client, full)
	}
	full = full.Add(l.interval)
	if wait := full.Sub(empty); wait > 0 {
		return wait
	}
	l.full.Add(client, full)
	return 0
}

// Clients returns how many buckets are kept.
func (l *Limiter) Clients() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.full.Len()
}

// Seconds is a wait as Retry-After has it (RFC 9110, section 10.2.3): whole
// seconds, rounded up, so that who waits that long has waited long enough.
func Seconds(wait time.Duration) int {
	return max(1, int(math.Ceil(wait.Seconds())))
}
