package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"strings"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/internal/strictjson"
)

// Algorithm is the one signature algorithm (RFC 7518, section 3.4).
const Algorithm = "ES256"

// signatureSize is the length of an ES256 signature: r and s, 32 bytes each.
const signatureSize = 64

// Compact is a token whose shape and header were found good. Its signature is
// unverified until [Compact.Verify] says so.
type Compact struct {
	Header       Header
	Payload      []byte
	signingInput string
	signature    []byte
}

// ParseCompact reads a compact JWS (RFC 7515, section 3.1) of at most maxSize
// bytes under the policy. A payload is returned undecoded: it is not JSON until
// somebody has verified the signature and parsed it.
func ParseCompact(text string, maxSize int, policy HeaderPolicy) (Compact, error) {
	if len(text) > maxSize {
		return Compact{}, code.Refuse(code.TokenTooLarge, "%d bytes, at most %d are taken", len(text), maxSize)
	}
	segments, err := split(text)
	if err != nil {
		return Compact{}, err
	}
	headerText, err := DecodeSegment(segments[0])
	if err != nil {
		return Compact{}, err
	}
	header, err := parseHeader(headerText, policy)
	if err != nil {
		return Compact{}, err
	}
	payload, err := DecodeSegment(segments[1])
	if err != nil {
		return Compact{}, err
	}
	if segments[2] == "" {
		return Compact{}, code.Refuse(code.SignatureMissing, "the third segment is empty")
	}
	signature, err := DecodeSegment(segments[2])
	if err != nil {
		return Compact{}, err
	}
	return Compact{
		Header:       header,
		Payload:      payload,
		signingInput: text[:len(segments[0])+1+len(segments[1])],
		signature:    signature,
	}, nil
}

func split(text string) (segments [3]string, err error) {
	var ok1, ok2 bool
	segments[0], text, ok1 = strings.Cut(text, ".")
	segments[1], segments[2], ok2 = strings.Cut(text, ".")
	if !ok1 || !ok2 || strings.Contains(segments[2], ".") {
		return segments, code.Refuse(code.TokenMalformed, "not three segments")
	}
	// All of the text is scanned before any of it is decoded.
	for _, s := range segments {
		if !IsBase64url(s) {
			return segments, code.Refuse(code.TokenMalformed, "a character outside base64url")
		}
	}
	return segments, nil
}

// Verify fails with signature_invalid unless the token was signed by key.
func (c Compact) Verify(key *ecdsa.PublicKey) error {
	return VerifyES256(key, []byte(c.signingInput), c.signature)
}

// VerifyES256 is [Compact.Verify] for bytes that are in no token: signature is
// r and s, 32 bytes each. The key comes first, so a wrong kind of key is
// key_type_mismatch whatever was signed.
func VerifyES256(key *ecdsa.PublicKey, input, signature []byte) error {
	if !usable(key) {
		return code.Refuse(code.KeyTypeMismatch, "not a P-256 public key")
	}
	if len(signature) != signatureSize {
		return code.Refuse(code.SignatureInvalid, "%d bytes, an ES256 signature has %d", len(signature), signatureSize)
	}
	if !verifyES256(key, input, signature) {
		return code.Refuse(code.SignatureInvalid, "not signed by this key")
	}
	return nil
}

// usable guards against keys that did not come through [ParseKey]: jwx takes an
// ES256 signature from a key on any curve.
func usable(key *ecdsa.PublicKey) bool {
	return key != nil && key.Curve == elliptic.P256()
}

// Sign writes header.payload.signature. Both texts are signed as they are: the
// caller made them from its own types, so no name in them came from outside.
func Sign(signer crypto.Signer, header, payload []byte) (string, error) {
	if signer == nil {
		return "", errors.New("no signing key")
	}
	public, _ := signer.Public().(*ecdsa.PublicKey)
	if !usable(public) {
		return "", code.Refuse(code.KeyTypeMismatch, "signing needs a P-256 key")
	}
	n := Encoding.EncodedLen(len(header)) + 1 + Encoding.EncodedLen(len(payload))
	text := make([]byte, 0, n+1+Encoding.EncodedLen(signatureSize))
	text = Encoding.AppendEncode(text, header)
	text = append(text, '.')
	text = Encoding.AppendEncode(text, payload)
	signature, err := signES256(signer, text)
	if err != nil {
		return "", err
	}
	text = append(text, '.')
	return string(Encoding.AppendEncode(text, signature)), nil
}

// object parses JSON that must be an object.
func object(text []byte) (strictjson.Value, error) {
	v, err := strictjson.Parse(text)
	if err != nil {
		return strictjson.Value{}, err
	}
	if v.Kind != strictjson.Object {
		return strictjson.Value{}, code.Refuse(code.JSONInvalid, "not a JSON object")
	}
	return v, nil
}
