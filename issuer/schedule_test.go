package issuer_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/issuertest"
	"github.com/cyberbadge/cyberbadge/issuer/ladder"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// timer is the time that a scheduler waits for, in a test's hand.
type timer struct {
	asked chan time.Duration
	fire  chan time.Time
}

func newTimer() timer {
	return timer{make(chan time.Duration), make(chan time.Time)}
}

func (w timer) After(d time.Duration) <-chan time.Time {
	w.asked <- d
	return w.fire
}

// pass lets the time that is waited for pass and returns how long is waited next.
// News may have woken the scheduler before.
func (w timer) pass(t *testing.T, stopped <-chan error) time.Duration {
	t.Helper()
	fire := w.fire
	for {
		select {
		case fire <- time.Time{}:
			fire = nil
		case d := <-w.asked:
			if fire == nil {
				return d
			}
		case err := <-stopped:
			t.Fatalf("it stopped: %v", err)
		}
	}
}

func TestRun_WakesWhenSomethingIsDueAndLooksEveryMinute(t *testing.T) {
	t.Parallel()
	wait := newTimer()
	p := start(t, func(c *issuer.Config) {
		telling(c)
		c.After = wait.After
	})
	p.advance(t)
	s, device := p.skilled(t)
	// So that nothing but this device is due soon.
	p.report(t, device, "compliant")
	due := p.Now().Add(7 * day)
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- p.Run(ctx) }()
	at := func(now time.Time) time.Duration {
		t.Helper()
		p.Set(now)
		return wait.pass(t, stopped)
	}
	phase := func(want ladder.Phase) {
		t.Helper()
		_, progress, err := p.Record(t.Context(), s.Person.ID)
		if err != nil || progress.Phase != want {
			t.Errorf("phase %s, want %s: %v", progress.Phase, want, err)
		}
	}
	for d := at(p.Now()); ; {
		next, err := p.NextDue(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if want := min(max(next.Sub(p.Now()), 10*time.Millisecond), time.Minute); d != want {
			t.Fatalf("it sleeps %s, want %s", d, want)
		}
		if !next.Before(due) {
			break
		}
		d = at(next)
	}
	phase(ladder.Good)
	if d := at(due.Add(-30 * time.Second)); d != 30*time.Second {
		t.Errorf("half a minute before it sleeps %s", d)
	}
	at(due)
	phase(ladder.Suspended)

	// The clock jumps past a grace of a week: the lock-out that was missed is put off by
	// a day. It is set back: nothing is done twice.
	at(due.Add(8 * day))
	phase(ladder.Suspended)
	at(due.Add(9 * day))
	phase(ladder.Locked)
	at(due.Add(9*day - time.Hour))
	phase(ladder.Locked)

	stop()
	if err := <-stopped; err != nil {
		t.Errorf("stopped with %v", err)
	}
}

func TestRun_NewsWakeIt(t *testing.T) {
	t.Parallel()
	wait := newTimer()
	p := start(t, func(c *issuer.Config) { c.After = wait.After })
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	stopped := make(chan error, 1)
	go func() { stopped <- p.Run(ctx) }()
	wait.pass(t, stopped)
	_, device := p.skilled(t)
	p.report(t, device, "noncompliant")
	<-wait.asked // without the timer
	stop()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestRun_EndsWhenTheStoreIsClosed(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	if err := p.store.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	if err := p.Run(ctx); !errors.Is(err, store.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

// stricter is the reference policy with another rule for devices.
func stricter(t testing.TB) []byte {
	t.Helper()
	text := strings.Replace(policy.DefaultYAML(), "Windows: 10.0.22631", "Windows: 99.0", 1)
	text = strings.Replace(text, "macOS: 14.6.0", "macOS: 99.0", 1)
	if text == policy.DefaultYAML() {
		t.Fatal("the reference policy is not what it was")
	}
	return []byte(text)
}

func TestActivatePolicy_JudgesEverybodyAtItsInstantAndOutlastsARestart(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	good := len(p.eligible(t))
	at := p.Now().Add(time.Hour)
	v, err := p.ActivatePolicy(t.Context(), stricter(t), at, "an officer")
	if err != nil {
		t.Fatal(err)
	}
	want(t, "before", len(p.eligible(t)), good)
	if next, err := p.NextDue(t.Context()); err != nil || next.After(at) {
		t.Errorf("next %s %v", next, err)
	}
	var then int
	if err := p.Standings(t.Context(), at, func(s issuer.Standing) error {
		if s.Eligible {
			then++
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	want(t, "asked about then", then, 0)

	p.Set(at.Add(-time.Microsecond))
	p.advance(t)
	p.Set(at)
	config := issuertest.Config(p.store, p.Now)
	again, err := issuer.New(config)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "in force after a restart", again.PolicyAt(at).Digest(), v.Digest)
	done, err := again.Advance(t.Context())
	if err != nil || done.Judged < 240 {
		t.Errorf("%+v %v", done, err)
	}
	want(t, "again", p.advance(t), issuer.Advanced{})
	want(t, "after", len(p.eligible(t)), 0)

	if _, err := again.ActivatePolicy(t.Context(), []byte(policy.DefaultYAML()), time.Time{}, "an officer"); err != nil {
		t.Fatal(err)
	}
	record, _, err := again.Record(t.Context(), p.standings(t)[0].Person.ID)
	if err != nil || record.PolicyDigest != policy.Default().Digest() {
		t.Errorf("%+v %v", record, err)
	}
	all, err := again.Policies(t.Context())
	if err != nil || len(all) != 2 || all[0].By != "an officer" {
		t.Errorf("%+v %v", all, err)
	}
}

func TestActivatePolicy_RefusesThePastAndWhatIsNoPolicy(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	if _, err := p.ActivatePolicy(t.Context(), stricter(t), p.Now().Add(-time.Second), "an officer"); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("the past: %v", err)
	}
	var problem *policy.Problem
	if _, err := p.ActivatePolicy(t.Context(), []byte("version: 1\n"), time.Time{}, "an officer"); !errors.As(err, &problem) {
		t.Errorf("no policy: %v", err)
	}
	want(t, "in force", p.PolicyAt(p.Now()).Digest(), policy.Default().Digest())
}

func TestForecast_SaysWhoWhenAndWhy(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	s, device := p.skilled(t)
	list, err := p.Forecast(t.Context(), 30)
	if err != nil {
		t.Fatal(err)
	}
	horizon := p.Now().Add(30 * day)
	for i, f := range list {
		if f.At.After(horizon) || !f.At.After(p.Now()) || len(f.Reasons) == 0 || len(f.Loses) == 0 {
			t.Errorf("%+v", f)
		}
		if i > 0 && f.At.Before(list[i-1].At) {
			t.Errorf("%s comes behind %s", f.At, list[i-1].At)
		}
	}
	of := func(days int) []issuer.Foreseen {
		t.Helper()
		list, err := p.Forecast(t.Context(), days)
		if err != nil {
			t.Fatal(err)
		}
		var own []issuer.Foreseen
		for _, f := range list {
			if f.Person.ID == s.Person.ID {
				own = append(own, f)
			}
		}
		return own
	}
	passed := evidence.Training{
		Origin: evidence.Origin{Source: "xapi", ID: "late"}, PersonExternalID: s.Person.ExternalID, Course: "CB-201",
		Outcome: evidence.Passed, At: p.Now(),
	}
	p.report(t, device, "compliant")
	p.receive(t, store.Import{Training: []evidence.Training{passed}})
	for _, f := range of(30) {
		if f.Reasons[0].Kind == policy.DeviceStale {
			t.Errorf("a laptop that reported just now: %+v", f)
		}
	}
	p.Set(p.Now().Add(4 * day))
	stale := of(30)
	if len(stale) == 0 || stale[0].Reasons[0].Kind != policy.DeviceStale || !stale[0].HeldUntil.IsZero() {
		t.Errorf("a laptop that has been silent for four days: %+v", stale)
	}
	if _, err := p.AddHold(t.Context(), s.Person.ID, "x", p.Now().Add(10*day), "an officer"); err != nil {
		t.Fatal(err)
	}
	if held := of(30); held[0].HeldUntil.IsZero() {
		t.Errorf("held: %+v", held[0])
	}
	for _, days := range []int{0, issuer.MaxForecast + 1} {
		if _, err := p.Forecast(t.Context(), days); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%d days: %v", days, err)
		}
	}
	if _, err := p.Forecast(t.Context(), issuer.MaxForecast); err != nil {
		t.Error(err)
	}
}
