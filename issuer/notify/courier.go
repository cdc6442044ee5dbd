package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Times and bounds of a courier. Those named Default are what a zero in [Config]
// means.
const (
	DefaultWorkers = 4                // deliveries of one channel at once
	DefaultTimeout = 30 * time.Second // of one delivery
	MaxWorkers     = 64

	// leaseMargin is how much longer a message is claimed than its delivery may
	// take, so that a late outcome still finds its own claim.
	leaseMargin = 30 * time.Second
	// maxSleep is how long the courier does not look into the outbox: another
	// process may have queued something, or the clock may have been set.
	maxSleep = 30 * time.Second
	// stopWithin is how long deliveries under way may go on when it is to stop.
	stopWithin = 10 * time.Second
	// finishWithin is how long recording an outcome may take.
	finishWithin = 10 * time.Second
	// leaveAfter is how long after its delivery was cut off a carrier is waited for:
	// longer than recording what came of it may take. One that does not heed its
	// context must not keep a process from ending.
	leaveAfter = finishWithin + 5*time.Second
)

// Config is what a [Courier] needs.
type Config struct {
	Outbox    Outbox
	Directory Directory
	// Carriers are the channels that are worked off. Messages on other channels
	// stay in the outbox.
	Carriers map[Channel]Carrier
	// Fallback is who gets what reaches nobody else. Its address is required.
	Fallback Party
	// Office is who gets what is for the office; without an address it is Fallback.
	Office Party

	Workers int           // deliveries of one channel at once; zero means DefaultWorkers
	Timeout time.Duration // of one delivery; zero means DefaultTimeout

	// Observe, if set, is told every outcome after it was recorded. It is called
	// from several goroutines.
	Observe func(Message, Outcome)

	Now    func() time.Time
	After  func(time.Duration) <-chan time.Time // as time.After
	Chance func() float64                       // in [0,1), for the jitter
	Logger *slog.Logger
}

// Courier works an outbox off. It is safe for concurrent use.
type Courier struct {
	cfg   Config
	lanes []*lane // by the channel's name
}

// New checks cfg and reports all that is wrong with it.
func New(cfg Config) (*Courier, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	c := &Courier{cfg: cfg}
	for _, channel := range slices.Sorted(maps.Keys(cfg.Carriers)) {
		c.lanes = append(c.lanes, &lane{courier: c, channel: channel, carrier: cfg.Carriers[channel], wake: make(chan struct{}, 1)})
	}
	return c, nil
}

func (c Config) check() error {
	var problems []error
	refuse := func(wrong bool, format string, args ...any) {
		if wrong {
			problems = append(problems, fmt.Errorf("notify: "+format, args...))
		}
	}
	refuse(c.Outbox == nil, "Outbox is missing")
	refuse(c.Directory == nil, "Directory is missing")
	refuse(len(c.Carriers) == 0, "Carriers is empty: nothing would ever be delivered")
	for channel, carrier := range c.Carriers {
		refuse(carrier == nil, "Carriers: %q has no carrier", channel)
	}
	refuse(!validAddress(c.Fallback.Email), "Fallback has no mail address: what reaches nobody must reach somebody")
	refuse(c.Office.Email != "" && !validAddress(c.Office.Email), "Office: its mail address is not one")
	refuse(c.Workers < 0 || c.Workers > MaxWorkers, "Workers is %d; it must be from 0 to %d", c.Workers, MaxWorkers)
	refuse(c.Timeout < 0, "Timeout is negative (%s)", c.Timeout)
	return errors.Join(problems...)
}

func (c Config) withDefaults() Config {
	if c.Office.Email == "" {
		c.Office = c.Fallback
	}
	c.Fallback.Role, c.Office.Role = ToFallback, ToOffice
	c.Fallback.Name, c.Office.Name = cleanName(c.Fallback.Name), cleanName(c.Office.Name)
	if c.Workers == 0 {
		c.Workers = DefaultWorkers
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Observe == nil {
		c.Observe = func(Message, Outcome) {}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.After == nil {
		c.After = time.After
	}
	if c.Chance == nil {
		c.Chance = rand.Float64
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// Wake has every channel look into the outbox at once: something was queued. It
// does not block.
func (c *Courier) Wake() {
	for _, l := range c.lanes {
		select {
		case l.wake <- struct{}{}:
		default: // it will look anyway
		}
	}
}

// Run works the outbox off until ctx is done. Then it claims nothing more, gives
// what is under way a few seconds, records the outcomes and returns. A message
// that was cut off is delivered again later. A carrier that goes on all the same is
// left behind, half a minute after ctx was done at the latest.
func (c *Courier) Run(ctx context.Context) {
	work, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	var lanes sync.WaitGroup
	for _, l := range c.lanes {
		l.running.Store(true)
		lanes.Go(func() {
			defer l.running.Store(false)
			l.run(ctx, work)
		})
	}
	stopped := make(chan struct{})
	go func() {
		lanes.Wait()
		close(stopped)
	}()
	<-ctx.Done()
	select {
	case <-stopped:
		return
	case <-c.cfg.After(stopWithin):
	}
	cut()
	select {
	case <-stopped:
	case <-c.cfg.After(leaveAfter):
		c.cfg.Logger.Error("a channel does not end when it is told to; what it was delivering is delivered again", "channels", c.busy())
	}
}

// busy names the channels whose lanes have not ended.
func (c *Courier) busy() []Channel {
	var names []Channel
	for _, l := range c.lanes {
		if l.running.Load() {
			names = append(names, l.channel)
		}
	}
	return names
}

// Drain delivers what is due now, on all channels, until nothing is, and returns
// how many attempts that took. Errors are the outbox's. It is what Run does,
// without waiting for anything: for a command line, and for a clock that a test
// moves.
func (c *Courier) Drain(ctx context.Context) (int, error) {
	total := 0
	for {
		before := total
		for _, l := range c.lanes {
			done, err := l.once(ctx, ctx)
			total += done
			if err != nil {
				return total, err
			}
		}
		if total == before {
			return total, nil
		}
	}
}
