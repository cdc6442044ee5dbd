package keyfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// checkFolder refuses a folder that anybody may change: whoever can put another
// file under the key's name chooses the key. /tmp is such a folder too; that its
// files are protected from each other does not keep a name from being taken first.
func checkFolder(folder string) error {
	info, err := os.Stat(folder)
	if err != nil {
		return fmt.Errorf("keyfile: %w", err)
	}
	if info.Mode().Perm()&0o002 != 0 {
		return fmt.Errorf("%w: anybody may change the folder %s (mode %04o); run: chmod o-w %s",
			ErrPermissions, folder, info.Mode().Perm(), folder)
	}
	return nil
}

// read returns a file that only its owner can reach. Type and mode are those of
// the file that was opened, not of its name.
func read(path string) ([]byte, error) {
	// Looked at before opening as well: opening a pipe waits for its writer.
	if info, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("keyfile: %w", err)
	} else if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is not a regular file", ErrMalformed, path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("keyfile: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("keyfile: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%w: %s has mode %04o; run: chmod 600 %s", ErrPermissions, path, mode, path)
	}
	data, err := io.ReadAll(io.LimitReader(file, MaxFileSize+1))
	if err != nil {
		return nil, fmt.Errorf("keyfile: %w", err)
	}
	if len(data) > MaxFileSize {
		return nil, fmt.Errorf("%w: %s is larger than %d bytes", ErrMalformed, path, MaxFileSize)
	}
	return data, nil
}

// writeNew puts data into a new file, as a whole. The name is given with a hard
// link, because a rename would replace a file that another process has just put
// there, and a link fails.
func writeNew(path string, data []byte) error {
	folder := filepath.Dir(path)
	// CreateTemp makes the file with mode 0600.
	temporary, err := os.CreateTemp(folder, ".new-*"+plainSuffix)
	if err != nil {
		return fmt.Errorf("keyfile: %w", err)
	}
	defer os.Remove(temporary.Name())
	_, writeErr := temporary.Write(data)
	if err := errors.Join(writeErr, temporary.Sync(), temporary.Close()); err != nil {
		return fmt.Errorf("keyfile: %w", err)
	}
	if err := os.Link(temporary.Name(), path); errors.Is(err, fs.ErrExist) {
		return exists(path)
	} else if err != nil {
		return fmt.Errorf("keyfile: %w", err)
	}
	if err := syncFolder(folder); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

func exists(path string) error {
	return fmt.Errorf("%w: %s; keys are never overwritten, choose another name", ErrExists, path)
}

// syncFolder makes a new name survive a loss of power.
func syncFolder(folder string) error {
	directory, err := os.Open(folder)
	if err != nil {
		return fmt.Errorf("keyfile: %w", err)
	}
	if err := errors.Join(directory.Sync(), directory.Close()); err != nil {
		return fmt.Errorf("keyfile: %w", err)
	}
	return nil
}
