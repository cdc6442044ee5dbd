package main

import (
	"cmp"
	"crypto"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/cyberbadge/cyberbadge/internal/keyfile"
	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/signal"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
)

// transmitterSection is signals in issuer.yaml: where security events may be pushed to.
// Receivers choose the address, so that it has rules of its own: what the operator
// allows for the operator's own systems is not allowed for theirs.
type transmitterSection struct {
	Network networkSection `yaml:"network"`
}

// signals is what other systems hear of changes from. Close it when done.
func (f *issuerFolder) signals(program *issuer.Program, database *sqlite.Store, logger *slog.Logger) (*signal.Desk, error) {
	section := f.whole.Signals
	roots, err := f.authorities(section.Network.CAFile)
	if err != nil {
		return nil, misuse("signals.network.ca_file: %w", err)
	}
	client, err := outbound.New(section.Network.rules(roots))
	if err != nil {
		return nil, misuse("signals.network: %w", err)
	}
	return signal.New(signal.Config{
		Issuer: program.URL(), Store: database, Keys: program, RSA: newRSAFolder(f.keys()), Secret: program.SignalSecret(),
		Client: client, Now: f.now, Logger: logger,
	})
}

// rsaName begins the names of the files of RSA keys for signals.
const rsaName = "signal-rs256"

// rsaFolder keeps RSA keys for signals beside the other keys of an issuer. It
// implements signal.RSAKeys.
type rsaFolder struct {
	keyFolder

	mu     sync.Mutex
	opened map[string]crypto.Signer // by file
}

func newRSAFolder(folder keyFolder) *rsaFolder {
	return &rsaFolder{keyFolder: folder, opened: make(map[string]crypto.Signer)}
}

// MakeRSAKey implements signal.RSAKeys.
func (f *rsaFolder) MakeRSAKey() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	base, err := f.free(rsaName)
	if err != nil {
		return err
	}
	ending := encryptedEnding
	if f.protection.InsecurePlain {
		ending = plainEnding
	}
	return keyfile.SaveNewRSA(base+ending, f.protection)
}

// RSAKeys implements signal.RSAKeys: the one that was made last signs.
func (f *rsaFolder) RSAKeys() ([]crypto.Signer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	files, err := f.files()
	if err != nil {
		return nil, err
	}
	keys := make([]crypto.Signer, 0, len(files))
	for _, file := range files {
		key := f.opened[file]
		if key == nil {
			if key, err = keyfile.LoadRSA(file, f.protection); err != nil {
				return nil, misuseError{err}
			}
			f.opened[file] = key
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// files are those of RSA keys, the newest first.
func (f *rsaFolder) files() ([]string, error) {
	var files []string
	for _, ending := range []string{encryptedEnding, plainEnding} {
		found, err := filepath.Glob(filepath.Join(f.path, rsaName+"*"+ending))
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	numbers := make(map[string]int)
	for _, file := range files {
		number, err := rsaNumber(filepath.Base(file))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		numbers[file] = number
	}
	slices.SortFunc(files, func(a, b string) int { return cmp.Compare(numbers[b], numbers[a]) })
	return files, nil
}

var errRSAName = errors.New("the name is none of an RSA key for signals; move the file away")

// rsaNumber is the number in the name of a key's file; the first has none.
func rsaNumber(name string) (int, error) {
	base := strings.TrimSuffix(strings.TrimSuffix(name, encryptedEnding), plainEnding)
	if base == rsaName {
		return 1, nil
	}
	number, found := strings.CutPrefix(base, rsaName+"-")
	n, err := strconv.Atoi(number)
	if !found || err != nil || n < 2 || strconv.Itoa(n) != number {
		return 0, errRSAName
	}
	return n, nil
}
