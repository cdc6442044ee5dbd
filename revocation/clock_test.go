package revocation_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/clocktest"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// timepiece is a computer's two clocks: the one that people set, and the one that
// counts from when it was switched on and stands still while it sleeps.
type timepiece struct {
	*clocktest.Clock
	running *clocktest.Clock
}

func newTimepiece() *timepiece { return &timepiece{newClock(), clocktest.New(time.Time{})} }

func (p *timepiece) Elapsed() time.Duration { return p.running.Now().Sub(time.Time{}) }

// pass lets time pass; Move alone sets the clock, or is sleep.
func (p *timepiece) pass(d time.Duration) {
	p.Move(d)
	p.running.Move(d)
}

// station is a checker without a network, with a computer's clocks.
type station struct {
	*timepiece
	checker *revocation.Checker
	events  *events
	lists   uint64
}

const stationURI = "https://lists.example/1"

func newStation(t *testing.T, change func(*revocation.CheckerConfig)) *station {
	t.Helper()
	s := &station{timepiece: newTimepiece(), events: newEvents()}
	config := revocation.CheckerConfig{
		Trust: anyIssuer{trust{"https://lists.example/"}}, Now: s.Now, Elapsed: s.Elapsed, MaxAge: 4 * time.Hour,
	}
	s.events.observe(&config)
	if change != nil {
		change(&config)
	}
	s.checker = mustChecker(t, config)
	return s
}

// load takes a list of that instant.
func (s *station) load(t *testing.T, issuer, uri string, at time.Time) {
	t.Helper()
	s.lists++
	token := tokenAt(t, uri, at, revocation.Valid, func(token *revocation.Token) { token.Seq = s.lists })
	if err := s.checker.Load(issuer, uri, token); err != nil {
		t.Fatal(err)
	}
}

func (s *station) want(t *testing.T, want code.Code) {
	t.Helper()
	ref := credential.StatusRef{URI: stationURI, Index: index}
	_, err := s.checker.Check(t.Context(), issuerURL, ref)
	if got := code.Of(err); got != want {
		t.Errorf("at %s: got %q (%v), want %q", s.Now().Format(time.RFC3339), got, err, want)
	}
	wantClock := want
	if want != code.ClockUntrusted {
		wantClock = ""
	}
	if got := code.Of(s.checker.CheckClock(issuerURL, ref)); got != wantClock {
		t.Errorf("at %s: the clock is %q, want %q", s.Now().Format(time.RFC3339), got, wantClock)
	}
}

func (s *station) loaded(t *testing.T) *station {
	t.Helper()
	s.load(t, issuerURL, stationURI, s.Now())
	s.want(t, "")
	return s
}

func TestN1_AClockThatDisagreesWithWhatWasSigned(t *testing.T) {
	t.Parallel()
	year := func(y int) time.Time { return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC) }
	for _, test := range []struct {
		at   time.Time
		want code.Code
	}{
		{start.Add(-24 * time.Hour), code.ClockUntrusted},
		{year(1970), code.ClockUntrusted},
		{year(1), code.ClockUntrusted},
		{start.Add(-revocation.MaxClockBehind - time.Nanosecond), code.ClockUntrusted},
		{start.Add(-revocation.MaxClockBehind), ""},
		{start.Add(24 * time.Hour), code.StatusStale},
		{year(2038), code.StatusStale},
		{year(2106), code.StatusStale},
	} {
		s := newStation(t, func(config *revocation.CheckerConfig) { config.Elapsed = nil })
		s.Set(test.at) // from the start: there is nothing to compare with but the list
		s.checker = mustChecker(t, revocation.CheckerConfig{Trust: trust{"https://lists.example/"}, Now: s.Now})
		s.load(t, issuerURL, stationURI, start)
		s.want(t, test.want)
	}
}

func TestN1_WhatAnyTrustedIssuerSignedCounts(t *testing.T) {
	t.Parallel()
	s := newStation(t, nil).loaded(t)
	// Another issuer, and another list of the same one.
	for n, issuer := range []string{"https://other.example", issuerURL} {
		ahead := time.Duration(n+1) * time.Hour
		s.load(t, issuer, fmt.Sprint("https://lists.example/other-", n), s.Now().Add(ahead))
		s.want(t, code.ClockUntrusted)
		s.events.wait(t, revocation.ClockLost, code.ClockUntrusted)
		s.pass(ahead) // the time it takes to set it
		s.want(t, code.ClockUntrusted)
		s.Move(ahead)
		s.want(t, "")
		s.events.wait(t, revocation.ClockFound, "")
		s.load(t, issuerURL, stationURI, s.Now())
	}
}

func TestN1_AClockThatLostItsTimeInAPowerCutIsNoticedAtOnce(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	kept := func(config *revocation.CheckerConfig) { config.Cache = mustFolder(t, path) }
	newStation(t, kept).loaded(t).checker.Close()

	again := newTimepiece()
	again.Set(time.Unix(0, 0))
	events := newEvents()
	config := revocation.CheckerConfig{Trust: trust{"https://lists.example/"}, Now: again.Now, Elapsed: again.Elapsed}
	events.observe(&config)
	kept(&config)
	s := &station{timepiece: again, events: events, checker: mustChecker(t, config)}
	s.want(t, code.ClockUntrusted)
	// Also for a badge of a list that was never seen.
	if got := code.Of(s.checker.CheckClock(issuerURL, credential.StatusRef{URI: "https://lists.example/2"})); got != code.ClockUntrusted {
		t.Errorf("got %q", got)
	}
	s.Set(start.Add(time.Minute))
	s.want(t, "")
}

// TestN2_AClockThatIsSetBackOpensNoWindowAgain: a list that was too old must not
// look fresh, with no list since to say what time it is.
func TestN2_AClockThatIsSetBackOpensNoWindowAgain(t *testing.T) {
	t.Parallel()
	s := newStation(t, nil).loaded(t)
	s.pass(4*time.Hour + time.Second)
	s.want(t, code.StatusStale)
	s.Move(-3 * time.Hour)
	s.want(t, code.ClockUntrusted)
	s.events.wait(t, revocation.ClockLost, code.ClockUntrusted)
	s.pass(30 * time.Minute)
	s.want(t, code.ClockUntrusted)
	s.Move(3 * time.Hour) // set right again
	s.want(t, code.StatusStale)
	s.events.wait(t, revocation.ClockFound, "")
}

func TestN2_TheBoundHoldsForOneStepAndForManySmallOnes(t *testing.T) {
	t.Parallel()
	s := newStation(t, nil).loaded(t)
	s.pass(time.Hour)
	s.want(t, "")
	s.Move(-revocation.MaxClockBehind)
	s.want(t, "")
	s.Move(-time.Nanosecond)
	s.want(t, code.ClockUntrusted)

	s = newStation(t, nil).loaded(t)
	for n := range 7 {
		s.pass(10 * time.Minute)
		s.Move(-10 * time.Second)
		s.want(t, map[bool]code.Code{true: code.ClockUntrusted}[n == 6])
	}
}

// TestWithoutASecondClockOnlyWhatWasSignedCounts: one clock alone can't tell when it
// was set.
func TestWithoutASecondClockOnlyWhatWasSignedCounts(t *testing.T) {
	t.Parallel()
	s := newStation(t, func(config *revocation.CheckerConfig) { config.Elapsed = nil }).loaded(t)
	s.Move(4 * time.Hour)
	s.want(t, "")
	s.Move(-4*time.Hour - revocation.MaxClockBehind)
	s.want(t, "")
	s.Move(-time.Nanosecond)
	s.want(t, code.ClockUntrusted)
	s.load(t, issuerURL, stationURI, start.Add(time.Hour))
	s.Set(start.Add(time.Hour - revocation.MaxClockBehind))
	s.want(t, "")
	s.events.none(t, revocation.ClockAhead)
}

func TestN5_ZonesAndLeapSecondsAreNoMatter(t *testing.T) {
	t.Parallel()
	s := newStation(t, nil).loaded(t)
	for _, offset := range []int{0, 14 * 3600, -12 * 3600, 3600, 7200, 3600} { // of travellers, and of summer
		s.pass(time.Minute)
		s.Set(s.Now().In(time.FixedZone("there", offset)))
		s.want(t, "")
	}
	s.pass(time.Second)
	s.Move(-time.Second) // the same second twice
	s.want(t, "")
	s.pass(time.Hour)
	s.want(t, "")
	s.events.none(t, revocation.ClockLost, revocation.ClockAhead)
}

// TestN6_NothingUnsignedMovesTheLine, whatever a server says of the time.
func TestN6_NothingUnsignedMovesTheLine(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	good := s.token(t, revocation.Valid, nil)
	for _, year := range []int{1970, 2106} {
		s.serve(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).Format(http.TimeFormat))
			w.Header().Set("Content-Type", revocation.MediaType)
			fmt.Fprint(w, good)
		})
		s.wantAnswer(t, revocation.Valid, "")
		s.Move(time.Minute)
	}
	future := s.Now().Add(24 * time.Hour)
	for _, key := range []credentialtest.Key{credentialtest.IssuerKey, credentialtest.OtherKey} {
		forged := signWith(t, key, revocation.Token{URI: s.uri, IssuedAt: future, Expires: future.Add(time.Hour), TTL: time.Minute}, revocation.Valid)
		if got := code.Of(s.checker.Load(issuerURL, s.uri, forged)); got != code.StatusSignatureInvalid {
			t.Errorf("got %q", got)
		}
	}
	s.wantAnswer(t, revocation.Valid, "")
}

// TestN6_NothingLowersTheLine: an old list is no proof that it is early.
func TestN6_NothingLowersTheLine(t *testing.T) {
	t.Parallel()
	s := newStation(t, nil).loaded(t)
	s.pass(time.Hour)
	s.want(t, "")
	s.Move(-time.Hour)
	s.load(t, issuerURL, "https://lists.example/never-seen", s.Now().Add(-30*time.Second))
	s.want(t, code.ClockUntrusted)
}

// TestN7_AComputerThatSleptFindsItsListsStale at once, and is believed the time.
func TestN7_AComputerThatSleptFindsItsListsStale(t *testing.T) {
	t.Parallel()
	s := newStation(t, nil).loaded(t)
	s.Move(8 * time.Hour)
	s.want(t, code.StatusStale)
	s.events.wait(t, revocation.ClockAhead, "")
	s.load(t, issuerURL, stationURI, s.Now())
	s.want(t, "")
	// Within the site's limit it goes on: at a gate without a network a tablet
	// sleeps between two visitors.
	s.Move(4 * time.Hour)
	s.want(t, "")
	s.Move(-2 * time.Hour)
	s.want(t, code.ClockUntrusted)
}

func TestN7_OnlyALeapIsReported(t *testing.T) {
	t.Parallel()
	s := newStation(t, nil).loaded(t)
	s.pass(3 * time.Hour)
	s.Move(revocation.MaxClockAhead)
	s.want(t, "")
	s.events.none(t, revocation.ClockAhead)
	s.Move(revocation.MaxClockAhead + time.Nanosecond)
	s.want(t, "")
	s.events.wait(t, revocation.ClockAhead, "")
}

func TestN7_AWokenVerifierWithANetworkFetchesAtOnce(t *testing.T) {
	t.Parallel()
	clocks := newTimepiece()
	s := newSite(t, func(config *revocation.CheckerConfig) { config.Now, config.Elapsed = clocks.Now, clocks.Elapsed })
	s.Clock = clocks.Clock
	s.want(t, revocation.Valid, "", 1)
	clocks.Move(8 * time.Hour)
	s.publish(t, revocation.Invalid)
	s.want(t, revocation.Invalid, "", 2)
}
