package signal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
)

// sealer keeps the Authorization headers of receivers from whoever reads the
// database: they are credentials of other people's systems.
type sealer struct{ cipher.AEAD }

func newSealer(secret []byte) (sealer, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "cyberbadge signal authorization 1", 32)
	if err != nil {
		return sealer{}, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return sealer{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return sealer{aead}, err
}

// seal binds a header to its stream; nil for none.
func (s sealer) seal(streamID, header string) []byte {
	if header == "" {
		return nil
	}
	return s.Seal(nil, nil, []byte(header), []byte(streamID))
}

func (s sealer) open(streamID string, sealed []byte) (string, error) {
	if len(sealed) == 0 {
		return "", nil
	}
	header, err := s.Open(nil, nil, sealed, []byte(streamID))
	if err != nil {
		return "", fmt.Errorf("signal: the authorization of stream %s can't be opened: it was sealed with another subject key", streamID)
	}
	return string(header), nil
}
