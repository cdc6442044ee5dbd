package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/sqlitefile"
	"github.com/cyberbadge/cyberbadge/verifier/gate"
	"github.com/cyberbadge/cyberbadge/verifier/visit"
)

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
	schema, err := schema()
	if err != nil {
		return nil, err
	}
	writes, err := file(c.Path).Open(ctx, schema, c.Create, c.Now().UnixMilli())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no such file; check the path, or pair a first gate, which makes it: %w", err)
	}
	if err != nil {
		return nil, err
	}
	return &Store{writes: writes, reads: file(c.Path).Readers(readers)}, nil
}

// Close waits for what has begun.
func (s *Store) Close() error {
	// The writer last: the last connection to close folds the log into the file.
	return errors.Join(s.reads.Close(), s.writes.Close())
}

// write makes one change, durably or not at all.
func (s *Store) write(ctx context.Context, do func(*sql.Tx) error) error {
	return sqlitefile.InTransaction(ctx, s.writes, do)
}
