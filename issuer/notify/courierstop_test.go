package notify_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/notify/notifytest"
)

// A carrier that does not heed its context keeps no process from ending.
func TestStoppingLeavesACarrierBehindThatGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		release := make(chan struct{})
		deaf := &carrier{do: func(context.Context, notify.Delivery) (notify.Receipt, error) {
			<-release
			return notify.Receipt{}, nil
		}}
		p := start(t, func(cfg *notify.Config) {
			cfg.Carriers = map[notify.Channel]notify.Carrier{notify.Mail: deaf, notify.LockOut: cfg.Carriers[notify.Mail]}
			cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
		})
		p.queue(t, notifytest.Queued("", notify.Mail, "a", 0))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { p.Run(ctx); close(done) }()
		synctest.Wait()
		cancel()
		began := time.Now()
		<-done
		if took := time.Since(began); took != 25*time.Second {
			t.Errorf("it stopped after %s, want 25s: ten to end by itself, ten to record, five to spare", took)
		}
		if text := log.String(); !strings.Contains(text, "does not end when it is told to") || !strings.Contains(text, "channels=[mail]") {
			t.Errorf("the log does not say which channel: %s", text)
		}
		if o := p.outbox.Outcomes("a"); len(o) != 0 {
			t.Errorf("something was recorded: %+v", o)
		}
		close(release)
		synctest.Wait()
	})
}
