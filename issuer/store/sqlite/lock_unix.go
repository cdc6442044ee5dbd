//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lockFile takes the lock that says who writes to the database at path. The
// file stays behind when the lock is released: removing it would let two
// processes lock two files of one name.
func lockFile(path string) (*writeLock, error) {
	f, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return &writeLock{f}, nil
	}
	f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("the database in %s is in use by another process: stop that one first, or open it for reading only", filepath.Dir(path))
	}
	return nil, fmt.Errorf("lock %s.lock: %w", path, err)
}

type writeLock struct{ file *os.File }

// Close unlocks before it closes: a program that this process is just starting
// holds the file, too, until it has begun, and closing alone would leave the
// lock to it.
func (l *writeLock) Close() error {
	return errors.Join(syscall.Flock(int(l.file.Fd()), syscall.LOCK_UN), l.file.Close())
}
