package keyfile

import (
	"crypto/ecdsa"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func TestSaveNeverOverwrites(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	target := filepath.Join(dir, "a.key")
	if err := os.WriteFile(target, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "b.key")
	if err := os.Symlink(filepath.Join(dir, "nowhere"), link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{target, link} {
		for what, err := range map[string]error{
			"Save":     Save(path, newKey(t), Protection{InsecurePlain: true}),
			"writeNew": writeNew(path, []byte("new")),
		} {
			if !errors.Is(err, ErrExists) {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
	if data, _ := os.ReadFile(target); string(data) != "old" {
		t.Errorf("the file is now %q", data)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("%d files were left", len(entries))
	}
}

func TestOfManyWritersOneWins(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.key")
	keys, results := make([]*ecdsa.PrivateKey, 8), make([]error, 8)
	var all sync.WaitGroup
	for i := range keys {
		keys[i] = newKey(t)
		all.Go(func() { results[i] = Save(path, keys[i], Protection{InsecurePlain: true}) })
	}
	all.Wait()
	signer, err := Load(path, Protection{InsecurePlain: true})
	if err != nil {
		t.Fatal(err)
	}
	winners := 0
	for i, err := range results {
		if err == nil {
			winners++
			assertSigns(t, signer, keys[i])
		} else if !errors.Is(err, ErrExists) {
			t.Error(err)
		}
	}
	if winners != 1 {
		t.Errorf("%d writers succeeded", winners)
	}
}

func TestModesThatLetOthersInAreRefused(t *testing.T) {
	t.Parallel()
	data := pkcs8(t, newKey(t))
	plain := Protection{InsecurePlain: true}
	for _, mode := range []os.FileMode{0o600, 0o400, 0o700} {
		if _, err := Load(put(t, "a.key", data, mode), plain); err != nil {
			t.Errorf("%04o: %v", mode, err)
		}
	}
	for _, mode := range []os.FileMode{0o601, 0o602, 0o604, 0o610, 0o620, 0o640, 0o666} {
		path := put(t, "a.key", data, mode)
		_, err := Load(path, plain)
		want := fmt.Sprintf("keyfile: others can reach the key: %s has mode %04o; run: chmod 600 %s", path, mode, path)
		if !errors.Is(err, ErrPermissions) || err.Error() != want {
			t.Errorf("%04o: %v", mode, err)
		}
	}
}

func TestFolderThatAnybodyMayChangeIsRefused(t *testing.T) {
	t.Parallel()
	plain := Protection{InsecurePlain: true}
	path := put(t, "a.key", pkcs8(t, newKey(t)), 0o600)
	dir := filepath.Dir(path)
	for mode, good := range map[os.FileMode]bool{0o700: true, 0o755: true, 0o775: true, 0o702: false, 0o777: false, 0o777 | os.ModeSticky: false} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		_, loadErr := Load(path, plain)
		saveErr := Save(filepath.Join(dir, fmt.Sprintf("m%o.key", mode)), newKey(t), plain)
		for _, err := range []error{loadErr, saveErr} {
			if good && err != nil || !good && !errors.Is(err, ErrPermissions) {
				t.Errorf("%v: %v", mode, err)
			}
		}
		if !good && !strings.Contains(loadErr.Error(), "run: chmod o-w "+dir) {
			t.Errorf("%v does not say what to do", loadErr)
		}
	}
}

func TestPlacesThatHoldNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plain := Protection{InsecurePlain: true}
	pipe := filepath.Join(dir, "pipe.key")
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "dir.key"), 0o700), syscall.Mkfifo(pipe, 0o600)); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]error{
		"dir.key": ErrMalformed, "pipe.key": ErrMalformed, "none.key": fs.ErrNotExist, "none/a.key": fs.ErrNotExist,
	} {
		if _, err := Load(filepath.Join(dir, name), plain); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	if err := Save(filepath.Join(dir, "none", "a.key"), newKey(t), plain); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("save into no folder: %v", err)
	}
}
