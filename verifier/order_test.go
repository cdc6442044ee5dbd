package verifier_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/verifiertest"
)

// scenario is everything about one presentation that can be wrong.
type scenario struct {
	header      string
	payload     string
	key         credentialtest.Key
	disclosures []string
	clock       time.Time
	proofKey    credentialtest.Key
	proofAt     time.Time
	audience    string
	status      revocation.Status
	request     verifier.Request
	policy      verifier.Policy
	spoil       func(text string) string
}

// faults are in the order in which a decision looks for them.
var faults = []struct {
	code  code.Code
	cause func(*scenario)
}{
	{code.TokenMalformed, func(s *scenario) { s.spoil = func(text string) string { return strings.Replace(text, ".", ".=", 1) } }},
	{code.HeaderForbidden, func(s *scenario) { s.header = strings.Replace(s.header, "{", `{"zip":"DEF",`, 1) }},
	{code.JSONDuplicateName, func(s *scenario) { s.payload = strings.Replace(s.payload, "{", `{"x":1,"x":2,`, 1) }},
	{code.IssuerUntrusted, func(s *scenario) { s.payload = strings.Replace(s.payload, `"iss":"https`, `"iss":"HTTPS`, 1) }},
	{code.TypeNotAccepted, func(s *scenario) { s.payload = strings.Replace(s.payload, "/vct/", "/VCT/", 1) }},
	{code.KeyUnknown, func(s *scenario) { s.header = strings.Replace(s.header, `"kid":"`, `"kid":"x`, 1) }},
	{code.SignatureInvalid, func(s *scenario) { s.key = credentialtest.OtherKey }},
	{code.SDDisclosureUnreferenced, func(s *scenario) {
		s.disclosures = append(s.disclosures, credentialtest.Disclosure(`["salt","role","chief"]`))
	}},
	{code.ClaimType, func(s *scenario) { s.payload = strings.Replace(s.payload, `"access":[`, `"access":[1,`, 1) }},
	{code.BadgeExpired, func(s *scenario) { s.clock = s.clock.Add(24 * time.Hour); s.proofAt = s.proofAt.Add(24 * time.Hour) }},
	{code.ProofSignatureInvalid, func(s *scenario) { s.proofKey = credentialtest.OtherKey }},
	{code.ProofAudience, func(s *scenario) { s.audience = "https://other.example" }},
	{code.ProofTime, func(s *scenario) { s.proofAt = s.proofAt.Add(-time.Hour) }},
	{code.StatusRevoked, func(s *scenario) { s.status = revocation.Invalid }},
	{code.AccessNotGranted, func(s *scenario) { s.request.Access = "admin" }},
	{code.ClaimPolicy, func(s *scenario) { s.policy.Roles = []string{"auditor"} }},
}

func newScenario(t *testing.T) *scenario {
	t.Helper()
	header, payload, disclosures, _ := credentialtest.Parts(t, credentialtest.MustIssue(t, credentialtest.Claims()))
	return &scenario{
		header: header, payload: payload, disclosures: disclosures,
		key: credentialtest.IssuerKey, proofKey: credentialtest.HolderKey,
		clock: credentialtest.Now, proofAt: credentialtest.Now, audience: credential.GateAudience,
		request: onsite,
		spoil:   func(text string) string { return text },
	}
}

func (s *scenario) decide(t *testing.T) verifier.Decision {
	t.Helper()
	g := newGate(t, func(config *verifier.Config) { config.Policy = s.policy })
	g.set(s.clock)
	g.lists.Put(credentialtest.ListURI, verifiertest.ListToken(t, credentialtest.ListURI, s.clock, s.status))
	jwt := credentialtest.MustSign(t, s.key, s.header, s.payload)
	text, err := credential.Bind(credentialtest.Join(jwt, s.disclosures, ""), s.proofKey, credential.Proof{
		Audience: s.audience, Nonce: credentialtest.Nonce, IssuedAt: s.proofAt,
	})
	if err != nil {
		t.Fatal(err)
	}
	return g.ask(t, s.spoil(text), s.request)
}

// TestTheEarlierFaultIsTheReason gives every presentation one fault, and then each
// two of them.
func TestTheEarlierFaultIsTheReason(t *testing.T) {
	t.Parallel()
	if d := newScenario(t).decide(t); !d.Allow {
		t.Fatalf("without a fault: %s %s", d.Code, d.Detail)
	}
	for first, one := range faults {
		for second, other := range faults[first:] {
			s := newScenario(t)
			other.cause(s)
			if second > 0 {
				one.cause(s)
			}
			if d := s.decide(t); d.Code != one.code {
				t.Errorf("%s and %s: got %q (%s)", one.code, other.code, d.Code, d.Detail)
			}
		}
	}
}
