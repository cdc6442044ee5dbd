package sqlite

import (
	"errors"
	"slices"
	"testing"

	"github.com/cyberbadge/cyberbadge/issuer/portrait"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/storetest"
)

// TestSetPortrait_OneNameIsOnePortraits: nobody can make two pictures whose digests
// begin alike, so one is put there by hand.
func TestSetPortrait_OneNameIsOnePortraits(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Path: testPath(t), Create: true})
	knowPeople(t, s)
	face := storetest.Portrait("a face", 0)
	name := face.Portrait.Digest.Name()
	if _, err := s.writer.db.Exec("INSERT INTO portraits VALUES (?, X'00', 'image/jpeg', 1, 1, 0, NULL)",
		slices.Concat(name[:], make([]byte, 32-portrait.NameSize))); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SetPortrait(t.Context(), face); !errors.Is(err, store.ErrConflict) {
		t.Errorf("got %v, want %v", err, store.ErrConflict)
	}
	if _, err := s.PortraitOf(t.Context(), face.PersonID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v, want %v", err, store.ErrNotFound)
	}
}

// TestPortrait_IsFoundByAnIndex: the query and the index have to write the name
// alike, or each look at a picture would read all of them.
func TestPortrait_IsFoundByAnIndex(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Path: testPath(t), Create: true})
	var plan string
	var id, parent, unused int
	row := s.reads.DB.QueryRowContext(t.Context(), "EXPLAIN QUERY PLAN "+selectPortrait, make([]byte, 16))
	if err := row.Scan(&id, &parent, &unused, &plan); err != nil {
		t.Fatal(err)
	}
	if plan != "SEARCH portraits USING INDEX portraits_by_name (<expr>=?)" {
		t.Errorf("the plan is %q", plan)
	}
}
