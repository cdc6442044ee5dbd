//go:build js

package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"math/big"
)

// signES256 returns r and s, each 32 bytes, over the SHA-256 of input.
func signES256(signer crypto.Signer, input []byte) ([]byte, error) {
	digest := sha256.Sum256(input)
	der, err := signer.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	r, s, err := unpack(der)
	if err != nil {
		return nil, err
	}
	signature := make([]byte, signatureSize)
	r.FillBytes(signature[:signatureSize/2])
	s.FillBytes(signature[signatureSize/2:])
	return signature, nil
}

func verifyES256(key *ecdsa.PublicKey, input, signature []byte) bool {
	digest := sha256.Sum256(input)
	r := new(big.Int).SetBytes(signature[:signatureSize/2])
	s := new(big.Int).SetBytes(signature[signatureSize/2:])
	return ecdsa.Verify(key, digest[:], r, s)
}
