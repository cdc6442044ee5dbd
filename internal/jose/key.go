package jose

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/internal/strictjson"
)

// coordinateSize is the length of x and of y of a P-256 point.
const coordinateSize = 32

// MaxKeys is how many keys a key set may hold.
const MaxKeys = 64

// ParseKey reads a public P-256 JWK (RFC 7517, RFC 7518 section 6.2) fit for
// verifying ES256: right type and curve, a point on it, no private or symmetric
// part, and use, key_ops and alg, where present, that allow verifying. The
// error's code is key_type_mismatch.
func ParseKey(v strictjson.Value) (*ecdsa.PublicKey, error) {
	if v.Kind != strictjson.Object {
		return nil, code.Refuse(code.KeyTypeMismatch, "a key is not a JSON object")
	}
	for _, m := range [...]struct{ name, want string }{{"kty", "EC"}, {"crv", "P-256"}} {
		if got, _ := v.Member(m.name); got.Kind != strictjson.String || got.Text != m.want {
			return nil, code.Refuse(code.KeyTypeMismatch, "%s is %q, only %q is taken", m.name, got.Text, m.want)
		}
	}
	for _, secret := range []string{"d", "k"} {
		if _, present := v.Member(secret); present {
			return nil, code.Refuse(code.KeyTypeMismatch, "the key holds a private part %q", secret)
		}
	}
	if err := checkPurpose(v); err != nil {
		return nil, err
	}
	return point(v)
}

func checkPurpose(v strictjson.Value) error {
	if use, present := v.Member("use"); present && (use.Kind != strictjson.String || use.Text != "sig") {
		return code.Refuse(code.KeyTypeMismatch, "use is %q, not \"sig\"", use.Text)
	}
	if alg, present := v.Member("alg"); present && (alg.Kind != strictjson.String || alg.Text != Algorithm) {
		return code.Refuse(code.KeyTypeMismatch, "alg is %q, not %q", alg.Text, Algorithm)
	}
	operations, present := v.Member("key_ops")
	if !present {
		return nil
	}
	for _, op := range operations.Elements {
		if op.Kind == strictjson.String && op.Text == "verify" {
			return nil
		}
	}
	return code.Refuse(code.KeyTypeMismatch, "key_ops does not hold \"verify\"")
}

func point(v strictjson.Value) (*ecdsa.PublicKey, error) {
	uncompressed := make([]byte, 1, 1+2*coordinateSize)
	uncompressed[0] = 4
	for _, name := range []string{"x", "y"} {
		m, _ := v.Member(name)
		b, err := DecodeSegment(m.Text)
		if m.Kind != strictjson.String || err != nil || len(b) != coordinateSize {
			return nil, code.Refuse(code.KeyTypeMismatch, "%s is not %d bytes in base64url", name, coordinateSize)
		}
		uncompressed = append(uncompressed, b...)
	}
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), uncompressed)
	if err != nil {
		return nil, code.Refuse(code.KeyTypeMismatch, "x and y are not a point of P-256")
	}
	return key, nil
}

// Key is one member of a key set.
type Key struct {
	ID     string
	Public *ecdsa.PublicKey
}

// ParseKeySet reads {"keys":[…]} (RFC 7517, section 5). Keys of a type other
// than EC are skipped, as the RFC asks; a key of type EC that is unfit, an id
// twice and a set without a usable key are refused.
func ParseKeySet(v strictjson.Value) ([]Key, error) {
	set, _ := v.Member("keys")
	if set.Kind != strictjson.Array || len(set.Elements) > MaxKeys {
		return nil, code.Refuse(code.KeyTypeMismatch, "keys is not an array of at most %d keys", MaxKeys)
	}
	var keys []Key
	seen := make(map[string]bool)
	for _, e := range set.Elements {
		if kty, _ := e.Member("kty"); kty.Text != "EC" {
			continue
		}
		public, err := ParseKey(e)
		if err != nil {
			return nil, err
		}
		kid, present := e.Member("kid")
		key := Key{Public: public}
		if present {
			if key.ID, err = keyID(kid); err != nil {
				return nil, err
			}
		}
		if seen[key.ID] {
			return nil, code.Refuse(code.KeyAmbiguous, "key id %q twice", key.ID)
		}
		seen[key.ID] = true
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, code.Refuse(code.KeyUnknown, "no P-256 key in the set")
	}
	return keys, nil
}

// JWK is a public P-256 key as JSON writes it.
type JWK struct {
	Type  string `json:"kty"`
	Curve string `json:"crv"`
	X     string `json:"x"`
	Y     string `json:"y"`
}

// NewJWK refuses keys on another curve.
func NewJWK(key *ecdsa.PublicKey) (JWK, error) {
	if !usable(key) {
		return JWK{}, code.Refuse(code.KeyTypeMismatch, "not a P-256 public key")
	}
	raw, err := key.Bytes()
	if err != nil {
		return JWK{}, code.Refuse(code.KeyTypeMismatch, "not a point of P-256")
	}
	return JWK{
		Type:  "EC",
		Curve: "P-256",
		X:     Encoding.EncodeToString(raw[1 : 1+coordinateSize]),
		Y:     Encoding.EncodeToString(raw[1+coordinateSize:]),
	}, nil
}

// Thumbprint is the base64url SHA-256 thumbprint of the key (RFC 7638).
func (k JWK) Thumbprint() string {
	sum := sha256.Sum256([]byte(`{"crv":"` + k.Curve + `","kty":"` + k.Type + `","x":"` + k.X + `","y":"` + k.Y + `"}`))
	return Encoding.EncodeToString(sum[:])
}
