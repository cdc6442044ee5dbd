package jose

import (
	"encoding/base64"

	"github.com/cyberbadge/cyberbadge/credential/code"
)

// Encoding is base64url without padding, refusing spare bits that are not zero.
// It still skips line breaks, so only [DecodeSegment] may read untrusted text.
var Encoding = base64.RawURLEncoding.Strict()

var isBase64url = func() (table [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") {
		table[c] = true
	}
	return table
}()

// IsBase64url reports whether every byte of s is of the base64url alphabet.
func IsBase64url(s string) bool {
	for i := range len(s) {
		if !isBase64url[s[i]] {
			return false
		}
	}
	return true
}

// DecodeSegment decodes base64url that has exactly one spelling: no padding, no
// white space, no other alphabet, no spare bits.
func DecodeSegment(s string) ([]byte, error) {
	if !IsBase64url(s) {
		return nil, code.Refuse(code.TokenMalformed, "a character outside base64url")
	}
	b, err := Encoding.DecodeString(s)
	if err != nil {
		return nil, code.Refuse(code.TokenMalformed, "base64url that no encoder produces")
	}
	return b, nil
}

// DecodeText is [DecodeSegment] for what is read as text.
func DecodeText(s string) (string, error) {
	if !IsBase64url(s) {
		return "", code.Refuse(code.TokenMalformed, "a character outside base64url")
	}
	// The buffer stays on the stack for the length of most segments.
	b, err := Encoding.AppendDecode(make([]byte, 0, 1024), []byte(s))
	if err != nil {
		return "", code.Refuse(code.TokenMalformed, "base64url that no encoder produces")
	}
	return string(b), nil
}
