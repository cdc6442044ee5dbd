package sdjwt

import (
	"crypto/sha256"
	"strings"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/internal/jose"
)

// Bounds on a compact SD-JWT, checked before any decoding.
const (
	MaxSize        = 8192 // bytes of the whole text
	MaxDisclosures = 32
)

// Parts are the components of a compact SD-JWT (RFC 9901, section 4).
type Parts struct {
	JWT         string
	Disclosures []string
	KeyBinding  string // empty when the text ends in '~'
	Bound       string // everything up to and including the last '~': what sd_hash is taken over
}

// Split reads <JWT>~<disclosure>~…~[<KB-JWT>].
func Split(text string) (Parts, error) {
	if len(text) > MaxSize {
		return Parts{}, code.Refuse(code.TokenTooLarge, "%d bytes, at most %d are taken", len(text), MaxSize)
	}
	last := strings.LastIndexByte(text, '~')
	if last < 0 {
		return Parts{}, code.Refuse(code.TokenMalformed, "no '~': not an SD-JWT")
	}
	jwt, rest, _ := strings.Cut(text[:last+1], "~")
	parts := Parts{JWT: jwt, KeyBinding: text[last+1:], Bound: text[:last+1]}
	if n := strings.Count(rest, "~"); n > MaxDisclosures {
		return Parts{}, code.Refuse(code.TokenTooLarge, "%d disclosures, at most %d are taken", n, MaxDisclosures)
	} else if n > 0 {
		parts.Disclosures = strings.Split(rest[:len(rest)-1], "~")
	}
	if jwt == "" {
		return Parts{}, code.Refuse(code.TokenMalformed, "nothing before the first '~'")
	}
	for _, d := range parts.Disclosures {
		if d == "" || !jose.IsBase64url(d) {
			return Parts{}, code.Refuse(code.TokenMalformed, "a disclosure that is empty or not base64url")
		}
	}
	return parts, nil
}

// Digest is the base64url SHA-256 of text: of a disclosure as it stands in _sd,
// and of [Parts.Bound] as it stands in sd_hash.
func Digest(text string) string {
	// Both buffers stay on the stack for the length of most disclosures.
	sum := sha256.Sum256(append(make([]byte, 0, 1024), text...))
	return string(jose.Encoding.AppendEncode(make([]byte, 0, 64), sum[:]))
}
