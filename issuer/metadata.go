package issuer

import (
	"crypto/ecdsa"
	"encoding/json"

	"github.com/cyberbadge/cyberbadge/credential"
)

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
}

// TrustedLists says where an issuer's status lists are and who signs them.
type TrustedLists struct {
	Under       string            `json:"under"`
	Aggregation string            `json:"aggregation"`
	Keys        []json.RawMessage `json:"keys"`
}

// Metadata describes the issuer to whoever verifies its badges by fetching keys.
func (p *Program) Metadata() (Metadata, error) {
	key, err := publicJWK(p.config.BadgeKey.Public().(*ecdsa.PublicKey))
	if err != nil {
		return Metadata{}, err
	}
	return Metadata{Issuer: p.config.URL, Keys: KeySet{[]json.RawMessage{key}}}, nil
}

// TrustList is what a customer's verifier pins. It is public, but it must reach
// the customer by a way that the customer trusts.
func (p *Program) TrustList() (TrustList, error) {
	badgeKey, err := publicJWK(p.config.BadgeKey.Public().(*ecdsa.PublicKey))
	if err != nil {
		return TrustList{}, err
	}
	listKey, err := publicJWK(p.config.ListKey.Public().(*ecdsa.PublicKey))
	if err != nil {
		return TrustList{}, err
	}
	return TrustList{[]TrustedIssuer{{
		Issuer: p.config.URL,
		Types:  []string{p.BadgeType()},
		Keys:   []json.RawMessage{badgeKey},
		Lists: TrustedLists{
			Under:       p.config.URL + StatusListPath,
			Aggregation: p.config.URL + AggregationPath,
			Keys:        []json.RawMessage{listKey},
		},
	}}}, nil
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
