package runner

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/source"
)

// firstPause is the pause after a first failure, which then doubles.
const firstPause = time.Minute

// run asks one source again and again.
func (s *running) run(ctx context.Context) {
	first := time.Duration(s.cfg.Random() * float64(MinInterval)) // not all at once at the start
	s.plan(first)
	next, gap := time.NewTimer(first), time.NewTimer(0)
	defer next.Stop()
	defer gap.Stop()
	free := false // for hints
	for {
		due := false
		select {
		case <-ctx.Done():
			return
		case <-next.C:
			due = true
		case <-gap.C:
			free = true
		case <-s.wake:
		}
		now, crowded, hints := s.wanted(free)
		if crowded || len(hints) > 0 {
			free = false
			gap.Reset(HintGap)
		}
		switch {
		case due || now || crowded:
			next.Reset(s.look(ctx))
		case len(hints) > 0:
			s.reread(ctx, hints)
		}
	}
}

// wanted returns what is wanted and forgets it. Hints are left until it is time
// for them.
func (s *running) wanted(free bool) (now, crowded bool, hints []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, s.wants.now = s.wants.now, false
	if !free {
		return now, false, nil
	}
	for id := range s.wants.hints {
		hints = append(hints, id)
	}
	slices.Sort(hints)
	crowded, s.wants.crowded, s.wants.hints = s.wants.crowded, false, map[string]bool{}
	return now, crowded, hints
}

// look asks for what is new and returns how long to wait for the next time.
func (s *running) look(ctx context.Context) time.Duration {
	round, cancel := context.WithTimeout(ctx, MaxRound)
	defer cancel()
	done, err := s.round(round)
	if ctx.Err() != nil {
		return s.Interval // it is over, and that is no failure
	}
	pause := s.note(ctx, done, err)
	s.plan(pause)
	return pause
}

// note keeps how a look went and returns the pause behind it.
func (s *running) note(ctx context.Context, done tally, err error) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Now()
	r := &s.report
	r.Withheld = done.withheld
	if err != nil {
		r.LastFailure, r.Error = now, err.Error()
		r.Failures++
		s.cfg.Logger.WarnContext(ctx, "source failed", "source", s.Name, "failures", r.Failures, "error", err)
		return s.jitter(backoff(r.Failures, err))
	}
	r.LastSuccess, r.Error, r.Failures = now, "", 0
	r.Training, r.Devices, r.Refused, r.Problems = done.result.Training, done.result.Devices, done.refused, done.problems
	if done.result.Changed() || done.refused > 0 {
		s.cfg.Logger.InfoContext(ctx, "source read", "source", s.Name,
			"training", r.Training, "devices", r.Devices, "refused", r.Refused)
	}
	return s.jitter(s.Interval)
}

func backoff(failures int, err error) time.Duration {
	pause := MaxBackoff
	if failures < 8 { // beyond that it is past the bound
		pause = min(firstPause<<(failures-1), MaxBackoff)
	}
	var retry *source.RetryError
	if errors.As(err, &retry) {
		pause = max(pause, min(retry.After, MaxBackoff))
	}
	return pause
}

func (s *running) jitter(pause time.Duration) time.Duration {
	return pause + time.Duration(s.cfg.Random()*Jitter*float64(pause))
}

func (s *running) plan(pause time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.report.Next = s.cfg.Now().Add(pause)
}

// reread looks at the devices that hints named. What goes wrong is left to the
// next whole look.
func (s *running) reread(ctx context.Context, hints []string) {
	round, cancel := context.WithTimeout(ctx, MaxRound)
	defer cancel()
	if err := s.rereadKnown(round, hints); err != nil && ctx.Err() == nil {
		s.cfg.Logger.WarnContext(ctx, "source could not be read again", "source", s.Name, "devices", len(hints), "error", err)
	}
}

func (s *running) rereadKnown(ctx context.Context, hints []string) error {
	known, err := s.known(ctx)
	if err != nil {
		return err
	}
	hints = slices.DeleteFunc(hints, func(id string) bool { return !known[id] })
	rereader, ok := s.Feed.(source.Rereader)
	if len(hints) == 0 || !ok {
		return nil
	}
	changes, err := rereader.Reread(ctx, hints)
	if err != nil {
		return err
	}
	changes.Full = false
	var done tally
	return s.take(ctx, changes, &done)
}
