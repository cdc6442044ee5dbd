package sqlite

import (
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// Who was kept before names were folded is found by them all the same.
func TestOpen_FoldsTheNamesThatAreThere(t *testing.T) {
	t.Parallel()
	path := testPath(t)
	old(t, path, 13, `
		INSERT INTO people SELECT 'a', 'E-a', 'MÜLLER', 1, '', '', '', '', 'Müller@Vendor.example', '', '', '', '', '', 0, NULL;
		INSERT INTO people SELECT 'b', NULL, '', 0, '', '', '', '', '', '', '', '', '', '', NULL, 1`)
	s := openTest(t, Config{Path: path})
	for name, want := range map[string]string{"müller": "a", "müller@vendor.example": "a", "b": "", "": ""} {
		ids, err := s.PersonIDs(t.Context(), name)
		if err != nil || strings.Join(ids, " ") != want {
			t.Errorf("%s: %q, %v", name, ids, err)
		}
	}
}

// Everybody is looked through for nobody's sake.
func TestPersonIDs_UsesItsIndexes(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Path: testPath(t), Create: true})
	for column, index := range map[string]string{"folded_user_name": "people_by_user_name", "folded_email": "people_by_email"} {
		var id, parent, unused int
		var plan string
		row := s.reads.QueryRow("EXPLAIN QUERY PLAN SELECT id FROM people WHERE erased_at IS NULL AND "+column+" = ?", store.Fold("x"))
		if err := row.Scan(&id, &parent, &unused, &plan); err != nil || !strings.Contains(plan, index) {
			t.Errorf("%s: %s, %v", column, plan, err)
		}
	}
}
