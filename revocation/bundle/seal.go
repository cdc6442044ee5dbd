package bundle

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/cyberbadge/cyberbadge/internal/jose"
)

// Seal writes a bundle signed by the root key, which must be a P-256 key. The
// manifest's parts are made of the lists and portraits; those of b are not looked
// at. Times are cut to whole seconds. What [Open] would refuse is not signed.
func Seal(root crypto.Signer, b Bundle) (string, error) {
	draft, err := Draft(b)
	if err != nil {
		return "", err
	}
	return Sign(root, draft)
}

// Draft writes all of a bundle but the signature: a bundle whose first line is the
// manifest in base64url. It goes to where the root key is, for [Sign].
func Draft(b Bundle) (string, error) {
	lines, err := b.lay()
	if err != nil {
		return "", err
	}
	body, err := b.Manifest.marshal()
	if err != nil {
		return "", fmt.Errorf("bundle: %w", err)
	}
	if _, err := parseManifest(body); err != nil {
		return "", err
	}
	first := jose.Encoding.EncodeToString(body)
	text := strings.Join(append([]string{first}, lines...), "\n") + "\n"
	if len(first) > MaxManifest-maxEnvelope || len(text) > MaxSize-maxEnvelope {
		return "", invalid("the bundle has %d bytes, %d of them manifest; at most %d and %d are taken", len(text), len(first), MaxSize, MaxManifest)
	}
	return text, nil
}

// maxEnvelope is more than what a signature adds to a manifest: a header with a key,
// 64 bytes, and two points.
const maxEnvelope = 512

// Sign makes a bundle of a draft, after it found that the draft is one.
func Sign(root crypto.Signer, draft string) (string, error) {
	if len(draft) > MaxSize-maxEnvelope {
		return "", invalid("%d bytes, at most %d are taken", len(draft), MaxSize-maxEnvelope)
	}
	first, parts, ended := strings.Cut(draft, "\n")
	if !ended || len(first) > MaxManifest-maxEnvelope {
		return "", invalid("it is no draft of a bundle")
	}
	body, err := jose.DecodeSegment(first)
	if err != nil {
		return "", invalid("the manifest: %v", err)
	}
	m, err := parseManifest(body)
	if err != nil {
		return "", err
	}
	if err := (&Bundle{Manifest: m}).readParts(parts); err != nil {
		return "", err
	}
	manifest, err := sign(root, body)
	if err != nil {
		return "", fmt.Errorf("bundle: %w", err)
	}
	return manifest + "\n" + parts, nil
}

// lay makes the lines of the parts and describes them in the manifest.
func (b *Bundle) lay() ([]string, error) {
	b.Parts = nil
	var lines []string
	for _, list := range b.Lists {
		if !isLine(list.Token) {
			return nil, invalid("the list %q is not a token of 1 to %d bytes", list.URI, maxPart)
		}
		b.Parts = append(b.Parts, Part{
			Kind: ListKind, Size: len(list.Token), URI: list.URI, IssuedAt: list.IssuedAt,
			SHA256: sha256.Sum256([]byte(list.Token)),
		})
		lines = append(lines, list.Token)
	}
	for i, portrait := range b.Portraits {
		if len(portrait) == 0 || len(portrait) > MaxPortrait {
			return nil, invalid("portrait %d has %d bytes, not 1 to %d", i+1, len(portrait), MaxPortrait)
		}
		line := jose.Encoding.EncodeToString(portrait)
		b.Parts = append(b.Parts, Part{Kind: PortraitKind, Size: len(line), Digest: sha256.Sum256(portrait)})
		lines = append(lines, line)
	}
	return lines, nil
}

func isLine(text string) bool {
	return text != "" && len(text) <= maxPart && !strings.ContainsAny(text, "\r\n")
}

// sign writes a JWS that brings its key: who pins a fingerprint has no key to
// verify it with.
func sign(root crypto.Signer, body []byte) (string, error) {
	if root == nil {
		return "", fmt.Errorf("no root key")
	}
	public, _ := root.Public().(*ecdsa.PublicKey)
	jwk, err := jose.NewJWK(public)
	if err != nil {
		return "", err
	}
	header, err := json.Marshal(struct {
		Algorithm string   `json:"alg"`
		Key       jose.JWK `json:"jwk"`
		Type      string   `json:"typ"`
	}{jose.Algorithm, jwk, Type})
	if err != nil {
		return "", err
	}
	return jose.Sign(root, header, body)
}
