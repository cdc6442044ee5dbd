package verifier

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
)

// recalling is a trust list of the test issuer with more members.
func recalling(t *testing.T, more string) *Trust {
	t.Helper()
	jwk := func(key credentialtest.Key) string {
		text, err := credential.MarshalJWK(key.PublicKey())
		if err != nil {
			t.Fatal(err)
		}
		var members map[string]string
		if err := json.Unmarshal(text, &members); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf(`{"kid":%q,"kty":"EC","crv":"P-256","x":%q,"y":%q}`, key.ID(), members["x"], members["y"])
	}
	trust, err := ParseTrust([]byte(fmt.Sprintf(`{"issuers":[{"issuer":%q,"types":[%q],"keys":[%s],"lists":{"under":%q,"keys":[%s]}%s}]}`,
		credentialtest.IssuerURL, credentialtest.BadgeType, jwk(credentialtest.IssuerKey),
		credentialtest.IssuerURL+"/status-lists/", jwk(credentialtest.ListKey), more)))
	if err != nil {
		t.Fatal(err)
	}
	return trust
}

// TestABadgeThatIsRememberedEndsWithWhatEndsIt changes the trust list of a verifier
// that has opened the badge before.
func TestABadgeThatIsRememberedEndsWithWhatEndsIt(t *testing.T) {
	t.Parallel()
	trust := recalling(t, "")
	v, err := New(Config{Trust: trust, Now: func() time.Time { return credentialtest.Now }})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	badge := credentialtest.MustIssue(t, credentialtest.Claims())
	shown := 0
	decide := func() Decision {
		shown++
		return v.Verify(t.Context(), credentialtest.MustBind(t, badge, credential.Proof{
			Audience: credential.GateAudience, Nonce: fmt.Sprintf("%s%d", credentialtest.Nonce, shown), IssuedAt: credentialtest.Now,
		}), Request{Access: credential.Onsite})
	}
	if d := decide(); d.Code != code.StatusUnavailable {
		t.Fatalf("nothing is wrong with the badge: %q %s", d.Code, d.Detail)
	}
	issued := credentialtest.Claims().IssuedAt.Unix()
	kid := credentialtest.IssuerKey.ID()
	for more, want := range map[string]code.Code{
		fmt.Sprintf(`,"revoked":[%q]`, kid):                             code.KeyRevoked,
		fmt.Sprintf(`,"retired":[{"kid":%q,"at":%d}]`, kid, issued):     code.StatusUnavailable,
		fmt.Sprintf(`,"retired":[{"kid":%q,"at":%d}]`, kid, issued-1):   code.KeyRetired,
		fmt.Sprintf(`,"not_before":%d`, issued):                         code.StatusUnavailable,
		fmt.Sprintf(`,"not_before":%d`, issued+1):                       code.BadgeSuperseded,
		fmt.Sprintf(`,"stopped":[%q]`, credentialtest.BadgeType):        code.TypeStopped,
		fmt.Sprintf(`,"stopped":[%q]`, credentialtest.BadgeType+"/one"): code.StatusUnavailable,
	} {
		v.basis.Store(&basis{trust: recalling(t, more)})
		if d := decide(); d.Code != want || d.Badge != nil && want != code.StatusUnavailable {
			t.Errorf("%s: got %q %s, want %q", more, d.Code, d.Detail, want)
		}
	}
}
