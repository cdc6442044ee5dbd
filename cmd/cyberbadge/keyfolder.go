package main

import (
	"crypto"
	"crypto/ecdsa"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/internal/keyfile"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// keyNames begin the names of key files. Those that follow the first for a purpose
// are numbered: badge, badge-2, badge-3.
var keyNames = map[store.KeyPurpose]string{
	store.ForBadges:  "badge",
	store.ForLists:   "lists",
	store.ForRoot:    "root",
	store.ForSignals: "signal",
}

// maxKeyFiles is how many keys for one purpose a folder holds: more than a century
// of rotating them every month.
const maxKeyFiles = 1500

// keyFolder is where an issuer's private keys lie. It implements
// issuer.PrivateKeys.
type keyFolder struct {
	path       string
	protection keyfile.Protection
}

// MakeKey makes the next key for a purpose.
func (f keyFolder) MakeKey(purpose store.KeyPurpose) (*ecdsa.PublicKey, error) {
	base, err := f.free(keyNames[purpose])
	if err != nil {
		return nil, err
	}
	ending := encryptedEnding
	if f.protection.InsecurePlain {
		ending = plainEnding
	}
	if _, err := makeKey(base+ending, f.protection); err != nil {
		return nil, err
	}
	return readJWK(base + publicEnding)
}

// free returns a path, without its ending, at which no key lies.
func (f keyFolder) free(name string) (string, error) {
	for n := 1; n <= maxKeyFiles; n++ {
		base := filepath.Join(f.path, name)
		if n > 1 {
			base = fmt.Sprintf("%s-%d", base, n)
		}
		if !exists(base+publicEnding) && !exists(base+encryptedEnding) && !exists(base+plainEnding) {
			return base, nil
		}
	}
	return "", fmt.Errorf("%s holds %d keys with the name %s; move old ones away", f.path, maxKeyFiles, name)
}

// Key finds a key by its id, which the public halves tell.
func (f keyFolder) Key(id string) (crypto.Signer, error) {
	files, err := f.list()
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if file.ID == id {
			return openKey(f.path, filepath.Base(file.base), f.protection)
		}
	}
	return nil, fmt.Errorf("no file in %s has it: bring back the key and the %s file beside it: %w", f.path, publicEnding, fs.ErrNotExist)
}

// first returns the first key for a purpose, or nil if it is not there any more.
func (f keyFolder) first(purpose store.KeyPurpose) (crypto.Signer, error) {
	if !exists(filepath.Join(f.path, keyNames[purpose]+publicEnding)) {
		return nil, nil
	}
	return openKey(f.path, keyNames[purpose], f.protection)
}

// rootPublic is the public half of the root key, which stays when the private one
// is taken away; nil if there is none.
func (f keyFolder) rootPublic() (*ecdsa.PublicKey, error) {
	path := filepath.Join(f.path, keyNames[store.ForRoot]+publicEnding)
	if !exists(path) {
		return nil, nil
	}
	return readJWK(path)
}

// keyAt is a key in a folder.
type keyAt struct {
	ID        string
	base      string // the path without its ending
	private   string // the path of the private half; empty if it is not there
	encrypted bool
}

// list finds every key by its public half.
func (f keyFolder) list() ([]keyAt, error) {
	files, err := filepath.Glob(filepath.Join(f.path, "*"+publicEnding))
	if err != nil {
		return nil, err
	}
	keys := make([]keyAt, 0, len(files))
	for _, public := range files {
		key, err := readJWK(public)
		if err != nil {
			return nil, err
		}
		found := keyAt{base: strings.TrimSuffix(public, publicEnding)}
		if found.ID, err = credential.KeyID(key); err != nil {
			return nil, err
		}
		switch {
		case exists(found.base + encryptedEnding):
			found.private, found.encrypted = found.base+encryptedEnding, true
		case exists(found.base + plainEnding):
			found.private = found.base + plainEnding
		}
		keys = append(keys, found)
	}
	return keys, nil
}

// lazyKey is a signer that decrypts its key when it first signs: most commands
// sign nothing, and decrypting is made slow on purpose.
type lazyKey struct {
	public *ecdsa.PublicKey
	load   func() (crypto.Signer, error)
}

// openKey finds the key of that name in a folder, in either protection.
func openKey(folder, name string, protection keyfile.Protection) (*lazyKey, error) {
	path := filepath.Join(folder, name) + encryptedEnding
	if _, err := os.Stat(path); err != nil {
		path = filepath.Join(folder, name) + plainEnding
	}
	return openKeyFile(path, protection)
}

// openKeyFile finds the key in a file that may lie anywhere, with its public half
// beside it.
func openKeyFile(path string, protection keyfile.Protection) (*lazyKey, error) {
	public, err := readJWK(publicPath(path))
	if err != nil {
		return nil, err
	}
	return newLazyKey(path, public, publicPath(path), protection), nil
}

// newLazyKey is the key at path, once it turns out to be the private half of one
// that is known from somewhere.
func newLazyKey(path string, public *ecdsa.PublicKey, known string, protection keyfile.Protection) *lazyKey {
	return &lazyKey{public, sync.OnceValues(func() (crypto.Signer, error) {
		key, err := keyfile.Load(path, protection)
		if err != nil {
			return nil, err
		}
		if !public.Equal(key.Public()) {
			return nil, fmt.Errorf("%s is not the private half of %s", path, known)
		}
		return key, nil
	})}
}

// openRootKey finds the root key: in the file that is named, which may lie on
// another medium, or in the issuer's folder. It signs only if it is the private half
// of the one in the folder, which customers pinned.
func (f *issuerFolder) openRootKey(path string) (*lazyKey, error) {
	folder := f.keys()
	pinned, err := folder.rootPublic()
	if err != nil {
		return nil, misuseError{err}
	}
	if pinned == nil {
		return nil, misuse("%s has no root key; make one with: cyberbadge keys generate --out %s", f.path,
			filepath.Join(folder.path, keyNames[store.ForRoot]+encryptedEnding))
	}
	if path == "" {
		path = filepath.Join(folder.path, keyNames[store.ForRoot]+encryptedEnding)
		if folder.protection.InsecurePlain {
			path = strings.TrimSuffix(path, encryptedEnding) + plainEnding
		}
	}
	if !exists(path) {
		return nil, misuse("the root key is not at %s: bring the medium that it is kept on, and name its file", path)
	}
	return newLazyKey(path, pinned, filepath.Join(folder.path, keyNames[store.ForRoot]+publicEnding), folder.protection), nil
}

// Public implements crypto.Signer.
func (k *lazyKey) Public() crypto.PublicKey { return k.public }

// Sign implements crypto.Signer.
func (k *lazyKey) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	key, err := k.load()
	if err != nil {
		return nil, err
	}
	return key.Sign(random, digest, opts)
}

// Unlock reads the key now: a server must not find out at its first caller that it
// can't sign.
func (k *lazyKey) Unlock() error {
	if _, err := k.load(); err != nil {
		return misuseError{err}
	}
	return nil
}
