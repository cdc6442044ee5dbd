package notify_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/notify/notifytest"
)

func TestRunDeliversWhatIsQueuedAndStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := start(t, func(cfg *notify.Config) {
			began := time.Now()
			cfg.Now = func() time.Time { return now.Add(time.Since(began)) }
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { p.Run(ctx); close(done) }()
		p.queue(t, message("woken"), notifytest.Queued("q", notify.Mail, "later", time.Hour))
		p.Wake()
		synctest.Wait()
		if keys := p.mail.keys(); !slices.Equal(keys, []string{"woken"}) {
			t.Errorf("%q", keys)
		}
		p.queue(t, message("by another process"))
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if keys := p.mail.keys(); len(keys) != 2 {
			t.Errorf("without waking it: %q", keys)
		}
		time.Sleep(time.Hour - 30*time.Second)
		synctest.Wait()
		if keys := p.mail.keys(); len(keys) != 3 {
			t.Errorf("when it is due: %q", keys)
		}
		cancel()
		<-done
	})
}

func TestAStuckChannelHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stuck := &carrier{do: func(ctx context.Context, _ notify.Delivery) (notify.Receipt, error) {
			<-ctx.Done()
			return notify.Receipt{}, ctx.Err()
		}}
		p := start(t, func(cfg *notify.Config) {
			cfg.Carriers = map[notify.Channel]notify.Carrier{notify.Mail: stuck, notify.LockOut: cfg.Carriers[notify.Mail]}
			began := time.Now()
			cfg.Now = func() time.Time { return now.Add(time.Since(began)) }
			cfg.Observe = nil
		})
		for i := range 20 {
			p.queue(t, notifytest.Queued("", notify.Mail, fmt.Sprint("mail ", i), 0), notifytest.Queued("", notify.LockOut, fmt.Sprint("lock ", i), 0))
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { p.Run(ctx); close(done) }()
		synctest.Wait()
		if n := len(p.mail.keys()); n != 20 {
			t.Errorf("%d of 20 were delivered beside it", n)
		}
		time.Sleep(notify.DefaultTimeout)
		synctest.Wait()
		if o := p.outbox.Outcomes("mail 0"); len(o) != 1 || o[0].State != notify.Waiting || o[0].Note != "no answer within 30s" {
			t.Errorf("what hung: %+v", o)
		}
		cancel()
		<-done
	})
}

func TestStoppingGivesWhatIsUnderWayAFewSeconds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		takes, stopped time.Duration
		want           notify.State
		note           string
	}{
		"it is soon done": {3 * time.Second, 3 * time.Second, notify.Delivered, ""},
		"it takes long":   {20 * time.Second, 10 * time.Second, notify.Waiting, "cut off: the program stopped"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := start(t, nil)
				p.mail.do = func(ctx context.Context, _ notify.Delivery) (notify.Receipt, error) {
					select {
					case <-time.After(c.takes):
						return notify.Receipt{}, nil
					case <-ctx.Done():
						return notify.Receipt{}, ctx.Err()
					}
				}
				p.queue(t, message("a"), notifytest.Queued("q", notify.Mail, "b", 0))
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan struct{})
				go func() { p.Run(ctx); close(done) }()
				synctest.Wait()
				began := time.Now()
				cancel()
				<-done
				if took := time.Since(began); took != c.stopped {
					t.Errorf("stopped after %s, want %s", took, c.stopped)
				}
				if o := p.outbox.Outcomes("a"); len(o) != 1 || o[0].State != c.want || o[0].Note != c.note || c.want == notify.Waiting && !o[0].NextAt.Equal(now) {
					t.Errorf("%+v, want %s", o, c.want)
				}
				if keys := p.mail.keys(); !slices.Equal(keys, []string{"a"}) {
					t.Errorf("begun while stopping: %q", keys)
				}
			})
		})
	}
}
