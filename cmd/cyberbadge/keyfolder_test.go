package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/internal/keyfile"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// plainFolder is an issuer's folder with a root key and nothing else.
func plainFolder(t *testing.T) *issuerFolder {
	t.Helper()
	folder := &issuerFolder{path: t.TempDir(), config: issuerSection{InsecurePlainKeys: true}}
	if err := os.Mkdir(folder.file(keysFolder), 0o700); err != nil {
		t.Fatal(err)
	}
	mustMakeKey(t, folder.keys(), store.ForRoot)
	return folder
}

func mustMakeKey(t *testing.T, folder keyFolder, purpose store.KeyPurpose) string {
	t.Helper()
	public, err := folder.MakeKey(purpose)
	if err != nil {
		t.Fatal(err)
	}
	id, err := credential.KeyID(public)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestKeyFolder_NumbersKeysAndFindsThemByTheirIDs(t *testing.T) {
	t.Parallel()
	folder := keyFolder{t.TempDir(), keyfile.Protection{InsecurePlain: true}}
	for _, name := range []string{"badge", "badge-2", "badge-3"} {
		id := mustMakeKey(t, folder, store.ForBadges)
		if !exists(filepath.Join(folder.path, name+plainEnding)) {
			t.Errorf("there is no %s", name)
		}
		key, err := folder.Key(id)
		if err != nil {
			t.Fatal(err)
		}
		if err := key.(*lazyKey).Unlock(); err != nil {
			t.Error(err)
		}
	}
	// Where one half of a key is left, its name is taken.
	for _, gone := range []string{"badge-2" + publicEnding, "badge-3" + plainEnding} {
		if err := os.Remove(filepath.Join(folder.path, gone)); err != nil {
			t.Fatal(err)
		}
		mustMakeKey(t, folder, store.ForBadges)
	}
	for _, name := range []string{"badge-4", "badge-5"} {
		if !exists(filepath.Join(folder.path, name+plainEnding)) {
			t.Errorf("there is no %s", name)
		}
	}
	if _, err := folder.Key("nobody's"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an unknown key: %v", err)
	}
	if first, err := folder.first(store.ForLists); first != nil || err != nil {
		t.Errorf("a key that is not there: %v, %v", first, err)
	}
}

func TestOpenRootKey_IsTheOneThatCustomersPin(t *testing.T) {
	t.Parallel()
	folder := plainFolder(t)
	inside := filepath.Join(folder.file(keysFolder), "root"+plainEnding)
	key, err := folder.openRootKey("")
	if err != nil {
		t.Fatal(err)
	}
	if err := key.Unlock(); err != nil {
		t.Error(err)
	}

	// Taken offline: the private half alone, to a medium of its own.
	outside := filepath.Join(t.TempDir(), "root"+plainEnding)
	if err := os.Rename(inside, outside); err != nil {
		t.Fatal(err)
	}
	if _, err := folder.openRootKey(""); err == nil || !strings.Contains(err.Error(), "bring the medium that it is kept on") {
		t.Errorf("without the medium: %v", err)
	}
	key, err = folder.openRootKey(outside)
	if err != nil {
		t.Fatal(err)
	}
	if err := key.Unlock(); err != nil {
		t.Error(err)
	}

	other := keyFolder{t.TempDir(), folder.protection()}
	mustMakeKey(t, other, store.ForRoot)
	key, err = folder.openRootKey(filepath.Join(other.path, "root"+plainEnding))
	if err != nil {
		t.Fatal(err)
	}
	if err := key.Unlock(); err == nil || !strings.Contains(err.Error(), "is not the private half of "+filepath.Join(folder.file(keysFolder), "root.jwk")) {
		t.Errorf("another root key: %v", err)
	}

	if err := os.Remove(folder.file(filepath.Join(keysFolder, "root"+publicEnding))); err != nil {
		t.Fatal(err)
	}
	if _, err := folder.openRootKey(outside); err == nil || !strings.Contains(err.Error(), "has no root key; make one with: cyberbadge keys generate") {
		t.Errorf("without the public half: %v", err)
	}
}
