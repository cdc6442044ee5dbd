package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/revocation/bundle"
	"github.com/cyberbadge/cyberbadge/verifier"
)

// What is in a verifier's folder of bundles.
const (
	bundlesFolder   = "bundles"
	bundleEnding    = ".bundle"
	portraitsFolder = "portraits" // of the newest bundle that had any, by name
)

// rootSection is a root key that verifier.yaml pins.
type rootSection struct {
	Root     string        `yaml:"root"`
	Issuer   string        `yaml:"issuer"`
	Customer string        `yaml:"customer"`
	URL      string        `yaml:"url"`
	Every    time.Duration `yaml:"every"`
}

// root reads a section, less the bundle that is held.
func (s rootSection) root() (verifier.Root, error) {
	key, err := bundle.ParseFingerprint(s.Root)
	if err != nil {
		return verifier.Root{}, err
	}
	return verifier.Root{Key: key, Issuer: s.Issuer, Customer: s.Customer}, nil
}

// heldFile is a bundle in the folder. The number is in its name, so that the newest
// is found without a second file that could say otherwise, also when two are put
// there at once.
type heldFile struct {
	number uint64
	path   string
}

// bundleShelf keeps the bundles of one root key.
type bundleShelf struct {
	folder string
	key    bundle.Fingerprint
}

func (f *verifierFolder) shelf(key bundle.Fingerprint) bundleShelf {
	return bundleShelf{f.file(bundlesFolder), key}
}

// prefix of the shelf's files; half a fingerprint tells them apart.
func (s bundleShelf) prefix() string { return s.key.String()[:22] + "." }

// newest returns the held bundle with the highest number, whose number is 0 when
// there is none.
func (s bundleShelf) newest() (heldFile, error) {
	all, err := s.all()
	if err != nil || len(all) == 0 {
		return heldFile{}, err
	}
	return slices.MaxFunc(all, func(a, b heldFile) int { return cmp.Compare(a.number, b.number) }), nil
}

func (s bundleShelf) all() ([]heldFile, error) {
	entries, err := os.ReadDir(s.folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []heldFile
	for _, entry := range entries {
		name, ours := strings.CutPrefix(entry.Name(), s.prefix())
		name, whole := strings.CutSuffix(name, bundleEnding)
		number, err := strconv.ParseUint(name, 10, 64)
		if ours && whole && err == nil {
			all = append(all, heldFile{number, filepath.Join(s.folder, entry.Name())})
		}
	}
	return all, nil
}

func (h heldFile) read() (string, error) {
	if h.number == 0 {
		return "", nil
	}
	text, err := readBounded(h.path, bundle.MaxSize)
	return string(text), err
}

// keep puts a bundle onto the shelf that was found good, and takes away older ones.
func (s bundleShelf) keep(number uint64, text string) error {
	if err := os.MkdirAll(s.folder, 0o700); err != nil {
		return err
	}
	path := filepath.Join(s.folder, s.prefix()+strconv.FormatUint(number, 10)+bundleEnding)
	if err := replaceFile(path, []byte(text)); err != nil {
		return err
	}
	all, err := s.all()
	for _, old := range all {
		if old.number >= number {
			continue
		}
		if gone := os.Remove(old.path); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	return err
}

// keepPortraits puts a bundle's portraits where the gates' pages find them, in place
// of those that were there. A bundle without any leaves them.
func (f *verifierFolder) keepPortraits(b *bundle.Bundle) error {
	if len(b.Portraits) == 0 {
		return nil
	}
	folder := f.file(filepath.Join(bundlesFolder, portraitsFolder))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	current := make(map[string]bool)
	for _, picture := range b.Portraits {
		name := portraitName(picture)
		current[name] = true
		if exists(filepath.Join(folder, name)) {
			continue
		}
		if err := replaceFile(filepath.Join(folder, name), picture); err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !current[entry.Name()] {
			err = errors.Join(err, os.Remove(filepath.Join(folder, entry.Name())))
		}
	}
	return err
}

// roots are the pinned root keys with the bundles that are held under them.
func (f *verifierFolder) pinned() ([]verifier.Root, error) {
	var roots []verifier.Root
	for n, section := range f.roots {
		root, err := section.root()
		if err != nil {
			return nil, misuse("%s: root %d: %w", f.file(verifierConfigFile), n+1, err)
		}
		held, err := f.shelf(root.Key).newest()
		if err != nil {
			return nil, err
		}
		root.Floor = held.number
		if root.Held, err = held.read(); err != nil {
			return nil, err
		}
		roots = append(roots, root)
	}
	return roots, nil
}

// checkRoots refuses settings that could not work.
func (c *verifierConfig) checkRoots() error {
	var problems []error
	urls := false
	for n, section := range c.Roots {
		if _, err := section.root(); err != nil {
			problems = append(problems, fmt.Errorf("config: roots: %d: %w", n+1, err))
		}
		if section.Every < 0 || section.Every > 0 && section.Every < minBundleEvery {
			problems = append(problems, fmt.Errorf("config: roots: %d: every is %v; give %v or more", n+1, section.Every, minBundleEvery))
		}
		if section.Every > 0 && section.URL == "" {
			problems = append(problems, fmt.Errorf("config: roots: %d: every without url: there is nothing to ask", n+1))
		}
		urls = urls || section.URL != ""
	}
	if c.Verifier.Fetch.Off && urls {
		problems = append(problems, errors.New("config: roots name a url, and verifier.fetch.off says that nothing is fetched"))
	}
	if c.Verifier.Fetch.Off && len(c.Roots) == 0 {
		problems = append(problems, errors.New("config: verifier.fetch.off without roots: no status list could ever be had"))
	}
	if c.Verifier.MaxStatusAge == 0 && !c.Verifier.Fetch.Off {
		problems = append(problems, errors.New("config: verifier.max_status_age is 0, which leaves the limit to bundles; that needs verifier.fetch.off"))
	}
	return errors.Join(problems...)
}
