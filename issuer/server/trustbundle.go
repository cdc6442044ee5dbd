package server

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/cyberbadge/cyberbadge/revocation/bundle"
)

// CodeTrustBundleMissing is the problem of an issuer that published no trust bundle.
const CodeTrustBundleMissing = "trust_bundle_missing" // 404

// trustBundleMaxAge is how long the trust bundle may be served from a cache: a key
// that is revoked counts for that much longer.
const trustBundleMaxAge = time.Minute

// trustBundle serves the newest bundle without lists that the operator published.
// Verifiers that pin the root key learn of new keys by it. It is signed by a key that
// is not here, so this only hands it on.
type trustBundle struct {
	read   func() (string, error) // nil: there is never one
	issuer string

	mu   sync.Mutex
	text string // that was looked at
	err  error  // what is wrong with it
}

func (t *trustBundle) serve(w http.ResponseWriter, r *http.Request) error {
	text, err := t.newest()
	if err != nil {
		return err
	}
	if text == "" {
		return refuse(http.StatusNotFound, CodeTrustBundleMissing,
			"This issuer has published no trust bundle. The operator makes one with: cyberbadge bundle export --trust-only --publish")
	}
	sum := sha256.Sum256([]byte(text))
	publish(w, bundle.MediaType, `"`+base64.RawURLEncoding.EncodeToString(sum[:16])+`"`, trustBundleMaxAge)
	serve(w, r, []byte(text))
	return nil
}

// newest returns what is published, once it was looked at: a file that somebody put
// there by mistake helps no verifier, and may be long.
func (t *trustBundle) newest() (string, error) {
	if t.read == nil {
		return "", nil
	}
	text, err := t.read()
	if err != nil || text == "" {
		return "", err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if text != t.text {
		t.text, t.err = text, t.check(text)
	}
	if t.err != nil {
		return "", t.err
	}
	return text, nil
}

func (t *trustBundle) check(text string) error {
	b, err := bundle.Inspect(text)
	switch {
	case err != nil:
		return fmt.Errorf("the published trust bundle: %w", err)
	case b.Issuer != t.issuer:
		return fmt.Errorf("the published trust bundle is about %s", b.Issuer)
	case len(b.Parts) > 0 || b.Customer != "":
		return fmt.Errorf("the published bundle %d holds lists or is for one customer; publish one of keys alone", b.Number)
	}
	return nil
}
