package webhook

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/internal/clocktest"
	"github.com/cyberbadge/cyberbadge/internal/logtest"
	"github.com/cyberbadge/cyberbadge/internal/outbound/outboundtest"
	"github.com/cyberbadge/cyberbadge/internal/webhook"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/grant"
)

// patience is after how long a test that waits has failed.
const patience = 30 * time.Second

var now = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// wall is a clock that rings when it was moved far enough.
type wall struct {
	*clocktest.Clock
	mu      sync.Mutex
	alarms  []alarm
	changed *sync.Cond // there is an alarm more
}

func newWall() *wall {
	w := &wall{Clock: clocktest.New(now)}
	w.changed = sync.NewCond(&w.mu)
	return w
}

type alarm struct {
	at   time.Time
	ring chan time.Time
}

func (w *wall) After(wait time.Duration) <-chan time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	ring := make(chan time.Time, 1)
	w.alarms = append(w.alarms, alarm{w.Now().Add(wait), ring})
	w.changed.Broadcast()
	return ring
}

func (w *wall) Move(by time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Clock.Move(by)
	w.alarms = slices.DeleteFunc(w.alarms, func(a alarm) bool {
		if a.at.After(w.Now()) {
			return false
		}
		a.ring <- w.Now()
		return true
	})
}

// post is what a receiver got, and when.
type post struct {
	at     time.Time
	header http.Header
	body   string
}

// office is a sender with its clock, and what came of its messages.
type office struct {
	*Sender
	wall     *wall
	log      *logtest.Log
	outcomes chan Outcome
}

// newOffice sends to handlers, with one secret.
func newOffice(t *testing.T, secrets []webhook.Secret, handlers ...http.HandlerFunc) *office {
	t.Helper()
	o := &office{wall: newWall(), log: new(logtest.Log), outcomes: make(chan Outcome, 2*MaxWaiting)}
	mux := http.NewServeMux()
	for i, handler := range handlers {
		mux.HandleFunc(fmt.Sprint("POST /", i), handler)
	}
	address, client := outboundtest.Serve(t, mux)
	config := Config{
		Client: client,
		Now:    o.wall.Now, After: o.wall.After, Chance: func() float64 { return 0.5 },
		Logger: slog.New(slog.NewTextHandler(o.log, nil)),
	}
	for i := range handlers {
		config.Receivers = append(config.Receivers, Receiver{URL: fmt.Sprint(address, "/", i), Secrets: secrets})
	}
	var err error
	if o.Sender, err = New(config); err != nil {
		t.Fatal(err)
	}
	o.observed = func(outcome Outcome) { o.outcomes <- outcome }
	return o
}

// run runs the sender until stop is called, which waits for it.
func (o *office) run(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { o.Run(ctx); close(done) }()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(stop)
	return stop
}

// expect waits for what becomes of messages, in any order.
func (o *office) expect(t *testing.T, want ...Outcome) {
	t.Helper()
	var got []Outcome
	for range want {
		select {
		case outcome := <-o.outcomes:
			got = append(got, outcome)
		case <-time.After(patience):
			t.Fatalf("%v, and then nothing; want %v", got, want)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("%v, want %v", got, want)
	}
}

func oneSecret() []webhook.Secret {
	secret, _ := webhook.NewSecret()
	return []webhook.Secret{secret}
}

func ending(decision string) grant.Ending {
	return grant.Ending{
		Grant: grant.Grant{
			Decision: decision, At: now.Add(-time.Hour), Access: credential.Remote, Site: "Plant 7", Gate: "north",
			Issuer: "https://badge.vendor.example", Subject: "k7Qm", List: "https://badge.vendor.example/status-lists/1", Index: 4711,
			Expires: now.Add(time.Hour),
		},
		Reason: verifier.Revoked, EndedAt: now,
	}
}

func TestReceiversCanVerifyWhatTheyGet(t *testing.T) {
	t.Parallel()
	old, next := oneSecret(), oneSecret()
	got := make(chan post, 1)
	o := newOffice(t, append(old, next...), func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- post{header: r.Header, body: string(body)}
		w.WriteHeader(http.StatusAccepted)
	})
	o.run(t)
	o.Ended(ending("D1"))
	o.expect(t, Delivered)
	taken := <-got
	for name, secrets := range map[string][]webhook.Secret{"old": old, "new": next} {
		verified, err := webhook.Verify(secrets, taken.header, []byte(taken.body), now)
		if err != nil || verified.ID != "ended_D1" || !verified.At.Equal(now) {
			t.Errorf("with the %s secret: %+v %v", name, verified, err)
		}
	}
	const want = `{"type":"grant.ended","timestamp":"2026-11-23T08:00:00Z","data":{"decision":"D1","at":"2026-11-23T07:00:00Z",` +
		`"access":"remote","site":"Plant 7","gate":"north","issuer":"https://badge.vendor.example","subject":"k7Qm",` +
		`"status_list":"https://badge.vendor.example/status-lists/1","index":4711,"expires":"2026-11-23T09:00:00Z",` +
		`"reason":"revoked","ended_at":"2026-11-23T08:00:00Z"}}`
	if taken.body != want || taken.header.Get("Content-Type") != "application/json" {
		t.Errorf("%s %s", taken.header.Get("Content-Type"), taken.body)
	}
	if o.Waiting() != 0 || o.Count(Delivered) != 1 || o.Count(Failed) != 0 {
		t.Errorf("%d messages wait, %d were delivered", o.Waiting(), o.Count(Delivered))
	}
}

// failing answers with a status so many times, and then well.
func failing(o **office, times, status int, header ...string) (http.HandlerFunc, func() []post) {
	var mu sync.Mutex
	var posts []post
	return func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			posts = append(posts, post{at: (*o).wall.Now(), header: r.Header})
			if len(posts) > times {
				return
			}
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(status)
		}, func() []post {
			mu.Lock()
			defer mu.Unlock()
			return slices.Clone(posts)
		}
}

// waits are what lies between two attempts, with half of the chance.
func waits() []time.Duration {
	s := time.Second
	return []time.Duration{
		s * 3 / 4, s * 3 / 2, 3 * s, 6 * s, 12 * s, 24 * s, 48 * s, 96 * s, 192 * s, 225 * s, 225 * s,
	}
}

func TestWhatIsNotTakenIsSentAgainLessAndLessOften(t *testing.T) {
	t.Parallel()
	for failures, last := range map[int]Outcome{MaxAttempts - 1: Delivered, MaxAttempts: GaveUp} {
		var o *office
		handler, posts := failing(&o, failures, http.StatusInternalServerError)
		o = newOffice(t, oneSecret(), handler)
		o.run(t)
		o.Ended(ending("D1"))
		due := []time.Time{now}
		for _, wait := range waits() {
			o.expect(t, Failed)
			due = append(due, o.wall.Now().Add(wait))
			o.wall.Move(wait - 1)
			o.wall.Move(1)
		}
		o.expect(t, last)
		got := posts()
		if len(got) != MaxAttempts {
			t.Fatalf("%d attempts, want %d", len(got), MaxAttempts)
		}
		for i, each := range got {
			if !each.at.Equal(due[i]) || each.header.Get(webhook.HeaderID) != "ended_D1" {
				t.Errorf("attempt %d at %v as %s, want %v", i+1, each.at, each.header.Get(webhook.HeaderID), due[i])
			}
		}
		if given := strings.Contains(o.log.String(), "given up"); given != (last == GaveUp) || o.Waiting() != 0 {
			t.Errorf("given up: %v; %d wait", given, o.Waiting())
		}
	}
}

func TestTheReceiverMayAskForMoreTime(t *testing.T) {
	t.Parallel()
	for asked, want := range map[string]time.Duration{"60": time.Minute, "0": waits()[0], "301": MaxWait} {
		var o *office
		handler, posts := failing(&o, 1, http.StatusTooManyRequests, "Retry-After", asked)
		o = newOffice(t, oneSecret(), handler)
		o.run(t)
		o.Ended(ending("D1"))
		o.expect(t, Failed)
		o.wall.Move(want - 1)
		o.wall.Move(1)
		o.expect(t, Delivered)
		if got := posts()[1].at.Sub(now); got != want {
			t.Errorf("%s: sent again after %v, want %v", asked, got, want)
		}
	}
}

func TestAClockThatIsSetBackKeepsNothingWaiting(t *testing.T) {
	t.Parallel()
	var o *office
	handler, _ := failing(&o, 1, http.StatusBadGateway)
	o = newOffice(t, oneSecret(), handler)
	o.run(t)
	o.Ended(ending("D1"))
	o.expect(t, Failed)
	o.wall.Clock.Move(-time.Hour)
	o.Ended(ending("D2")) // whatever wakes the workers
	o.expect(t, Delivered, Delivered)
}

func TestAReceiverThatHangsHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	o := newOffice(t, oneSecret(),
		func(http.ResponseWriter, *http.Request) { <-release },
		func(http.ResponseWriter, *http.Request) {})
	t.Cleanup(sync.OnceFunc(func() { close(release) }))
	stop := o.run(t)
	const count = 2 * Workers
	for i := range count {
		o.Ended(ending(fmt.Sprint("D", i)))
	}
	o.expect(t, slices.Repeat([]Outcome{Delivered}, count)...)
	if o.Waiting() != count {
		t.Errorf("%d messages wait for the one that hangs, want %d", o.Waiting(), count)
	}
	ended := make(chan struct{})
	go func() { stop(); close(ended) }()
	// At the end those under way have their time, and are then cut off.
	o.wall.await(now.Add(StopWithin), Workers)
	o.wall.Move(StopWithin)
	<-ended
	o.expect(t, append(slices.Repeat([]Outcome{Failed}, Workers), slices.Repeat([]Outcome{Lost}, count)...)...)
	for i := range count {
		if want := fmt.Sprintf(`lost: the program ends" receiver=1 decision=D%d `, i); strings.Count(o.log.String(), want) != 1 {
			t.Errorf("the log does not name D%d once", i)
		}
	}
}

// await waits until so many alarms are set for an instant.
func (w *wall) await(at time.Time, count int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		set := 0
		for _, a := range w.alarms {
			if a.at.Equal(at) {
				set++
			}
		}
		if set >= count {
			return
		}
		w.changed.Wait()
	}
}

func TestWhatIsUnderWayAtTheEndIsWaitedFor(t *testing.T) {
	t.Parallel()
	begun, release := make(chan struct{}), make(chan struct{})
	o := newOffice(t, oneSecret(), func(http.ResponseWriter, *http.Request) {
		close(begun)
		<-release
	})
	stop := o.run(t)
	o.Ended(ending("D1"))
	<-begun
	ended := make(chan struct{})
	go func() { stop(); close(ended) }()
	close(release)
	<-ended
	o.expect(t, Delivered)
}

func TestWhatWaitsIsBounded(t *testing.T) {
	t.Parallel()
	o := newOffice(t, oneSecret(), func(http.ResponseWriter, *http.Request) {})
	for i := range MaxWaiting {
		o.Ended(ending(fmt.Sprint("D", i)))
	}
	if len(o.outcomes) != 0 || o.Waiting() != MaxWaiting {
		t.Fatalf("%d wait, %d outcomes", o.Waiting(), len(o.outcomes))
	}
	o.Ended(ending("beyond"))
	o.expect(t, Dropped)
	if o.Waiting() != MaxWaiting || !strings.Contains(o.log.String(), "decision=beyond") {
		t.Errorf("%d wait; %s", o.Waiting(), o.log)
	}
}

func TestNewReportsEveryProblem(t *testing.T) {
	t.Parallel()
	_, client := outboundtest.Serve(t, http.NotFoundHandler())
	good := Receiver{"https://soc.customer.example/hook", oneSecret()}
	for name, c := range map[string]struct {
		config Config
		want   []string
	}{
		"nothing": {Config{}, []string{"there are 0 receivers, not 1 to 16", "no Client"}},
		"receivers": {
			Config{Client: client, Receivers: []Receiver{good, {"http://soc.customer.example/", oneSecret()}, {"https://10.0.0.1/", oneSecret()}, {good.URL, nil}}},
			[]string{"receiver 2: url: ", "receiver 3: url: ", "receiver 4: webhook: there are 0 secrets"},
		},
		"too many": {Config{Client: client, Receivers: slices.Repeat([]Receiver{good}, MaxReceivers+1)}, []string{"there are 17 receivers"}},
	} {
		_, err := New(c.config)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v lacks %q", name, err, want)
			}
		}
	}
	if _, err := New(Config{Client: client, Receivers: slices.Repeat([]Receiver{good}, MaxReceivers)}); err != nil {
		t.Error(err)
	}
}
