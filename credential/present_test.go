package credential_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
)

func TestDisclose_KeepsWhatIsNamed(t *testing.T) {
	t.Parallel()
	badge := credentialtest.MustIssue(t, credentialtest.Claims())
	opener := credential.Opener{Keys: credentialtest.Keys{}}
	for _, names := range [][]string{{}, {"role"}, {"equipment", "given_name"}, {"no such claim"}, credential.Disclosable()} {
		shown, err := credential.Disclose(badge, names...)
		if err != nil {
			t.Fatal(err)
		}
		opened, err := opener.Open(shown)
		if err != nil {
			t.Fatal(err)
		}
		for name, there := range map[string]bool{
			"given_name": opened.GivenName != "", "family_name": opened.FamilyName != "", "picture": opened.Picture != "", "picture#integrity": opened.PictureIntegrity != "", "employee_number": opened.EmployeeNumber != "",
			"organization": opened.Organization != "", "role": opened.Role != "", "training": len(opened.Training) > 0, "equipment": opened.Equipment != nil,
		} {
			if there != slices.Contains(names, name) {
				t.Errorf("disclosing %v: %s is there: %t", names, name, there)
			}
		}
	}
	whole, err := credential.Disclose(badge, credential.Disclosable()...)
	if err != nil || whole != badge {
		t.Errorf("disclosing everything changes the badge: %v", err)
	}
}

func TestDisclose_RefusesWhatIsBoundOrBroken(t *testing.T) {
	t.Parallel()
	badge := credentialtest.MustIssue(t, credentialtest.Claims())
	for name, c := range map[string]struct {
		text string
		want code.Code
	}{
		"bound already":     {credentialtest.MustPresent(t, badge, credentialtest.Now), code.TokenMalformed},
		"no badge":          {"x", code.TokenMalformed},
		"broken disclosure": {badge + "AAAA~", code.JSONInvalid},
		"too long":          {strings.Repeat("x", credential.MaxSize) + "~", code.TokenTooLarge},
	} {
		if text, err := credential.Disclose(c.text); code.Of(err) != c.want || text != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBind_RefusesAnEmptyProof(t *testing.T) {
	t.Parallel()
	badge := credentialtest.MustIssue(t, credentialtest.Claims())
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := credential.Proof{Audience: credential.GateAudience, Nonce: "n", IssuedAt: credentialtest.Now}
	for name, proof := range map[string]credential.Proof{
		"no audience": {Nonce: "n", IssuedAt: credentialtest.Now}, "no nonce": {Audience: "a", IssuedAt: credentialtest.Now}, "long nonce": {Audience: "a", Nonce: strings.Repeat("n", credential.MaxNonce+1)},
	} {
		if text, err := credential.Bind(badge, credentialtest.HolderKey, proof); err == nil || text != "" {
			t.Errorf("%s: %q", name, text)
		}
	}
	if text, err := credential.Bind(badge, p384, good); code.Of(err) != code.KeyTypeMismatch || text != "" {
		t.Errorf("a key on another curve: %v", err)
	}
	if text, err := credential.Bind(badge, nil, good); err == nil || text != "" {
		t.Errorf("no key: %q", text)
	}
	bound := credentialtest.MustPresent(t, badge, credentialtest.Now)
	if text, err := credential.Bind(bound, credentialtest.HolderKey, good); code.Of(err) != code.TokenMalformed || text != "" {
		t.Errorf("bound already: %v", err)
	}
}

func TestCheckProof_ReturnsWhatTheHolderSigned(t *testing.T) {
	t.Parallel()
	want := credential.Proof{Audience: `https://gate.customer.example/?a=1&b=<2>`, Nonce: "<&>\"\\\u2028", IssuedAt: credentialtest.Now.Add(-time.Minute)}
	text := credentialtest.MustBind(t, credentialtest.MustIssue(t, credentialtest.Claims()), want)
	p, err := credential.Opener{Keys: credentialtest.Keys{}}.OpenPresentation(text)
	if err != nil {
		t.Fatal(err)
	}
	rules := gateRules
	rules.Audiences, rules.Nonce = []string{"x", want.Audience}, want.Nonce
	if got, err := p.CheckProof(rules); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	if !p.HasProof() {
		t.Error("the proof is denied")
	}
}

func TestCheckProof_AcceptsNothingUnderTheZeroRules(t *testing.T) {
	t.Parallel()
	text := credentialtest.MustPresent(t, credentialtest.MustIssue(t, credentialtest.Claims()), credentialtest.Now)
	p, err := credential.Opener{Keys: credentialtest.Keys{}}.OpenPresentation(text)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		rules credential.ProofRules
		want  code.Code
	}{
		"zero":       {credential.ProofRules{}, code.ProofAudience},
		"no clock":   {credential.ProofRules{Audiences: gateRules.Audiences, MaxAge: time.Hour, MaxAhead: time.Hour}, code.ProofTime},
		"no window":  {credential.ProofRules{Audiences: gateRules.Audiences, Now: credentialtest.Now.Add(1)}, code.ProofTime},
		"no lead":    {credential.ProofRules{Audiences: gateRules.Audiences, Now: credentialtest.Now.Add(-1), MaxAge: time.Hour}, code.ProofTime},
		"other aud":  {credential.ProofRules{Audiences: []string{""}, Now: credentialtest.Now, MaxAge: time.Hour}, code.ProofAudience},
		"this works": {credential.ProofRules{Audiences: gateRules.Audiences, Now: credentialtest.Now}, ""},
	} {
		if proof, err := p.CheckProof(c.rules); code.Of(err) != c.want || err != nil && proof != (credential.Proof{}) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// Two claims of the proof are wrong; always the same one must be the reason.
func TestCheckProof_GivesOneReasonForOneText(t *testing.T) {
	t.Parallel()
	badge := credentialtest.MustIssue(t, credentialtest.Claims())
	payload := strings.Replace(credentialtest.ProofPayload(badge, credentialtest.Now), "{", `{"exp":"never","nbf":9007199254740991,`, 1)
	text := badge + credentialtest.MustSign(t, credentialtest.HolderKey, credentialtest.ProofHeader, payload)
	for range 50 {
		if err := open(text); code.Of(err) != code.ClaimType {
			t.Fatalf("%v", err)
		}
	}
}

func TestThumbprintAndJWK_ReadBackTheSameKey(t *testing.T) {
	t.Parallel()
	text, err := credential.MarshalJWK(credentialtest.HolderKey.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	key, err := credential.ParseJWK(text)
	if err != nil || !key.Equal(credentialtest.HolderKey.PublicKey()) {
		t.Fatalf("%s: %v", text, err)
	}
	if id, err := credential.Thumbprint(key); err != nil || id != credentialtest.HolderKey.ID() || len(id) != 43 {
		t.Errorf("%q, %v", id, err)
	}
	for text, want := range map[string]code.Code{`{}`: code.KeyTypeMismatch, `{`: code.JSONInvalid, `{"kty":"EC","kty":"EC"}`: code.JSONDuplicateName} {
		if key, err := credential.ParseJWK([]byte(text)); code.Of(err) != want || key != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := credential.Thumbprint(nil); code.Of(err) != code.KeyTypeMismatch {
		t.Errorf("no key: %v", err)
	}
	if _, err := credential.MarshalJWK(nil); code.Of(err) != code.KeyTypeMismatch {
		t.Errorf("no key: %v", err)
	}
}
