package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/source"
	"github.com/cyberbadge/cyberbadge/issuer/source/runner"
)

// feed answers as a test says.
type feed func(ctx context.Context) (source.Changes, error)

// Changes implements source.Feed.
func (f feed) Changes(ctx context.Context, _ string) (source.Changes, error) { return f(ctx) }

func answers(context.Context) (source.Changes, error) { return source.Changes{}, nil }

func fails(context.Context) (source.Changes, error) {
	return source.Changes{}, errors.New("it answers 500")
}

func hangs(ctx context.Context) (source.Changes, error) {
	<-ctx.Done()
	return source.Changes{}, ctx.Err()
}

// asking runs a runner over these feeds for the time of the test.
func asking(t *testing.T, feeds map[string]feed) *runner.Runner {
	t.Helper()
	i := newIntake()
	settings := runner.Config{Receiver: i, Inventory: i, Cursors: i, Now: i.parts(nil).now}
	for name, f := range feeds {
		// As late as may be, unless it is asked before.
		settings.Sources = append(settings.Sources, runner.Source{Name: name, Feed: f, Interval: runner.MaxInterval})
	}
	settings.Random = func() float64 { return 0.999 }
	asked, err := runner.New(settings)
	if err != nil {
		t.Fatal(err)
	}
	stop := beside(func(ctx context.Context) error { asked.Run(ctx); return nil })
	t.Cleanup(func() { _ = stop() })
	return asked
}

func TestHearFirst_AsksEachSourceOnceAndDoesNotWaitForABrokenOne(t *testing.T) {
	t.Parallel()
	asked := asking(t, map[string]feed{"lrs": answers, "graph": answers, "fleet": fails})
	begun := time.Now()
	hearFirst(t.Context(), asked, patience, slog.New(slog.DiscardHandler))
	if waited := time.Since(begun); waited >= patience {
		t.Errorf("it waited for %v", waited)
	}
	for _, r := range asked.Reports() {
		if r.LastSuccess.IsZero() != (r.Name == "fleet") || r.LastFailure.IsZero() == (r.Name == "fleet") {
			t.Errorf("%+v", r)
		}
	}
}

func TestHearFirst_ASourceThatHangsDoesNotBlockForEver(t *testing.T) {
	t.Parallel()
	asked := asking(t, map[string]feed{"lrs": answers, "graph": hangs})
	var log strings.Builder
	hearFirst(t.Context(), asked, 200*time.Millisecond, slog.New(slog.NewTextHandler(&log, nil)))
	if text := log.String(); !strings.Contains(text, "sources=[graph]") {
		t.Errorf("it does not say who is missing: %q", text)
	}
}

func TestHearFirst_EndsWithTheProcess(t *testing.T) {
	t.Parallel()
	asked := asking(t, map[string]feed{"graph": hangs})
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var log strings.Builder
	hearFirst(ctx, asked, patience, slog.New(slog.NewTextHandler(&log, nil)))
	if log.Len() > 0 {
		t.Errorf("a stop is no fault of the sources: %s", log.String())
	}
	hearFirst(ctx, nil, patience, nil) // nothing is asked
}
