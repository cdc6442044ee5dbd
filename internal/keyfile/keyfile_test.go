package keyfile

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fast is a work factor for tests: the file says which one it has.
const fast = 4

const passphrase = "correct horse"

func with(passphrase string) Protection {
	return Protection{Passphrase: func() ([]byte, error) { return []byte(passphrase), nil }}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// put writes a file as an attacker or a careless operator would.
func put(t *testing.T, name string, data []byte, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func pkcs8(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func assertSigns(t *testing.T, signer crypto.Signer, key *ecdsa.PrivateKey) {
	t.Helper()
	digest := sha256.Sum256([]byte("badge"))
	signature, err := signer.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	if !ecdsa.VerifyASN1(&key.PublicKey, digest[:], signature) || !key.PublicKey.Equal(signer.Public()) {
		t.Error("another key was read than was written")
	}
}

func TestKeyComesBackAsItWasSaved(t *testing.T) {
	t.Parallel()
	for name, protection := range map[string]Protection{
		"badge.key.age": with(passphrase),
		"badge.key":     {InsecurePlain: true},
	} {
		key, dir := newKey(t), t.TempDir()
		path := filepath.Join(dir, name)
		if err := save(path, key, protection, fast); err != nil {
			t.Fatal(err)
		}
		signer, err := Load(path, protection)
		if err != nil {
			t.Fatal(err)
		}
		assertSigns(t, signer, key)

		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 || len(entries) != 1 {
			t.Errorf("%s: mode %04o, %d files in the folder", name, info.Mode().Perm(), len(entries))
		}
	}
}

func TestPassphrases(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	path := filepath.Join(t.TempDir(), "badge.key.age")
	shortest := strings.Repeat("x", MinPassphrase)
	if err := save(path, key, with(shortest[1:]), fast); !errors.Is(err, ErrPassphrase) {
		t.Errorf("too short: %v", err)
	}
	if err := save(path, key, Protection{}, fast); !errors.Is(err, ErrPassphrase) {
		t.Errorf("none: %v", err)
	}
	noTerminal := errors.New("no terminal")
	failing := Protection{Passphrase: func() ([]byte, error) { return nil, noTerminal }}
	if err := save(path, key, failing, fast); !errors.Is(err, noTerminal) {
		t.Errorf("cannot be asked for: %v", err)
	}
	if err := save(path, key, with(shortest), fast); err != nil {
		t.Errorf("shortest: %v", err)
	}
	for name, protection := range map[string]Protection{
		"wrong": with(shortest + "x"), "empty": with(""), "none": {}, "plain": {InsecurePlain: true},
	} {
		if _, err := Load(path, protection); !errors.Is(err, ErrPassphrase) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Load(path, failing); !errors.Is(err, noTerminal) {
		t.Errorf("cannot be asked for: %v", err)
	}
}

func TestNameDecidesOnProtection(t *testing.T) {
	t.Parallel()
	dir, key := t.TempDir(), newKey(t)
	both := with(passphrase)
	both.InsecurePlain = true
	cases := []struct {
		name       string
		protection Protection
		want       error
	}{
		{"a.key", with(passphrase), ErrPlainNotAllowed},
		{"a.key", Protection{}, ErrPlainNotAllowed},
		{"a.pem", both, ErrName},
		{"a.age", both, ErrName},
		{"a.key.age.bak", both, ErrName},
		{"", both, ErrName},
	}
	for _, c := range cases {
		path := filepath.Join(dir, c.name)
		if err := save(path, key, c.protection, fast); !errors.Is(err, c.want) {
			t.Errorf("save %q: %v, want %v", c.name, err, c.want)
		}
		if _, err := Load(path, c.protection); !errors.Is(err, c.want) {
			t.Errorf("load %q: %v, want %v", c.name, err, c.want)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("%d files were left", len(entries))
	}
	// With both ways open the name still says whether the key is encrypted.
	path := filepath.Join(dir, "a.key.age")
	if err := save(path, key, both, fast); err != nil {
		t.Fatal(err)
	}
	if data, _ := os.ReadFile(path); bytes.Contains(data, []byte("PRIVATE KEY")) {
		t.Error("a .key.age file is not encrypted")
	}
}

func TestSaveRefusesOtherKeys(t *testing.T) {
	t.Parallel()
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	for _, key := range []*ecdsa.PrivateKey{nil, {}, p384} {
		if err := Save(filepath.Join(t.TempDir(), "a.key"), key, Protection{InsecurePlain: true}); !errors.Is(err, ErrUnsupportedKey) {
			t.Errorf("%v", err)
		}
	}
}

func TestSignerDoesNotPrintTheKey(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	signer, err := Load(put(t, "a.key", pkcs8(t, key), 0o600), Protection{InsecurePlain: true})
	if err != nil {
		t.Fatal(err)
	}
	private, err := key.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	number := new(big.Int).SetBytes(private).String() // as fmt prints it
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		fmt.Fprintf(&out, verb, signer)
		fmt.Fprintf(&out, verb, struct{ S crypto.Signer }{signer})
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "signer", signer)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "signer", signer)
	for _, shape := range []string{number, fmt.Sprintf("%x", private)} {
		if strings.Contains(out.String(), shape) {
			t.Errorf("the key is in %s", out.String())
		}
	}
}
