package main

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/cyberbadge/cyberbadge/internal/keyfile"
)

func TestRSAFolder_TheKeyThatWasMadeLastSigns(t *testing.T) {
	t.Parallel()
	folder := newRSAFolder(keyFolder{t.TempDir(), keyfile.Protection{InsecurePlain: true}})
	if keys, err := folder.RSAKeys(); err != nil || len(keys) != 0 {
		t.Fatalf("%v %v", keys, err)
	}
	var last any
	for made := 1; made <= 3; made++ {
		if err := folder.MakeRSAKey(); err != nil {
			t.Fatal(err)
		}
		keys, err := folder.RSAKeys()
		if err != nil || len(keys) != made {
			t.Fatalf("%d keys, %v", len(keys), err)
		}
		if made > 1 && (keys[0] == last || keys[1] != last) {
			t.Errorf("after key %d the first is not the newest", made)
		}
		last = keys[0]
	}
	if err := writeNew(filepath.Join(folder.path, "signal-rs256-old.key"), "x", 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := folder.RSAKeys(); !errors.Is(err, errRSAName) {
		t.Errorf("with a file of another name: %v", err)
	}
}

func TestRSANumber_TakesTheNamesThatAreMade(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int{
		"signal-rs256.key": 1, "signal-rs256.key.age": 1, "signal-rs256-2.key": 2, "signal-rs256-10.key.age": 10,
		"signal-rs256-1.key": 0, "signal-rs256-02.key": 0, "signal-rs256x.key": 0, "signal-rs256-.key": 0,
	} {
		if got, err := rsaNumber(name); got != want || (err == nil) != (want > 0) {
			t.Errorf("%s: %d, %v", name, got, err)
		}
	}
}
