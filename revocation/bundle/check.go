package bundle

import (
	"crypto/sha256"

	"github.com/cyberbadge/cyberbadge/internal/strictjson"
)

// check holds a manifest to the rules that go beyond its form. v is its JSON.
func (m *Manifest) check(v strictjson.Value) error {
	life := m.Expires.Sub(m.IssuedAt)
	lists, portraits := m.count()
	switch {
	case len(m.Customer) > MaxCustomer:
		return invalid("the customer's name has %d bytes, at most %d are taken", len(m.Customer), MaxCustomer)
	case life <= 0 || life > MaxLife:
		return invalid("exp is %v after iat, not up to %v", life, MaxLife)
	case len(m.Trust) == 0 || len(m.Trust) > MaxTrust:
		return invalid("trust has %d bytes, not 1 to %d", len(m.Trust), MaxTrust)
	case lists > MaxLists || portraits > MaxPortraits:
		return invalid("%d lists and %d portraits, at most %d and %d are taken", lists, portraits, MaxLists, MaxPortraits)
	case (m.MaxStatusAge != 0) != (lists > 0):
		return invalid("max_status_age comes with lists and not without")
	case m.MaxStatusAge > life:
		return invalid("max_status_age is %v, the bundle's life %v", m.MaxStatusAge, life)
	}
	if err := m.checkTrust(v); err != nil {
		return err
	}
	return m.checkParts()
}

func (m *Manifest) count() (lists, portraits int) {
	for _, part := range m.Parts {
		if part.Kind == PortraitKind {
			portraits++
		} else {
			lists++
		}
	}
	return lists, portraits
}

// checkTrust ties the entry to the issuer: a bundle vouches for nobody else.
func (m *Manifest) checkTrust(v strictjson.Value) error {
	trust, _ := v.Member("trust")
	issuer, _ := trust.Member("issuer")
	if trust.Kind != strictjson.Object || issuer.Kind != strictjson.String {
		return invalid("trust is not an issuer's entry in a trust list")
	}
	if issuer.Text != m.Issuer {
		return invalid("trust is about %q, the bundle about %q", issuer.Text, m.Issuer)
	}
	return nil
}

// checkParts refuses one thing twice: readers would choose differently.
func (m *Manifest) checkParts() error {
	uris := make(map[string]bool)
	digests := make(map[[sha256.Size]byte]bool)
	size := 0
	for _, part := range m.Parts {
		if size += part.Size + 1; size > MaxSize {
			return invalid("the parts have more than %d bytes", MaxSize)
		}
		switch {
		case part.Kind == ListKind && uris[part.URI]:
			return invalid("the list %q twice", part.URI)
		case part.Kind == PortraitKind && digests[part.Digest]:
			return invalid("a portrait twice")
		}
		uris[part.URI], digests[part.Digest] = true, true
	}
	return nil
}
