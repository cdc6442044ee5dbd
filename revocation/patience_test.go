package revocation_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/revocation"
)

const patienceURI = "https://lists.example/1"

// slowIssuer takes a time to answer, in time that only passes when all wait.
type slowIssuer struct {
	delay   time.Duration
	fails   bool
	status  atomic.Uint32
	fetches atomic.Int32
}

func (s *slowIssuer) fetcher(t *testing.T) revocation.Fetcher {
	return fetcherFunc(func(ctx context.Context, uri string) (string, error) {
		s.fetches.Add(1)
		select {
		case <-time.After(s.delay):
		case <-ctx.Done():
			return "", ctx.Err()
		}
		if s.fails {
			return "", errors.New("out of order")
		}
		return tokenAt(t, uri, time.Now().Truncate(time.Second), revocation.Status(s.status.Load()), nil), nil
	})
}

// revokingIssuer has revoked the badge since the list that a checker holds.
func revokingIssuer(delay time.Duration) *slowIssuer {
	issuer := &slowIssuer{delay: delay}
	issuer.status.Store(uint32(revocation.Invalid))
	return issuer
}

// newSlowChecker holds a good list whose ttl is over.
func newSlowChecker(t *testing.T, issuer *slowIssuer) *revocation.Checker {
	t.Helper()
	checker, err := revocation.NewChecker(revocation.CheckerConfig{Trust: trust{"https://lists.example/"}, Fetcher: issuer.fetcher(t)})
	if err != nil {
		t.Fatal(err)
	}
	if err := checker.Load(issuerURL, patienceURI, tokenAt(t, patienceURI, time.Now(), revocation.Valid, nil)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Minute)
	return checker
}

func timedCheck(t *testing.T, checker *revocation.Checker) (status revocation.Status, failed code.Code, took time.Duration) {
	t.Helper()
	began := time.Now()
	result, err := checker.Check(t.Context(), issuerURL, credential.StatusRef{URI: patienceURI, Index: index})
	return result.Status, code.Of(err), time.Since(began)
}

func TestCheckWaitsForANewerListWithinItsPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		checker := newSlowChecker(t, revokingIssuer(time.Second))
		defer checker.Close()
		if status, failed, took := timedCheck(t, checker); status != revocation.Invalid || failed != "" || took != time.Second {
			t.Errorf("got %v, %q after %v", status, failed, took)
		}
	})
}

// TestCheckDoesNotWaitLongerThanItsPatience: neither the first who asks, nor all
// others again.
func TestCheckDoesNotWaitLongerThanItsPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		issuer := revokingIssuer(5 * time.Second)
		checker := newSlowChecker(t, issuer)
		defer checker.Close()
		for _, want := range []time.Duration{revocation.MaxPatience, 0, 0} {
			if status, failed, took := timedCheck(t, checker); status != revocation.Valid || failed != "" || took != want {
				t.Errorf("got %v, %q after %v, want after %v", status, failed, took, want)
			}
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if status, _, took := timedCheck(t, checker); status != revocation.Invalid || took != 0 || issuer.fetches.Load() != 1 {
			t.Errorf("when it came: %v after %v and %d fetches", status, took, issuer.fetches.Load())
		}
	})
}

func TestCheckDoesNotWaitForAnIssuerThatFailedBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		checker := newSlowChecker(t, &slowIssuer{delay: time.Second, fails: true})
		defer checker.Close()
		for _, want := range []time.Duration{time.Second, 0, 0} {
			if status, failed, took := timedCheck(t, checker); status != revocation.Valid || failed != "" || took != want {
				t.Errorf("got %v, %q after %v, want after %v", status, failed, took, want)
			}
			time.Sleep(revocation.DefaultCooldown)
		}
	})
}

func TestCheckWaitsAsLongAsItMayForAUsableList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		checker := newSlowChecker(t, &slowIssuer{delay: 9 * time.Second})
		defer checker.Close()
		time.Sleep(revocation.DefaultMaxAge)
		if status, failed, took := timedCheck(t, checker); status != revocation.Valid || failed != "" || took != 9*time.Second {
			t.Errorf("got %v, %q after %v", status, failed, took)
		}
	})
}

func TestFetchIsGivenUpAfterItsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		checker := newSlowChecker(t, &slowIssuer{delay: time.Hour})
		defer checker.Close()
		time.Sleep(revocation.DefaultMaxAge)
		if _, failed, took := timedCheck(t, checker); failed != code.StatusStale || took != revocation.DefaultFetchTimeout {
			t.Errorf("got %q after %v", failed, took)
		}
	})
}

func TestRefreshDoesNotWaitForTheTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		issuer := &slowIssuer{}
		checker := newSlowChecker(t, issuer)
		defer checker.Close()
		timedCheck(t, checker)
		time.Sleep(10 * time.Second)
		issuer.status.Store(uint32(revocation.Invalid))
		if err := checker.Refresh(issuerURL, patienceURI); err != nil {
			t.Fatal(err)
		}
		if status, failed, _ := timedCheck(t, checker); status != revocation.Invalid || failed != "" || issuer.fetches.Load() != 2 {
			t.Errorf("got %v, %q after %d fetches", status, failed, issuer.fetches.Load())
		}
	})
}

func TestRefreshDuringAFetchFetchesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		issuer := &slowIssuer{delay: 100 * time.Millisecond}
		checker := newSlowChecker(t, issuer)
		defer checker.Close()
		for range 2 {
			if err := checker.Refresh(issuerURL, patienceURI); err != nil {
				t.Fatal(err)
			}
		}
		timedCheck(t, checker)
		issuer.status.Store(uint32(revocation.Invalid))
		time.Sleep(revocation.MinRefresh)
		if status, _, _ := timedCheck(t, checker); status != revocation.Invalid || issuer.fetches.Load() != 2 {
			t.Errorf("got %v after %d fetches", status, issuer.fetches.Load())
		}
	})
}

// TestALoadedListPutsNoRefreshOff: it may have been signed before the change that
// the refresh is about.
func TestALoadedListPutsNoRefreshOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		issuer := &slowIssuer{}
		checker := newSlowChecker(t, issuer)
		defer checker.Close()
		timedCheck(t, checker)
		issuer.status.Store(uint32(revocation.Invalid))
		if err := checker.Refresh(issuerURL, patienceURI); err != nil {
			t.Fatal(err)
		}
		time.Sleep(revocation.MinRefresh - time.Millisecond)
		between := tokenAt(t, patienceURI, time.Now().Add(time.Second), revocation.Valid, nil)
		if err := checker.Load(issuerURL, patienceURI, between); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if n := issuer.fetches.Load(); n != 2 {
			t.Errorf("%d fetches, want one for the refresh, a second after the first", n)
		}
	})
}

func TestAFloodOfRefreshesFetchesOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		issuer := &slowIssuer{}
		checker := newSlowChecker(t, issuer)
		defer checker.Close()
		for range 1000 {
			time.Sleep(10 * time.Millisecond)
			if err := checker.Refresh(issuerURL, patienceURI); err != nil {
				t.Fatal(err)
			}
		}
		// Ten seconds: one fetch at the start of each. The eleventh would begin ten
		// milliseconds from now.
		if n := issuer.fetches.Load(); n > 10 {
			t.Errorf("%d fetches in ten seconds", n)
		}
	})
}

func TestRefreshOfAListThatTheIssuerMayNotHave(t *testing.T) {
	t.Parallel()
	checker := mustChecker(t, revocation.CheckerConfig{Trust: trust{"https://lists.example/"}})
	if got := code.Of(checker.Refresh(issuerURL, "https://attacker.example/1")); got != code.StatusURINotAllowed {
		t.Errorf("got %q", got)
	}
}
