package runner

import (
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/source"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

func TestASourceIsAskedAtItsInterval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		b := start(t, time.Minute, listing("d1"))
		pass(3 * time.Minute)
		b.stop()
		if len(b.asked) != 4 {
			t.Fatalf("asked %d times, want 4", len(b.asked))
		}
		for n, at := range b.asked {
			if want := begin.Add(time.Duration(n) * time.Minute); !at.Equal(want) {
				t.Errorf("time %d: at %v, want %v", n, at, want)
			}
		}
		r := b.report()
		if r.Failures != 0 || !r.LastSuccess.Equal(begin.Add(3*time.Minute)) || !r.Next.Equal(begin.Add(4*time.Minute)) || r.Devices.Changed != 1 {
			t.Errorf("got %+v", r)
		}
		if im := b.imports[0]; im.By != "source:mdm" || !im.At.Equal(begin) {
			t.Errorf("taken in by %q at %v", im.By, im.At)
		}
	})
}

func TestTheIntervalIsStretchedByChance(t *testing.T) {
	t.Parallel()
	s := &running{cfg: &Config{Random: func() float64 { return 0.999 }}}
	if got := s.jitter(time.Minute); got <= 65*time.Second || got > time.Minute+6*time.Second {
		t.Errorf("got %v", got)
	}
}

// A source that answers 500 for a day: it is asked less and less, what it brought
// stays as it was, and all is well at once when it is back.
func TestASourceThatFailsForADayChangesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := start(t, time.Minute, listing("d1", "d2"))
		pass(time.Minute)
		asked, received := b.times(), b.received()
		b.answers(func(string) (source.Changes, error) { return source.Changes{}, errors.New("it answered 500") })
		pass(24 * time.Hour)
		r := b.report()
		if got := b.times() - asked; got < 24 || got > 40 || r.Failures != got {
			t.Errorf("asked %d times in a day, %d failures", got, r.Failures)
		}
		if !strings.Contains(r.Error, "500") || time.Since(r.LastFailure) > time.Hour || time.Since(r.LastSuccess) < 23*time.Hour {
			t.Errorf("got %+v", r)
		}
		if b.received() != received || !same(b.ids(), []string{"d1", "d2"}) {
			t.Errorf("something changed: %v", b.ids())
		}
		b.answers(listing("d1", "d2", "d3"))
		pass(MaxBackoff)
		if r := b.report(); r.Failures != 0 || r.Error != "" || !same(b.ids(), []string{"d1", "d2", "d3"}) {
			t.Errorf("when it is back: %+v, %v", r, b.ids())
		}
	})
}

func TestASourceSaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	for after, want := range map[time.Duration]time.Duration{
		time.Second: firstPause, 10 * time.Minute: 10 * time.Minute, MaxBackoff: MaxBackoff, MaxBackoff + time.Second: MaxBackoff,
	} {
		if got := backoff(1, &source.RetryError{After: after, Err: errors.New("429")}); got != want {
			t.Errorf("%v: %v, want %v", after, got, want)
		}
	}
	for failures, want := range map[int]time.Duration{
		1: time.Minute, 2: 2 * time.Minute, 6: 32 * time.Minute, 7: MaxBackoff, 8: MaxBackoff, 1_000_000: MaxBackoff,
	} {
		if got := backoff(failures, errors.New("500")); got != want {
			t.Errorf("%d failures: %v, want %v", failures, got, want)
		}
	}
}

func TestTheCursorMovesAfterWhatItStandsForWasTakenIn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := start(t, time.Minute, func(cursor string) (source.Changes, error) {
			return source.Changes{Next: cursor + "x", Devices: source.Result[evidence.Device]{Records: devices("d" + cursor)}}, nil
		})
		b.set(store.ErrUnavailable)
		pass(time.Minute) // fails
		b.set(nil)
		pass(firstPause) // again
		if want := []string{"", "x", "x"}; strings.Join(b.from(), ",") != strings.Join(want, ",") {
			t.Errorf("asked from %q, want %q", b.from(), want)
		}
		if got, _ := b.cursors.Get(t.Context(), "mdm"); got != "xx" {
			t.Errorf("the cursor is %q", got)
		}
	})
}

func TestMoreIsAskedForAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := start(t, time.Hour, func(cursor string) (source.Changes, error) {
			return source.Changes{Next: cursor + "x", More: len(cursor) < 9}, nil
		})
		if b.times() != 10 || b.report().Failures != 0 {
			t.Errorf("asked %d times, want 10; %+v", b.times(), b.report())
		}
		b.answers(func(cursor string) (source.Changes, error) { return source.Changes{Next: cursor, More: true}, nil })
		pass(time.Hour)
		if r := b.report(); r.Failures != 1 || !strings.Contains(r.Error, "does not get on") {
			t.Errorf("a source that stands still: %+v", r)
		}
	})
}

func TestASourceWithoutEndIsLeftAndGoneOnWith(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := start(t, time.Hour, func(cursor string) (source.Changes, error) {
			return source.Changes{Next: cursor + "x", More: true}, nil
		})
		if b.times() != MaxCalls || b.report().Failures != 0 {
			t.Errorf("asked %d times, want %d", b.times(), MaxCalls)
		}
	})
}

func TestACursorIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		next := strings.Repeat("x", source.MaxCursor)
		b := start(t, time.Hour, func(string) (source.Changes, error) { return source.Changes{Next: next}, nil })
		if b.report().Failures != 0 {
			t.Errorf("at the bound: %+v", b.report())
		}
		b.answers(func(string) (source.Changes, error) { return source.Changes{Next: next + "x"}, nil })
		pass(time.Hour)
		if r := b.report(); !strings.Contains(r.Error, "longer than 16384 bytes") {
			t.Errorf("past the bound: %+v", r)
		}
	})
}

func TestMuchTrainingIsTakenInInParts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		at := time.Now()
		var records []evidence.Training
		var hashes []source.Hash
		for _, id := range numbered(2*chunk + 1) {
			hashes = append(hashes, sha256.Sum256([]byte(id)))
			records = append(records, evidence.Training{Origin: evidence.Origin{Source: "mdm", ID: id}, PersonExternalID: "1", Course: "c", Outcome: evidence.Passed, At: at})
		}
		b := start(t, time.Hour, func(string) (source.Changes, error) {
			return source.Changes{Training: source.Result[evidence.Training]{Records: records, Hashes: hashes}}, nil
		})
		b.stop()
		for _, im := range b.imports {
			last := len(im.Training) - 1
			if len(im.TrainingHashes) != last+1 || im.TrainingHashes[last] != sha256.Sum256([]byte(im.Training[last].Origin.ID)) {
				t.Errorf("%d hashes of %d records, or others'", len(im.TrainingHashes), last+1)
			}
		}
		if len(b.training) != 2*chunk+1 || len(b.imports) != 3 || b.report().Training.Changed != 2*chunk+1 {
			t.Errorf("%d records in %d parts, reported %+v", len(b.training), len(b.imports), b.report().Training)
		}
	})
}

func TestRecordsOfAnotherNameAreRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stranger := devices("d1")
		stranger[0].Origin.Source = "other"
		b := start(t, time.Hour, func(string) (source.Changes, error) {
			return source.Changes{Full: true, Devices: source.Result[evidence.Device]{Records: stranger}}, nil
		})
		if r := b.report(); !strings.Contains(r.Error, `source "other"`) || b.received() != 0 {
			t.Errorf("got %+v", r)
		}
	})
}

func TestProblemsAreReportedAndBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := start(t, time.Hour, func(string) (source.Changes, error) {
			problems := make([]source.Problem, MaxProblems+1)
			problems[0].Refused = true
			return source.Changes{Devices: source.Result[evidence.Device]{Problems: problems}}, nil
		})
		if r := b.report(); len(r.Problems) != MaxProblems || r.Refused != 1 {
			t.Errorf("%d problems, %d refused", len(r.Problems), r.Refused)
		}
	})
}

// An import that would cost too many people their standing is refused by the
// program, until somebody says that it is right.
func TestAMassChangeWaitsForAWord(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := start(t, time.Hour, listing("d1"))
		b.set(&store.MassChangeError{Losing: 90, Good: 100, Limit: 20})
		b.answers(listing("d1", "d2"))
		pass(time.Hour)
		if r := b.report(); r.Failures != 1 || !strings.Contains(r.Error, "90 of 100 people") || !same(b.ids(), []string{"d1"}) {
			t.Errorf("got %+v, %v", r, b.ids())
		}
		if err := b.Accept("mdm"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if r := b.report(); r.Failures != 0 || !same(b.ids(), []string{"d1", "d2"}) {
			t.Errorf("after the word: %+v, %v", r, b.ids())
		}
		pass(time.Hour)
		if r := b.report(); r.Failures != 1 {
			t.Error("the word held for more than one answer")
		}
	})
}

func TestAskLooksAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := start(t, time.Hour, listing("d1"))
		pass(time.Minute)
		if err := b.Ask("mdm"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if b.times() != 2 || !b.report().Next.Equal(time.Now().Add(time.Hour)) {
			t.Errorf("asked %d times, next at %v", b.times(), b.report().Next)
		}
		for name, err := range map[string]error{"ask": b.Ask("x"), "accept": b.Accept("x"), "hint": b.Hint("x", nil)} {
			if !errors.Is(err, ErrUnknownSource) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestNew_ReportsAllThatIsWrong(t *testing.T) {
	t.Parallel()
	many := make([]Source, MaxSources+1)
	_, err := New(Config{Sources: append(many, Source{Name: "a", Interval: MinInterval - 1}, Source{Name: "a", Interval: MaxInterval + 1})})
	for _, want := range []string{
		"Receiver is missing", "Inventory is missing", "Cursors is missing", "there are 67 sources", "has no name",
		`two sources are named "a"`, "Feed is missing", "not 9.999999999s", "not 24h0m0.000000001s",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	s := newShelf()
	for _, interval := range []time.Duration{0, MinInterval, MaxInterval} {
		if _, err := New(Config{Receiver: s, Inventory: s, Cursors: new(Memory), Sources: []Source{{"a", &feed{}, interval}}}); err != nil {
			t.Errorf("%v: %v", interval, err)
		}
	}
}
