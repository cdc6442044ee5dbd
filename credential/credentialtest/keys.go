package credentialtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"io"

	"github.com/cyberbadge/cyberbadge/credential"
)

// Key is a P-256 key pair derived from its name, whose signatures are
// deterministic (RFC 6979), so that what it signs can be compared.
type Key struct {
	private *ecdsa.PrivateKey
}

// NewKey returns the key of that name: the same one in every run.
func NewKey(name string) Key {
	seed := sha256.Sum256([]byte("cyberbadge test key: " + name))
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), seed[:])
	if err != nil {
		panic("credentialtest: no P-256 key of that name: " + err.Error())
	}
	return Key{private}
}

// Public implements [crypto.Signer].
func (k Key) Public() crypto.PublicKey { return &k.private.PublicKey }

// PublicKey is Public with its type.
func (k Key) PublicKey() *ecdsa.PublicKey { return &k.private.PublicKey }

// Private returns the private key, for tests that write it to a file.
func (k Key) Private() *ecdsa.PrivateKey { return k.private }

// Sign implements [crypto.Signer]. It ignores the source of randomness.
func (k Key) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return k.private.Sign(nil, digest, opts)
}

// ID is the key's RFC 7638 thumbprint, which the vectors name keys by.
func (k Key) ID() string { return k.name(credential.Thumbprint) }

// KeyID is credential.KeyID, which package issuer names keys by.
func (k Key) KeyID() string { return k.name(credential.KeyID) }

func (k Key) name(of func(*ecdsa.PublicKey) (string, error)) string {
	id, err := of(k.PublicKey())
	if err != nil {
		panic("credentialtest: " + err.Error())
	}
	return id
}

// The keys that the builders use.
var (
	IssuerKey = NewKey("issuer") // signs badges
	ListKey   = NewKey("lists")  // signs status lists
	HolderKey = NewKey("holder") // on the phone
	OtherKey  = NewKey("other")  // nobody's: trusted for nothing
)
