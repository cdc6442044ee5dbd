package httpserver

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

type pair struct{ certFile, keyFile string }

func newPair(t *testing.T, name string) pair {
	t.Helper()
	dir := t.TempDir()
	p := pair{filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")}
	p.write(t, name, time.Unix(1_000_000, 0))
	return p
}

// write puts a new certificate of that name in place, written at that time.
func (p pair) write(t *testing.T, name string, at time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	put(t, p.certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), at)
	put(t, p.keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), at)
}

func put(t *testing.T, path string, data []byte, at time.Time) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

func TestCertificateFollowsItsFiles(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	now := time.Unix(2_000_000, 0)
	files := newPair(t, "first")
	c, err := newCertificate(files.certFile, files.keyFile, func() time.Time { return now }, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	expect := func(when, want string) {
		t.Helper()
		got, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		if got.Leaf.Subject.CommonName != want {
			t.Errorf("%s: %s, want %s", when, got.Leaf.Subject.CommonName, want)
		}
	}
	files.write(t, "second", time.Unix(1_000_001, 0))
	now = now.Add(certificateCheckEvery - time.Nanosecond)
	expect("before the next look", "first")
	now = now.Add(time.Nanosecond)
	expect("at the next look", "second")

	put(t, files.certFile, []byte("half a cert"), time.Unix(1_000_002, 0))
	now = now.Add(certificateCheckEvery)
	expect("with a file that is not readable", "second")
	if !strings.Contains(log.String(), "the changed certificate is not used") {
		t.Errorf("log %q", log.String())
	}
	files.write(t, "third", time.Unix(1_000_003, 0))
	now = now.Add(certificateCheckEvery)
	expect("after it was mended", "third")
}

func TestNewFailsWithoutItsCertificate(t *testing.T) {
	t.Parallel()
	files, other := newPair(t, "one"), newPair(t, "two")
	cases := []struct{ name, cert, key, want string }{
		{"no certificate", files.certFile + "x", files.keyFile, "httpserver: certificate: stat "},
		{"no key", files.certFile, files.keyFile + "x", "httpserver: certificate key: stat "},
		{"key of another", files.certFile, other.keyFile, "private key does not match public key"},
	}
	for _, c := range cases {
		_, err := New(Config{Addr: "127.0.0.1:0", Handler: ok(quiet()), Logger: quiet(), TLSCertFile: c.cert, TLSKeyFile: c.key})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
