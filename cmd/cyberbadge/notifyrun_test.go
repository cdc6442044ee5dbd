package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/internal/problem"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
)

func mustOutbound(t *testing.T, folder *issuerFolder) *outbound.Client {
	t.Helper()
	client, err := folder.outbound()
	if err != nil {
		t.Fatal(err)
	}
	return client
}

const toFolder = fallback + "mail: {folder: inbox, from: badges@vendor.example}\n"

func TestConsequences_ReadyUntilTheSchedulerIsTooLate(t *testing.T) {
	t.Parallel()
	w := newNotifyWorld(t, "")
	c, _ := w.open(t)
	if err := c.ready(t.Context()); err != nil {
		t.Errorf("with nobody known: %v", err)
	}
	importSample(t, c.program)
	due, err := c.program.NextDue(t.Context())
	if err != nil || !due.After(w.clock.Now()) {
		t.Fatalf("%v %v", due, err)
	}
	w.clock.Move(due.Sub(w.clock.Now()) + maxDueLag)
	if err := c.ready(t.Context()); err != nil {
		t.Errorf("at the bound: %v", err)
	}
	w.clock.Move(time.Nanosecond)
	var late *problem.Error
	if err := c.ready(t.Context()); !errors.As(err, &late) || late.Code != codeSchedulerLate {
		t.Errorf("behind the bound: %v", err)
	}
	if _, err := c.program.Advance(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.ready(t.Context()); err != nil {
		t.Errorf("worked off: %v", err)
	}
}

// closedStore answers as a store that was closed under the scheduler.
type closedStore struct{ store.Store }

// Rejudge implements store.StandingWriter.
func (closedStore) Rejudge(context.Context, store.RejudgeRequest) (store.RejudgeResult, error) {
	return store.RejudgeResult{}, store.ErrClosed
}

func TestConsequences_ASchedulerThatGivesUpIsReported(t *testing.T) {
	t.Parallel()
	w := newNotifyWorld(t, toFolder)
	_, database := w.open(t)
	folder, err := openIssuerFolder(w.dir, w.streams())
	if err != nil {
		t.Fatal(err)
	}
	settings, err := folder.settings(nil)
	if err != nil {
		t.Fatal(err)
	}
	settings.Store = closedStore{database}
	program, err := issuer.New(settings)
	if err != nil {
		t.Fatal(err)
	}
	c, err := folder.consequences(t.Context(), program, database, nil)
	if err != nil {
		t.Fatal(err)
	}
	gaveUp, heard := make(chan struct{}), make(chan struct{})
	stop := c.start(func(ctx context.Context) {
		select {
		case <-heard:
		case <-ctx.Done():
		}
	}, func() { close(gaveUp) })
	select {
	case <-gaveUp:
		t.Error("the scheduler began before the sources were heard")
	default:
	}
	close(heard)
	select {
	case <-gaveUp:
	case <-time.After(patience):
		t.Error("the scheduler went on")
	}
	if err := stop(); !errors.Is(err, store.ErrClosed) {
		t.Errorf("%v", err)
	}
}

// atOnce is a start without sources.
func atOnce(context.Context) {}

func TestConsequences_StoppingDoesNotWaitForTheSources(t *testing.T) {
	t.Parallel()
	c, _ := newNotifyWorld(t, toFolder).open(t)
	waiting := make(chan struct{})
	stop := c.start(func(ctx context.Context) {
		close(waiting)
		<-ctx.Done()
	}, func() { t.Error("the scheduler gave up") })
	<-waiting
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// queue adds messages that nothing works off, one a second.
func queue(t *testing.T, w *notifyWorld, database *sqlite.Store, channel notify.Channel, kind notify.Kind, keys ...string) []store.QueuedMessage {
	t.Helper()
	body, err := notify.Body{At: w.clock.Now(), Device: &notify.Device{Source: "graph", ID: "d"}}.JSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		at := w.clock.Now()
		m := notify.Message{Key: key, Kind: kind, Channel: channel, To: notify.ToOffice, Created: at, Due: at, Body: body}
		if err := database.Queue(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		w.clock.Move(time.Second)
	}
	all, err := database.Messages(t.Context(), store.MessageQuery{Limit: store.MaxPage})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func settle(t *testing.T, w *notifyWorld, database *sqlite.Store, channel notify.Channel, states ...notify.State) {
	t.Helper()
	claimed, err := database.Claim(t.Context(), channel, w.clock.Now(), len(states), time.Minute)
	if err != nil || len(claimed) != len(states) {
		t.Fatalf("%d of %d claimed: %v", len(claimed), len(states), err)
	}
	for i, m := range claimed {
		outcome := notify.Outcome{Attempt: 1, State: states[i], At: w.clock.Now(), NextAt: w.clock.Now().Add(time.Hour)}
		if err := database.Finish(t.Context(), m.ID, outcome); err != nil {
			t.Fatal(err)
		}
	}
}

func TestConsequences_MetricsTellWhatIsLeftToDo(t *testing.T) {
	t.Parallel()
	w := newNotifyWorld(t, "")
	c, database := w.open(t)
	server := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if len(r.Header) > 0 {
			t.Errorf("asked with preferences: %v", r.Header)
		}
		_, _ = rw.Write([]byte("# the server's own\n"))
	})
	read := func() []string {
		answer := httptest.NewRecorder()
		request := httptest.NewRequest("GET", "/metrics", nil)
		request.Header.Set("Accept", "application/openmetrics-text")
		c.metrics.handler(server).ServeHTTP(answer, request)
		return strings.Split(answer.Body.String(), "\n")
	}
	queue(t, w, database, "elsewhere", notify.Concern, "a", "b", "c", "d", "e")
	settle(t, w, database, "elsewhere", notify.Dead, notify.HeldBack, notify.Delivered)
	w.clock.Move(55 * time.Second)
	c.metrics.observe(notify.Message{Channel: notify.Webhook("any name")}, notify.Outcome{State: notify.Dead})
	got := read()
	for _, want := range []string{
		"# the server's own",
		`cyberbadge_issuer_messages{state="waiting"} 2`, `cyberbadge_issuer_messages{state="dead"} 1`, `cyberbadge_issuer_messages{state="held"} 1`,
		"cyberbadge_issuer_message_waiting_seconds 57", "cyberbadge_issuer_due_lag_seconds 0",
		"cyberbadge_issuer_cases_open 0", `cyberbadge_issuer_people{phase="good"} 0`, `cyberbadge_issuer_people{phase="unjudged"} 0`,
		`cyberbadge_issuer_deliveries_total{channel="webhook",state="dead"} 1`, `cyberbadge_issuer_deliveries_total{channel="mail",state="delivered"} 0`,
	} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is not among\n%s", want, strings.Join(got, "\n"))
		}
	}
	importSample(t, c.program)
	for _, want := range []string{`cyberbadge_issuer_people{phase="good"} 124`, `cyberbadge_issuer_people{phase="left"} 8`} {
		if got := read(); !slices.Contains(got, want) {
			t.Errorf("%s is not among\n%s", want, strings.Join(got, "\n"))
		}
	}
	due, err := c.program.NextDue(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.clock.Move(due.Sub(w.clock.Now()) + 90*time.Second)
	if want := "cyberbadge_issuer_due_lag_seconds 90"; !slices.Contains(read(), want) {
		t.Errorf("%s is missing", want)
	}
}

func TestLockOut_ARestartDoesNotOpenTheGateAnew(t *testing.T) {
	t.Parallel()
	w := newNotifyWorld(t, "")
	_, database := w.open(t)
	old := queue(t, w, database, notify.LockOut, notify.Lock, "old")
	settle(t, w, database, notify.LockOut, notify.Delivered)
	settledOld := w.clock.Now()
	w.clock.Move(30 * time.Minute)
	queue(t, w, database, notify.LockOut, notify.Unlock, "unlock")
	settle(t, w, database, notify.LockOut, notify.Delivered)
	all := queue(t, w, database, notify.LockOut, notify.Lock, "done", "again", "held", "untried")
	settle(t, w, database, notify.LockOut, notify.Delivered, notify.Waiting, notify.HeldBack)

	recent := func() []string {
		before, err := recentLocks(t.Context(), database, w.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, m := range all {
			if _, ok := before[m.ID]; ok {
				keys = append(keys, m.Key)
			}
		}
		return keys
	}
	w.clock.Move(settledOld.Add(time.Hour).Sub(w.clock.Now()) - time.Nanosecond)
	if got := recent(); !slices.Equal(got, []string{old[0].Key, "done", "again"}) {
		t.Errorf("within the hour: %q", got)
	}
	w.clock.Move(time.Nanosecond)
	if got := recent(); !slices.Equal(got, []string{"done", "again"}) {
		t.Errorf("an hour later: %q", got)
	}
}
