package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/cyberbadge/cyberbadge/verifier/gate"
	"github.com/cyberbadge/cyberbadge/verifier/visit"
)

const fileMode = 0o600

// Config says where the database is. Only Path is needed.
type Config struct {
	Path   string           // of the database file, on a local disk
	Create bool             // make the file if it is missing
	Now    func() time.Time // when the schema was changed; time.Now when nil
}

// Store is the database. Its methods are safe for concurrent use, beside other
// processes that have it open, too.
type Store struct {
	writes *sql.DB // one connection
	reads  *sql.DB
}

var (
	_ gate.Store  = (*Store)(nil)
	_ visit.Store = (*Store)(nil)
)

// Open opens the database and brings its schema up to date. The caller must Close
// the store. It refuses a missing file unless Config.Create is set (the error is an
// [fs.ErrNotExist]), a file from a newer program, and one that is something else.
func Open(ctx context.Context, c Config) (*Store, error) {
	if c.Path == "" {
		return nil, errors.New("gates database: no Path: say where it is")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	s, err := open(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("gates database: %s: %w", c.Path, err)
	}
	return s, nil
}

func open(ctx context.Context, c Config) (*Store, error) {
	if err := checkVersion(minVersion); err != nil {
		return nil, err
	}
	if err := prepareFile(c); err != nil {
		return nil, err
	}
	s := &Store{writes: openWriter(c.Path)}
	if err := s.prepare(ctx, c); err != nil {
		s.writes.Close()
		return nil, err
	}
	s.reads = openReaders(c.Path)
	return s, nil
}

func (s *Store) prepare(ctx context.Context, c Config) error {
	all, err := migrations()
	if err != nil {
		return err
	}
	if err := migrate(ctx, s.writes, all, c); err != nil {
		return err
	}
	return checkJournal(ctx, s.writes)
}

// Close waits for what has begun.
func (s *Store) Close() error {
	// The writer last: the last connection to close folds the log into the file.
	return errors.Join(s.reads.Close(), s.writes.Close())
}

// prepareFile makes the file if it may, and keeps others out of it. SQLite gives
// the files beside it the same mode.
func prepareFile(c Config) error {
	if c.Create {
		f, err := os.OpenFile(c.Path, os.O_CREATE|os.O_RDWR, fileMode)
		if err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	info, err := os.Stat(c.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no such file; check the path, or pair a first gate, which makes it: %w", err)
	}
	if err != nil {
		return err
	}
	if info.Mode().Perm()&^fileMode == 0 {
		return nil
	}
	return os.Chmod(c.Path, fileMode)
}

// write makes one change, durably or not at all.
func (s *Store) write(ctx context.Context, do func(*sql.Tx) error) error {
	return inTransaction(ctx, s.writes, do)
}

func inTransaction(ctx context.Context, db *sql.DB, do func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		tx.Rollback()
		return err
	}
	return tx.Commit()
}
