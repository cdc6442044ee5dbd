package conformance_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
)

type presentationQuestion struct {
	Presentation string           `json:"presentation"`
	Issuer       json.RawMessage  `json:"issuer"`
	Nonce        string           `json:"nonce,omitempty"`
	Now          int64            `json:"now"`
	Required     []string         `json:"required"`
	StatusList   *string          `json:"statusList"`
	StatusKey    *json.RawMessage `json:"statusKey,omitempty"`
}

type presentationAnswer struct {
	Accepted bool           `json:"accepted"`
	Error    string         `json:"error"`
	Claims   map[string]any `json:"claims"`
	Proof    map[string]any `json:"proof"`
	Fetched  []string       `json:"fetched"`
}

type jwsQuestion struct {
	JWS string           `json:"jws"`
	Key *json.RawMessage `json:"key"`
	Typ string           `json:"typ"`
	Now int64            `json:"now"`
}

type jwsAnswer struct {
	Accepted bool           `json:"accepted"`
	Error    string         `json:"error"`
	Header   map[string]any `json:"header"`
	Claims   map[string]any `json:"claims"`
}

func jwkOf(t *testing.T, key credentialtest.Key) json.RawMessage {
	t.Helper()
	jwk, err := credential.MarshalJWK(key.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	return jwk
}

// issue signs every claim; with a chain in the profile for wallets.
func issue(t *testing.T, chain [][]byte) string {
	t.Helper()
	config := credentialtest.IssuerConfig(t.Name())
	config.Chain = chain
	return credentialtest.MustIssueBy(t, config, credentialtest.Claims())
}

// disclose keeps what is named and binds it as a holder does for a verifier that
// sent a nonce.
func disclose(t *testing.T, badge string, names ...string) string {
	t.Helper()
	shown, err := credential.Disclose(badge, names...)
	if err != nil {
		t.Fatal(err)
	}
	return credentialtest.MustBind(t, shown, credential.Proof{
		Audience: "https://gate.customer.example", Nonce: credentialtest.Nonce, IssuedAt: credentialtest.Now,
	})
}

var now = credentialtest.Now.Add(time.Second).Unix()
