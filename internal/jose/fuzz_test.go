package jose_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/jose"
)

// FuzzParseCompact: what is accepted is the only spelling of its three values;
// what is refused has a code and yields nothing.
func FuzzParseCompact(f *testing.F) {
	files, err := credentialtest.ReadVectors("../../credential/testdata/vectors")
	if err != nil {
		f.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, file := range files {
		for _, v := range file.Vectors {
			for _, text := range []string{strings.SplitN(v.Input, "~", 2)[0], v.Input[strings.LastIndexByte(v.Input, '~')+1:]} {
				if len(text) < 2048 && !seen[text] {
					seen[text] = true
					f.Add(text)
				}
			}
		}
	}
	nobody := credentialtest.NewKey("signs nothing").PublicKey()
	f.Fuzz(func(t *testing.T, text string) {
		for _, policy := range []jose.HeaderPolicy{{Type: "dc+sd-jwt", AllowChain: true}, {Type: "kb+jwt"}, {Type: "openid4vci-proof+jwt", OwnKey: true}} {
			token, err := jose.ParseCompact(text, maxSize, policy)
			if err != nil {
				if code.Of(err) == code.Internal || token.Payload != nil || token.Header.KeyID != "" || token.Header.Chain != nil || token.Header.Key != nil {
					t.Errorf("%+v beside %v", token, err)
				}
				continue
			}
			segments := strings.Split(text, ".")
			if len(segments) != 3 || base64.RawURLEncoding.EncodeToString(token.Payload) != segments[1] {
				t.Errorf("%q is another spelling of its payload", text)
			}
			if err := token.Verify(nobody); code.Of(err) != code.SignatureInvalid {
				t.Errorf("nobody's key signed it: %v", err)
			}
		}
	})
}
