package revocation_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/revocation"
)

func TestCheckFetchesOncePerTTL(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.want(t, revocation.Valid, "", 1)
	s.Move(59 * time.Second)
	s.want(t, revocation.Valid, "", 1)
	s.Move(time.Second)
	s.publish(t, revocation.Invalid)
	s.want(t, revocation.Invalid, "", 2)
	s.publish(t, revocation.Suspended)
	s.Move(time.Minute)
	s.want(t, revocation.Suspended, "", 3)
}

func TestCheckStatesTheAgeOfTheList(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.want(t, revocation.Valid, "", 1)
	s.Move(42 * time.Second)
	result, err := s.check(t)
	if err != nil || result.Age != 42*time.Second || !result.IssuedAt.Equal(start) || result.URI != s.uri {
		t.Errorf("got %+v, %v", result, err)
	}
}

func TestCheckNeedsAListThatTheIssuerMayHave(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	for _, test := range []struct {
		issuer, uri string
		want        code.Code
	}{
		{issuerURL, "", code.StatusMissing},
		{issuerURL, "https://attacker.example/list", code.StatusURINotAllowed},
		{"https://attacker.example", s.uri, code.StatusURINotAllowed},
	} {
		_, err := s.checker.Check(t.Context(), test.issuer, credential.StatusRef{URI: test.uri, Index: index})
		if got := code.Of(err); got != test.want {
			t.Errorf("%+v: got %q (%v)", test, got, err)
		}
	}
	if n := s.fetches.Load(); n != 0 {
		t.Errorf("%d fetches", n)
	}
}

func TestCheckRefusesAnIndexBehindTheList(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	for at, want := range map[uint64]code.Code{0: "", 1023: "", 1024: code.StatusIndexOutOfRange, 1<<64 - 1: code.StatusIndexOutOfRange} {
		_, err := s.checker.Check(t.Context(), issuerURL, credential.StatusRef{URI: s.uri, Index: at})
		if got := code.Of(err); got != want {
			t.Errorf("index %d: got %q", at, got)
		}
	}
}

func TestCheckRefusesAnUnknownStatus(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.publish(t, 3)
	s.want(t, 0, code.StatusUnknownValue, 1)
}

func TestCheckRefusesAnExpiredList(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.serveText(s.token(t, revocation.Valid, func(token *revocation.Token) {
		token.Expires, token.TTL = start.Add(2*time.Minute), time.Hour
	}))
	s.want(t, revocation.Valid, "", 1)
	s.Move(2*time.Minute - time.Nanosecond)
	s.want(t, revocation.Valid, "", 1)
	// At exp a newer list is looked for, though the ttl is not over.
	s.Move(time.Nanosecond)
	s.want(t, 0, code.StatusStale, 2)
}

func TestCheckRefusesAListOlderThanTheSiteTakes(t *testing.T) {
	t.Parallel()
	for _, maxAge := range []time.Duration{0, time.Hour} {
		s := newSite(t, func(config *revocation.CheckerConfig) { config.MaxAge = maxAge })
		limit := maxAge
		if limit == 0 {
			limit = revocation.DefaultMaxAge
		}
		s.Move(limit)
		s.want(t, revocation.Valid, "", 1)
		s.Move(time.Second)
		s.want(t, 0, code.StatusStale, 2)
	}
}

// TestCheckGoesOnWithoutTheIssuer is the promise to a site: what it knows is good
// for as long as the site says, and not a second longer.
func TestCheckGoesOnWithoutTheIssuer(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.want(t, revocation.Valid, "", 1)
	s.server.Close()
	for range 15 {
		s.Move(time.Minute)
		s.want(t, revocation.Valid, "", 1)
	}
	s.Move(time.Second)
	s.want(t, 0, code.StatusStale, 1)
}

func TestCheckOfManyFetchesOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	var ready, done sync.WaitGroup
	good := *s.answer.Load()
	s.serve(func(w http.ResponseWriter, r *http.Request) {
		ready.Wait()
		good(w, r)
	})
	const callers = 100
	ready.Add(callers)
	for range callers {
		done.Go(func() {
			ready.Done()
			if _, err := s.check(t); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	if n := s.fetches.Load(); n != 1 {
		t.Errorf("%d fetches for %d callers", n, callers)
	}
}

func TestCheckOfOneWhoGivesUpDoesNotFailOthers(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	asked, goOn := make(chan struct{}), make(chan struct{})
	good := *s.answer.Load()
	s.serve(func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		<-goOn
		good(w, r)
	})
	impatient, giveUp := context.WithCancel(t.Context())
	var both sync.WaitGroup
	both.Go(func() {
		_, err := s.checker.Check(impatient, issuerURL, credential.StatusRef{URI: s.uri, Index: index})
		if got := code.Of(err); got != code.StatusUnavailable {
			t.Errorf("who gave up got %q (%v)", got, err)
		}
		close(goOn)
	})
	<-asked
	both.Go(func() {
		if _, err := s.check(t); err != nil {
			t.Errorf("who waited: %v", err)
		}
	})
	giveUp()
	both.Wait()
	s.want(t, revocation.Valid, "", 1)
}

func TestCheckWaitsAfterAFailure(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	good := *s.answer.Load()
	s.serve(http.NotFound)
	s.want(t, 0, code.StatusUnavailable, 1)
	s.serve(good)
	s.want(t, 0, code.StatusUnavailable, 1)
	s.Move(revocation.DefaultCooldown - time.Nanosecond)
	s.want(t, 0, code.StatusUnavailable, 1)
	s.Move(time.Nanosecond)
	s.want(t, revocation.Valid, "", 2)
}

func TestCheckWithoutFetcherKnowsLoadedListsOnly(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(config *revocation.CheckerConfig) { config.Fetcher = nil })
	s.want(t, 0, code.StatusUnavailable, 0)
	if err := s.checker.Load(issuerURL, s.uri, s.token(t, revocation.Invalid, nil)); err != nil {
		t.Fatal(err)
	}
	s.want(t, revocation.Invalid, "", 0)
}

func TestLoadVerifies(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	good := s.token(t, revocation.Valid, nil)
	for _, test := range []struct {
		uri, token string
		want       code.Code
	}{
		{"https://attacker.example/1", good, code.StatusURINotAllowed},
		{s.uri + "2", good, code.StatusSubMismatch},
		{s.uri, "garbage", code.TokenMalformed},
		{s.uri, good, ""},
	} {
		if got := code.Of(s.checker.Load(issuerURL, test.uri, test.token)); got != test.want {
			t.Errorf("%s: got %q, want %q", test.uri, got, test.want)
		}
	}
	s.want(t, revocation.Valid, "", 0)
}

func TestAnOlderListNeverReplacesANewer(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	old := s.token(t, revocation.Valid, nil)
	s.Move(time.Second)
	newer := s.token(t, revocation.Invalid, nil)
	for _, load := range []struct {
		token string
		want  code.Code
	}{{old, ""}, {newer, ""}, {old, code.StatusRollback}, {newer, ""}} {
		if got := code.Of(s.checker.Load(issuerURL, s.uri, load.token)); got != load.want {
			t.Errorf("got %q, want %q", got, load.want)
		}
	}
	s.Move(time.Minute)
	s.serveText(old)
	s.want(t, revocation.Invalid, "", 1)
}

func TestTwoIssuersDoNotShareLists(t *testing.T) {
	t.Parallel()
	lists := anyIssuer{trust{"https://lists.example/"}}
	checker := mustChecker(t, revocation.CheckerConfig{Trust: lists, Now: newClock().Now})
	uri := "https://lists.example/1"
	if err := checker.Load("https://one.example", uri, tokenAt(t, uri, start, revocation.Valid, nil)); err != nil {
		t.Fatal(err)
	}
	_, err := checker.Check(t.Context(), "https://two.example", credential.StatusRef{URI: uri, Index: index})
	if got := code.Of(err); got != code.StatusUnavailable {
		t.Errorf("got %q (%v)", got, err)
	}
}

type anyIssuer struct{ trust }

func (a anyIssuer) CheckListURI(_, uri string) error { return a.trust.CheckListURI(issuerURL, uri) }

func TestMaxLists(t *testing.T) {
	t.Parallel()
	checker := mustChecker(t, revocation.CheckerConfig{Trust: trust{"https://lists.example/"}, Now: newClock().Now})
	check := func(n int) error {
		_, err := checker.Check(t.Context(), issuerURL, credential.StatusRef{URI: fmt.Sprint("https://lists.example/", n), Index: index})
		return err
	}
	for n := range revocation.MaxLists {
		if err := check(n); !strings.Contains(err.Error(), "none can be fetched") {
			t.Fatalf("list %d: %v", n, err)
		}
	}
	if err := check(revocation.MaxLists); code.Of(err) != code.StatusUnavailable || !strings.Contains(err.Error(), "more than") {
		t.Errorf("one more: %v", err)
	}
	if err := check(0); !strings.Contains(err.Error(), "none can be fetched") {
		t.Errorf("a known one: %v", err)
	}
}

func TestAClockBehindTheListIsNotTrusted(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.want(t, revocation.Valid, "", 1)
	ref := credential.StatusRef{URI: s.uri, Index: index}
	s.Set(start.Add(-revocation.MaxClockBehind))
	s.want(t, revocation.Valid, "", 2)
	if err := s.checker.CheckClock(issuerURL, ref); err != nil {
		t.Error(err)
	}
	s.Set(start.Add(-revocation.MaxClockBehind - time.Nanosecond))
	s.want(t, 0, code.ClockUntrusted, 3)
	if got := code.Of(s.checker.CheckClock(issuerURL, ref)); got != code.ClockUntrusted {
		t.Errorf("got %q", got)
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	_, err := revocation.NewChecker(revocation.CheckerConfig{})
	if err == nil || !strings.Contains(err.Error(), "no trust") {
		t.Errorf("got %v", err)
	}
	for _, config := range []revocation.CheckerConfig{{MaxAge: -1}, {FetchTimeout: -1}, {Cooldown: -1}} {
		_, err := revocation.NewChecker(config)
		if err == nil || !strings.Contains(err.Error(), "no trust") || !strings.Contains(err.Error(), "negative") {
			t.Errorf("%+v: got %v", config, err)
		}
	}
}

func TestCloseWaitsForFetches(t *testing.T) {
	t.Parallel()
	begun, ended := make(chan struct{}), make(chan struct{})
	checker := mustChecker(t, revocation.CheckerConfig{
		Trust: trust{"https://lists.example/"},
		Fetcher: fetcherFunc(func(ctx context.Context, _ string) (string, error) {
			close(begun)
			<-ctx.Done()
			close(ended)
			return "", ctx.Err()
		}),
	})
	ref := credential.StatusRef{URI: "https://lists.example/1", Index: index}
	answered := make(chan error)
	go func() {
		_, err := checker.Check(context.Background(), issuerURL, ref)
		answered <- err
	}()
	<-begun
	if err := checker.Close(); err != nil {
		t.Error(err)
	}
	select {
	case <-ended:
	default:
		t.Error("Close did not wait")
	}
	if got := code.Of(<-answered); got != code.StatusUnavailable {
		t.Errorf("who waited got %q", got)
	}
	// A fetch now would close begun twice.
	if _, err := checker.Check(t.Context(), issuerURL, ref); code.Of(err) != code.StatusUnavailable {
		t.Errorf("after Close: %v", err)
	}
	if err := checker.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
}

func TestAfterCloseHeldListsStillCount(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.want(t, revocation.Valid, "", 1)
	s.checker.Close()
	s.Move(2 * time.Minute)
	s.want(t, revocation.Valid, "", 1)
	s.Move(revocation.DefaultMaxAge)
	s.want(t, 0, code.StatusStale, 1)
}
