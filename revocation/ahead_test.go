package revocation_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// diary is an issuer that notes when each list was asked for, in time that only
// passes when all wait.
type diary struct {
	t     *testing.T
	delay time.Duration // before it answers

	mu    sync.Mutex
	fails bool
	times map[string][]time.Time
}

func newDiary(t *testing.T, delay time.Duration) *diary {
	return &diary{t: t, delay: delay, times: make(map[string][]time.Time)}
}

func (d *diary) Fetch(ctx context.Context, uri string) (string, error) {
	d.mu.Lock()
	fails := d.fails
	d.times[uri] = append(d.times[uri], time.Now())
	d.mu.Unlock()
	select {
	case <-time.After(d.delay):
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if fails {
		return "", errors.New("out of order")
	}
	return tokenAt(d.t, uri, time.Now().Truncate(time.Second), revocation.Valid, nil), nil
}

func (d *diary) set(fails bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fails = fails
}

func (d *diary) of(uri string) []time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.times[uri])
}

func (d *diary) checker(t *testing.T) *revocation.Checker {
	t.Helper()
	checker, err := revocation.NewChecker(revocation.CheckerConfig{Trust: trust{"https://lists.example/"}, Fetcher: d})
	if err != nil {
		t.Fatal(err)
	}
	return checker
}

func listAt(n int) string { return fmt.Sprint("https://lists.example/", n) }

func askFor(t *testing.T, checker *revocation.Checker, uri string) (took time.Duration, err error) {
	t.Helper()
	began := time.Now()
	_, err = checker.Check(t.Context(), issuerURL, credential.StatusRef{URI: uri, Index: index})
	return time.Since(began), err
}

// TestAListInUseIsFetchedAhead is the promise to an embedder: who asks often waits
// once, when nothing is known.
func TestAListInUseIsFetchedAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		issuer := newDiary(t, time.Second)
		checker := issuer.checker(t)
		defer checker.Close()
		for n := range 100 {
			took, err := askFor(t, checker, listAt(1))
			if err != nil || took != 0 && n > 0 {
				t.Errorf("call %d waited %v (%v)", n, took, err)
			}
			time.Sleep(10 * time.Second)
		}
		times := issuer.of(listAt(1))
		if len(times) < 17 {
			t.Errorf("%d fetches in a thousand seconds", len(times))
		}
		for n := 1; n < len(times); n++ {
			// From the end of the one to the beginning of the next.
			if gap := times[n].Sub(times[n-1]) - time.Second; gap < 42*time.Second || gap > 57*time.Second {
				t.Errorf("after %v", gap)
			}
		}
	})
}

func TestAListThatNobodyAsksForIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		issuer := newDiary(t, 0)
		checker := issuer.checker(t)
		defer checker.Close()
		for want := 1; want <= 2; want++ {
			if _, err := askFor(t, checker, listAt(1)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
			if got := len(issuer.of(listAt(1))); got != want {
				t.Errorf("%d fetches, want %d", got, want)
			}
		}
	})
}

// TestListsOfOneMomentAreNotFetchedInOneMoment again: verifiers that got power at
// once must not call the issuer at once.
func TestListsOfOneMomentAreNotFetchedInOneMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		issuer := newDiary(t, 0)
		checker := issuer.checker(t)
		defer checker.Close()
		const lists = 50
		for range 2 {
			for n := range lists {
				if _, err := askFor(t, checker, listAt(n)); err != nil {
					t.Fatal(err)
				}
			}
		}
		time.Sleep(time.Minute)
		seconds := make(map[int64]int)
		for n := range lists {
			times := issuer.of(listAt(n))
			if len(times) != 2 {
				t.Fatalf("list %d was fetched %d times", n, len(times))
			}
			seconds[times[1].Unix()]++
		}
		for second, fetches := range seconds {
			if fetches > lists/3 {
				t.Errorf("%d of %d in the second %d", fetches, lists, second)
			}
		}
	})
}

// TestFailuresCoolDownLongerEachTime asks every second, as a busy gate does.
func TestFailuresCoolDownLongerEachTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		issuer := newDiary(t, 0)
		issuer.set(true)
		checker := issuer.checker(t)
		defer checker.Close()
		for range 400 {
			_, _ = askFor(t, checker, listAt(1))
			time.Sleep(time.Second)
		}
		times := issuer.of(listAt(1))
		wait, second := revocation.DefaultCooldown, time.Second
		for n := 1; n < len(times); n++ {
			least := wait
			if n > 1 {
				least = wait * 3 / 4
			}
			if gap := times[n].Sub(times[n-1]); gap < least || gap > wait+second {
				t.Errorf("failure %d was followed after %v, want %v to %v", n, gap, least, wait)
			}
			wait = min(2*wait, revocation.MaxCooldown)
		}
		if len(times) < 9 || len(times) > 14 {
			t.Errorf("%d fetches in 400 seconds", len(times))
		}
		// One that succeeds begins anew.
		issuer.set(false)
		time.Sleep(revocation.MaxCooldown)
		if _, err := askFor(t, checker, listAt(1)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour) // until nobody has asked for it
		issuer.set(true)
		_, _ = askFor(t, checker, listAt(1))
		failed := len(issuer.of(listAt(1)))
		time.Sleep(revocation.DefaultCooldown)
		_, _ = askFor(t, checker, listAt(1))
		if got := len(issuer.of(listAt(1))); got != failed+1 {
			t.Errorf("%d fetches after the first failure's time, want %d", got, failed+1)
		}
	})
}

// TestAKnownChangeIsFetchedWithoutACheck: a change that is told while the last one
// is being fetched, or right after, must not wait for somebody at the gate.
func TestAKnownChangeIsFetchedWithoutACheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		issuer := newDiary(t, 100*time.Millisecond)
		checker := issuer.checker(t)
		defer checker.Close()
		tell := func() {
			t.Helper()
			if err := checker.Refresh(issuerURL, listAt(1)); err != nil {
				t.Fatal(err)
			}
		}
		tell() // fetches
		time.Sleep(50 * time.Millisecond)
		tell() // during that
		time.Sleep(2 * time.Second)
		if got := len(issuer.of(listAt(1))); got != 2 {
			t.Errorf("%d fetches, want 2", got)
		}
		tell()
		time.Sleep(300 * time.Millisecond)
		tell() // right after
		time.Sleep(revocation.MinRefresh)
		times := issuer.of(listAt(1))
		if len(times) != 4 {
			t.Fatalf("%d fetches, want 4", len(times))
		}
		if gap := times[3].Sub(times[2]); gap != revocation.MinRefresh+100*time.Millisecond {
			t.Errorf("the last came %v after the one before", gap)
		}
		time.Sleep(time.Hour)
		if got := len(issuer.of(listAt(1))); got != 4 {
			t.Errorf("%d fetches, though nothing has changed", got)
		}
	})
}

// TestCloseEndsFetchingAhead: synctest fails if anything is left that runs.
func TestCloseEndsFetchingAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		issuer := newDiary(t, time.Second)
		checker := issuer.checker(t)
		for range 2 {
			if _, err := askFor(t, checker, listAt(1)); err != nil {
				t.Fatal(err)
			}
		}
		if err := checker.Refresh(issuerURL, listAt(2)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
		if err := checker.Close(); err != nil {
			t.Fatal(err)
		}
		before := len(issuer.of(listAt(1))) + len(issuer.of(listAt(2)))
		time.Sleep(24 * time.Hour)
		if after := len(issuer.of(listAt(1))) + len(issuer.of(listAt(2))); after != before {
			t.Errorf("%d fetches after Close", after-before)
		}
	})
}
