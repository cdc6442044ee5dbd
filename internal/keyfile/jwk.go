package keyfile

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
)

// PublicJWK returns the public half of a P-256 key for signatures, as the JSON of
// a JWK (RFC 7517, RFC 7518 section 6.2.1): kty, crv, x, y, kid, use, alg. It
// fails with [ErrUnsupportedKey] for any other key.
func PublicJWK(public crypto.PublicKey, kid string) ([]byte, error) {
	key, ok := public.(*ecdsa.PublicKey)
	if !ok || key == nil || key.Curve != elliptic.P256() {
		return nil, ErrUnsupportedKey
	}
	point, err := key.Bytes() // 0x04, x, y (SEC 1, section 2.3.3)
	if err != nil {
		return nil, ErrUnsupportedKey
	}
	const coordinate = 32
	encode := base64.RawURLEncoding.EncodeToString
	return json.Marshal(struct {
		Type      string `json:"kty"`
		Curve     string `json:"crv"`
		X         string `json:"x"`
		Y         string `json:"y"`
		ID        string `json:"kid,omitempty"`
		Use       string `json:"use"`
		Algorithm string `json:"alg"`
	}{"EC", "P-256", encode(point[1 : 1+coordinate]), encode(point[1+coordinate:]), kid, "sig", "ES256"})
}
