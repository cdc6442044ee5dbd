package sqlite

import (
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

func TestChanges_AreReadByTheirIndex(t *testing.T) {
	t.Parallel()
	s := openSmall(t)
	plan, err := queryAll(t.Context(), s.reads, func(row scanner) (detail string, err error) {
		var id, parent, unused int
		err = row.Scan(&id, &parent, &unused, &detail)
		return detail, err
	}, "EXPLAIN QUERY PLAN "+changedEntries, 1, 0)
	if err != nil || !strings.Contains(strings.Join(plan, "\n"), "COVERING INDEX badges_changed (list_id=? AND entry_version>?)") {
		t.Errorf("%q, %v", plan, err)
	}
}

// What had changed before changes were noted is in the list, and what changes later
// is noted.
func TestMigrate_ChangesAreNotedFromThenOn(t *testing.T) {
	t.Parallel()
	path := testPath(t)
	old(t, path, 15, `
		INSERT INTO people (id, user_name, active, role, given_name, family_name, display_name, email, language, employee_number, organization, department, manager_id)
			VALUES ('person-000', '', 1, '', '', '', '', '', '', '', '', '', '');
		INSERT INTO lists VALUES (1, 64, 7, 0);
		INSERT INTO badges SELECT 'a', 'person-000', 'k', 't', 'onsite', 0, 9000000000000000, 'by', 0, 1, 5, 'prepared', NULL, 'suspended', 'r', 0, 'office';
		INSERT INTO badges SELECT 'b', 'person-000', 'k', 't', 'onsite', 0, 9000000000000000, 'by', 0, 1, 6, 'prepared', NULL, 'valid', 'r', 0, ''`)
	s, err := Open(t.Context(), Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	read, err := s.Statuses(t.Context(), 1)
	if err != nil || read.Version != 7 || read.At(5) != store.Suspended.Entry() {
		t.Fatalf("version %d, entry %d, %v", read.Version, read.At(5), err)
	}
	if _, err := s.SetBadgeStatus(t.Context(), store.StatusChange{BadgeID: "b", To: store.Invalid, Reason: "r", By: "test"}); err != nil {
		t.Fatal(err)
	}
	changes, err := s.Changes(t.Context(), 1, 7)
	if err != nil || changes.Version != 8 || len(changes.Entries) != 1 || changes.Entries[0] != (store.Entry{Index: 6, Bits: 1}) {
		t.Errorf("%+v, %v", changes, err)
	}
}
