package cache

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/cyberbadge/cyberbadge/revocation"
)

// Bounds of a folder.
const (
	// MaxFiles is how many lists a folder keeps. One more takes the place of the
	// one that was written longest ago.
	MaxFiles = revocation.MaxLists
	// MaxFile is the size of a file, in bytes: a token and the names above it.
	MaxFile = revocation.MaxTokenSize + 16<<10
)

const (
	firstLine = "cyberbadge-list 1"
	extension = ".list"
	unready   = ".new-" // how files begin that are being written
)

// Folder is a revocation.Cache of files. It is safe for concurrent use. Two
// processes can share a folder; what the last one wrote is kept.
type Folder struct {
	path string

	mu    sync.Mutex
	files map[string]bool // by name
}

var _ revocation.Cache = (*Folder)(nil)

// Open makes the folder unless it is there, and tidies up what a process left in
// it that died while it wrote.
func Open(path string) (*Folder, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("revocation/cache: %w", err)
	}
	f := &Folder{path: path, files: make(map[string]bool)}
	found, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("revocation/cache: %w", err)
	}
	for _, entry := range found {
		switch {
		case strings.HasPrefix(entry.Name(), unready):
			err = errors.Join(err, os.Remove(filepath.Join(path, entry.Name())))
		case isOurs(entry):
			f.files[entry.Name()] = true
		}
	}
	if err != nil {
		return nil, fmt.Errorf("revocation/cache: %w", err)
	}
	return f, nil
}

func isOurs(entry fs.DirEntry) bool {
	return entry.Type().IsRegular() && strings.HasSuffix(entry.Name(), extension)
}

// Load yields the lists in the folder, MaxFiles at most, and an error for each
// file that is not one.
func (f *Folder) Load() iter.Seq2[revocation.Cached, error] {
	return func(yield func(revocation.Cached, error) bool) {
		found, err := os.ReadDir(f.path)
		if err != nil {
			yield(revocation.Cached{}, err)
			return
		}
		for n, entry := range found {
			if n >= MaxFiles {
				yield(revocation.Cached{}, fmt.Errorf("%s holds more than %d files; the rest is not read", f.path, MaxFiles))
				return
			}
			kept, err := f.read(entry)
			if err != nil {
				err = fmt.Errorf("%s: %w; delete it if nobody needs it", filepath.Join(f.path, entry.Name()), err)
			}
			if !yield(kept, err) {
				return
			}
		}
	}
}

func (f *Folder) read(entry fs.DirEntry) (revocation.Cached, error) {
	if !isOurs(entry) {
		return revocation.Cached{}, errors.New("not a kept list")
	}
	file, err := os.Open(filepath.Join(f.path, entry.Name()))
	if err != nil {
		return revocation.Cached{}, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, MaxFile+1))
	if err != nil {
		return revocation.Cached{}, err
	}
	if len(text) > MaxFile {
		return revocation.Cached{}, fmt.Errorf("more than %d bytes", MaxFile)
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) != 5 || lines[0] != firstLine || lines[4] != "" {
		return revocation.Cached{}, errors.New("a damaged file")
	}
	kept := revocation.Cached{Issuer: lines[1], URI: lines[2], Token: lines[3]}
	if nameOf(kept) != entry.Name() {
		return revocation.Cached{}, errors.New("under the name of another list")
	}
	return kept, nil
}

// Save implements revocation.Cache.
func (f *Folder) Save(list revocation.Cached) error {
	if err := f.save(list); err != nil {
		return fmt.Errorf("revocation/cache: %w", err)
	}
	return nil
}

func (f *Folder) save(list revocation.Cached) error {
	text := strings.Join([]string{firstLine, list.Issuer, list.URI, list.Token, ""}, "\n")
	if strings.Count(text, "\n") != 4 || len(text) > MaxFile {
		return fmt.Errorf("a list with line feeds in it, or of more than %d bytes", MaxFile)
	}
	name := nameOf(list)
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.replace(name, text); err != nil {
		return err
	}
	f.files[name] = true
	return f.bound(name)
}

// nameOf tells lists apart, the same one of two issuers too, whatever is in their
// names. No URL has a space in it.
func nameOf(list revocation.Cached) string {
	sum := sha256.Sum256([]byte(list.Issuer + " " + list.URI))
	return base64.RawURLEncoding.EncodeToString(sum[:]) + extension
}

func (f *Folder) replace(name, text string) error {
	file, err := os.CreateTemp(f.path, unready+"*")
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), filepath.Join(f.path, name))
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return f.sync()
}

// sync brings the names in the folder to the disk.
func (f *Folder) sync() error {
	if runtime.GOOS == "windows" {
		return nil // where folders can't be synced
	}
	folder, err := os.Open(f.path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// bound deletes the oldest files while there are too many, but not the one that
// was just written.
func (f *Folder) bound(written string) error {
	if len(f.files) <= MaxFiles {
		return nil
	}
	type dated struct {
		name string
		at   int64
	}
	var files []dated
	for name := range f.files {
		info, err := os.Stat(filepath.Join(f.path, name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			delete(f.files, name)
		case err != nil:
			return err
		case name != written:
			files = append(files, dated{name, info.ModTime().UnixNano()})
		}
	}
	slices.SortFunc(files, func(a, b dated) int { return cmp.Compare(a.at, b.at) })
	for _, file := range files[:max(len(f.files)-MaxFiles, 0)] {
		if err := os.Remove(filepath.Join(f.path, file.name)); err != nil {
			return err
		}
		delete(f.files, file.name)
	}
	return nil
}
