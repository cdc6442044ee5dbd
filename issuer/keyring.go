package issuer

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// ErrNoKey is the answer where something had to be signed and no key for it is
// active: the one that was is tainted, and no other was prepared.
var ErrNoKey = errors.New("no key is active: prepare one and activate it")

// PrivateKeys makes private keys and finds them again: a folder of files, or
// something that holds keys. It is safe for concurrent use.
type PrivateKeys interface {
	// MakeKey makes a P-256 key and returns its public half once the private one is
	// kept for good.
	MakeKey(purpose store.KeyPurpose) (*ecdsa.PublicKey, error)

	// Key returns what signs with the key of this id. It may put off what takes long
	// until the signer first signs, or its method Unlock is called if it has one.
	Key(id string) (crypto.Signer, error)
}

// signer is a key that signs.
type signer struct {
	id  string
	key crypto.Signer
}

// unlock has a key ready that takes long to be opened, or says why it can't be.
func (s signer) unlock() error {
	if locked, ok := s.key.(interface{ Unlock() error }); ok {
		return locked.Unlock()
	}
	return nil
}

// keys is what the store said of the keys at one moment. It never changes.
type keys struct {
	all    []store.Key
	active map[store.KeyPurpose]signer
	badges *credential.Issuer // with the active key for badges; nil without one
}

// keyring has the keys at hand for whoever signs, who looks at it each time and
// waits for nobody.
type keyring struct {
	program *Program
	now     atomic.Pointer[keys]

	mu     sync.Mutex // held while the keys are read anew
	opened map[string]crypto.Signer
}

func newKeyring(p *Program) *keyring {
	return &keyring{program: p, opened: make(map[string]crypto.Signer)}
}

// checkKeys looks at the first keys. Where others can be found, only the store can
// say whether there are any.
func (c *Config) checkKeys() error {
	var problems []error
	ids := make(map[string]bool)
	for _, first := range c.firstKeys() {
		key, err := newKey(first.purpose, first.public)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s key: %w", first.purpose, err))
			continue
		}
		if ids[key.ID] {
			problems = append(problems, fmt.Errorf("the %s key signs something else, too; make another", first.purpose))
		}
		ids[key.ID] = true
	}
	if c.Keys == nil {
		problems = append(problems, missing(store.ForBadges, c.BadgeKey == nil), missing(store.ForLists, c.ListKey == nil))
	}
	return errors.Join(problems...)
}

func missing(purpose store.KeyPurpose, is bool) error {
	if !is {
		return nil
	}
	return fmt.Errorf("no %s key", purpose)
}

type firstKey struct {
	purpose store.KeyPurpose
	public  *ecdsa.PublicKey
	signer  crypto.Signer // nil for the root key
}

// firstKeys are those that the configuration has.
func (c *Config) firstKeys() []firstKey {
	var list []firstKey
	for _, f := range []firstKey{{purpose: store.ForBadges, signer: c.BadgeKey}, {purpose: store.ForLists, signer: c.ListKey}} {
		if f.signer != nil {
			f.public, _ = f.signer.Public().(*ecdsa.PublicKey)
			list = append(list, f)
		}
	}
	if c.RootKey != nil {
		list = append(list, firstKey{purpose: store.ForRoot, public: c.RootKey})
	}
	return list
}

// begin has the store keep the first keys where it knows none, and reads which are
// to be used.
func (k *keyring) begin(ctx context.Context) error {
	config := &k.program.config
	var found []store.Key
	for _, first := range config.firstKeys() {
		key, err := newKey(first.purpose, first.public)
		if err != nil {
			return err
		}
		key.PreparedAt, key.By = config.Now(), Scheduler
		found = append(found, key)
		if first.signer != nil {
			k.opened[key.ID] = first.signer
		}
	}
	if err := config.Store.AdoptKeys(ctx, found); err != nil {
		return err
	}
	if err := k.read(ctx); err != nil {
		return err
	}
	is := func(purpose store.KeyPurpose) bool {
		return !slices.ContainsFunc(k.now.Load().all, func(key store.Key) bool { return key.Purpose == purpose })
	}
	return errors.Join(missing(store.ForBadges, is(store.ForBadges)), missing(store.ForLists, is(store.ForLists)))
}

func newKey(purpose store.KeyPurpose, public *ecdsa.PublicKey) (store.Key, error) {
	id, err := credential.KeyID(public)
	if err != nil {
		return store.Key{}, err
	}
	jwk, err := publicJWK(public)
	return store.Key{ID: id, Purpose: purpose, JWK: jwk}, err
}

// read takes the keys from the store. What can't be opened does not sign: the
// other keys do all the same, and the error says so.
func (k *keyring) read(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	all, err := k.program.config.Store.Keys(ctx)
	if err != nil {
		return err
	}
	next := &keys{all: all, active: make(map[store.KeyPurpose]signer)}
	var problems []error
	for _, key := range all {
		// The root key lies elsewhere, and whoever serves has no use for it.
		if key.State != store.KeyActive || key.Purpose == store.ForRoot {
			continue
		}
		opened, err := k.open(key)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		next.active[key.Purpose] = opened
	}
	if active, found := next.active[store.ForBadges]; found {
		next.badges, err = credential.NewIssuer(credential.IssuerConfig{
			URL: k.program.config.URL, Types: []string{k.program.BadgeType()}, Key: active.key, KeyID: active.id,
		})
		problems = append(problems, err)
	}
	k.now.Store(next)
	return errors.Join(problems...)
}

// open finds the private half of a key; the caller holds k.mu.
func (k *keyring) open(key store.Key) (signer, error) {
	if found := k.opened[key.ID]; found != nil {
		return signer{key.ID, found}, nil
	}
	if k.program.config.Keys == nil {
		return signer{}, fmt.Errorf("the %s key %s is active, and this program was given another", key.Purpose, key.ID)
	}
	found, err := k.program.config.Keys.Key(key.ID)
	if err != nil {
		return signer{}, fmt.Errorf("the %s key %s: %w", key.Purpose, key.ID, err)
	}
	public, _ := found.Public().(*ecdsa.PublicKey)
	if id, err := credential.KeyID(public); err != nil || id != key.ID {
		return signer{}, fmt.Errorf("the %s key %s: what was found under this id is another key", key.Purpose, key.ID)
	}
	k.opened[key.ID] = found
	return signer{key.ID, found}, nil
}

// try opens a key that is about to sign, and signs with it: what can't must not
// become active.
func (k *keyring) try(key store.Key) error {
	k.mu.Lock()
	opened, err := k.open(key)
	k.mu.Unlock()
	if err != nil {
		return err
	}
	return opened.unlock()
}

func (k *keyring) signer(purpose store.KeyPurpose) (signer, error) {
	active, found := k.now.Load().active[purpose]
	if !found {
		return signer{}, fmt.Errorf("issuer: %s key: %w", purpose, ErrNoKey)
	}
	return active, nil
}

// badges returns what signs badges now, and with which key.
func (k *keyring) badges() (*credential.Issuer, string, error) {
	now := k.now.Load()
	if now.badges == nil {
		return nil, "", fmt.Errorf("issuer: %s key: %w", store.ForBadges, ErrNoKey)
	}
	return now.badges, now.active[store.ForBadges].id, nil
}

// of returns the keys for a purpose that are in one of the states, the oldest
// first.
func (k *keyring) of(purpose store.KeyPurpose, states ...store.KeyState) []store.Key {
	var found []store.Key
	for _, key := range k.now.Load().all {
		if key.Purpose == purpose && slices.Contains(states, key.State) {
			found = append(found, key)
		}
	}
	return found
}

// published are the keys that verifiers are told of: all that may have signed
// something that is good, and those that soon will.
func (k *keyring) published(purpose store.KeyPurpose) []store.Key {
	return k.of(purpose, store.KeyPrepared, store.KeyActive, store.KeyRetired, store.KeyTainted)
}

// listSigner is what signs status lists now; while no key does, signing fails with
// [ErrNoKey].
func (p *Program) listSigner() revocation.Signer {
	active, err := p.keys.signer(store.ForLists)
	if err != nil {
		return revocation.Signer{Key: noKey{}}
	}
	return revocation.Signer{Key: active.key, KeyID: active.id}
}

// noKey stands where a key is missing.
type noKey struct{}

// Public is of the right type, so that signing is tried and fails with ErrNoKey.
func (noKey) Public() crypto.PublicKey { return &ecdsa.PublicKey{Curve: elliptic.P256()} }

// Sign implements crypto.Signer.
func (noKey) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return nil, ErrNoKey }

// SigningKey returns the key that signs now for a purpose, with its id; ask each
// time. The error is [ErrNoKey] where none does.
func (p *Program) SigningKey(purpose store.KeyPurpose) (id string, key crypto.Signer, err error) {
	active, err := p.keys.signer(purpose)
	return active.id, active.key, err
}

// UnlockKeys opens every key that signs now: a server must not find out at its
// first caller that it can't.
func (p *Program) UnlockKeys() error {
	var problems []error
	for _, active := range p.keys.now.Load().active {
		problems = append(problems, active.unlock())
	}
	return errors.Join(problems...)
}
