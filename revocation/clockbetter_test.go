package revocation_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// TestAFreshListTellsBetter is the way out of a clock that went back for a reason:
// it had been ahead.
func TestAFreshListTellsBetter(t *testing.T) {
	t.Parallel()
	s := newStation(t, nil)
	s.Set(start.Add(2 * time.Hour)) // as it came up, wrong
	s.load(t, issuerURL, stationURI, start)
	s.want(t, "") // nobody can know
	s.pass(10 * time.Second)
	s.Set(start.Add(10 * time.Second))
	s.want(t, code.ClockUntrusted)
	// What was known before tells nothing new: not an older list, nor that one again.
	s.load(t, issuerURL, "https://lists.example/2", start.Add(-time.Minute))
	s.load(t, issuerURL, "https://lists.example/3", start)
	s.want(t, code.ClockUntrusted)
	s.pass(20 * time.Second)
	s.load(t, issuerURL, stationURI, start.Add(29*time.Second))
	s.want(t, "")
	s.events.wait(t, revocation.ClockFound, "")
	// From here on it is judged by the new time.
	s.pass(time.Minute)
	s.Move(-revocation.MaxClockBehind - time.Nanosecond)
	s.want(t, code.ClockUntrusted)
}

func TestAListMustBeFreshToTellBetter(t *testing.T) {
	t.Parallel()
	for age, better := range map[time.Duration]bool{
		-revocation.MaxClockBehind - time.Second: false,
		-revocation.MaxClockBehind:               true,
		0:                                        true,
		revocation.FreshList:                     true,
		revocation.FreshList + time.Second:       false,
	} {
		s := newStation(t, nil).loaded(t)
		s.pass(4 * time.Hour)
		s.want(t, "")
		s.Move(-time.Hour)
		s.want(t, code.ClockUntrusted)
		s.load(t, issuerURL, stationURI, s.Now().Add(-age))
		s.want(t, map[bool]code.Code{false: code.ClockUntrusted}[better])
	}
}

// TestAListThatIsSignedSeldomTellsBetterForLonger, but not for as long as it likes.
func TestAListThatIsSignedSeldomTellsBetterForLonger(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		ttl, age time.Duration
		better   bool
	}{
		{30 * time.Minute, 30 * time.Minute, true},
		{30 * time.Minute, 30*time.Minute + time.Second, false},
		{24 * time.Hour, revocation.MaxRefresh, true},
		{24 * time.Hour, revocation.MaxRefresh + time.Second, false},
	} {
		s := newStation(t, nil).loaded(t)
		s.pass(4 * time.Hour)
		s.want(t, "")
		s.Move(-2 * time.Hour)
		s.want(t, code.ClockUntrusted)
		token := tokenAt(t, stationURI, s.Now().Add(-test.age), revocation.Valid, func(token *revocation.Token) { token.TTL = test.ttl })
		if err := s.checker.Load(issuerURL, stationURI, token); err != nil {
			t.Fatal(err)
		}
		s.want(t, map[bool]code.Code{false: code.ClockUntrusted}[test.better])
	}
}

// TestAnIssuerThatWasAheadDoesNotStick: when its clock is right again, a list that
// is newer than its wrong one tells better.
func TestAnIssuerThatWasAheadDoesNotStick(t *testing.T) {
	t.Parallel()
	s := newStation(t, nil).loaded(t)
	s.load(t, "https://other.example", "https://lists.example/other", start.Add(5*time.Minute))
	s.want(t, code.ClockUntrusted)
	for range 5 {
		s.pass(time.Minute)
		s.load(t, issuerURL, stationURI, s.Now())
		s.want(t, code.ClockUntrusted)
	}
	s.pass(time.Second)
	s.load(t, issuerURL, stationURI, s.Now())
	s.want(t, "")
}

// TestALostClockHasTheListFetched, so that a connected verifier is told better
// within seconds and with nobody's help.
func TestALostClockHasTheListFetched(t *testing.T) {
	t.Parallel()
	clocks, events := newTimepiece(), newEvents()
	s := newSite(t, func(config *revocation.CheckerConfig) {
		config.Now, config.Elapsed = clocks.Now, clocks.Elapsed
		events.observe(config)
	})
	s.Clock = clocks.Clock
	s.publish(t, revocation.Valid)
	clocks.Move(2 * time.Hour)
	s.wantAnswer(t, 0, code.StatusStale)
	clocks.pass(time.Second)
	clocks.Move(-2 * time.Hour)
	ref := credential.StatusRef{URI: s.uri, Index: index}
	if got := code.Of(s.checker.CheckClock(issuerURL, ref)); got != code.ClockUntrusted {
		t.Fatalf("got %q", got)
	}
	events.wait(t, revocation.ListUnchanged, "") // nothing newer yet
	s.publish(t, revocation.Valid)
	clocks.pass(revocation.DefaultCooldown)
	_ = s.checker.CheckClock(issuerURL, ref)
	events.wait(t, revocation.ClockFound, "")
	s.wantAnswer(t, revocation.Valid, "")
}

// TestACorrectionOfTheClockIsNoJump: a page that learned by how much its device is
// wrong moves what Now returns, monotonic reading and all.
func TestACorrectionOfTheClockIsNoJump(t *testing.T) {
	t.Parallel()
	var correction atomic.Int64
	events := newEvents()
	config := revocation.CheckerConfig{
		Trust: trust{"https://lists.example/"},
		Now:   func() time.Time { return time.Now().Add(time.Duration(correction.Load())) },
	}
	events.observe(&config)
	checker := mustChecker(t, config)
	for _, by := range []time.Duration{0, 2 * time.Hour, -2 * time.Hour, 0} {
		correction.Store(int64(by))
		if err := checker.CheckClock(issuerURL, credential.StatusRef{}); err != nil {
			t.Errorf("moved by %v: %v", by, err)
		}
	}
	events.none(t, revocation.ClockAhead, revocation.ClockLost)
}
