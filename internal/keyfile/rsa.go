package keyfile

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// RSABits is how long a new RSA key is, and how long one must be.
const RSABits = 2048

// ErrNotRSA means that the file holds another key.
var ErrNotRSA = errors.New("keyfile: not an RSA key of at least 2048 bits")

// SaveNewRSA makes an RSA key and writes it to a new file, as [Save] does. RSA keys
// sign security events for other people's systems that take nothing else, and nothing
// of ours.
func SaveNewRSA(path string, protection Protection) error {
	return saveText(path, newRSA, protection, workFactor)
}

func newRSA() ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, RSABits)
	if err != nil {
		return nil, fmt.Errorf("keyfile: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("keyfile: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: blockType, Bytes: der}), nil
}

// LoadRSA reads the RSA key at path; see [Load].
func LoadRSA(path string, protection Protection) (crypto.Signer, error) {
	data, err := loadText(path, protection)
	if err != nil {
		return nil, err
	}
	parsed, err := decodeBlock(data)
	if err != nil {
		return nil, fmt.Errorf("%w (%s)", err, path)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok || key.N.BitLen() < RSABits {
		return nil, fmt.Errorf("%w (%s)", ErrNotRSA, path)
	}
	return &signer{key, "RSA"}, nil
}
