package bundle

import (
	"crypto/ecdsa"
	"fmt"
	"strings"
	"unicode"

	"github.com/cyberbadge/cyberbadge/internal/jose"
)

// Fingerprint is what customers pin of a root key: its whole RFC 7638 thumbprint.
// The zero Fingerprint is that of no key.
type Fingerprint [32]byte

// FingerprintOf returns the fingerprint of a P-256 key.
func FingerprintOf(key *ecdsa.PublicKey) (Fingerprint, error) {
	jwk, err := jose.NewJWK(key)
	if err != nil {
		return Fingerprint{}, err
	}
	sum, err := jose.DecodeSegment(jwk.Thumbprint())
	return Fingerprint(sum), err
}

// String is 43 characters of base64url, as configurations and QR codes hold it.
func (f Fingerprint) String() string { return jose.Encoding.EncodeToString(f[:]) }

// ParseFingerprint reads a fingerprint as base64url, or as [Fingerprint.Words] in
// any case with whatever stands between them, such as numbers and line breaks. The
// error says which word is wrong.
func ParseFingerprint(text string) (Fingerprint, error) {
	text = strings.TrimSpace(text)
	if strings.ContainsFunc(text, unicode.IsSpace) {
		return fromWords(strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) }))
	}
	sum, err := jose.DecodeSegment(text)
	if err != nil || len(sum) != len(Fingerprint{}) {
		return Fingerprint{}, fmt.Errorf("bundle: %.60q is no fingerprint: give the 43 characters or the %d words that the issuer shows", text, WordCount)
	}
	return Fingerprint(sum), nil
}
