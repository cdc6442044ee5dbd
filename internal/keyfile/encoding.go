package keyfile

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
	"filippo.io/age/armor"
)

const (
	// workFactor is the logarithm of scrypt's cost: 2^18 takes about a second and
	// 256 MiB, for us once at start and for an attacker at each guess.
	workFactor = 18
	// maxWorkFactor keeps a prepared file from taking more memory than there is:
	// 2^20 takes 1 GiB.
	maxWorkFactor = 20
	// MinPassphrase is how short a passphrase for a new key may be, in bytes.
	MinPassphrase = 12
)

const blockType = "PRIVATE KEY" // PKCS#8 (RFC 5958)

func encode(key *ecdsa.PrivateKey) ([]byte, error) {
	if key == nil || key.Curve != elliptic.P256() {
		return nil, ErrUnsupportedKey
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsupportedKey, err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: blockType, Bytes: der}), nil
}

// decode reads a P-256 key.
func decode(data []byte) (*ecdsa.PrivateKey, error) {
	parsed, err := decodeBlock(data)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, ErrUnsupportedKey
	}
	return key, nil
}

// decodeBlock reads exactly one PKCS#8 block and nothing else, so that a file means
// one key.
func decodeBlock(data []byte) (any, error) {
	block, rest := pem.Decode(data)
	switch {
	case block == nil:
		return nil, fmt.Errorf("%w: there is no PEM block in it", ErrMalformed)
	case !bytes.HasPrefix(data, []byte("-----BEGIN ")), len(bytes.TrimSpace(rest)) > 0:
		return nil, fmt.Errorf("%w: there is more in it than one PEM block", ErrMalformed)
	case block.Type == "EC PRIVATE KEY", block.Type == "ENCRYPTED PRIVATE KEY":
		return nil, fmt.Errorf("%w: a block %q; convert it with: openssl pkcs8 -topk8 -nocrypt", ErrMalformed, block.Type)
	case block.Type != blockType, len(block.Headers) > 0:
		return nil, fmt.Errorf("%w: a block %.40q is not a private key", ErrMalformed, block.Type)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		// Not the library's text: it could quote the key.
		return nil, fmt.Errorf("%w: the block is not PKCS#8", ErrMalformed)
	}
	return parsed, nil
}

func encrypt(data, passphrase []byte, workFactor int) ([]byte, error) {
	if len(passphrase) < MinPassphrase {
		return nil, fmt.Errorf("%w: it has %d bytes and must have at least %d", ErrPassphrase, len(passphrase), MinPassphrase)
	}
	recipient, err := age.NewScryptRecipient(string(passphrase))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPassphrase, err)
	}
	recipient.SetWorkFactor(workFactor)

	var out bytes.Buffer
	// Armored, so that a key can be printed, and typed in from paper.
	text := armor.NewWriter(&out)
	encrypted, err := age.Encrypt(text, recipient)
	if err != nil {
		return nil, fmt.Errorf("keyfile: encrypt: %w", err)
	}
	if _, err := encrypted.Write(data); err != nil {
		return nil, fmt.Errorf("keyfile: encrypt: %w", err)
	}
	if err := errors.Join(encrypted.Close(), text.Close()); err != nil {
		return nil, fmt.Errorf("keyfile: encrypt: %w", err)
	}
	return out.Bytes(), nil
}

// decrypt takes the armored form and the binary one, which the age command
// writes unless it is told otherwise.
func decrypt(data, passphrase []byte, maxWorkFactor int) ([]byte, error) {
	identity, err := age.NewScryptIdentity(string(passphrase))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPassphrase, err)
	}
	identity.SetMaxWorkFactor(maxWorkFactor)

	var in io.Reader = bytes.NewReader(data)
	if bytes.HasPrefix(data, []byte(armor.Header)) {
		in = armor.NewReader(in)
	}
	plain, err := age.Decrypt(in, identity)
	if errors.Is(err, age.ErrIncorrectIdentity) {
		return nil, fmt.Errorf("%w: it is not this key's", ErrPassphrase)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	text, err := io.ReadAll(plain)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return text, nil
}
