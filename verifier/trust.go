package verifier

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
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

// Bounds of a trust list. Those of keys are for one issuer.
const (
	MaxTrustSize   = 1 << 20 // bytes
	MaxIssuers     = 256
	MaxRetiredKeys = 128
	MaxRevokedKeys = 256
)

// Trust is a trust list: which issuers a verifier believes, with which keys,
// for which credential types, and where and by whom their status lists are
// signed. It is made by [ParseTrust], never changes, and is safe for concurrent
// use. The zero Trust trusts nobody.
//
// The file is JSON. All members are required except name, aggregation, events,
// retired, revoked, not_before and stopped; an issuer has either keys or anchors:
//
//	{"issuers": [{
//	  "issuer": "https://badge.vendor.example",
//	  "name": "Vendor",
//	  "types": ["https://badge.vendor.example/vct/cyber-badge/1"],
//	  "keys": [{"kid": "…", "kty": "EC", "crv": "P-256", "x": "…", "y": "…"}],
//	  "lists": {
//	    "under": "https://badge.vendor.example/status-lists/",
//	    "aggregation": "https://badge.vendor.example/status-lists",
//	    "events": "https://badge.vendor.example/v1/events",
//	    "keys": [{"kid": "…", "kty": "EC", "crv": "P-256", "x": "…", "y": "…"}]
//	  },
//	  "retired": [{"kid": "…", "at": 1790000000}],
//	  "revoked": ["…"],
//	  "not_before": 1790000000,
//	  "stopped": ["https://badge.vendor.example/vct/cyber-badge/1"]
//	}]}
//
// Under "aggregation" the issuer says which lists there are, for
// [Verifier.KeepLists], and under "events" it tells of lists that changed.
//
// What an issuer does not stand by any more is said in four ways. A key in
// "retired" signed until "at" (seconds since 1970): a badge or list of a later iat
// is refused (key_retired). Nothing is believed of a key in "revoked", whatever it
// says (key_revoked). A badge whose iat is before "not_before" is refused
// (badge_superseded), and so is every badge of a type in "stopped" (type_stopped).
// All of that holds for badges that were opened before, too. An iat is what the
// holder of the key wrote: "retired" is no help against a thief.
//
// With "anchors" (certificates as base64 DER) in place of "keys", a badge must
// carry an x5c chain to one of them, whose first certificate names the issuer
// in its subject alternative names. An issuer has one of the two so that nobody
// else can choose between them (SD-JWT VC, section 2.5).
type Trust struct {
	issuers map[string]*trustedIssuer
}

type trustedIssuer struct {
	url       string
	name      string
	types     []string
	keys      []jose.Key
	anchors   *x509.CertPool
	lists     trustedLists
	retired   map[string]time.Time // by key id: until when it signed
	revoked   map[string]bool      // by key id
	notBefore time.Time            // zero: badges of any time
	stopped   []string             // types
	text      json.RawMessage      // as it was written
}

type trustedLists struct {
	under       string
	aggregation string // empty: none
	events      string // empty: none
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

// Text is the trust list as a file: the entries as they were written, by issuer.
func (t *Trust) Text() []byte {
	entries := make([][]byte, 0, len(t.issuers))
	for _, url := range t.Issuers() {
		entries = append(entries, t.issuers[url].text)
	}
	return slices.Concat([]byte(`{"issuers":[`), bytes.Join(entries, []byte(",\n")), []byte("]}\n"))
}

// Without is the trust list less some issuers.
func (t *Trust) Without(issuers ...string) *Trust {
	others := make(map[string]*trustedIssuer)
	for url, issuer := range t.issuers {
		if !slices.Contains(issuers, url) {
			others[url] = issuer
		}
	}
	return &Trust{issuers: others}
}

// Events returns the address at which an issuer tells of lists that changed; empty
// where the trust list names none, and for an issuer that is not in it.
func (t *Trust) Events(issuer string) string {
	if i := t.issuers[issuer]; i != nil {
		return i.lists.events
	}
	return ""
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
	key, err := t.choose(i, i.lists.keys, keyID)
	return key.Public, err
}

// CheckListTime says whether the key of that id still signed lists when it signed
// one that names this time of issue: an *code.Error with key_retired if not. Without
// an id the one key that could be meant is.
func (t *Trust) CheckListTime(issuer, keyID string, issuedAt time.Time) error {
	i := t.issuers[issuer]
	if i == nil {
		return untrusted(issuer)
	}
	key, err := t.choose(i, i.lists.keys, keyID)
	if err != nil {
		return err
	}
	return i.checkRetired(key.ID, issuedAt)
}

// badgeKey returns the key for a badge with this hint.
func (t *Trust) badgeKey(hint credential.KeyHint, now time.Time) (*ecdsa.PublicKey, error) {
	i := t.issuers[hint.Issuer]
	if i == nil {
		return nil, untrusted(hint.Issuer)
	}
	if slices.Contains(i.stopped, hint.Type) {
		return nil, code.Refuse(code.TypeStopped, "issuer %q has switched the type %q off", hint.Issuer, hint.Type)
	}
	if !slices.Contains(i.types, hint.Type) {
		return nil, code.Refuse(code.TypeNotAccepted, "issuer %q is not trusted for the type %q", hint.Issuer, hint.Type)
	}
	if i.anchors != nil {
		return i.chainKey(hint, now)
	}
	if len(hint.Chain) > 0 {
		return nil, code.Refuse(code.HeaderForbidden, "x5c, but this issuer's keys are pinned")
	}
	key, err := t.choose(i, i.keys, hint.KeyID)
	return key.Public, err
}

// checkIssued says whether the issuer still stands by a badge of that time of issue:
// what only a verified badge tells.
func (t *Trust) checkIssued(badge *credential.Badge) error {
	i := t.issuers[badge.Issuer]
	if i == nil {
		return untrusted(badge.Issuer)
	}
	if badge.IssuedAt.Before(i.notBefore) {
		return code.Refuse(code.BadgeSuperseded, "issued at %s; the issuer stands by none from before %s",
			badge.IssuedAt.Format(time.RFC3339), i.notBefore.Format(time.RFC3339))
	}
	keyID := badge.KeyID
	if keyID == "" && len(i.keys) == 1 {
		keyID = i.keys[0].ID
	}
	return i.checkRetired(keyID, badge.IssuedAt)
}

func (i *trustedIssuer) checkRetired(keyID string, issuedAt time.Time) error {
	if at, retired := i.retired[keyID]; retired && issuedAt.After(at) {
		return code.Refuse(code.KeyRetired, "issued at %s; kid %q signed until %s",
			issuedAt.Format(time.RFC3339), keyID, at.Format(time.RFC3339))
	}
	return nil
}

func (i *trustedIssuer) checkRevoked(keyID string) error {
	if i.revoked[keyID] {
		return code.Refuse(code.KeyRevoked, "kid %q: its issuer stands by nothing that it signed", keyID)
	}
	return nil
}

func untrusted(issuer string) error {
	return code.Refuse(code.IssuerUntrusted, "issuer %q is not in the trust list", issuer)
}

// choose never tries one key after the other: without an id there must be one.
func (t *Trust) choose(i *trustedIssuer, keys []jose.Key, keyID string) (jose.Key, error) {
	if keyID == "" {
		if len(keys) != 1 {
			return jose.Key{}, code.Refuse(code.KeyAmbiguous, "no kid, and %d keys could be meant", len(keys))
		}
		keyID = keys[0].ID
	}
	if err := i.checkRevoked(keyID); err != nil {
		return jose.Key{}, err
	}
	for _, k := range keys {
		if k.ID == keyID {
			return k, nil
		}
	}
	if t.knows(keyID) {
		return jose.Key{}, code.Refuse(code.KeyNotForIssuer, "kid %q is trusted for something else", keyID)
	}
	return jose.Key{}, code.Refuse(code.KeyUnknown, "kid %q", keyID)
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
