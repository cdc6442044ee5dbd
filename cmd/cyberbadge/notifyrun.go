package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/problem"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// maxDueLag is how late the scheduler may be before the issuer says that it is not
// ready. It looks at least every minute, and is through with everybody in less than
// one; what is still due after five stays undone.
const maxDueLag = 5 * time.Minute

// codeSchedulerLate is the problem code of an issuer whose scheduler does not come
// along: suspensions are late.
const codeSchedulerLate = "scheduler_late"

// consequences are what runs beside an issuer's server: the scheduler, which does
// what time brings about, and the courier, which tells people of it.
type consequences struct {
	program  *issuer.Program
	messages store.MessageReader
	courier  *notify.Courier // nil when nobody is told
	metrics  *consequenceMetrics
	now      func() time.Time
}

// consequences makes both. Its errors are those of the configuration.
func (f *issuerFolder) consequences(
	ctx context.Context, program *issuer.Program, messages store.MessageReader, logger *slog.Logger,
) (*consequences, error) {
	c := &consequences{program: program, messages: messages, now: f.now}
	c.metrics = newConsequenceMetrics(c)
	var err error
	c.courier, err = f.courier(ctx, program, messages, logger, c.metrics.observe)
	return c, err
}

// start runs both until stop is called: first the scheduler ends, which queues
// messages, then the courier, so that what is under way is still recorded. The
// scheduler begins when before has returned; until then what passed while nothing ran
// is left to it. If it gives up by itself, gaveUp is called and stop says why.
func (c *consequences) start(before func(context.Context), gaveUp func()) (stop func() error) {
	stopCourier := func() error { return nil }
	if c.courier != nil {
		stopCourier = beside(func(ctx context.Context) error {
			c.courier.Run(ctx)
			return nil
		})
	}
	caughtUp := c.program.CatchUp()
	stopScheduler := beside(func(ctx context.Context) error {
		before(ctx)
		caughtUp()
		err := c.program.Run(ctx)
		if err != nil {
			gaveUp()
		}
		return err
	})
	return func() error { return errors.Join(stopScheduler(), stopCourier()) }
}

// beside does some work in the background until stop is called, which waits for its
// end and returns what it returned.
func beside(work func(context.Context) error) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- work(ctx) }()
	return func() error {
		cancel()
		return <-done
	}
}

// dueLag is for how long something has been due that is not done; zero when all is.
func (c *consequences) dueLag(ctx context.Context) (time.Duration, error) {
	due, err := c.program.NextDue(ctx)
	if err != nil || due.IsZero() {
		return 0, err
	}
	return max(0, c.now().Sub(due)), nil
}

// ready fails while the scheduler is stuck. It is for the operator: the public needs
// status lists, and those are right however late the scheduler is.
func (c *consequences) ready(ctx context.Context) error {
	lag, err := c.dueLag(ctx)
	if err != nil {
		return err
	}
	if lag <= maxDueLag {
		return nil
	}
	return &problem.Error{
		Status: http.StatusServiceUnavailable, Code: codeSchedulerLate,
		Detail: "Suspensions and notices that are due are not being worked off; the log has the cause.",
	}
}

// bell wakes the courier. It hangs before the courier is there: the program, which
// rings it, is made first.
type bell struct {
	courier atomic.Pointer[notify.Courier]
}

func (b *bell) ring() {
	if courier := b.courier.Load(); courier != nil {
		courier.Wake()
	}
}

func bothReady(first, second func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := first(ctx); err != nil {
			return err
		}
		return second(ctx)
	}
}
