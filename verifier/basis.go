package verifier

import (
	"cmp"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/revocation/bundle"
)

// basis is what decisions rest on. It is replaced as a whole and never changes, so
// that a decision has the keys of one moment.
type basis struct {
	trust   *Trust
	bundles map[string]*HeldBundle // by issuer
}

// only returns the bundle that every decision rests on, if there is one.
func (b *basis) only() *HeldBundle {
	if len(b.trust.issuers) != 1 {
		return nil
	}
	for _, held := range b.bundles {
		return held
	}
	return nil
}

// basisTrust is the checker's trust: that of this moment.
type basisTrust struct{ v *Verifier }

func (t basisTrust) CheckListURI(issuer, uri string) error {
	return t.v.basis.Load().trust.CheckListURI(issuer, uri)
}

func (t basisTrust) ListKey(issuer, keyID string) (*ecdsa.PublicKey, error) {
	return t.v.basis.Load().trust.ListKey(issuer, keyID)
}

func (t basisTrust) CheckListTime(issuer, keyID string, issuedAt time.Time) error {
	return t.v.basis.Load().trust.CheckListTime(issuer, keyID, issuedAt)
}

// Trust returns the trust list as it is now: that of the configuration with the
// entries of the bundles. It does not change; ask again.
func (v *Verifier) Trust() *Trust { return v.basis.Load().trust }

// trustWith is the trust list with the bundle's entry in place of what its issuer had.
func (v *Verifier) trustWith(opened *bundle.Bundle) (*Trust, error) {
	entry, err := ParseTrust([]byte(`{"issuers":[` + string(opened.Trust) + `]}`))
	if err != nil {
		return nil, code.Refuse(code.BundleInvalid, "its trust list: %v", err)
	}
	now := v.basis.Load()
	held := now.bundles[opened.Issuer]
	if now.trust.issuers[opened.Issuer] != nil && (held == nil || held.Root != opened.Root) {
		return nil, code.Refuse(code.BundleInvalid, "issuer %q is trusted by other means already; take it out of the trust list", opened.Issuer)
	}
	trust := now.trust.Without(opened.Issuer)
	maps.Copy(trust.issuers, entry.issuers)
	return trust, nil
}

// limit is the oldest list of an issuer that a decision may rest on: the strictest of
// the site's limit and the bundle's. A site that names none and fetches nothing
// relies on its bundles.
func (v *Verifier) limit(b *basis, issuer string) time.Duration {
	site := v.config.MaxStatusAge
	held := b.bundles[issuer]
	switch carried := held != nil && held.MaxStatusAge != 0; {
	case carried && site == 0 && v.config.Fetcher == nil:
		return held.MaxStatusAge
	case carried:
		return min(held.MaxStatusAge, cmp.Or(site, revocation.DefaultMaxAge))
	}
	return cmp.Or(site, revocation.DefaultMaxAge)
}

// checkerLimit is what the checker is told. Where bundles set the limit it is each
// issuer's own, and the decision asks for it.
func (c Config) checkerLimit() time.Duration {
	if c.MaxStatusAge == 0 && c.Fetcher == nil && len(c.Roots) > 0 {
		return bundle.MaxLife
	}
	return c.MaxStatusAge
}

// MaxRoots bounds the pinned roots.
const MaxRoots = 64

// checkRoots refuses roots between which a bundle could choose.
func (c Config) checkRoots() error {
	var problems []error
	if len(c.Roots) > MaxRoots {
		problems = append(problems, fmt.Errorf("%d roots, at most %d are taken", len(c.Roots), MaxRoots))
	}
	keys, issuers := map[bundle.Fingerprint]bool{}, map[string]bool{}
	for n, root := range c.Roots {
		switch {
		case root.Key == bundle.Fingerprint{}:
			problems = append(problems, fmt.Errorf("root %d has no key: nothing could be verified", n+1))
		case keys[root.Key]:
			problems = append(problems, fmt.Errorf("root %d: the key of another root", n+1))
		case root.Issuer == "" && len(c.Roots) > 1:
			problems = append(problems, fmt.Errorf("root %d: say whose badges it vouches for: with several roots, each could claim another's issuer", n+1))
		case root.Issuer != "" && (issuers[root.Issuer] || c.Trust != nil && c.Trust.issuers[root.Issuer] != nil):
			problems = append(problems, fmt.Errorf("root %d: issuer %q is trusted by other means, too; leave one", n+1, root.Issuer))
		case len(root.Customer) > bundle.MaxCustomer:
			problems = append(problems, fmt.Errorf("root %d: the customer's name has %d bytes, at most %d are taken", n+1, len(root.Customer), bundle.MaxCustomer))
		}
		keys[root.Key], issuers[root.Issuer] = true, true
	}
	return errors.Join(problems...)
}
