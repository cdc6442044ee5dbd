package runner

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/source"
)

func TestADeviceIsGoneWhenTwoListingsLackIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := start(t, time.Hour, listing("d1", "d2", "d3"))
		step := func(want []string, listed ...string) {
			t.Helper()
			b.answers(listing(listed...))
			pass(time.Hour)
			if !same(b.ids(), want) || b.report().Failures != 0 {
				t.Fatalf("after %v: %v, want %v; %+v", listed, b.ids(), want, b.report())
			}
		}
		step([]string{"d1", "d2", "d3"}, "d1", "d2")
		step([]string{"d1", "d2", "d3"}, "d1", "d2", "d3") // it was passed over
		step([]string{"d1", "d2", "d3"}, "d1", "d2")
		step([]string{"d1", "d2"}, "d1", "d2")
		step([]string{"d1", "d2", "d4"}, "d1", "d4")
		step([]string{"d1", "d4"}, "d1", "d4")
	})
}

func TestADeviceWhoseRecordIsRefusedIsNotGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := start(t, time.Hour, listing("d1", "d2"))
		b.answers(func(string) (source.Changes, error) {
			return source.Changes{Full: true, Devices: source.Result[evidence.Device]{
				Records: devices("d1"), Problems: []source.Problem{{ID: "d2", Refused: true}},
			}}, nil
		})
		pass(5 * time.Hour)
		if !same(b.ids(), []string{"d1", "d2"}) {
			t.Errorf("got %v", b.ids())
		}
	})
}

func TestAFailureInBetweenDoesNotCountAsAListing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := start(t, time.Hour, listing("d1", "d2"))
		b.answers(listing("d1"))
		pass(time.Hour)
		b.answers(func(string) (source.Changes, error) { return source.Changes{}, source.ErrRepeats })
		pass(time.Hour)
		if !same(b.ids(), []string{"d1", "d2"}) {
			t.Errorf("got %v", b.ids())
		}
	})
}

func TestAListingThatIsAbsurdlySmallerRemovesNobody(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		known, left int
		believed    bool
	}{
		"a fifth less":              {100, 80, true},
		"a fifth and one less":      {100, 79, false},
		"few less of few":           {10, 10 - FreeLoss, true},
		"few and one less of few":   {10, 10 - FreeLoss - 1, false},
		"nothing left of many":      {100, 0, false},
		"nothing left of few":       {3, 0, false},
		"the only one":              {1, 0, false},
		"one of two":                {2, 1, true},
		"nothing less":              {3, 3, true},
		"none known and none there": {0, 0, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := start(t, time.Hour, listing(numbered(c.known)...))
			b.answers(listing(numbered(c.left)...))
			pass(2 * time.Hour)
			r := b.report()
			want := c.known
			if c.believed {
				want = c.left
			}
			if len(b.ids()) != want || (r.Failures == 0) != c.believed {
				t.Errorf("%s: %d devices, want %d; %+v", name, len(b.ids()), want, r)
			}
			if !c.believed && (r.Withheld != c.known-c.left || !strings.Contains(r.Error, "they were kept")) {
				t.Errorf("%s: reported %+v", name, r)
			}
		})
	}
}

// What a listing does say is taken in, whatever it lacks: the devices would else
// grow stale, which locks people out as surely.
func TestWhatASmallListingSaysIsTakenIn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := start(t, time.Hour, listing(numbered(100)...))
		fresh := devices("d00001")
		fresh[0].LastSeen = time.Now()
		b.answers(func(string) (source.Changes, error) {
			return source.Changes{Full: true, Devices: source.Result[evidence.Device]{Records: fresh}}, nil
		})
		pass(time.Hour)
		b.stop()
		if len(b.ids()) != 100 || b.devices[fresh[0].Origin] != fresh[0] {
			t.Errorf("%d devices, and %+v", len(b.ids()), b.devices[fresh[0].Origin])
		}
	})
}

func TestALossIsTakenForRightOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := start(t, time.Hour, listing(numbered(100)...))
		b.answers(listing(numbered(50)...))
		pass(time.Hour)
		if err := b.Accept("mdm"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if r := b.report(); len(b.ids()) != 50 || r.Failures != 0 || r.Withheld != 0 {
			t.Errorf("after the word: %d devices, %+v", len(b.ids()), r)
		}
		b.answers(listing())
		pass(2 * time.Hour)
		if len(b.ids()) != 50 {
			t.Error("the word held for more than one answer")
		}
	})
}

func TestAWordLapses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := start(t, time.Hour, listing(numbered(100)...))
		b.answers(func(string) (source.Changes, error) { return source.Changes{}, source.ErrTooLong })
		if err := b.Accept("mdm"); err != nil {
			t.Fatal(err)
		}
		pass(MaxInterval)
		b.answers(listing())
		pass(2 * time.Hour)
		if len(b.ids()) != 100 {
			t.Error("a word of yesterday was still good")
		}
	})
}

func TestADeltaThatRemovesTooMuchIsAskedForAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var removed []evidence.Origin
		for _, d := range devices(numbered(100)[:21]...) {
			removed = append(removed, d.Origin)
		}
		b := start(t, time.Hour, func(cursor string) (source.Changes, error) {
			if cursor == "" {
				return source.Changes{Full: true, Next: "1", Devices: source.Result[evidence.Device]{Records: devices(numbered(100)...)}}, nil
			}
			return source.Changes{Next: "2", Devices: source.Result[evidence.Device]{Removed: removed}}, nil
		})
		pass(time.Hour)
		if r := b.report(); len(b.ids()) != 100 || r.Withheld != 21 || b.from()[1] != "1" {
			t.Errorf("%d devices, %+v", len(b.ids()), r)
		}
		b.feed.mu.Lock()
		removed = removed[:20]
		b.feed.mu.Unlock()
		pass(time.Hour)
		if r := b.report(); len(b.ids()) != 80 || r.Failures != 0 || b.from()[2] != "1" {
			t.Errorf("with one fewer: %d devices, %+v from %q", len(b.ids()), r, b.from()[2])
		}
	})
}

// After a delta was lost everything is listed once; what that lacks has to be
// confirmed by another listing, which a delta would not be.
func TestAWholeListingIsRepeatedUntilItIsClearWhatIsGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := start(t, time.Hour, listing("d1", "d2"))
		b.answers(func(cursor string) (source.Changes, error) {
			if cursor != "" {
				return source.Changes{Next: cursor}, nil
			}
			return source.Changes{Full: true, Next: "1", Devices: source.Result[evidence.Device]{Records: devices("d1")}}, nil
		})
		pass(3 * time.Hour)
		if want := []string{"", "", "", "1"}; !slices.Equal(b.from(), want) || !same(b.ids(), []string{"d1"}) {
			t.Errorf("asked from %q, want %q; %v", b.from(), want, b.ids())
		}
	})
}
