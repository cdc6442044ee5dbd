package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/storetest"
)

func TestVerifyEvents_NoticesEveryHandInTheDatabase(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		statement string
		number    int64
	}{
		"untouched":             {"SELECT 1", 0},
		"another time":          {"UPDATE events SET at = at + 1 WHERE number = 2", 2},
		"another actor":         {"UPDATE events SET actor = 'x' WHERE number = 3", 3},
		"another kind":          {"UPDATE events SET kind = 'x' WHERE number = 1", 1},
		"another subject":       {"UPDATE events SET subject = 'x' WHERE number = 4", 4},
		"another detail":        {"UPDATE events SET detail = '{}' WHERE number = 2", 2},
		"text moved":            {"UPDATE events SET actor = actor || 'person.added', kind = '' WHERE number = 2", 2},
		"another chain":         {"UPDATE events SET chain = zeroblob(32) WHERE number = 4", 4},
		"one left out":          {"DELETE FROM events WHERE number = 2", 2},
		"the first left out":    {"DELETE FROM events WHERE number = 1", 1},
		"the newest left out":   {"DELETE FROM events WHERE number = 4", 4},
		"all left out":          {"DELETE FROM events", 1},
		"two that were swapped": {"UPDATE events SET number = 9 WHERE number = 2; UPDATE events SET number = 2 WHERE number = 3; UPDATE events SET number = 3 WHERE number = 9", 2},
		"one put in":            {"INSERT INTO events SELECT 5, at, actor, kind, subject, detail, chain FROM events WHERE number = 4", 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openTest(t, Config{Path: testPath(t), Create: true})
			knowPeople(t, s)
			if _, err := s.writer.db.Exec("DROP TRIGGER events_are_not_changed; DROP TRIGGER events_are_kept; " + c.statement); err != nil {
				t.Fatal(err)
			}
			head, err := s.VerifyEvents(t.Context())
			var wrong *store.ChainError
			switch {
			case c.number == 0:
				if err != nil || head.Number != 4 {
					t.Errorf("%+v, %v", head, err)
				}
			case !errors.As(err, &wrong) || wrong.Number != c.number:
				t.Errorf("got %v, want event %d", err, c.number)
			case s.Check(t.Context()) == nil:
				t.Error("the check of the whole database does not see it")
			}
		})
	}
}

func TestVerifyEvents_AChangeThatFailsLeavesNoGap(t *testing.T) {
	t.Parallel()
	s := openSmall(t)
	errs := together(t, s, reserve(s, "a", 0), reserve(s, "a", 0), reserve(s, "nobody's", 99), reserve(s, "b", 0))
	for i, want := range []error{nil, store.ErrAlreadyExists, store.ErrNotFound, nil} {
		if !errors.Is(errs[i], want) {
			t.Errorf("change %d: %v", i, errs[i])
		}
	}
	if _, err := s.VerifyEvents(t.Context()); err != nil {
		t.Error(err)
	}
}

// A database of the version before the chain is chained as it is opened, and
// officers' suspensions keep their cause.
func TestMigrate_ChainsWhatIsThere(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store", "store.db")
	old(t, path, 6, `
		INSERT INTO people SELECT 'person-000', 'E-000', '', 1, '', '', '', '', '', '', '', '', '', '', NULL;
		INSERT INTO lists VALUES (1, 64, 1, 0);
		INSERT INTO badges SELECT 'b', 'person-000', 'k', 't', 'onsite', 0, 9000000000000000, 'by', 0, 1, 5, 'prepared', NULL, 'suspended', 'r', 0;
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
		INSERT INTO events (at, actor, kind, subject, detail) SELECT i, 'by', 'token.revoked', 't' || i, '{}' FROM n`)
	s := openTest(t, Config{Path: path})
	head, err := s.VerifyEvents(t.Context())
	if err != nil || head.Number != 2500 {
		t.Fatalf("%+v, %v", head, err)
	}
	b, err := s.Badge(t.Context(), "b")
	if err != nil || len(b.Causes) != 1 || b.Causes[0] != store.ByOffice {
		t.Errorf("%+v, %v", b, err)
	}
	judged, err := s.Rejudge(t.Context(), store.RejudgeRequest{NotUnder: "p", Limit: 10, At: time.Unix(1, 0), By: "test",
		Judge: func(v store.Situation) (store.Judgement, error) {
			if len(v.Badges) != 1 || !v.Record.JudgedAt.IsZero() {
				t.Errorf("%+v", v)
			}
			return store.Judgement{Record: store.Record{PolicyDigest: "p", Ladder: []byte("{}")}}, nil
		}})
	if err != nil || judged.Judged != 1 {
		t.Errorf("%+v, %v", judged, err)
	}
	if next, err := s.VerifyEvents(t.Context(), head); err != nil || next.Number <= head.Number {
		t.Errorf("%+v, %v", next, err)
	}
}

// old makes a database of an earlier version.
func old(t *testing.T, path string, version int, content string) {
	t.Helper()
	if err := os.Mkdir(filepath.Dir(path), folderMode); err != nil {
		t.Fatal(err)
	}
	schema, err := schema()
	if err != nil {
		t.Fatal(err)
	}
	schema.Changes = schema.Changes[:version]
	db, err := file(path).Open(t.Context(), schema, true, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), content); err != nil {
		t.Fatal(err)
	}
}

// What was erased is in none of the database's files.
func TestErasePerson_LeavesNothingInTheFiles(t *testing.T) {
	t.Parallel()
	path := testPath(t)
	s := openTest(t, Config{Path: path, Create: true})
	people := storetest.People(40)
	for i := range people {
		people[i].DisplayName = "nobody in particular"
	}
	people[7].DisplayName, people[7].Email = "Wilhelmina Unmistakable", "unmistakable@vendor.example"
	if _, err := s.ApplyImport(t.Context(), store.Import{By: "test", People: people}); err != nil {
		t.Fatal(err)
	}
	if !inFiles(t, path, "nmistakable") {
		t.Fatal("the name is not where the test looks for it")
	}
	if err := s.ErasePerson(t.Context(), storetest.Erasure("person-007")); err != nil {
		t.Fatal(err)
	}
	if inFiles(t, path, "nmistakable") {
		t.Error("the name is still in the files")
	}
}

func inFiles(t *testing.T, path, text string) bool {
	t.Helper()
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(content), text) {
			return true
		}
	}
	return false
}
