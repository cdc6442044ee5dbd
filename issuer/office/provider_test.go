package office_test

import (
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/office"
)

func TestSignIn_TheProviderIsAskedLittle(t *testing.T) {
	t.Parallel()
	r := furnish(t, nil)
	for range 5 {
		r.signIn(t, "zoe", "g-view")
	}
	if metadata, keys := r.provider.Asked("/.well-known/openid-configuration"), r.provider.Asked("/keys"); metadata != 1 || keys != 1 {
		t.Errorf("metadata %d times, keys %d times", metadata, keys)
	}
	r.Move(office.MetadataAge)
	r.signIn(t, "zoe", "g-view")
	if got := r.provider.Asked("/.well-known/openid-configuration"); got != 2 {
		t.Errorf("after an hour: %d", got)
	}
}

func TestSignIn_WhileTheProviderIsDownSaysSoAndLeavesItAlone(t *testing.T) {
	t.Parallel()
	r := furnish(t, nil)
	r.provider.SetDown(true)
	for range 5 {
		_, err := r.Begin(t.Context(), false, "")
		refused(t, err, office.ProviderDown)
	}
	if got := r.provider.Asked("/.well-known/openid-configuration"); got != 1 {
		t.Errorf("asked %d times", got)
	}
	r.provider.SetDown(false)
	r.Move(10 * time.Second)
	secret, _ := r.signIn(t, "zoe", "g-view")

	// Once known, it may be down for those who are signed in.
	begun, answer := r.begin(t, false)
	r.provider.SetDown(true)
	_, _, err := r.Finish(t.Context(), begun.Flow, answer)
	refused(t, err, office.ProviderDown)
	r.Move(office.MetadataAge)
	if _, err := r.Begin(t.Context(), false, ""); err != nil {
		t.Errorf("what was known goes on holding: %v", err)
	}
	r.Move(-office.MetadataAge)
	if _, err := r.Authenticate(t.Context(), secret); err != nil {
		t.Error(err)
	}
}

func TestSignIn_AProviderThatIsNotTheOneIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(map[string]any)
		words  string
	}{
		"another issuer": {func(m map[string]any) { m["issuer"] = "https://evil.example" }, "did not match"},
		"no PKCE":        {func(m map[string]any) { m["code_challenge_methods_supported"] = []string{"plain"} }, "S256"},
		"no keys":        {func(m map[string]any) { delete(m, "jwks_uri") }, "missing"},
		"no token":       {func(m map[string]any) { delete(m, "token_endpoint") }, "missing"},
	} {
		r := furnish(t, nil)
		r.provider.Metadata = c.change
		_, err := r.Begin(t.Context(), false, "")
		if why(t, err, office.ProviderDown, c.words); t.Failed() {
			t.Fatal(name)
		}
	}
}
