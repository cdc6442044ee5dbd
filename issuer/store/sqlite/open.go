package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/cyberbadge/cyberbadge/internal/sqlitefile"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

const folderMode = 0o700

// Store is the database, open for reading and writing by this process alone.
// Its methods are safe for concurrent use.
type Store struct {
	*Reader
	config Config
	writer *writer
	lock   *writeLock
	active *allocation // owned by the writer's goroutine
	close  sync.Once
	closed error // what closing gave
}

// Reader is the database, open for reading. Its methods are safe for concurrent
// use, beside a [Store] in this or another process as well.
type Reader struct {
	reads *pool
}

var (
	_ store.Store  = (*Store)(nil)
	_ store.Reader = (*Reader)(nil)
)

// Open opens the database for reading and writing, brings its schema up to date
// and starts the writer. The caller must Close the store.
//
// It refuses a config with problems (all are named), a missing database unless
// Config.Create is set, a folder that others may enter, a database that another
// process has open for writing, one from a newer program, and a file that is
// something else.
func Open(ctx context.Context, c Config) (*Store, error) {
	c, err := c.complete()
	if err != nil {
		return nil, fmt.Errorf("store: config: %w", err)
	}
	s, err := open(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("store: %s: %w", c.Path, err)
	}
	return s, nil
}

func open(ctx context.Context, c Config) (_ *Store, err error) {
	schema, err := schema()
	if err != nil {
		return nil, err
	}
	if err := prepareFolder(c); err != nil {
		return nil, err
	}
	lock, err := lockFile(c.Path)
	if err != nil {
		return nil, err
	}
	s := &Store{config: c, lock: lock}
	var writes *sql.DB
	defer func() {
		if err == nil {
			return
		}
		if writes != nil {
			writes.Close()
		}
		lock.Close()
	}()

	if writes, err = file(c.Path).Open(ctx, schema, c.Create, c.Now().UnixMicro()); err != nil {
		return nil, missing(err)
	}
	if s.active, err = resume(ctx, writes, c); err != nil {
		return nil, err
	}
	head, err := lastHead(ctx, writes)
	if err != nil {
		return nil, err
	}
	s.Reader = &Reader{newPool(file(c.Path).Readers(c.Readers))}
	s.writer = newWriter(writes, c, head)
	c.Logger.Info("store is open", "path", c.Path)
	return s, nil
}

// OpenReadOnly opens the database for reading, whether or not a process has it
// open for writing. Of the config it uses Path and Readers. The schema must be
// exactly the one this program knows. The caller must Close the reader.
func OpenReadOnly(ctx context.Context, c Config) (*Reader, error) {
	c, err := c.complete()
	if err != nil {
		return nil, fmt.Errorf("store: config: %w", err)
	}
	r := &Reader{newPool(file(c.Path).Readers(c.Readers))}
	if err := r.check(ctx, c.Path); err != nil {
		r.Close()
		return nil, fmt.Errorf("store: %s: %w", c.Path, err)
	}
	return r, nil
}

func (r *Reader) check(ctx context.Context, path string) error {
	if err := sqlitefile.CheckVersion(sqlitefile.MinVersion); err != nil {
		return err
	}
	if _, err := os.Stat(path); err != nil {
		return missing(err)
	}
	schema, err := schema()
	if err != nil {
		return err
	}
	version, err := schema.Version(ctx, r.reads.DB)
	if err != nil {
		return err
	}
	if known := len(schema.Changes); version < known {
		return fmt.Errorf("the database is at version %d, this program reads %d: open it for writing once to bring it up to date", version, known)
	}
	return nil
}

// Close waits for the changes that have begun, then gives the database free.
// Changes that come after it fail with [store.ErrClosed].
func (s *Store) Close() error {
	s.close.Do(func() {
		s.writer.stop()
		// The writer last: the last connection to close folds the log into the file.
		s.closed = errors.Join(s.Reader.Close(), s.writer.db.Close(), s.lock.Close())
	})
	return s.closed
}

// Close waits for reads that have begun.
func (r *Reader) Close() error { return r.reads.Close() }

// prepareFolder makes the last folder of the path if it may, and insists that
// nobody else can enter it: the log files beside the database come and go.
func prepareFolder(c Config) error {
	folder := filepath.Dir(c.Path)
	if c.Create {
		if err := os.Mkdir(folder, folderMode); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	info, err := os.Stat(folder)
	if err != nil {
		return missing(err)
	}
	if mode := info.Mode().Perm(); mode&^folderMode != 0 {
		return fmt.Errorf("the folder has mode %04o, so that others may enter it: give the store a folder of its own, or chmod 700 %s", mode, folder)
	}
	return nil
}

func missing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: there is no database; check the path, or create one on purpose: %v", store.ErrNotFound, err)
	}
	return err
}
