//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package sqlite

import "errors"

// lockFile refuses: without the lock two processes could give out one index.
func lockFile(string) (*writeLock, error) {
	return nil, errors.New("this system offers no file lock that dies with its process: the store can only be read here")
}

type writeLock struct{}

// Close does nothing: no lock was ever taken.
func (*writeLock) Close() error { return nil }
