package main

import (
	"bytes"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/internal/config"
	"github.com/cyberbadge/cyberbadge/internal/keyfile"
)

// makeKey writes a new key and its public half, and returns its id.
func makeKey(path string, protection keyfile.Protection) (id string, err error) {
	// The public half of another key may lie there: of one with the other
	// ending, or of one that is kept elsewhere.
	if exists(publicPath(path)) {
		return "", fmt.Errorf("%w: %s; keys are never overwritten, choose another name", keyfile.ErrExists, publicPath(path))
	}
	key, err := keyfile.Generate()
	if err != nil {
		return "", err
	}
	if err := keyfile.Save(path, key, protection); err != nil {
		return "", err
	}
	if id, err = credential.KeyID(&key.PublicKey); err != nil {
		return "", err
	}
	jwk, err := keyfile.PublicJWK(&key.PublicKey, id)
	if err != nil {
		return "", err
	}
	return id, writeNew(publicPath(path), string(jwk)+"\n", 0o644)
}

// explainKey adds to what is wrong with a key what the command line can do
// about it.
func explainKey(err error) error {
	switch {
	case errors.Is(err, keyfile.ErrPlainNotAllowed):
		return misuse("%w, or give --insecure-plain for a key that protects nothing", err)
	case errors.Is(err, keyfile.ErrName):
		return misuse("%w, or in .key for one that is not encrypted", err)
	case errors.Is(err, keyfile.ErrPassphrase):
		return misuse("%w; give the file with the right one as --passphrase-file", err)
	case errors.Is(err, keyfile.ErrExists), errors.Is(err, keyfile.ErrPermissions),
		errors.Is(err, keyfile.ErrMalformed), errors.Is(err, fs.ErrNotExist):
		return misuseError{err}
	}
	return err
}

func publicPath(path string) string {
	return strings.TrimSuffix(strings.TrimSuffix(path, encryptedEnding), plainEnding) + publicEnding
}

func readJWK(path string) (*ecdsa.PublicKey, error) {
	text, err := readBounded(path, keyfile.MaxFileSize)
	if err != nil {
		return nil, err
	}
	key, err := credential.ParseJWK(text)
	if err != nil {
		return nil, fmt.Errorf("%s is not a public key: %w; give the file that ends in %s", path, err, publicEnding)
	}
	return key, nil
}

// passphraseFrom reads a passphrase when it is asked for, less the one line
// break that an editor leaves at the end: as the configuration reads it, or a
// key could be locked with one passphrase and opened with another.
func passphraseFrom(path string) func() ([]byte, error) {
	if path == "" {
		return nil
	}
	return func() ([]byte, error) {
		text, err := readPrivate(path, config.MaxSecretSize)
		text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
		return text, err
	}
}

// readPrivate reads a file that nobody else can read. What is not a regular
// file, such as a pipe from a secret store, has no mode that would say.
func readPrivate(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
		return nil, misuse("others can read %s: it has mode %04o; run: chmod 600 %s", path, info.Mode().Perm(), path)
	}
	return readBounded(path, limit)
}

func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("%s is larger than %d bytes", path, limit)
	}
	return text, err
}
