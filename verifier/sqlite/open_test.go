package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/sqlitefile"
	"github.com/cyberbadge/cyberbadge/verifier/gate"
)

func testPath(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "gates.db")
}

func openTest(t *testing.T, c Config) *Store {
	t.Helper()
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// refuse asserts that Open fails and says why.
func refuse(t *testing.T, c Config, reason string) error {
	t.Helper()
	s, err := Open(t.Context(), c)
	if err == nil {
		s.Close()
		t.Fatalf("opened, want an error that says %q", reason)
	}
	if !strings.Contains(err.Error(), reason) || !strings.Contains(err.Error(), c.Path) {
		t.Errorf("%v, want %q and the path", err, reason)
	}
	return err
}

func TestOpen_CreatesOnlyOnPurpose(t *testing.T) {
	t.Parallel()
	refuse(t, Config{}, "no Path")
	path := testPath(t)
	if err := refuse(t, Config{Path: path}, "there is no such file"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v is no %v", err, fs.ErrNotExist)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a refused Open left a file: %v", err)
	}
	refuse(t, Config{Path: filepath.Join(path, "no", "folder"), Create: true}, "no such file")
	openTest(t, Config{Path: path, Create: true})
	openTest(t, Config{Path: path})
}

func TestOpen_FilesAreTheOwnersAlone(t *testing.T) {
	t.Parallel()
	path := testPath(t)
	s := openTest(t, Config{Path: path, Create: true})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil { // as a copy brought back may have it
		t.Fatal(err)
	}
	s = openTest(t, Config{Path: path})
	invite(t, s, 1)
	names, err := filepath.Glob(path + "*")
	if err != nil || len(names) != 3 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", filepath.Base(name), info.Mode(), err)
		}
	}
}

func TestOpen_LeavesOtherFilesAlone(t *testing.T) {
	t.Parallel()
	text := testPath(t)
	if err := os.WriteFile(text, []byte(strings.Repeat("this is no database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	refuse(t, Config{Path: text, Create: true}, "not a database")

	empty := testPath(t)
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	refuse(t, Config{Path: empty}, "no database of gates and visits")

	foreign := testPath(t)
	openTest(t, Config{Path: foreign, Create: true})
	execute(t, foreign, "PRAGMA application_id = 7")
	refuse(t, Config{Path: foreign, Create: true}, "no database of gates and visits")
}

func execute(t *testing.T, path, statement string) {
	t.Helper()
	db := file(path).Writer()
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func TestOpen_SchemaOfAnotherProgram(t *testing.T) {
	t.Parallel()
	newer := testPath(t)
	openTest(t, Config{Path: newer, Create: true})
	execute(t, newer, "INSERT INTO migrations (version, name, sha256, applied_at) VALUES (99, '0099_later.sql', 'x', 0)")
	refuse(t, Config{Path: newer}, "use the newer program")

	edited := testPath(t)
	openTest(t, Config{Path: edited, Create: true})
	execute(t, edited, "UPDATE migrations SET sha256 = 'x' WHERE version = 2")
	refuse(t, Config{Path: edited}, "made with another 0002_visits.sql")
}

func TestOpen_AppliesWhatIsMissing(t *testing.T) {
	t.Parallel()
	path := testPath(t)
	first, err := schema()
	if err != nil {
		t.Fatal(err)
	}
	first.Changes = first.Changes[:1]
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	clock := Config{Path: path, Create: true, Now: func() time.Time { return now }}
	db, err := file(path).Open(t.Context(), first, true, now.UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s := openTest(t, clock)
	var versions string
	var at int64
	if err := s.reads.QueryRow("SELECT group_concat(version), max(applied_at) FROM migrations").Scan(&versions, &at); err != nil {
		t.Fatal(err)
	}
	if versions != "1,2" || at != now.UnixMilli() {
		t.Errorf("versions %s, applied at %d", versions, at)
	}
}

func TestOpen_ABrokenMigrationChangesNothing(t *testing.T) {
	t.Parallel()
	path := testPath(t)
	s := openTest(t, Config{Path: path, Create: true})
	broken, err := schema()
	if err != nil {
		t.Fatal(err)
	}
	broken.Changes = append(broken.Changes, sqlitefile.Change{Name: "0003_broken.sql", Text: "CREATE TABLE half (x INTEGER) STRICT; nonsense", Sum: "x"})
	if err := broken.Migrate(t.Context(), s.writes, false, 0); err == nil || !strings.Contains(err.Error(), "0003_broken.sql") {
		t.Errorf("error %v", err)
	}
	var half int
	if err := s.reads.QueryRow("SELECT count(*) FROM sqlite_schema WHERE name = 'half'").Scan(&half); err != nil || half != 0 {
		t.Errorf("%d tables of the broken migration, %v", half, err)
	}
}

func TestOpen_ManyAtOnceMakeOneDatabase(t *testing.T) {
	t.Parallel()
	path := testPath(t)
	const callers = 16
	errs := make(chan error, callers)
	for range callers {
		go func() {
			s, err := Open(context.Background(), Config{Path: path, Create: true})
			if err == nil {
				err = s.Close()
			}
			errs <- err
		}()
	}
	for range callers {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	openTest(t, Config{Path: path})
}

func TestOpen_PathWithSpecialCharacters(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gates?mode=memory#%41 ü.db")
	openTest(t, Config{Path: path, Create: true})
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestOpen_Settings(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Path: testPath(t), Create: true})
	for _, c := range []struct {
		db    *sql.DB
		name  string
		value string
	}{
		{s.writes, "journal_mode", "wal"},
		{s.writes, "synchronous", "2"},
		{s.writes, "secure_delete", "1"},
		{s.writes, "foreign_keys", "1"},
		{s.writes, "busy_timeout", "5000"},
		{s.writes, "trusted_schema", "0"},
		{s.writes, "cell_size_check", "1"},
		{s.writes, "application_id", fmt.Sprint(applicationID)},
		{s.reads, "query_only", "1"},
		{s.reads, "trusted_schema", "0"},
	} {
		var value string
		if err := c.db.QueryRow("PRAGMA " + c.name).Scan(&value); err != nil || value != c.value {
			t.Errorf("%s is %q, %v; want %q", c.name, value, err, c.value)
		}
	}
}

func invite(t *testing.T, s *Store, n byte) gate.Hash {
	t.Helper()
	code := gate.Hash{n}
	at := time.Unix(1_800_000_000, 0)
	err := s.AddInvitation(t.Context(), gate.StoredInvitation{Code: code, InvitedAt: at, ExpiresAt: at.Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func TestAddInvitation_ForgetsExpiredOnes(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Path: testPath(t), Create: true})
	invite(t, s, 1)
	at := time.Unix(1_800_000_060, 0)
	if err := s.AddInvitation(t.Context(), gate.StoredInvitation{Code: gate.Hash{2}, InvitedAt: at, ExpiresAt: at.Add(time.Minute)}); err != nil {
		t.Fatal(err)
	}
	var left int
	if err := s.reads.QueryRow("SELECT count(*) FROM invitations").Scan(&left); err != nil || left != 1 {
		t.Errorf("%d invitations, %v", left, err)
	}
}

// TestWrite_WaitsForAnotherProcess: the command line works beside the service.
func TestWrite_WaitsForAnotherProcess(t *testing.T) {
	t.Parallel()
	path := testPath(t)
	s, other := openTest(t, Config{Path: path, Create: true}), openTest(t, Config{Path: path})
	tx, err := other.writes.Begin()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		done <- s.AddInvitation(context.Background(), gate.StoredInvitation{InvitedAt: time.Unix(1, 0), ExpiresAt: time.Unix(2, 0)})
	}()
	if _, err := s.Gates(t.Context()); err != nil {
		t.Errorf("reading beside a writer: %v", err)
	}
	select {
	case err := <-done:
		t.Errorf("written beside a writer: %v", err)
	default:
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestStore_CancelledCallsChangeNothing(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Path: testPath(t), Create: true})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.EndGate(ctx, "g", time.Unix(1, 0)); !errors.Is(err, context.Canceled) {
		t.Errorf("EndGate: %v", err)
	}
	if _, err := s.Gates(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Gates: %v", err)
	}
}
