package jose

import (
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/internal/strictjson"
)

// Bounds of the protected header.
const (
	MaxKeyID        = 128 // characters
	MaxCertificates = 4   // in x5c
)

// HeaderPolicy says which protected header a kind of token has. The zero policy
// accepts no token.
type HeaderPolicy struct {
	Type       string // the exact value of typ
	AllowChain bool   // whether x5c may be present
	// OwnKey is for proofs of possession (RFC 9449; OpenID4VCI, appendix F.1):
	// jwk must be present, and kid and x5c must not. Such a token shows that
	// somebody has the key, never that the key is to be trusted.
	OwnKey bool
}

// Header is what a protected header may say. KeyID, Chain and Key are empty when
// the member was absent.
type Header struct {
	KeyID string
	Chain [][]byte         // DER certificates, the signer's first
	Key   *ecdsa.PublicKey // only under HeaderPolicy.OwnKey, and then always
}

func parseHeader(text []byte, policy HeaderPolicy) (Header, error) {
	v, err := object(text)
	if err != nil {
		return Header{}, err
	}
	if err := checkMembers(v, policy); err != nil {
		return Header{}, err
	}
	var h Header
	if kid, present := v.Member("kid"); present {
		if h.KeyID, err = keyID(kid); err != nil {
			return Header{}, err
		}
	}
	if x5c, present := v.Member("x5c"); present {
		if h.Chain, err = chain(x5c); err != nil {
			return Header{}, err
		}
	}
	if policy.OwnKey {
		jwk, _ := v.Member("jwk")
		if h.Key, err = ParseKey(jwk); err != nil {
			return Header{}, err
		}
	}
	return h, nil
}

// checkMembers compares alg and typ byte for byte and refuses every member that
// could bring a key, a compression or a meaning that we do not know.
func checkMembers(v strictjson.Value, policy HeaderPolicy) error {
	alg, present := v.Member("alg")
	if !present || alg.Kind != strictjson.String || alg.Text != Algorithm {
		return code.Refuse(code.AlgNotAllowed, "alg is %q, only %q is taken", alg.Text, Algorithm)
	}
	if _, present := v.Member("crit"); present {
		return code.Refuse(code.CritUnsupported, "no critical extension is understood")
	}
	for _, m := range v.Members {
		switch m.Name {
		case "alg", "typ":
		case "kid":
			if policy.OwnKey {
				return code.Refuse(code.HeaderForbidden, "no kid beside a jwk")
			}
		case "x5c":
			if !policy.AllowChain || policy.OwnKey {
				return code.Refuse(code.HeaderForbidden, "no x5c in this kind of token")
			}
		case "jwk":
			if !policy.OwnKey {
				return code.Refuse(code.HeaderForbidden, "no jwk in this kind of token")
			}
		default:
			return code.Refuse(code.HeaderForbidden, "header member %q", m.Name)
		}
	}
	typ, present := v.Member("typ")
	if present && typ.Kind != strictjson.String {
		return code.Refuse(code.HeaderType, "typ is not a string")
	}
	if typ.Text != policy.Type || policy.Type == "" {
		return code.Refuse(code.TypMismatch, "typ is %q, this is read as %q", typ.Text, policy.Type)
	}
	return nil
}

// keyID takes printable ASCII only: a key id is looked up, compared and logged.
func keyID(v strictjson.Value) (string, error) {
	if v.Kind != strictjson.String || v.Text == "" || len(v.Text) > MaxKeyID {
		return "", code.Refuse(code.HeaderType, "kid is not a string of 1 to %d characters", MaxKeyID)
	}
	if !isPrintable(v.Text) {
		return "", code.Refuse(code.HeaderType, "kid has a character outside printable ASCII")
	}
	return v.Text, nil
}

func isPrintable(s string) bool {
	for i := range len(s) {
		if s[i] < 0x21 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

func chain(v strictjson.Value) ([][]byte, error) {
	if v.Kind != strictjson.Array || len(v.Elements) == 0 || len(v.Elements) > MaxCertificates {
		return nil, code.Refuse(code.HeaderType, "x5c is not an array of 1 to %d certificates", MaxCertificates)
	}
	certificates := make([][]byte, 0, len(v.Elements))
	for _, e := range v.Elements {
		der, err := base64.StdEncoding.Strict().DecodeString(e.Text)
		if err != nil || len(der) == 0 || e.Kind != strictjson.String || base64.StdEncoding.EncodeToString(der) != e.Text {
			return nil, code.Refuse(code.HeaderType, "x5c holds something other than base64")
		}
		certificates = append(certificates, der)
	}
	return certificates, nil
}

// MarshalHeader writes the protected header {"alg","kid","typ","x5c"}, leaving
// out what is empty; Key it never writes.
func MarshalHeader(typ string, h Header) ([]byte, error) {
	if len(h.KeyID) > MaxKeyID {
		return nil, fmt.Errorf("key id has %d characters, at most %d are allowed", len(h.KeyID), MaxKeyID)
	}
	if !isPrintable(h.KeyID) {
		return nil, fmt.Errorf("key id %q has a character outside printable ASCII", h.KeyID)
	}
	if len(h.Chain) > MaxCertificates {
		return nil, fmt.Errorf("chain has %d certificates, at most %d are allowed", len(h.Chain), MaxCertificates)
	}
	return json.Marshal(struct {
		Alg   string   `json:"alg"`
		KeyID string   `json:"kid,omitempty"`
		Type  string   `json:"typ"`
		Chain [][]byte `json:"x5c,omitempty"`
	}{Algorithm, h.KeyID, typ, h.Chain})
}
