package verifier

import (
	"crypto/ecdsa"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/internal/jose"
)

// Bounds of a trust list.
const (
	MaxTrustSize = 1 << 20 // bytes
	MaxIssuers   = 256
)

// Trust is a trust list: which issuers a verifier believes, with which keys,
// for which credential types, and where and by whom their status lists are
// signed. It is made by [ParseTrust], never changes, and is safe for concurrent
// use. The zero Trust trusts nobody.
//
// The file is JSON. All members are required except name and aggregation; an
// issuer has either keys or anchors:
//
//	{"issuers": [{
//	  "issuer": "https://badge.vendor.example",
//	  "name": "Vendor",
//	  "types": ["https://badge.vendor.example/vct/cyber-badge/1"],
//	  "keys": [{"kid": "…", "kty": "EC", "crv": "P-256", "x": "…", "y": "…"}],
//	  "lists": {
//	    "under": "https://badge.vendor.example/status-lists/",
//	    "aggregation": "https://badge.vendor.example/status-lists",
//	    "keys": [{"kid": "…", "kty": "EC", "crv": "P-256", "x": "…", "y": "…"}]
//	  }
//	}]}
//
// Under "aggregation" the issuer says which lists there are, for
// [Verifier.KeepLists].
//
// With "anchors" (certificates as base64 DER) in place of "keys", a badge must
// carry an x5c chain to one of them, whose first certificate names the issuer
// in its subject alternative names. An issuer has one of the two so that nobody
// else can choose between them (SD-JWT VC, section 2.5).
type Trust struct {
	issuers map[string]*trustedIssuer
}

type trustedIssuer struct {
	url     string
	name    string
	types   []string
	keys    []jose.Key
	anchors *x509.CertPool
	lists   trustedLists
}

type trustedLists struct {
	under       string
	aggregation string // empty: none
	keys        []jose.Key
}

// LoadTrust reads a trust list from a file.
func LoadTrust(path string) (*Trust, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("verifier: trust list: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, MaxTrustSize+1))
	if err != nil {
		return nil, fmt.Errorf("verifier: trust list %s: %w", path, err)
	}
	trust, err := ParseTrust(text)
	if err != nil {
		return nil, fmt.Errorf("%w (in %s)", err, path)
	}
	return trust, nil
}

// Issuers lists the trusted issuers' URLs, sorted.
func (t *Trust) Issuers() []string {
	urls := make([]string, 0, len(t.issuers))
	for url := range t.issuers {
		urls = append(urls, url)
	}
	slices.Sort(urls)
	return urls
}

// CheckListURI implements the checker's trust: status lists are looked for
// under the issuer's own prefix only, whatever a badge may name.
func (t *Trust) CheckListURI(issuer, uri string) error {
	i := t.issuers[issuer]
	if i == nil {
		return untrusted(issuer)
	}
	name, under := strings.CutPrefix(uri, i.lists.under)
	// A name of plain characters leaves no way out of the prefix.
	if !under || name == "" || !jose.IsBase64url(name) {
		return code.Refuse(code.StatusURINotAllowed, "%q is not a list under %q", uri, i.lists.under)
	}
	return nil
}

// ListKey implements the checker's trust.
func (t *Trust) ListKey(issuer, keyID string) (*ecdsa.PublicKey, error) {
	i := t.issuers[issuer]
	if i == nil {
		return nil, untrusted(issuer)
	}
	return t.choose(i.lists.keys, keyID)
}

// badgeKey returns the key for a badge with this hint.
func (t *Trust) badgeKey(hint credential.KeyHint, now time.Time) (*ecdsa.PublicKey, error) {
	i := t.issuers[hint.Issuer]
	if i == nil {
		return nil, untrusted(hint.Issuer)
	}
	if !slices.Contains(i.types, hint.Type) {
		return nil, code.Refuse(code.TypeNotAccepted, "issuer %q is not trusted for the type %q", hint.Issuer, hint.Type)
	}
	if i.anchors != nil {
		return chainKey(hint, i.anchors, now)
	}
	if len(hint.Chain) > 0 {
		return nil, code.Refuse(code.HeaderForbidden, "x5c, but this issuer's keys are pinned")
	}
	return t.choose(i.keys, hint.KeyID)
}

func untrusted(issuer string) error {
	return code.Refuse(code.IssuerUntrusted, "issuer %q is not in the trust list", issuer)
}

// choose never tries one key after the other: without an id there must be one.
func (t *Trust) choose(keys []jose.Key, keyID string) (*ecdsa.PublicKey, error) {
	if keyID == "" {
		if len(keys) != 1 {
			return nil, code.Refuse(code.KeyAmbiguous, "no kid, and %d keys could be meant", len(keys))
		}
		return keys[0].Public, nil
	}
	for _, k := range keys {
		if k.ID == keyID {
			return k.Public, nil
		}
	}
	if t.knows(keyID) {
		return nil, code.Refuse(code.KeyNotForIssuer, "kid %q is trusted for something else", keyID)
	}
	return nil, code.Refuse(code.KeyUnknown, "kid %q", keyID)
}

// knows reports whether any issuer has a key of that id for any purpose.
func (t *Trust) knows(keyID string) bool {
	has := func(k jose.Key) bool { return k.ID == keyID }
	for _, i := range t.issuers {
		if slices.ContainsFunc(i.keys, has) || slices.ContainsFunc(i.lists.keys, has) {
			return true
		}
	}
	return false
}
