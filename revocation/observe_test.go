package revocation_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/revocation"
)

func TestOnListTellsWhatMayHaveChanged(t *testing.T) {
	t.Parallel()
	s := offline(t)
	ref := credential.StatusRef{URI: s.uri, Index: index}
	var told []revocation.ListChange
	var held []revocation.Status // at that moment
	stop := s.checker.OnList(func(change revocation.ListChange) {
		told = append(told, change)
		result, err := s.checker.Status(issuerURL, ref)
		if err != nil {
			t.Error(err)
		}
		held = append(held, result.Status)
	})
	want := func(status revocation.Status, change revocation.ListChange) {
		t.Helper()
		change.Issuer, change.URI = issuerURL, s.uri
		if len(told) != 1 || told[0] != change || held[0] != status {
			t.Errorf("told %+v with %v, want %+v with %v", told, held, change, status)
		}
		told, held = nil, nil
	}
	first := s.token(t, revocation.Valid, nil)
	if err := s.checker.Load(issuerURL, s.uri, first); err != nil {
		t.Fatal(err)
	}
	want(revocation.Valid, revocation.ListChange{New: start, Entries: true})
	later := start.Add(time.Second)
	s.Set(later)
	s.load(t, revocation.Valid)
	want(revocation.Valid, revocation.ListChange{Old: start, New: later})
	s.load(t, revocation.Suspended)
	want(revocation.Suspended, revocation.ListChange{Old: later, New: later, Entries: true})
	s.deny(t, revocation.Invalid, later)
	want(revocation.Invalid, revocation.ListChange{Old: later, New: later, Signalled: true, Index: index})

	if got := code.Of(s.checker.Load(issuerURL, s.uri, first)); got != code.StatusRollback {
		t.Errorf("got %q", got)
	}
	s.deny(t, revocation.Invalid, start) // older than the list
	if len(told) != 0 {
		t.Errorf("told %+v of what was not taken", told)
	}
	stop()
	s.Move(time.Second)
	s.load(t, revocation.Invalid)
	if len(told) != 0 {
		t.Errorf("told %+v after stop", told)
	}
}

func TestOnListTellsAllWhoListen(t *testing.T) {
	t.Parallel()
	s := offline(t)
	heard := make([]int, 3)
	var stops []func()
	for n := range heard {
		stops = append(stops, s.checker.OnList(func(revocation.ListChange) { heard[n]++ }))
	}
	s.load(t, revocation.Valid)
	stops[1]()
	stops[1]()
	s.load(t, revocation.Invalid)
	if heard[0] != 2 || heard[1] != 1 || heard[2] != 2 {
		t.Errorf("heard %v", heard)
	}
}

func TestOnListTellsOfFetchedLists(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	told := make(chan revocation.ListChange, 1)
	s.checker.OnList(func(change revocation.ListChange) { told <- change })
	s.want(t, revocation.Valid, "", 1)
	if change := <-told; !change.New.Equal(start) || change.URI != s.uri {
		t.Errorf("told %+v", change)
	}
}

// TestStatusFetchesNothing, neither what it does not know nor what is due.
func TestStatusFetchesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	status := func() (revocation.Result, error) {
		return s.checker.Status(issuerURL, credential.StatusRef{URI: s.uri, Index: index})
	}
	if _, err := status(); code.Of(err) != code.StatusUnavailable {
		t.Errorf("of no list: %v", err)
	}
	s.want(t, revocation.Valid, "", 1)
	s.publish(t, revocation.Invalid)
	s.Move(revocation.DefaultMaxAge)
	if result, err := status(); err != nil || result.Status != revocation.Valid || result.Age != revocation.DefaultMaxAge {
		t.Errorf("got %+v, %v", result, err)
	}
	s.Move(time.Second)
	if _, err := status(); code.Of(err) != code.StatusStale {
		t.Errorf("of a stale list: %v", err)
	}
	if got := s.fetches.Load(); got != 1 {
		t.Errorf("%d fetches", got)
	}
}

func TestEventKindsAreAllThereAre(t *testing.T) {
	t.Parallel()
	kinds := make(map[revocation.EventKind]bool)
	for _, kind := range revocation.EventKinds() {
		kinds[kind] = true
	}
	file, err := parser.ParseFile(token.NewFileSet(), "observe.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	declared := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); ok && name.Name == "EventKind" {
			declared++
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil || !kinds[revocation.EventKind(value)] {
				t.Errorf("%s is missing (%v)", spec.Names[0], err)
			}
		}
		return true
	})
	if declared == 0 || len(kinds) != declared {
		t.Errorf("%d kinds, %d are declared", len(kinds), declared)
	}
}
