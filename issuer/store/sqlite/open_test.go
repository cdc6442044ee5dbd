package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/internal/sqlitefile"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/storetest"
)

func TestOpen_ConfigBounds(t *testing.T) {
	t.Parallel()
	path := testPath(t)
	for name, c := range map[string]struct {
		config  Config
		problem string
	}{
		"no path":            {Config{}, "Path"},
		"small list":         {Config{Path: path, ListSize: store.MinListSize - 1}, "ListSize"},
		"odd list":           {Config{Path: path, ListSize: store.MinListSize + 4}, "ListSize"},
		"smallest list":      {Config{Path: path, ListSize: store.MinListSize}, ""},
		"largest list":       {Config{Path: path, ListSize: store.MaxListSize}, ""},
		"too large a list":   {Config{Path: path, ListSize: store.MaxListSize + store.MinListSize}, "ListSize"},
		"negative fill":      {Config{Path: path, MaxFillPercent: -1}, "MaxFillPercent"},
		"full":               {Config{Path: path, MaxFillPercent: 100}, ""},
		"more than full":     {Config{Path: path, MaxFillPercent: 101}, "MaxFillPercent"},
		"negative lists":     {Config{Path: path, MaxLists: -1}, "MaxLists"},
		"most readers":       {Config{Path: path, Readers: MaxReaders}, ""},
		"too many readers":   {Config{Path: path, Readers: MaxReaders + 1}, "Readers"},
		"largest batch":      {Config{Path: path, BatchSize: MaxBatchSize}, ""},
		"too large a batch":  {Config{Path: path, BatchSize: MaxBatchSize + 1}, "BatchSize"},
		"longest queue":      {Config{Path: path, QueueLength: MaxQueueLength}, ""},
		"too long a queue":   {Config{Path: path, QueueLength: MaxQueueLength + 1}, "QueueLength"},
		"all problems named": {Config{ListSize: 1, Readers: -1}, "Readers"},
	} {
		_, err := c.config.complete()
		if (err == nil) != (c.problem == "") || err != nil && !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%s: %v, want a problem with %q", name, err, c.problem)
		}
	}
	_, err := Open(t.Context(), Config{ListSize: 1, Readers: -1})
	for _, field := range []string{"Path", "ListSize", "Readers"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("error %v does not name %s", err, field)
		}
	}
}

func TestOpen_CreatesOnlyOnPurpose(t *testing.T) {
	t.Parallel()
	path := testPath(t)
	refuse(t, Config{Path: path}, "create one on purpose")
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	refuse(t, Config{Path: path}, "create one on purpose")
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a refused Open left a file: %v", err)
	}
	if _, err := OpenReadOnly(t.Context(), Config{Path: path}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("OpenReadOnly: %v, want %v", err, store.ErrNotFound)
	}
	openTest(t, Config{Path: path, Create: true})
}

// refuse asserts that Open fails and says why.
func refuse(t *testing.T, c Config, reason string) {
	t.Helper()
	s, err := Open(t.Context(), c)
	if err == nil {
		s.Close()
		t.Fatalf("opened, want an error that says %q", reason)
	}
	if !strings.Contains(err.Error(), reason) || !strings.Contains(err.Error(), c.Path) {
		t.Errorf("error %q, want one that says %q and names the path", err, reason)
	}
}

func TestOpen_NobodyElseMayRead(t *testing.T) {
	t.Parallel()
	path := testPath(t)
	s := openTest(t, Config{Path: path, Create: true})
	if _, err := s.EnsureList(t.Context(), "test"); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]fs.FileMode{
		filepath.Dir(path): 0o700, path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600, path + ".lock": 0o600,
	} {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %04o, want %04o", filepath.Base(file), got, want)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	for _, mode := range []fs.FileMode{0o750, 0o701, 0o707} {
		if err := os.Chmod(filepath.Dir(path), mode); err != nil {
			t.Fatal(err)
		}
		refuse(t, Config{Path: path}, "chmod 700")
	}
	if err := errors.Join(os.Chmod(filepath.Dir(path), 0o700), os.Chmod(path, 0o644)); err != nil {
		t.Fatal(err)
	}
	openTest(t, Config{Path: path})
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file stayed readable: %v %v", info.Mode(), err)
	}
}

func TestOpen_OneWriterAndAnyReaders(t *testing.T) {
	t.Parallel()
	path := testPath(t)
	first := openTest(t, Config{Path: path, Create: true})
	refuse(t, Config{Path: path}, "in use by another process")
	refuse(t, Config{Path: path}, filepath.Dir(path))

	list, err := first.EnsureList(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"beside the writer", "after it"} {
		r, err := OpenReadOnly(t.Context(), Config{Path: path})
		if err != nil {
			t.Fatal(when, err)
		}
		lists, err := r.Lists(t.Context())
		if err != nil || len(lists) != 1 || lists[0] != list {
			t.Errorf("%s: %v %v, want %v", when, lists, err, list)
		}
		if err := errors.Join(r.Check(t.Context()), r.Close(), first.Close()); err != nil {
			t.Error(when, err)
		}
	}
	second := openTest(t, Config{Path: path})
	if again, err := second.EnsureList(t.Context(), "test"); err != nil || again != list {
		t.Errorf("after opening again: %v %v, want %v", again, err, list)
	}
}

func TestReader_CannotWrite(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Path: testPath(t), Create: true})
	for _, statement := range []string{"INSERT INTO lists (size, version, created_at) VALUES (64, 1, 0)", "CREATE TABLE x (y)"} {
		if _, err := s.reads.Exec(statement); err == nil || !strings.Contains(err.Error(), "readonly") {
			t.Errorf("%s: %v, want a refusal", statement, err)
		}
	}
}

func TestOpen_Settings(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Path: testPath(t), Create: true})
	got := map[string]string{}
	_, err := change(t.Context(), s.writer, func(t *tx) (int, error) {
		for _, name := range []string{"journal_mode", "synchronous", "foreign_keys", "trusted_schema", "cell_size_check",
			"recursive_triggers", "busy_timeout", "journal_size_limit", "application_id"} {
			var value string
			if err := t.QueryRow("PRAGMA " + name).Scan(&value); err != nil {
				return 0, err
			}
			got[name] = value
		}
		return 0, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "trusted_schema": "0", "cell_size_check": "1",
		"recursive_triggers": "1", "busy_timeout": "5000", "journal_size_limit": "67108864", "application_id": fmt.Sprint(applicationID),
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("settings\n got %v\nwant %v", got, want)
	}
}

func TestOpen_PathWithSpecialCharacters(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a?b%20c#d &é", "store ?mode=memory.db")
	s := openTest(t, Config{Path: path, Create: true})
	if _, err := s.EnsureList(t.Context(), "test"); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() == 0 {
		t.Errorf("the database is not at its path: %v %v", info, err)
	}
}

// onePerson adds the person p, all of whose columns are empty.
const onePerson = `INSERT INTO people (id, external_id, user_name, active, role, given_name, family_name, display_name,
	email, language, employee_number, organization, department, manager_id)
	VALUES ('p', 'e', '', 1, '', '', '', '', '', '', '', '', '', '');`

// badgeRow adds a badge as no method would.
func badgeRow(id, person string, list, index int) string {
	return fmt.Sprintf(`INSERT INTO badges (id, person_id, holder_key, type, access, issued_at, expires_at, actor,
		prepared_at, list_id, idx, state, status, status_reason)
		VALUES ('%s', '%s', 'k', 't', 'a', 0, 1, 'by', 0, %d, %d, 'prepared', 'valid', '')`, id, person, list, index)
}

func TestOpen_RefusesForeignAndUnknownDatabases(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ statement, reason string }{
		"of a newer program":  {"INSERT INTO migrations VALUES (999, '0999_future.sql', 'x', 0)", "newer program"},
		"made differently":    {"UPDATE migrations SET sha256 = 'x' WHERE version = 2", "0002_badges.sql"},
		"of another program":  {"PRAGMA application_id = 1", "no Cyber Badge database"},
		"with an index wrong": {"INSERT INTO lists VALUES (7, 64, 1, 0); " + onePerson + badgeRow("b", "p", 7, 64), "64 entries"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := testPath(t)
			s := openTest(t, Config{Path: path, Create: true})
			if _, err := s.writer.db.Exec(c.statement); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			for _, create := range []bool{false, true} {
				refuse(t, Config{Path: path, Create: create}, c.reason)
			}
		})
	}
	for name, content := range map[string]string{"empty": "", "text": strings.Repeat("no database ", 1000)} {
		path := testPath(t)
		if err := errors.Join(os.Mkdir(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(content), 0o600)); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), Config{Path: path}); err == nil {
			t.Errorf("opened a file that is %s", name)
		}
	}
}

func TestOpen_AppliesWhatIsMissing(t *testing.T) {
	t.Parallel()
	schema, err := schema()
	if err != nil {
		t.Fatal(err)
	}
	path := testPath(t)
	old(t, path, len(schema.Changes)-1, "")
	if _, err := OpenReadOnly(t.Context(), Config{Path: path}); err == nil || !strings.Contains(err.Error(), "up to date") {
		t.Errorf("read an old schema: %v", err)
	}
	s := openTest(t, Config{Path: path})
	if _, err := s.EnsureList(t.Context(), "test"); err != nil {
		t.Fatal(err)
	}
}

func TestMigrate_FailureLeavesTheVersionBefore(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Path: testPath(t), Create: true})
	good, err := schema()
	if err != nil {
		t.Fatal(err)
	}
	bad, change := good, sqlitefile.Change{Name: "9999_bad.sql", Text: "CREATE TABLE half (x); CREATE TABLE half (x)", Sum: "x"}
	bad.Changes = append(slices.Clone(good.Changes), change)
	err = bad.Migrate(t.Context(), s.writer.db, false, 0)
	if err == nil || !strings.Contains(err.Error(), change.Name) {
		t.Fatalf("error %v, want one that names %s", err, change.Name)
	}
	if version, err := good.Version(t.Context(), s.writer.db); err != nil || version != len(good.Changes) {
		t.Errorf("version %d after a failure: %v", version, err)
	}
	var tables int
	if err := s.reads.QueryRow("SELECT count(*) FROM sqlite_schema WHERE name = 'half'").Scan(&tables); err != nil || tables != 0 {
		t.Errorf("%d tables of a failed change are left: %v", tables, err)
	}
}

func TestSchema_TriggersHold(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Path: testPath(t), Create: true})
	knowPeople(t, s)
	if _, err := s.ReserveBadge(t.Context(), storetest.Reservation("b", 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SetBadgeStatus(t.Context(), store.StatusChange{BadgeID: "b", To: store.Invalid, Reason: "r", By: "test"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SetPortrait(t.Context(), storetest.Portrait("face", 0)); err != nil {
		t.Fatal(err)
	}
	decided := storetest.Concern("c", "b", "person-000")
	if err := s.OpenCase(t.Context(), decided); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CloseCase(t.Context(), store.CaseClosing{ID: "c", Outcome: store.Upheld, By: "test", At: decided.Received}); err != nil {
		t.Fatal(err)
	}
	for statement, reason := range map[string]string{
		"UPDATE cases SET outcome = 'not_upheld'":                                             "a case keeps its outcome",
		"UPDATE portraits SET bytes = X'00'":                                                  "a portrait never changes",
		"DELETE FROM portraits":                                                               "FOREIGN KEY",
		"INSERT INTO people_portraits VALUES ('person-001', X'00')":                           "FOREIGN KEY",
		"UPDATE events SET actor = 'x'":                                                       "events are never changed",
		"DELETE FROM events WHERE number = 1":                                                 "events are never deleted",
		"REPLACE INTO events SELECT number, 0, 'x', kind, subject, detail, chain FROM events": "events are never deleted",
		"UPDATE events SET chain = NULL":                                                      "events are never changed",
		"UPDATE badges SET status = 'invalid', causes = 'office'":                             "suspended for a cause",
		"UPDATE standings SET policy = 'p', judged_at = 5, next_at = 5":                       "CHECK constraint",
		"DELETE FROM people WHERE id = 'person-000'":                                          "FOREIGN KEY",
		"UPDATE badges SET status = 'valid'":                                                  "revocation is final",
		"UPDATE badges SET idx = (idx + 1) % 64":                                              "keeps its index",
		"UPDATE badges SET id = 'c'":                                                          "keeps its index",
		"DELETE FROM badges":                                                                  "badges are never deleted",
		"DELETE FROM lists":                                                                   "lists are never deleted",
		"UPDATE badges SET state = 'issued'":                                                  "CHECK constraint",
		"UPDATE badges SET idx = 'x'":                                                         "cannot store TEXT",
		"INSERT INTO tokens VALUES ('a', 'n', X'00', 's', 'by', 0, 1, NULL)":                  "CHECK constraint",
		"UPDATE people SET id = 'other' WHERE id = 'person-000'":                              "FOREIGN KEY",
		"INSERT INTO events (at, actor, kind, subject, detail) VALUES (0, 0, 0, 0, '')":       "chained to the one before",
	} {
		_, err := s.writer.db.Exec(statement)
		if (err == nil) != (reason == "") || err != nil && !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v, want %q", statement, err, reason)
		}
	}
}

// knowPeople imports the suite's three people.
func knowPeople(t testing.TB, s *Store) {
	t.Helper()
	if _, err := s.ApplyImport(context.Background(), store.Import{By: "test", People: storetest.People(3)}); err != nil {
		t.Fatal(err)
	}
}
