package issuertest

import (
	"crypto"
	"crypto/ecdsa"
	"fmt"
	"io/fs"
	"sync"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// Keys makes private keys that everybody knows, and keeps them in memory: the first
// is credentialtest.NewKey("badge 0") if it is for badges, the next ends in 1,
// whatever it is for.
type Keys struct {
	mu   sync.Mutex
	made int
	keys map[string]credentialtest.Key
}

var _ issuer.PrivateKeys = (*Keys)(nil)

// NewKeys has made none.
func NewKeys() *Keys { return &Keys{keys: make(map[string]credentialtest.Key)} }

// MakeKey implements issuer.PrivateKeys.
func (k *Keys) MakeKey(purpose store.KeyPurpose) (*ecdsa.PublicKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	key := credentialtest.NewKey(fmt.Sprintf("%s %d", purpose, k.made))
	k.made++
	k.keys[key.KeyID()] = key
	return key.PublicKey(), nil
}

// Key implements issuer.PrivateKeys.
func (k *Keys) Key(id string) (crypto.Signer, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if key, found := k.keys[id]; found {
		return key, nil
	}
	return nil, fs.ErrNotExist
}

// Lose has a key not be found any more.
func (k *Keys) Lose(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.keys, id)
}
