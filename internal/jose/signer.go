package jose

import (
	"crypto"
	"encoding/asn1"
	"errors"
	"io"
	"math/big"
)

// checkedSigner refuses what a faulty or hostile key store returns in place of
// a signature: unpacking r and s of more than 32 bytes would panic.
type checkedSigner struct{ crypto.Signer }

var errSigner = errors.New("the signing key returned something other than an ES256 signature")

// Sign implements [crypto.Signer].
func (s checkedSigner) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	der, err := s.Signer.Sign(random, digest, opts)
	if err != nil {
		return nil, err
	}
	if _, _, err := unpack(der); err != nil {
		return nil, err
	}
	return der, nil
}

// unpack returns r and s of an ASN.1 signature that fit 32 bytes each.
func unpack(der []byte) (r, s *big.Int, err error) {
	var parts struct{ R, S *big.Int }
	rest, err := asn1.Unmarshal(der, &parts)
	if err != nil || len(rest) > 0 {
		return nil, nil, errSigner
	}
	for _, n := range []*big.Int{parts.R, parts.S} {
		if n.Sign() <= 0 || n.BitLen() > signatureSize/2*8 {
			return nil, nil, errSigner
		}
	}
	return parts.R, parts.S, nil
}
