package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/sqlitefile"
	"github.com/cyberbadge/cyberbadge/internal/sqlitefile/sqlitefiletest"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/storetest"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// together hands changes to the writer so that all of them end up in one
// transaction, in this order, and returns what became of each.
func together(t *testing.T, s *Store, changes ...func(context.Context) error) []error {
	t.Helper()
	running, gate := make(chan struct{}), make(chan struct{})
	held := make(chan error)
	go func() {
		held <- s.writer.submit(t.Context(), func(*tx) error {
			close(running)
			<-gate
			return nil
		})
	}()
	<-running // the writer is busy with a transaction of its own

	errs := make([]error, len(changes))
	answers := make(chan int)
	for i, change := range changes {
		go func() { errs[i] = change(t.Context()); answers <- i }()
		for len(s.writer.queue) <= i {
			runtime.Gosched()
		}
	}
	close(gate)
	for range changes {
		<-answers
	}
	if err := <-held; err != nil {
		t.Fatal(err)
	}
	return errs
}

func reserve(s *Store, id string, person int) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := s.ReserveBadge(ctx, storetest.Reservation(id, person))
		return err
	}
}

// raw is a change that does what the store never would.
func raw(s *Store, do func(*tx) error) func(context.Context) error {
	return func(ctx context.Context) error { return s.writer.submit(ctx, do) }
}

func statement(query string) func(*tx) error {
	return func(t *tx) error {
		_, err := t.Exec(query)
		return err
	}
}

func openSmall(t *testing.T) *Store {
	s := openTest(t, Config{Path: testPath(t), Create: true, ListSize: 64, MaxFillPercent: 100})
	knowPeople(t, s)
	return s
}

// assertBitmap compares the writer's memory with the table.
func assertBitmap(t *testing.T, s *Store) {
	t.Helper()
	_, err := change(t.Context(), s.writer, func(tx *tx) (int, error) {
		want, err := resume(t.Context(), tx, s.config)
		if err != nil {
			return 0, err
		}
		if (s.active == nil) != (want == nil) {
			t.Errorf("active list is %v, in the table %v", s.active, want)
		} else if want != nil && fmt.Sprint(*s.active.indices, s.active.listID) != fmt.Sprint(*want.indices, want.listID) {
			t.Errorf("bitmap is %v, in the table %v", *s.active.indices, *want.indices)
		}
		return 0, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWriter_FailuresInABatchStayAlone(t *testing.T) {
	t.Parallel()
	s := openSmall(t)
	errs := together(t, s,
		reserve(s, "a", 0),
		reserve(s, "a", 0),
		reserve(s, "nobody's", 99),
		reserve(s, "b", 0),
		raw(s, statement("DELETE FROM events")),
		reserve(s, "c", 0),
	)
	if sqlitefile.FaultOf(errs[4]) != sqlitefile.Mistake {
		t.Errorf("deleting events: %v", errs[4])
	}
	errs[4] = nil
	for i, want := range []error{nil, store.ErrAlreadyExists, store.ErrNotFound, nil, nil, nil} {
		if !errors.Is(errs[i], want) {
			t.Errorf("change %d: %v, want %v", i, errs[i], want)
		}
	}
	of, err := s.BadgesOf(t.Context(), "person-000", storetest.Reservation("", 0).IssuedAt)
	if err != nil || len(of) != 3 {
		t.Errorf("%d badges, %v; want 3", len(of), err)
	}
	assertBitmap(t, s)
}

func TestWriter_FailedCommitTakesAllWithIt(t *testing.T) {
	t.Parallel()
	s := openSmall(t)
	before, err := s.Events(t.Context(), 0, store.MaxPage)
	if err != nil {
		t.Fatal(err)
	}
	errs := together(t, s,
		reserve(s, "a", 0), // begins the first list, too
		reserve(s, "b", 0),
		raw(s, func(t *tx) error { // a violation that only the commit finds
			return errors.Join(statement("PRAGMA defer_foreign_keys = ON")(t),
				statement(badgeRow("x", "nobody", 1, 9999))(t))
		}),
		reserve(s, "c", 0),
	)
	for i, err := range errs {
		if !errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrUncertain) {
			t.Errorf("change %d: %v, want %v", i, err, store.ErrUnavailable)
		}
	}
	assertBitmap(t, s)
	after, err := s.Events(t.Context(), 0, store.MaxPage)
	if err != nil || len(after) != len(before) {
		t.Errorf("%d events, %v; want %d", len(after), err, len(before))
	}
	if err := reserve(s, "a", 0)(t.Context()); err != nil {
		t.Errorf("after a failed commit: %v", err)
	}
	assertBitmap(t, s)
}

func TestWriter_FullDiskFailsAndRecovers(t *testing.T) {
	t.Parallel()
	s := openSmall(t)
	limit := func(query string) {
		t.Helper()
		if err := s.writer.submit(t.Context(), func(t *tx) error {
			var pages int
			return t.QueryRow(query).Scan(&pages)
		}); err != nil {
			t.Fatal(err)
		}
	}
	limit("PRAGMA max_page_count = 1") // as many as there are
	var full error
	acknowledged := 0
	for full == nil {
		if full = reserve(s, fmt.Sprint("b", acknowledged), 0)(t.Context()); full == nil {
			acknowledged++
		}
	}
	if !errors.Is(full, store.ErrUnavailable) || !strings.Contains(full.Error(), "full") {
		t.Fatalf("error %v, want %v", full, store.ErrUnavailable)
	}
	assertBitmap(t, s)
	limit("PRAGMA max_page_count = 100000")
	if err := reserve(s, "after", 0)(t.Context()); err != nil {
		t.Errorf("with room again: %v", err)
	}
	of, err := s.BadgesOf(t.Context(), "person-000", storetest.Reservation("", 0).IssuedAt)
	if err != nil || len(of) != acknowledged+1 {
		t.Errorf("%d badges, %v; want %d", len(of), err, acknowledged+1)
	}
	assertBitmap(t, s)
}

func TestWriter_StopsAfterAnErrorOfTheDisk(t *testing.T) {
	t.Parallel()
	path := testPath(t)
	s := openTest(t, Config{Path: path, Create: true, ListSize: 64})
	knowPeople(t, s)
	for i, err := range together(t, s,
		reserve(s, "a", 0),
		raw(s, func(*tx) error { return sqlitefiletest.DiskError() }),
		reserve(s, "b", 0),
	) {
		if !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("change %d: %v, want %v", i, err, store.ErrUnavailable)
		}
	}
	err := reserve(s, "c", 0)(t.Context())
	if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "restart") {
		t.Errorf("afterwards: %v, want to be told to restart", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, Config{Path: path})
	if err := reserve(s, "a", 0)(t.Context()); err != nil {
		t.Errorf("after the restart: %v", err)
	}
}

func TestWriter_CommitFailureOfTheDiskIsUncertain(t *testing.T) {
	t.Parallel()
	s := openSmall(t)
	err := s.writer.failed("commit", sqlitefiletest.DiskError())
	if !errors.Is(err, store.ErrUncertain) || !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("error %v, want %v", err, store.ErrUncertain)
	}
}

func TestWriter_GivingUpInTheQueueLeavesNoTrace(t *testing.T) {
	t.Parallel()
	s := openSmall(t)
	running, gate, held := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		held <- s.writer.submit(t.Context(), func(*tx) error {
			close(running)
			<-gate
			return nil
		})
	}()
	<-running
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Millisecond, cancel)
	err := reserve(s, "a", 0)(ctx) // waits behind the one above, until it is cancelled
	if !errors.Is(err, context.Canceled) || errors.Is(err, store.ErrUncertain) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	close(gate)
	if err := <-held; err != nil {
		t.Error(err)
	}
	if err := reserve(s, "b", 0)(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := s.Badge(t.Context(), "a"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the badge that was given up: %v, want %v", err, store.ErrNotFound)
	}
	assertBitmap(t, s)
}

func TestWriter_GivingUpDuringTheWorkIsUncertain(t *testing.T) {
	t.Parallel()
	s := openSmall(t)
	ctx, cancel := context.WithCancel(t.Context())
	gate := make(chan struct{})
	err := s.writer.submit(ctx, func(*tx) error {
		cancel()
		<-gate
		return nil
	})
	close(gate)
	if !errors.Is(err, store.ErrUncertain) || !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, store.ErrUncertain)
	}
	if err := reserve(s, "a", 0)(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestBadges_TableIsTheBackstopOfTheBitmap(t *testing.T) {
	t.Parallel()
	s := openSmall(t)
	taken := map[uint32]bool{}
	for i := range 64 {
		if err := s.writer.submit(t.Context(), func(*tx) error {
			if s.active != nil { // forget everything that was given out
				indices, err := revocation.NewIndices(64)
				if err != nil {
					return err
				}
				s.active.indices = indices
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		b, err := s.ReserveBadge(t.Context(), storetest.Reservation(fmt.Sprint(i), 0))
		if err != nil {
			t.Fatal(err)
		}
		if b.ListID != 1 || taken[b.Index] {
			t.Fatalf("badge %d got index %d of list %d", i, b.Index, b.ListID)
		}
		taken[b.Index] = true
	}
}

func TestOpen_ResumesTheActiveList(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store", "store.db")
	taken := map[string]bool{}
	for run := range 16 {
		s := openTest(t, Config{Path: path, Create: run == 0, ListSize: 64, MaxFillPercent: 100})
		knowPeople(t, s)
		for i := range 10 {
			b, err := s.ReserveBadge(t.Context(), storetest.Reservation(fmt.Sprint(run, "-", i), 0))
			if err != nil {
				t.Fatal(err)
			}
			place := fmt.Sprint(b.ListID, "/", b.Index)
			if taken[place] {
				t.Fatalf("%s was given twice", place)
			}
			taken[place] = true
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	r, err := OpenReadOnly(t.Context(), Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	lists, err := r.Lists(t.Context())
	if err != nil || len(lists) != 3 { // 160 badges, 64 to a list
		t.Errorf("%d lists, %v; want 3", len(lists), err)
	}
}
