package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var concurrencyTests = []test{
	{"no index is given twice, over several lists", manyReserve},
	{"a change that fails does not fail its neighbours", manyFail},
	{"opposite changes of one badge end with the stricter", manyOppose},
	{"one of many completions wins", manyComplete},
	{"readers never see half a change", manyRead},
	{"a caller that gives up harms nobody", manyGiveUp},
	{"nothing is written after Close", closed},
}

const callers = 32

// together runs do in that many goroutines and waits for them.
func together(do func(caller int)) {
	var wait sync.WaitGroup
	for caller := range callers {
		wait.Go(func() { do(caller) })
	}
	wait.Wait()
}

func manyReserve(t *testing.T, open Opener) {
	const each = 30
	s := opened(t, open, Config{ListSize: 256, MaxFillPercent: 100})
	type place struct {
		list  int64
		index uint32
	}
	var mutex sync.Mutex
	taken := map[place]string{}
	together(func(caller int) {
		for i := range each {
			id := fmt.Sprintf("%d-%d", caller, i)
			b, err := s.ReserveBadge(t.Context(), Reservation(id, caller%3))
			if err != nil {
				t.Errorf("%s: %v", id, err)
				return
			}
			mutex.Lock()
			if other, ok := taken[place{b.ListID, b.Index}]; ok {
				t.Errorf("%s and %s both have index %d of list %d", other, id, b.Index, b.ListID)
			}
			taken[place{b.ListID, b.Index}] = id
			mutex.Unlock()
		}
	})
	equal(t, "indices", len(taken), callers*each)
	for place, id := range taken {
		b, err := s.BadgeByIndex(t.Context(), place.list, place.index)
		check(t, err, nil)
		equal(t, "badge", b.ID, id)
	}
}

func manyFail(t *testing.T, open Opener) {
	const each = 20
	s := opened(t, open, Config{ListSize: 1024, MaxFillPercent: 100, MaxLists: 1})
	mustReserve(t, s, "taken", 0)
	failures := []func(ctx context.Context) error{
		func(ctx context.Context) error {
			_, err := s.ReserveBadge(ctx, Reservation("taken", 0))
			return expect(err, store.ErrAlreadyExists)
		},
		func(ctx context.Context) error {
			_, err := s.ReserveBadge(ctx, Reservation("nobody's", 99))
			return expect(err, store.ErrNotFound)
		},
		func(ctx context.Context) error {
			clash := People(1)
			clash[0].ID = "newcomer"
			_, err := s.ApplyImport(ctx, store.Import{By: officer, People: clash})
			return expect(err, store.ErrConflict)
		},
	}
	together(func(caller int) {
		for i := range each {
			if caller%2 == 0 {
				if err := failures[i%len(failures)](t.Context()); err != nil {
					t.Error(err)
				}
				continue
			}
			if _, err := s.ReserveBadge(t.Context(), Reservation(fmt.Sprintf("%d-%d", caller, i), 0)); err != nil {
				t.Error(err)
			}
		}
	})
	// The indices of changes that failed are free again: the list fills up to its
	// last entry and not beyond.
	for i := range 1024 - 1 - callers/2*each {
		mustReserve(t, s, fmt.Sprint("rest", i), 0)
	}
	_, err := s.ReserveBadge(t.Context(), Reservation("beyond", 0))
	check(t, err, store.ErrListFull)
}

func expect(err, want error) error {
	if errors.Is(err, want) {
		return nil
	}
	return fmt.Errorf("error is %v, want %v", err, want)
}

func manyOppose(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustReserve(t, s, "b", 0)
	together(func(caller int) {
		to := []store.Status{store.Valid, store.Suspended, store.Invalid}[caller%3]
		_, err := s.SetBadgeStatus(t.Context(), store.StatusChange{BadgeID: "b", To: to, Reason: "r", By: officer})
		if err != nil && !errors.Is(err, store.ErrFinal) {
			t.Error(err)
		}
	})
	b, err := s.Badge(t.Context(), "b")
	check(t, err, nil)
	equal(t, "status", b.Status, store.Invalid)
}

func manyComplete(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	mustReserve(t, s, "b", 0)
	won := make([]bool, callers)
	together(func(caller int) {
		_, err := s.CompleteBadge(t.Context(), "b", Sum(fmt.Sprint(caller)))
		won[caller] = err == nil
		if err != nil && !errors.Is(err, store.ErrConflict) {
			t.Error(err)
		}
	})
	b, err := s.Badge(t.Context(), "b")
	check(t, err, nil)
	for caller, won := range won {
		equal(t, "winner", won, b.SignedSHA256 == Sum(fmt.Sprint(caller)))
	}
}

// manyRead suspends and restores two badges of one person at once: a list that
// shows them apart was read in the middle.
func manyRead(t *testing.T, open Opener) {
	s := opened(t, open, Config{ListSize: 64})
	a, b := mustReserve(t, s, "a", 0), mustReserve(t, s, "b", 0)
	together(func(caller int) {
		for i := range 10 {
			if caller == 0 {
				to := []store.Status{store.Suspended, store.Valid}[i%2]
				if _, err := s.SetStatusOfPerson(t.Context(), store.PersonStatusChange{
					PersonID: "person-000", To: to, Reason: "r", By: officer, At: now,
				}); err != nil {
					t.Error(err)
				}
				continue
			}
			statuses, err := s.Statuses(t.Context(), a.ListID)
			if err != nil {
				t.Error(err)
				return
			}
			if statuses.At(a.Index) != statuses.At(b.Index) {
				t.Errorf("entries %d and %d in version %d", statuses.At(a.Index), statuses.At(b.Index), statuses.Version)
			}
			if suspended := statuses.At(a.Index) == store.Suspended.Entry(); suspended != (statuses.Version%4 == 3) {
				t.Errorf("suspended is %v in version %d", suspended, statuses.Version) // two changes each time, from 1
			}
		}
	})
}

func manyGiveUp(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	outcomes := make([]error, callers)
	together(func(caller int) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if caller%2 == 0 {
			go cancel() // before, while or after it is done
		}
		_, outcomes[caller] = s.ReserveBadge(ctx, Reservation(fmt.Sprint(caller), 0))
	})
	for caller, err := range outcomes {
		_, found := s.Badge(t.Context(), fmt.Sprint(caller))
		switch {
		case err == nil:
			check(t, found, nil)
		case errors.Is(err, store.ErrUncertain):
			check(t, err, context.Canceled)
		default:
			check(t, err, context.Canceled)
			check(t, found, store.ErrNotFound)
		}
		if caller%2 == 1 {
			check(t, err, nil)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.ReserveBadge(ctx, Reservation("late", 0))
	check(t, err, context.Canceled)
	if errors.Is(err, store.ErrUncertain) {
		t.Errorf("error is %v for a context that had ended before", err)
	}
}

func closed(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	outcomes := make([]error, callers)
	together(func(caller int) {
		if caller == callers/2 {
			outcomes[caller] = s.Close()
			return
		}
		for i := 0; i < 50 && outcomes[caller] == nil; i++ {
			_, outcomes[caller] = s.ReserveBadge(t.Context(), Reservation(fmt.Sprintf("%d-%d", caller, i), 0))
		}
	})
	for caller, err := range outcomes {
		if err != nil && (!errors.Is(err, store.ErrClosed) || errors.Is(err, store.ErrUncertain)) {
			t.Errorf("caller %d: %v", caller, err)
		}
	}
	check(t, s.Close(), nil)
	_, err := s.ReserveBadge(t.Context(), Reservation("late", 0))
	check(t, err, store.ErrClosed)
}
