//go:build !js

package jose

import (
	"crypto"
	"crypto/ecdsa"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// signES256 returns r and s, each 32 bytes, over the SHA-256 of input.
func signES256(signer crypto.Signer, input []byte) ([]byte, error) {
	es256, err := jws.NewSigner(jwa.ES256)
	if err != nil {
		return nil, err
	}
	return es256.Sign(input, checkedSigner{signer})
}

func verifyES256(key *ecdsa.PublicKey, input, signature []byte) bool {
	es256, err := jws.NewVerifier(jwa.ES256)
	if err != nil {
		return false
	}
	return es256.Verify(input, signature, key) == nil
}
