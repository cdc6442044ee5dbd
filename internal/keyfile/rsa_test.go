package keyfile

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestRSA_ComesBackEncryptedAndSigns(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "signal-rs256.key.age")
	protection := Protection{Passphrase: func() ([]byte, error) { return []byte("correct horse battery"), nil }}
	if err := saveText(path, newRSA, protection, 2); err != nil {
		t.Fatal(err)
	}
	key, err := LoadRSA(path, protection)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("signed"))
	signature, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	public := key.Public().(*rsa.PublicKey)
	if public.N.BitLen() != RSABits {
		t.Errorf("the key has %d bits", public.N.BitLen())
	}
	if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], signature); err != nil {
		t.Error(err)
	}
	if got := fmt.Sprintf("%v %+v %#v", key, key, key); got != "[RSA private key] [RSA private key] [RSA private key]" {
		t.Errorf("the key is printed: %s", got)
	}
	wrong := Protection{Passphrase: func() ([]byte, error) { return []byte("another passphrase"), nil }}
	if _, err := LoadRSA(path, wrong); !errors.Is(err, ErrPassphrase) {
		t.Errorf("with another passphrase: %v", err)
	}
	if err := saveText(path, newRSA, protection, 2); !errors.Is(err, ErrExists) {
		t.Errorf("over another key: %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

func TestRSA_AndP256AreNotTakenForEachOther(t *testing.T) {
	t.Parallel()
	folder, plain := t.TempDir(), Protection{InsecurePlain: true}
	path := filepath.Join(folder, "one.key")
	key, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	if err := Save(path, key, plain); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadRSA(path, plain); !errors.Is(err, ErrNotRSA) {
		t.Errorf("a P-256 key as RSA: %v", err)
	}
	path = filepath.Join(folder, "two.key")
	if err := SaveNewRSA(path, plain); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path, plain); !errors.Is(err, ErrUnsupportedKey) {
		t.Errorf("an RSA key as P-256: %v", err)
	}
}
