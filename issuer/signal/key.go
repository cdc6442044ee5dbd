package signal

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"

	"github.com/cyberbadge/cyberbadge/internal/jose"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// MinRSABits is how long an RSA key is at least (CAEP Interoperability Profile,
// section 2.6).
const MinRSABits = 2048

// Keys sign SETs with ES256. An issuer.Program has them.
type Keys interface {
	// EnsureSignalKey makes the first key for signals where there is none.
	EnsureSignalKey(ctx context.Context, by string) error
	// SigningKey returns the key that signs now for a purpose.
	SigningKey(purpose store.KeyPurpose) (id string, key crypto.Signer, err error)
	// PublicKeys returns the keys for a purpose as JWKs.
	PublicKeys(purpose store.KeyPurpose) []json.RawMessage
}

// RSAKeys sign SETs with RS256, for receivers that take nothing else. It is safe for
// concurrent use.
type RSAKeys interface {
	// RSAKeys returns every key, the one that signs first; none before MakeRSAKey.
	RSAKeys() ([]crypto.Signer, error)
	// MakeRSAKey makes a key that signs from now on.
	MakeRSAKey() error
}

// ErrNoRSAKey is the answer where RS256 is asked for and no key signs it.
var ErrNoRSAKey = errors.New("there is no RSA key for signals")

// KeySet is a JSON Web Key Set.
type KeySet struct {
	Keys []json.RawMessage `json:"keys"`
}

// KeySet returns every key with which a SET may be signed.
func (d *Desk) KeySet() (KeySet, error) {
	set := KeySet{d.cfg.Keys.PublicKeys(store.ForSignals)}
	if d.cfg.RSA == nil {
		return set, nil
	}
	all, err := d.cfg.RSA.RSAKeys()
	if err != nil {
		return KeySet{}, fmt.Errorf("signal: %w", err)
	}
	for _, key := range all {
		jwk, err := newRSAKey(key)
		if err != nil {
			return KeySet{}, fmt.Errorf("signal: %w", err)
		}
		text, err := json.Marshal(jwk)
		if err != nil {
			return KeySet{}, err
		}
		set.Keys = append(set.Keys, text)
	}
	return set, nil
}

// Unlock opens every key that signs: a server must not find out at its first event
// that it can't.
func (d *Desk) Unlock() error {
	_, err := d.KeySet()
	return err
}

// makeKey makes the first key that a receiver's signatures need, if it is missing.
func (d *Desk) makeKey(ctx context.Context, algorithm store.SignalAlgorithm, by string) error {
	if algorithm == store.SignalES256 {
		return d.cfg.Keys.EnsureSignalKey(ctx, by)
	}
	if d.cfg.RSA == nil {
		return invalid("this issuer has no place for RSA keys; register the receiver for %s", store.SignalES256)
	}
	all, err := d.cfg.RSA.RSAKeys()
	if err != nil || len(all) > 0 {
		return err
	}
	return d.cfg.RSA.MakeRSAKey()
}

// RotateRSAKey makes another RSA key, which signs from now on. Receivers fetch it when
// they meet a kid that they do not know; the keys before stay published until they are
// taken away.
func (d *Desk) RotateRSAKey() error {
	if d.cfg.RSA == nil {
		return invalid("this issuer has no place for RSA keys")
	}
	return d.cfg.RSA.MakeRSAKey()
}

func (d *Desk) sign(algorithm store.SignalAlgorithm, payload []byte) (string, error) {
	if algorithm == store.SignalRS256 {
		return d.signRS256(payload)
	}
	id, key, err := d.cfg.Keys.SigningKey(store.ForSignals)
	if err != nil {
		return "", err
	}
	header, err := jose.MarshalHeader(mediaType, jose.Header{KeyID: id})
	if err != nil {
		return "", err
	}
	return jose.Sign(key, header, payload)
}

func (d *Desk) signRS256(payload []byte) (string, error) {
	if d.cfg.RSA == nil {
		return "", ErrNoRSAKey
	}
	all, err := d.cfg.RSA.RSAKeys()
	if err != nil {
		return "", err
	}
	if len(all) == 0 {
		return "", ErrNoRSAKey
	}
	jwk, err := newRSAKey(all[0])
	if err != nil {
		return "", err
	}
	header, err := json.Marshal(map[string]string{"alg": jwk.Algorithm, "kid": jwk.ID, "typ": mediaType})
	if err != nil {
		return "", err
	}
	input := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(payload)
	sum := sha256.Sum256([]byte(input))
	// PKCS #1 v1.5, which a crypto.Signer of RSA makes without PSS options.
	signature, err := all[0].Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return "", err
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// rsaKey is a public RSA key as a JWK (RFC 7518, section 6.3).
type rsaKey struct {
	Algorithm string `json:"alg"`
	Exponent  string `json:"e"`
	ID        string `json:"kid"`
	Type      string `json:"kty"`
	Modulus   string `json:"n"`
	Use       string `json:"use"`
}

func newRSAKey(key crypto.Signer) (rsaKey, error) {
	public, ok := key.Public().(*rsa.PublicKey)
	if !ok || public.N.BitLen() < MinRSABits {
		return rsaKey{}, fmt.Errorf("not an RSA key of at least %d bits", MinRSABits)
	}
	k := rsaKey{
		Algorithm: "RS256", Type: "RSA", Use: "sig",
		Exponent: base64.RawURLEncoding.EncodeToString(big.NewInt(int64(public.E)).Bytes()),
		Modulus:  base64.RawURLEncoding.EncodeToString(public.N.Bytes()),
	}
	// The thumbprint (RFC 7638), in which members stand in the order of their names.
	sum := sha256.Sum256([]byte(`{"e":"` + k.Exponent + `","kty":"RSA","n":"` + k.Modulus + `"}`))
	k.ID = base64.RawURLEncoding.EncodeToString(sum[:])
	return k, nil
}
