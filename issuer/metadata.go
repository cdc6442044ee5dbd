package issuer

import (
	"crypto/ecdsa"
	"encoding/json"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// TrustBundlePath is where the newest trust bundle that the operator published is,
// under the issuer's URL.
const TrustBundlePath = "/trust-bundle"

// Metadata is the JWT VC issuer metadata (SD-JWT VC, section 4).
type Metadata struct {
	Issuer string `json:"issuer"`
	Keys   KeySet `json:"jwks"`
}

// KeySet is a JSON Web Key Set.
type KeySet struct {
	Keys []json.RawMessage `json:"keys"`
}

// TrustList is the entry that makes a verifier trust this issuer, in the form
// that package verifier reads.
type TrustList struct {
	Issuers []TrustedIssuer `json:"issuers"`
}

// TrustedIssuer is one issuer of a [TrustList].
type TrustedIssuer struct {
	Issuer string            `json:"issuer"`
	Types  []string          `json:"types"`
	Keys   []json.RawMessage `json:"keys"`
	Lists  TrustedLists      `json:"lists"`
	// Retired says of keys that are in Keys until when they signed, and Revoked names
	// those of which nothing is good any more.
	Retired []RetiredKey `json:"retired,omitempty"`
	Revoked []string     `json:"revoked,omitempty"`
	// NotBefore is the oldest time of issue of badges that the issuer stands by, in
	// seconds since 1970; Stopped are types that it does not stand by any more.
	NotBefore int64    `json:"not_before,omitempty"`
	Stopped   []string `json:"stopped,omitempty"`
}

// TrustedLists says where an issuer's status lists are and who signs them.
type TrustedLists struct {
	Under       string            `json:"under"`
	Aggregation string            `json:"aggregation"`
	Events      string            `json:"events,omitempty"` // where changes of lists are told at once
	Keys        []json.RawMessage `json:"keys"`
}

// RetiredKey is a key that signed until an instant, in seconds since 1970.
type RetiredKey struct {
	ID string `json:"kid"`
	At int64  `json:"at"`
}

// maxRevokedKeys is how many revoked keys a trust list names, the newest: verifiers
// take no more, and refuse those that are not named as unknown.
const maxRevokedKeys = 256

// Metadata describes the issuer to whoever verifies its badges by fetching keys:
// all that may have signed a badge that is good, and those that soon will.
func (p *Program) Metadata() (Metadata, error) {
	return Metadata{Issuer: p.config.URL, Keys: KeySet{p.PublicKeys(store.ForBadges)}}, nil
}

// PublicKeys returns the keys for a purpose as JWKs: all that may have signed
// something that is good, and those that soon will.
func (p *Program) PublicKeys(purpose store.KeyPurpose) []json.RawMessage {
	list := []json.RawMessage{}
	for _, key := range p.keys.published(purpose) {
		list = append(list, key.JWK)
	}
	return list
}

// TrustList is what a customer's verifier pins, as it is now. It is public, but it
// must reach the customer by a way that the customer trusts.
func (p *Program) TrustList() (TrustList, error) {
	entry := TrustedIssuer{
		Stopped: p.config.Stopped,
		Issuer:  p.config.URL,
		Types:   []string{p.BadgeType()},
		Keys:    p.PublicKeys(store.ForBadges),
		Lists: TrustedLists{
			Under:       p.config.URL + StatusListPath,
			Aggregation: p.config.URL + AggregationPath,
			Events:      p.config.URL + EventsPath,
			Keys:        p.PublicKeys(store.ForLists),
		},
	}
	if !p.config.NotBefore.IsZero() {
		entry.NotBefore = p.config.NotBefore.Unix()
	}
	for _, purpose := range []store.KeyPurpose{store.ForBadges, store.ForLists} {
		for _, key := range p.keys.of(purpose, store.KeyRetired, store.KeyTainted) {
			entry.Retired = append(entry.Retired, RetiredKey{key.ID, key.EndedAt().Unix()})
		}
		for _, key := range p.keys.of(purpose, store.KeyRevoked) {
			entry.Revoked = append(entry.Revoked, key.ID)
		}
	}
	entry.Revoked = entry.Revoked[max(0, len(entry.Revoked)-maxRevokedKeys):]
	return TrustList{[]TrustedIssuer{entry}}, nil
}

// publicJWK adds to a key the members by which it is found and limited.
func publicJWK(key *ecdsa.PublicKey) (json.RawMessage, error) {
	id, err := credential.KeyID(key)
	if err != nil {
		return nil, err
	}
	jwk, err := credential.MarshalJWK(key)
	if err != nil {
		return nil, err
	}
	members := map[string]any{"kid": id, "use": "sig", "alg": "ES256"}
	if err := json.Unmarshal(jwk, &members); err != nil {
		return nil, err
	}
	return json.Marshal(members)
}
