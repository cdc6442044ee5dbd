package sqlite

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/storetest"
)

func TestCheck_FindsWhatHandsHaveChanged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ statement, fault string }{
		"nothing":                           {"SELECT 1", ""},
		"version set back":                  {"UPDATE lists SET version = 1", "events"},
		"status without event":              {"UPDATE badges SET status = 'suspended'; UPDATE lists SET version = version + 1", "events"},
		"person removed":                    {"PRAGMA foreign_keys = OFF; DELETE FROM people", "foreign_key_check"},
		"person renamed":                    {"UPDATE people SET family_name = 'x' WHERE id = 'person-001'", `people: ["person-001"]`},
		"person's salt replaced":            {"UPDATE people SET salt = zeroblob(32) WHERE id = 'person-001'", `people: ["person-001"]`},
		"index no longer that of its table": {"PRAGMA writable_schema = ON; PRAGMA schema_version = 99; UPDATE sqlite_schema SET sql = 'CREATE INDEX badges_of_person ON badges (person_id, issued_at)' WHERE name = 'badges_of_person'", "integrity_check"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openSmall(t)
			if err := reserve(s, "a", 0)(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := s.SetBadgeStatus(t.Context(), store.StatusChange{BadgeID: "a", To: store.Suspended, Reason: "r", By: "test"}); err != nil {
				t.Fatal(err)
			}
			if _, err := s.writer.db.Exec(c.statement); err != nil {
				t.Fatal(err)
			}
			err := s.Check(t.Context())
			if (err == nil) != (c.fault == "") || err != nil && !strings.Contains(err.Error(), c.fault) {
				t.Errorf("%v, want %q", err, c.fault)
			}
		})
	}
}

func TestReader_EndedContextIsItsError(t *testing.T) {
	t.Parallel()
	s := openSmall(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, one := s.Person(ctx, storetest.People(1)[0].ID)
	_, all := s.Tokens(ctx)
	_, _, both := s.EvidenceOf(ctx, "person-000")
	for _, err := range []error{one, all, both} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want %v", err, context.Canceled)
		}
	}
}
