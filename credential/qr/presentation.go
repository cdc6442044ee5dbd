package qr

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// Limits on a presentation.
const (
	// MaxPresentation bounds a presentation's text in bytes, packed or restored.
	MaxPresentation = 8192
	// MaxDisclosures bounds the disclosures in a presentation.
	MaxDisclosures = 32
)

// presentation is a compact SD-JWT's parts, as text. Every part is base64url
// and not empty.
type presentation struct {
	badge       []string // header, payload, signature
	disclosures []string
	binding     []string // the key-binding JWT's header, payload, signature; nil without one
}

// split takes a presentation's text apart (RFC 9901 section 4). It looks at
// shape and size alone: whether the parts decode to anything is not asked.
func split(text string) (presentation, error) {
	if len(text) > MaxPresentation {
		return presentation{}, tooLarge("the presentation has %d bytes, at most %d fit a gate code", len(text), MaxPresentation)
	}
	count := strings.Count(text, "~") - 1
	if count > MaxDisclosures {
		return presentation{}, tooLarge("the presentation has %d disclosures, at most %d fit a gate code", count, MaxDisclosures)
	}
	fields := strings.Split(text, "~")
	if len(fields) < 2 {
		return presentation{}, malformed("this is not a compact SD-JWT: it has no '~'")
	}
	badge, binding := strings.Split(fields[0], "."), []string(nil)
	if last := fields[len(fields)-1]; last != "" {
		binding = strings.Split(last, ".")
	}
	if len(badge) != 3 || binding != nil && len(binding) != 3 {
		return presentation{}, malformed("this is not a compact SD-JWT: a JWT in it has not three parts")
	}
	p := presentation{badge, fields[1 : len(fields)-1], binding}
	for _, part := range p.segments() {
		if !isBase64URL(part) {
			return presentation{}, malformed("this is not a compact SD-JWT: a part is empty or not base64url")
		}
	}
	return p, nil
}

// segments returns the parts in a template's order: disclosures come first, so
// that their digests are known when the payload is restored.
func (p presentation) segments() []string {
	segments := make([]string, 0, MaxDisclosures+6)
	segments = append(segments, p.disclosures...)
	segments = append(segments, p.badge...)
	return append(segments, p.binding...)
}

// unbound returns what sd_hash is computed over: all before the key-binding JWT.
func (p presentation) unbound() string {
	fields := make([]string, 0, MaxDisclosures+2)
	fields = append(fields, strings.Join(p.badge, "."))
	fields = append(fields, p.disclosures...)
	return strings.Join(append(fields, ""), "~")
}

// digest is RFC 9901's, with the default hash.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func isBase64URL(text string) bool {
	for i := range len(text) {
		if !isBase64URLCharacter(text[i]) {
			return false
		}
	}
	return text != ""
}

func isBase64URLCharacter(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || isDigit(c) || c == '-' || c == '_'
}
