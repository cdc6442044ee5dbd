package enrol

// Metadata is the credential issuer's metadata (OpenID4VCI, section 12.2.4).
type Metadata struct {
	Issuer               string                   `json:"credential_issuer"`
	CredentialEndpoint   string                   `json:"credential_endpoint"`
	NonceEndpoint        string                   `json:"nonce_endpoint"`
	NotificationEndpoint string                   `json:"notification_endpoint"`
	Batch                Batch                    `json:"batch_credential_issuance"`
	Configurations       map[string]Configuration `json:"credential_configurations_supported"`
}

// Batch says how many proofs one request may have.
type Batch struct {
	Size int `json:"batch_size"`
}

// Configuration is one kind of credential that can be had.
type Configuration struct {
	Format     string               `json:"format"`
	Scope      string               `json:"scope"`
	Type       string               `json:"vct"`
	Signed     []string             `json:"credential_signing_alg_values_supported"`
	Bound      []string             `json:"cryptographic_binding_methods_supported"`
	ProofTypes map[string]ProofType `json:"proof_types_supported"`
	About      any                  `json:"credential_metadata,omitempty"` // display and claims, for people
}

// ProofType says how a proof may be signed.
type ProofType struct {
	Signed []string `json:"proof_signing_alg_values_supported"`
}

// ServerMetadata is the authorization server's metadata (RFC 8414), which the
// issuer is itself.
type ServerMetadata struct {
	Issuer        string   `json:"issuer"`
	TokenEndpoint string   `json:"token_endpoint"`
	Grants        []string `json:"grant_types_supported"`
	ClientAuth    []string `json:"token_endpoint_auth_methods_supported"`
	Anonymous     bool     `json:"pre-authorized_grant_anonymous_access_supported"`
	DPoPSigned    []string `json:"dpop_signing_alg_values_supported"`
}

// Metadata describes the issuer to wallets. about is what is shown to people: an
// object with the members display and claims of section 12.2.4.
func (d *Desk) Metadata(about any) Metadata {
	es256 := []string{"ES256"}
	badge := Configuration{
		Format:     "dc+sd-jwt",
		Scope:      ConfigurationID,
		Type:       d.config.Program.BadgeType(),
		Signed:     es256,
		Bound:      []string{"jwk"},
		ProofTypes: map[string]ProofType{"jwt": {es256}},
		About:      about,
	}
	return Metadata{
		Issuer:               d.config.Program.URL(),
		CredentialEndpoint:   d.url(CredentialPath),
		NonceEndpoint:        d.url(NoncePath),
		NotificationEndpoint: d.url(NotificationPath),
		Batch:                Batch{MaxBatch},
		Configurations:       map[string]Configuration{ConfigurationID: badge, StockConfigurationID: badge},
	}
}

// ServerMetadata describes the token endpoint to wallets. Without an
// authorization endpoint there are no response types to name.
func (d *Desk) ServerMetadata() ServerMetadata {
	return ServerMetadata{
		Issuer:        d.config.Program.URL(),
		TokenEndpoint: d.url(TokenPath),
		Grants:        []string{preAuthorizedGrant, "refresh_token"},
		ClientAuth:    []string{"none"},
		Anonymous:     true,
		DPoPSigned:    []string{"ES256"},
	}
}
