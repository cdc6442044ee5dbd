package sqlite

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/storetest"
)

// modelSize is the size of the list that the model is of.
const modelSize = 64

// listModel is a list as it should be: all that a caller can see of it.
type listModel struct {
	version uint64
	taken   [modelSize]bool
	status  [modelSize]byte   // the bits
	changed [modelSize]uint64 // the version at which the entry changed last
}

// call is what a caller does: reserve, set a status, read the list, or read what
// changed.
type call struct {
	do    string
	index uint32       // of the badge, for "status"
	to    store.Status // for "status"
	since uint64       // for "changes"
}

// seen is what the caller got.
type seen struct {
	index   uint32 // for "reserve"
	refused bool   // no index was left, or the badge is invalid for good
	version uint64
	status  [modelSize]byte // for "read"
	entries [modelSize]bool // for "changes": those that are named, with status
}

// step is the model's rule: what follows from a call, and whether the answer was
// right.
func (m listModel) step(c call, got seen) (bool, listModel) {
	switch c.do {
	case "reserve":
		if got.refused {
			return m.taken == allTaken(), m
		}
		right := !m.taken[got.index]
		m.taken[got.index] = true
		return right, m
	case "status":
		bits := c.to.Entry()
		from := m.status[c.index]
		if from == store.Invalid.Entry() && bits != from {
			return got.refused, m
		}
		if from != bits {
			m.version++
			m.status[c.index], m.changed[c.index] = bits, m.version
		}
		return !got.refused && m.taken[c.index], m
	case "read":
		return got.version == m.version && got.status == m.status, m
	case "changes":
		for i, named := range got.entries {
			if named != (m.changed[i] > c.since) || named && got.status[i] != m.status[i] {
				return false, m
			}
		}
		return got.version == m.version, m
	}
	panic("no such call")
}

func allTaken() (all [modelSize]bool) {
	for i := range all {
		all[i] = true
	}
	return all
}

// listsModel is the model as porcupine takes it.
var listsModel = porcupine.Model{
	Init: func() any { return listModel{version: 1} },
	Step: func(state, input, output any) (bool, any) {
		return state.(listModel).step(input.(call), output.(seen))
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v -> %+v", input, output) },
}

// recording is a history while it is made.
type recording struct {
	started time.Time
	mu      sync.Mutex
	history []porcupine.Operation
	badges  []store.Badge
}

// note has a call made and puts down when, and what came of it.
func (r *recording) note(client int, c call, make func() seen) {
	began := time.Since(r.started).Nanoseconds()
	got := make()
	ended := time.Since(r.started).Nanoseconds()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.history = append(r.history, porcupine.Operation{ClientId: client, Input: c, Call: began, Output: got, Return: ended})
}

// some returns a badge that is known.
func (r *recording) some() (store.Badge, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.badges) == 0 {
		return store.Badge{}, false
	}
	return r.badges[rand.IntN(len(r.badges))], true
}

// TestLists_AreLinearizable has many callers reserve indices, change statuses and read
// the list of one database, some of the readers over connections of their own, and
// asks whether all answers fit one order of the calls.
func TestLists_AreLinearizable(t *testing.T) {
	t.Parallel()
	rounds := 8
	if testing.Short() {
		rounds = 2
	}
	for range rounds {
		path := testPath(t)
		s := openTest(t, Config{Path: path, Create: true, ListSize: modelSize, MaxFillPercent: 100, MaxLists: 1})
		knowPeople(t, s)
		if _, err := s.EnsureList(t.Context(), "test"); err != nil {
			t.Fatal(err)
		}
		other, err := OpenReadOnly(t.Context(), Config{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		r := &recording{started: time.Now()}
		var wait sync.WaitGroup
		for client := range 4 {
			wait.Go(func() { r.reserve(t, client, s) })
			wait.Go(func() { r.suspend(t, 100+client, s) })
			reader := store.ListReader(s)
			if client%2 == 0 {
				reader = other
			}
			wait.Go(func() { r.read(t, 200+client, reader) })
		}
		wait.Wait()
		if err := other.Close(); err != nil {
			t.Error(err)
		}
		if len(r.badges) != modelSize {
			t.Errorf("%d badges in a list of %d", len(r.badges), modelSize)
		}
		if result := porcupine.CheckOperationsTimeout(listsModel, r.history, time.Minute); result != porcupine.Ok {
			t.Fatalf("the history of %d calls is %s", len(r.history), result)
		}
	}
}

func (r *recording) reserve(t *testing.T, client int, s *Store) {
	for i := range modelSize/4 + 2 { // two more than there are
		r.note(client, call{do: "reserve"}, func() seen {
			b, err := s.ReserveBadge(t.Context(), storetest.Reservation(fmt.Sprint(client, "-", i), client%3))
			if errors.Is(err, store.ErrListFull) {
				return seen{refused: true}
			}
			if err != nil {
				t.Error(err)
				return seen{}
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			r.badges = append(r.badges, b)
			return seen{index: b.Index}
		})
	}
}

func (r *recording) suspend(t *testing.T, client int, s *Store) {
	for done := 0; done < 25; {
		b, known := r.some()
		if !known {
			continue
		}
		done++
		to := []store.Status{store.Suspended, store.Valid, store.Suspended, store.Valid, store.Invalid}[rand.IntN(5)]
		r.note(client, call{do: "status", index: b.Index, to: to}, func() seen {
			_, err := s.SetBadgeStatus(t.Context(), store.StatusChange{BadgeID: b.ID, To: to, Reason: "r", By: "test"})
			if err != nil && !errors.Is(err, store.ErrFinal) {
				t.Error(err)
			}
			return seen{refused: err != nil}
		})
	}
}

func (r *recording) read(t *testing.T, client int, reader store.ListReader) {
	var held uint64 // a version that was seen
	for i := range 20 {
		if i%2 == 0 {
			r.note(client, call{do: "read"}, func() (got seen) {
				read, err := reader.Statuses(t.Context(), 1)
				if err != nil {
					t.Error(err)
					return got
				}
				for i := range got.status {
					got.status[i] = read.At(uint32(i))
				}
				got.version = read.Version
				held = read.Version
				return got
			})
			continue
		}
		r.note(client, call{do: "changes", since: held}, func() (got seen) {
			read, err := reader.Changes(t.Context(), 1, held)
			if err != nil {
				t.Error(err)
				return got
			}
			for _, e := range read.Entries {
				got.entries[e.Index], got.status[e.Index] = true, e.Bits
			}
			got.version = read.Version
			return got
		})
	}
}

// A check that finds nothing wrong proves nothing, unless it finds what is wrong.
func TestLists_AWrongHistoryIsNotLinearizable(t *testing.T) {
	t.Parallel()
	// One call after another, each at an instant of its own.
	history := func(calls ...porcupine.Operation) []porcupine.Operation {
		for i := range calls {
			calls[i].Call, calls[i].Return = int64(2*i), int64(2*i+1)
		}
		return calls
	}
	did := func(c call, got seen) porcupine.Operation { return porcupine.Operation{Input: c, Output: got} }
	reserved := func(index uint32) porcupine.Operation { return did(call{do: "reserve"}, seen{index: index}) }
	set := func(index uint32, to store.Status, refused bool) porcupine.Operation {
		return did(call{do: "status", index: index, to: to}, seen{refused: refused})
	}
	read := func(version uint64, entries ...byte) porcupine.Operation {
		got := seen{version: version}
		copy(got.status[:], entries)
		return did(call{do: "read"}, got)
	}
	changes := func(since, version uint64, named ...int) porcupine.Operation {
		got := seen{version: version}
		for _, i := range named {
			got.entries[i], got.status[i] = true, store.Suspended.Entry()
		}
		return did(call{do: "changes", since: since}, got)
	}
	full := did(call{do: "reserve"}, seen{refused: true})
	begun := []porcupine.Operation{reserved(0), reserved(1), set(1, store.Suspended, false), read(2, 0, 2), changes(1, 2, 1)}
	for name, c := range map[string]struct {
		then []porcupine.Operation
		want porcupine.CheckResult
	}{
		"right":                              {nil, porcupine.Ok},
		"right, with more":                   {[]porcupine.Operation{set(1, store.Invalid, false), set(1, store.Valid, true), read(3, 0, 1)}, porcupine.Ok},
		"an index given twice":               {[]porcupine.Operation{reserved(1)}, porcupine.Illegal},
		"full although it is not":            {[]porcupine.Operation{full}, porcupine.Illegal},
		"a status of a badge that is none":   {[]porcupine.Operation{set(7, store.Invalid, false)}, porcupine.Illegal},
		"a suspension that is not read":      {[]porcupine.Operation{set(0, store.Suspended, false), read(2, 0, 2)}, porcupine.Illegal},
		"half a change: the version":         {[]porcupine.Operation{set(0, store.Suspended, false), read(3, 0, 2)}, porcupine.Illegal},
		"half a change: the entry":           {[]porcupine.Operation{set(0, store.Suspended, false), read(2, 2, 2)}, porcupine.Illegal},
		"a version for nothing":              {[]porcupine.Operation{set(1, store.Suspended, false), read(3, 0, 2)}, porcupine.Illegal},
		"a revocation that was taken back":   {[]porcupine.Operation{set(1, store.Invalid, false), set(1, store.Valid, false)}, porcupine.Illegal},
		"a read from before the one before":  {[]porcupine.Operation{set(0, store.Suspended, false), read(3, 2, 2), read(2, 0, 2)}, porcupine.Illegal},
		"a change that is not told":          {[]porcupine.Operation{set(0, store.Suspended, false), changes(2, 3)}, porcupine.Illegal},
		"a change that was told, once again": {[]porcupine.Operation{changes(2, 2, 1)}, porcupine.Illegal},
	} {
		all := history(slices.Concat(begun, c.then)...)
		if got := porcupine.CheckOperationsTimeout(listsModel, all, time.Minute); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	// What overlaps may have come in either order.
	overlap := history(slices.Concat(begun, []porcupine.Operation{set(0, store.Suspended, false), read(2, 0, 2)})...)
	overlap[len(overlap)-1].Call = overlap[len(overlap)-2].Call
	if got := porcupine.CheckOperationsTimeout(listsModel, overlap, time.Minute); got != porcupine.Ok {
		t.Errorf("a read while a change is made: %s", got)
	}
}
