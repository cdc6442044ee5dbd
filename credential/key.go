package credential

import (
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"

	"github.com/cyberbadge/cyberbadge/internal/jose"
	"github.com/cyberbadge/cyberbadge/internal/strictjson"
)

// ParseJWK reads a public P-256 key as a JSON Web Key (RFC 7517). It refuses
// other types and curves, points off the curve, private parts, and use, key_ops
// or alg that do not allow verifying ES256 signatures. The error's code is
// key_type_mismatch, or a json_ one.
func ParseJWK(text []byte) (*ecdsa.PublicKey, error) {
	v, err := strictjson.Parse(text)
	if err != nil {
		return nil, err
	}
	return jose.ParseKey(v)
}

// MarshalJWK writes a public P-256 key as {"kty","crv","x","y"}.
func MarshalJWK(key *ecdsa.PublicKey) ([]byte, error) {
	jwk, err := jose.NewJWK(key)
	if err != nil {
		return nil, err
	}
	return json.Marshal(jwk)
}

// Thumbprint is the RFC 7638 thumbprint of a P-256 key: 43 characters of
// base64url. It names keys: it is never chosen by hand.
func Thumbprint(key *ecdsa.PublicKey) (string, error) {
	jwk, err := jose.NewJWK(key)
	if err != nil {
		return "", err
	}
	return jwk.Thumbprint(), nil
}

// keyIDBytes of a thumbprint are enough for nobody to find a second key with the
// same ones, also where people compare key ids by eye.
const keyIDBytes = 16

// KeyID is what our issuers call a P-256 key (the kid in a badge): the first half
// of its RFC 7638 thumbprint, 22 characters of base64url. The whole one would cost
// a gate code 38 digits, which is a larger QR code for some people.
func KeyID(key *ecdsa.PublicKey) (string, error) {
	thumbprint, err := Thumbprint(key)
	if err != nil {
		return "", err
	}
	sum, err := base64.RawURLEncoding.DecodeString(thumbprint)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(sum[:keyIDBytes]), nil
}
