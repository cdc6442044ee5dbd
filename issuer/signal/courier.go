package signal

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// How pushes are tried again, and given up.
const (
	FirstRetry  = time.Second        // after a receiver did not answer
	MaxRetry    = 5 * time.Minute    // between any two tries
	MaxAsked    = time.Hour          // however long a receiver asks for
	MaxRefusals = 5                  // of one SET; then somebody has to look
	Life        = 7 * 24 * time.Hour // of what waits

	// firstRefusal is how long after its first refusal a SET is tried again, and
	// refusalFactor by how much longer each time: a receiver that keeps our keys for a
	// while knows the new one by then.
	firstRefusal  = 5 * time.Second
	refusalFactor = 5

	// jitter is how far chance moves a retry, as a share of it, either way.
	jitter = 0.25

	workers     = 8           // deliveries on one stream at once
	lookEvery   = time.Second // while something waits for its time
	idleEvery   = 30 * time.Second
	expireEvery = time.Hour
	// stopWithin is how long deliveries may go on when the desk is to stop: they are
	// repeated anyway.
	stopWithin = 3 * time.Second
	// settleWithin is how long recording what became of them may take.
	settleWithin = 10 * time.Second
)

// Run pushes until ctx is done. What was under way and not taken is delivered again.
func (d *Desk) Run(ctx context.Context) {
	work, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	c := &courier{desk: d, busy: make(map[string]bool), finished: make(chan struct{}, 1)}
	for ctx.Err() == nil {
		changed := d.next()
		waits := c.dispatch(ctx, work)
		select {
		case <-changed:
		case <-c.finished:
		case <-d.cfg.After(waits):
		case <-ctx.Done():
		}
	}
	stopped := make(chan struct{})
	go func() {
		c.workers.Wait()
		close(stopped)
	}()
	select {
	case <-stopped:
	case <-d.cfg.After(stopWithin):
		cut()
		<-stopped
	}
}

// courier is a run under way. Its own goroutine dispatches; a worker has one stream.
type courier struct {
	desk     *Desk
	workers  sync.WaitGroup
	finished chan struct{}
	expired  time.Time

	mu   sync.Mutex
	busy map[string]bool // streams that have a worker, and whether to look again after it
}

// dispatch gives streams that have something to send to workers, and returns for how
// long nothing else has to be looked for.
func (c *courier) dispatch(ctx, work context.Context) time.Duration {
	d := c.desk
	now := d.cfg.Now()
	if now.Sub(c.expired) >= expireEvery {
		c.expired = now
		d.expire(ctx, now)
	}
	streams, err := d.cfg.Store.SignalStreams(ctx)
	if err != nil {
		if ctx.Err() == nil {
			d.cfg.Logger.ErrorContext(ctx, "the streams of signals can't be read", "error", err)
		}
		return lookEvery
	}
	waits := idleEvery
	for _, s := range streams {
		if s.Endpoint == "" || s.Waiting == 0 {
			continue
		}
		waits = lookEvery
		if s.RetryAt.After(now) || !c.take(s.ID) {
			continue
		}
		c.workers.Go(func() {
			defer c.free(s.ID)
			for ctx.Err() == nil {
				if pushed, err := d.round(work, s.Receiver); err != nil || !pushed {
					return
				}
			}
		})
	}
	return waits
}

// take is false for a stream that has a worker, which is looked at again when that one
// is done: it may have looked before something came.
func (c *courier) take(streamID string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, busy := c.busy[streamID]; busy {
		c.busy[streamID] = true
		return false
	}
	c.busy[streamID] = false
	return true
}

func (c *courier) free(streamID string) {
	c.mu.Lock()
	again := c.busy[streamID]
	delete(c.busy, streamID)
	c.mu.Unlock()
	if !again {
		return
	}
	select {
	case c.finished <- struct{}{}:
	default:
	}
}

func (d *Desk) expire(ctx context.Context, now time.Time) {
	n, err := d.cfg.Store.ExpireSignals(ctx, now.Add(-Life))
	switch {
	case err != nil && ctx.Err() == nil:
		d.cfg.Logger.ErrorContext(ctx, "signals that are too old can't be given up", "error", err)
	case n > 0:
		d.cfg.Logger.WarnContext(ctx, "signals were given up: nobody took them in time", "signals", n)
	}
}

// Drain pushes what is due now until nothing is, without waiting for anything: for a
// clock that a test moves.
func (d *Desk) Drain(ctx context.Context) error {
	d.expire(ctx, d.cfg.Now())
	streams, err := d.cfg.Store.SignalStreams(ctx)
	if err != nil {
		return err
	}
	for _, s := range streams {
		for pushed := s.Endpoint != ""; pushed; {
			if pushed, err = d.round(ctx, s.Receiver); err != nil {
				return err
			}
		}
	}
	return nil
}

// round pushes some of what is due on a receiver's stream, records what came of it,
// and reports whether to go on.
func (d *Desk) round(ctx context.Context, receiver string) (more bool, err error) {
	r, err := d.cfg.Store.SignalReceiver(ctx, receiver)
	if err != nil {
		return false, ignoreGone(err)
	}
	s, err := d.cfg.Store.SignalStream(ctx, receiver)
	if err != nil {
		return false, ignoreGone(err)
	}
	now := d.cfg.Now()
	if s.Endpoint == "" || s.RetryAt.After(now) {
		return false, nil
	}
	waiting, err := d.cfg.Store.Signals(ctx, s.ID, sendable(s, store.SignalQuery{Due: now, Limit: store.MaxSignalRead}))
	if err != nil {
		return false, err
	}
	batch := together(waiting, s.Failures)
	if len(batch) == 0 {
		return false, nil
	}
	verdicts := make([]verdict, len(batch))
	var round sync.WaitGroup
	for i, q := range batch {
		round.Go(func() { verdicts[i] = d.push(ctx, s, r, q) })
	}
	round.Wait()
	cut := ctx.Err() != nil
	// What was taken is recorded even when the others were cut off.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleWithin)
	defer cancel()
	return d.settle(ctx, s, batch, verdicts, cut)
}

func ignoreGone(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// together picks what is sent at once: of one person one, and while nobody answers one
// of all.
func together(waiting []store.QueuedSignal, failures int) []store.QueuedSignal {
	most := workers
	if failures > 0 {
		most = 1
	}
	var batch []store.QueuedSignal
	seen := make(map[string]bool)
	for _, q := range waiting {
		if len(batch) == most {
			break
		}
		if !seen[q.Subject] {
			seen[q.Subject] = true
			batch = append(batch, q)
		}
	}
	return batch
}

// settle records what became of deliveries; more is false when the stream has to wait.
func (d *Desk) settle(ctx context.Context, s store.SignalStream, batch []store.QueuedSignal, verdicts []verdict, cut bool) (more bool, err error) {
	now := d.cfg.Now()
	var outcomes []store.SignalOutcome
	var trouble *verdict
	for i, v := range verdicts {
		q := batch[i]
		log := d.cfg.Logger.With("receiver", s.Receiver, "signal", q.ID, "type", q.Type)
		switch {
		case v.taken:
			log.InfoContext(ctx, "signal taken")
			outcomes = append(outcomes, store.SignalOutcome{ID: q.ID, Taken: true})
		case v.refused:
			log.WarnContext(ctx, "signal refused", "note", v.note, "refusals", q.Refusals+1)
			outcomes = append(outcomes, store.SignalOutcome{ID: q.ID, DueAt: afterRefusal(now, q.Refusals+1), Note: v.note})
		default:
			trouble = &verdicts[i]
		}
	}
	if len(outcomes) > 0 {
		if err := d.cfg.Store.SettleSignals(ctx, s.ID, now, outcomes); err != nil {
			d.cfg.Logger.ErrorContext(ctx, "what became of signals can't be recorded", "receiver", s.Receiver, "error", err)
			return false, err
		}
	}
	if trouble == nil || cut {
		return trouble == nil, nil
	}
	failures := s.Failures + 1
	at := now.Add(d.afterTrouble(failures, trouble.after))
	d.cfg.Logger.WarnContext(ctx, "a receiver of signals does not take them", "receiver", s.Receiver, "note", trouble.note, "failures", failures, "next", at)
	return false, d.cfg.Store.RetrySignalStream(ctx, s.ID, store.SignalRetry{Failures: failures, At: at, Trouble: trouble.note})
}

// afterRefusal is when a SET is tried again; zero for never.
func afterRefusal(now time.Time, refusals int) time.Time {
	if refusals >= MaxRefusals {
		return time.Time{}
	}
	wait := firstRefusal
	for range refusals - 1 {
		wait *= refusalFactor
	}
	return now.Add(wait)
}

// afterTrouble is how long a stream is left alone after so many failures in a row.
func (d *Desk) afterTrouble(failures int, asked time.Duration) time.Duration {
	wait := MaxRetry
	// Beyond this many doublings it is the maximum anyway, and would overflow.
	if failures < 16 {
		wait = min(FirstRetry<<(failures-1), MaxRetry)
	}
	wait += time.Duration(float64(wait) * jitter * (2*d.cfg.Chance() - 1))
	return max(wait, min(asked, MaxAsked))
}
