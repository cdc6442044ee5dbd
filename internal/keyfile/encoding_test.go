package keyfile

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
)

func TestSaveUsesTheWorkFactorThatIsPromised(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes a second, and several with the race detector")
	}
	path := filepath.Join(t.TempDir(), "badge.key.age")
	if err := Save(path, newKey(t), with(passphrase)); err != nil {
		t.Fatal(err)
	}
	if got := workFactorOf(t, path); got != "18" {
		t.Errorf("work factor %s, want 18", got)
	}
}

// workFactorOf reads the last word of "-> scrypt <salt> <factor>".
func workFactorOf(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(data)
	line := strings.Split(string(block.Bytes), "\n")[1]
	words := strings.Fields(line)
	return words[len(words)-1]
}

func TestWorkFactorAtItsBound(t *testing.T) {
	t.Parallel()
	sealed, err := encrypt([]byte("key"), []byte(passphrase), fast)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := decrypt(sealed, []byte(passphrase), fast); err != nil {
		t.Errorf("at the bound: %v", err)
	}
	if _, err := decrypt(sealed, []byte(passphrase), fast-1); !errors.Is(err, ErrMalformed) {
		t.Errorf("one over: %v", err)
	}
	// Refused before any work is done: 2^21 would take 2 GiB.
	file := fmt.Sprintf("age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA %d\n%s\n--- %s\n%s",
		maxWorkFactor+1, strings.Repeat("A", 43), strings.Repeat("A", 43), strings.Repeat("x", 32))
	_, err = Load(put(t, "a.key.age", []byte(file), 0o600), with(passphrase))
	if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "scrypt work factor too large: 21") {
		t.Errorf("one over what Load takes: %v", err)
	}
}

func TestBinaryFilesOfTheAgeCommandAreRead(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	recipient, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	recipient.SetWorkFactor(fast)
	var out bytes.Buffer
	w, err := age.Encrypt(&out, recipient)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(pkcs8(t, key)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	signer, err := Load(put(t, "badge.key.age", out.Bytes(), 0o600), with(passphrase))
	if err != nil {
		t.Fatal(err)
	}
	assertSigns(t, signer, key)
}

func TestFilesThatHoldNoKey(t *testing.T) {
	t.Parallel()
	good := pkcs8(t, newKey(t))
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	rsaKey, _ := rsa.GenerateKey(rand.Reader, 2048)
	_, edKey, _ := ed25519.GenerateKey(rand.Reader)
	sec1, _ := x509.MarshalECPrivateKey(newKey(t))
	block := func(kind string, data []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}) }
	padded := func(size int) []byte { return append(bytes.Clone(good), bytes.Repeat([]byte("\n"), size-len(good))...) }
	cases := []struct {
		name string
		data []byte
		want error
		text string
	}{
		{"good", good, nil, ""},
		{"at the size bound", padded(MaxFileSize), nil, ""},
		{"over the size bound", padded(MaxFileSize + 1), ErrMalformed, "larger than 16384 bytes"},
		{"empty", nil, ErrMalformed, "no PEM block"},
		{"text", []byte("hello"), ErrMalformed, "no PEM block"},
		{"text before", append([]byte("hello\n"), good...), ErrMalformed, "more in it than one PEM block"},
		{"two keys", append(bytes.Clone(good), good...), ErrMalformed, "more in it than one PEM block"},
		{"SEC 1", block("EC PRIVATE KEY", sec1), ErrMalformed, "openssl pkcs8 -topk8 -nocrypt"},
		{"encrypted PKCS#8", block("ENCRYPTED PRIVATE KEY", sec1), ErrMalformed, "openssl pkcs8 -topk8 -nocrypt"},
		{"certificate", block("CERTIFICATE", sec1), ErrMalformed, `a block "CERTIFICATE" is not a private key`},
		{"not PKCS#8", block("PRIVATE KEY", sec1), ErrMalformed, "the block is not PKCS#8"},
		{"PEM headers", bytes.Replace(good, []byte("KEY-----\n"), []byte("KEY-----\nProc-Type: x\n\n"), 1), ErrMalformed, "not a private key"},
		{"P-384", pkcs8(t, p384), ErrUnsupportedKey, ""},
		{"RSA", pkcs8(t, rsaKey), ErrUnsupportedKey, ""},
		{"Ed25519", pkcs8(t, edKey), ErrUnsupportedKey, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			signer, err := Load(put(t, "a.key", c.data, 0o600), Protection{InsecurePlain: true})
			if !errors.Is(err, c.want) || c.want != nil && !strings.Contains(err.Error(), c.text) {
				t.Errorf("%v, want %v with %q", err, c.want, c.text)
			}
			if (signer == nil) != (c.want != nil) {
				t.Errorf("signer %v beside error %v", signer, err)
			}
		})
	}
}

func TestEveryChangedByteOfAnEncryptedKeyIsNoticed(t *testing.T) {
	t.Parallel()
	key := pkcs8(t, newKey(t))
	data, err := encrypt(key, []byte(passphrase), fast)
	if err != nil {
		t.Fatal(err)
	}
	data = bytes.TrimSpace(data)
	for i := range data {
		changed := bytes.Clone(data)
		changed[i] ^= 0x01
		if got, err := decrypt(changed, []byte(passphrase), fast+1); err == nil {
			t.Errorf("byte %d changed from %q to %q went unnoticed: %q", i, data[i], changed[i], got)
		}
		if _, err := decrypt(data[:i], []byte(passphrase), fast); !errors.Is(err, ErrMalformed) {
			t.Errorf("cut to %d bytes: %v", i, err)
		}
	}
}
