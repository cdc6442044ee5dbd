package runner

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/source"
)

func (b *bench) hint(t *testing.T, ids ...string) {
	t.Helper()
	if err := b.Hint("mdm", ids); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
}

func TestAHintHasKnownDevicesReadAgainSoon(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := start(t, time.Hour, listing("d1", "d2"))
		pass(time.Minute)
		b.hint(t, "d2", "stranger")
		if len(b.again()) != 1 || !slices.Equal(b.again()[0], []string{"d2"}) || b.times() != 1 {
			t.Errorf("read again %v, listed %d times", b.again(), b.times())
		}
		b.hint(t, "d1")
		b.hint(t, "d2", "d1")
		if len(b.again()) != 1 {
			t.Errorf("the gap was not kept: %v", b.again())
		}
		pass(HintGap)
		if len(b.again()) != 2 || !slices.Equal(b.again()[1], []string{"d1", "d2"}) {
			t.Errorf("read again %v", b.again())
		}
		pass(time.Hour - time.Minute - HintGap)
		if b.times() != 2 {
			t.Error("hints put off the next listing")
		}
	})
}

// A storm of hints, from whomever, costs one listing a gap.
func TestAStormOfHintsIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := start(t, 24*time.Hour, listing(numbered(MaxHints+1)...))
		pass(HintGap)
		b.hint(t, numbered(MaxHints)...)
		if len(b.again()) != 1 || len(b.again()[0]) != MaxHints || b.times() != 1 {
			t.Errorf("at the bound: %d read again, listed %d times", len(b.again()), b.times())
		}
		pass(HintGap)
		b.hint(t, numbered(MaxHints+1)...)
		if len(b.again()) != 1 || b.times() != 2 {
			t.Errorf("past the bound: %d times read again, listed %d times", len(b.again()), b.times())
		}
		for range 10_000 {
			if err := b.Hint("mdm", numbered(MaxHints+1)); err != nil {
				t.Fatal(err)
			}
		}
		pass(10 * HintGap)
		if b.times() > 3+10 {
			t.Errorf("a storm had everything listed %d times", b.times())
		}
	})
}

func TestHintsAboutStrangersAskNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := start(t, time.Hour, listing("d1"))
		pass(time.Minute)
		b.hint(t, "x", "y")
		if len(b.again()) != 0 {
			t.Errorf("asked for %v", b.again())
		}
	})
}

// store is a feed that can't be asked for single records.
type recordStore struct{}

func (recordStore) Changes(context.Context, string) (source.Changes, error) {
	return source.Changes{}, nil
}

func TestARecordStoreTakesNoHints(t *testing.T) {
	t.Parallel()
	s := newShelf()
	r, err := New(Config{Receiver: s, Inventory: s, Cursors: new(Memory), Sources: []Source{{Name: "lrs", Feed: recordStore{}}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Hint("lrs", []string{"x"}); !errors.Is(err, ErrUnknownSource) {
		t.Errorf("got %v", err)
	}
}
