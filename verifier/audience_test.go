package verifier_test

import (
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/verifier"
)

// limited is a presentation of a badge with this aud, as JSON.
func limited(t *testing.T, aud string) string {
	t.Helper()
	header, payload, disclosures, _ := credentialtest.Parts(t, credentialtest.MustIssue(t, credentialtest.Claims()))
	payload = strings.Replace(payload, "{", `{"aud":`+aud+`,`, 1)
	jwt := credentialtest.MustSign(t, credentialtest.IssuerKey, header, payload)
	return credentialtest.MustPresent(t, credentialtest.Join(jwt, disclosures, ""), credentialtest.Now)
}

func TestVerify_TakesABadgeThatNamesThisVerifier(t *testing.T) {
	t.Parallel()
	plant := func(c *verifier.Config) { c.Audience = "https://plant.example" }
	for aud, want := range map[string]code.Code{
		`"https://plant.example"`:                           "",
		`["https://other.example","https://plant.example"]`: "",
		`"https://plant.example/"`:                          code.ClaimAudience,
		`"https://other.example"`:                           code.ClaimAudience,
	} {
		newGate(t, plant).want(t, limited(t, aud), want)
	}
	newGate(t, nil).want(t, limited(t, `"https://plant.example"`), code.ClaimAudience)
	newGate(t, plant).want(t, present(t), "")
}
