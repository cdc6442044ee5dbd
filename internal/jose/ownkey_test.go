package jose_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/jose"
)

var ownKey = jose.HeaderPolicy{Type: "proof+jwt", OwnKey: true}

func jwkText(t *testing.T, key credentialtest.Key) string {
	t.Helper()
	jwk, err := jose.NewJWK(key.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(jwk)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestParseCompact_ReadsTheKeyThatAProofBrings(t *testing.T) {
	t.Parallel()
	jwk := jwkText(t, credentialtest.HolderKey)
	token, err := jose.ParseCompact(credentialtest.MustSign(t, credentialtest.HolderKey,
		`{"alg":"ES256","typ":"proof+jwt","jwk":`+jwk+`}`, "{}"), maxSize, ownKey)
	if err != nil {
		t.Fatal(err)
	}
	if !token.Header.Key.Equal(credentialtest.HolderKey.PublicKey()) || token.Verify(token.Header.Key) != nil {
		t.Errorf("read %+v", token.Header)
	}
}

func TestParseCompact_RefusesWhatAProofMustNotBring(t *testing.T) {
	t.Parallel()
	jwk := jwkText(t, credentialtest.HolderKey)
	with := func(member string) string { return strings.Replace(jwk, "{", "{"+member+",", 1) }
	for name, c := range map[string]struct {
		header string
		want   code.Code
	}{
		"no key":             {`{"alg":"ES256","typ":"proof+jwt"}`, code.KeyTypeMismatch},
		"a key id alone":     {`{"alg":"ES256","typ":"proof+jwt","kid":"k"}`, code.HeaderForbidden},
		"a key id beside it": {`{"alg":"ES256","typ":"proof+jwt","kid":"k","jwk":` + jwk + `}`, code.HeaderForbidden},
		"a chain beside it":  {`{"alg":"ES256","typ":"proof+jwt","x5c":["AA=="],"jwk":` + jwk + `}`, code.HeaderForbidden},
		"another typ":        {`{"alg":"ES256","typ":"kb+jwt","jwk":` + jwk + `}`, code.TypMismatch},
		"another algorithm":  {`{"alg":"ES384","typ":"proof+jwt","jwk":` + jwk + `}`, code.AlgNotAllowed},
		"no algorithm":       {`{"alg":"none","typ":"proof+jwt","jwk":` + jwk + `}`, code.AlgNotAllowed},
		"the private key":    {`{"alg":"ES256","typ":"proof+jwt","jwk":` + with(`"d":"AA"`) + `}`, code.KeyTypeMismatch},
		"a symmetric key":    {`{"alg":"ES256","typ":"proof+jwt","jwk":{"kty":"oct","k":"AA"}}`, code.KeyTypeMismatch},
		"a key for secrets":  {`{"alg":"ES256","typ":"proof+jwt","jwk":` + with(`"use":"enc"`) + `}`, code.KeyTypeMismatch},
		"a key as text":      {`{"alg":"ES256","typ":"proof+jwt","jwk":"k"}`, code.KeyTypeMismatch},
		"two keys":           {`{"alg":"ES256","typ":"proof+jwt","jwk":` + jwk + `,"jwk":` + jwk + `}`, code.JSONDuplicateName},
		"an address":         {`{"alg":"ES256","typ":"proof+jwt","jku":"https://a.example","jwk":` + jwk + `}`, code.HeaderForbidden},
	} {
		token := credentialtest.MustSign(t, credentialtest.HolderKey, c.header, "{}")
		if got, err := jose.ParseCompact(token, maxSize, ownKey); code.Of(err) != c.want || got.Header.Key != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	chained := jose.HeaderPolicy{Type: "proof+jwt", OwnKey: true, AllowChain: true}
	token := credentialtest.MustSign(t, credentialtest.HolderKey, `{"alg":"ES256","typ":"proof+jwt","x5c":["AA=="],"jwk":`+jwk+`}`, "{}")
	if _, err := jose.ParseCompact(token, maxSize, chained); code.Of(err) != code.HeaderForbidden {
		t.Errorf("a chain beside a key: %v", err)
	}
}

func TestParseCompact_TakesNoKeyUnlessAsked(t *testing.T) {
	t.Parallel()
	token := credentialtest.MustSign(t, credentialtest.HolderKey, `{"alg":"ES256","typ":"test+jwt","jwk":`+jwkText(t, credentialtest.HolderKey)+`}`, "{}")
	if _, err := jose.ParseCompact(token, maxSize, policy); code.Of(err) != code.HeaderForbidden {
		t.Errorf("got %v", err)
	}
}
