package conformance_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"strings"
	"testing"

	gojose "github.com/go-jose/go-jose/v4"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/jose"
)

// Whatever we accept, two independent libraries accept with the same payload.
// The opposite need not hold: we refuse much that they take.

const vectorDirectory = "../../credential/testdata/vectors"

var badgePolicy = jose.HeaderPolicy{Type: "dc+sd-jwt", AllowChain: true}

// ours returns the payload of a token that we accept.
func ours(text string, key *ecdsa.PublicKey) ([]byte, error) {
	token, err := jose.ParseCompact(text, maxSize, badgePolicy)
	if err != nil {
		return nil, err
	}
	if err := token.Verify(key); err != nil {
		return nil, err
	}
	return token.Payload, nil
}

func goJose(text string, key *ecdsa.PublicKey) ([]byte, error) {
	token, err := gojose.ParseSignedCompact(text, []gojose.SignatureAlgorithm{gojose.ES256})
	if err != nil {
		return nil, err
	}
	return token.Verify(key)
}

func jwxV3(text string, key *ecdsa.PublicKey) ([]byte, error) {
	return jws.Verify([]byte(text), jws.WithCompact(), jws.WithKey(jwa.ES256(), key))
}

// compare fails when an oracle does not bear us out. It reports whether we
// accepted the token.
func compare(t *testing.T, text string, key *ecdsa.PublicKey) bool {
	t.Helper()
	payload, err := ours(text, key)
	if err != nil {
		if payload != nil || code.Of(err) == code.Internal {
			t.Errorf("%q beside %v", payload, err)
		}
		return false
	}
	for name, oracle := range map[string]func(string, *ecdsa.PublicKey) ([]byte, error){"go-jose": goJose, "jwx v3": jwxV3} {
		got, err := oracle(text, key)
		if err != nil && excused(t, name, text) {
			continue
		}
		if err != nil {
			t.Errorf("%s refuses what we accept: %v\n%s\n%s", name, err, decodedHeader(t, text), text)
		} else if !bytes.Equal(got, payload) {
			t.Errorf("%s reads %q, we %q", name, got, payload)
		}
	}
	return true
}

// excused are tokens that an oracle refuses without need.
func excused(t *testing.T, oracle, text string) bool {
	t.Helper()
	header := decodedHeader(t, text)
	token, err := jose.ParseCompact(text, maxSize, badgePolicy)
	if err != nil {
		t.Fatal(err)
	}
	// Both parse the certificates of x5c before anybody asked for them. We leave
	// that to whoever is going to trust one.
	for _, der := range token.Header.Chain {
		if _, err := x509.ParseCertificate(der); err != nil {
			return true
		}
	}
	// jwx v3 verifies the header without the white space around its object,
	// though RFC 7515 signs the bytes as they are.
	return oracle == "jwx v3" && strings.Trim(header, " \t\r\n") != header
}

func decodedHeader(t *testing.T, text string) string {
	t.Helper()
	header, err := jose.DecodeSegment(strings.SplitN(text, ".", 2)[0])
	if err != nil {
		t.Fatal(err)
	}
	return string(header)
}

func TestOracles_AcceptWhatWeAccept(t *testing.T) {
	t.Parallel()
	files, err := credentialtest.ReadVectors(vectorDirectory)
	if err != nil {
		t.Fatal(err)
	}
	accepted := 0
	for _, file := range files {
		for _, v := range file.Vectors {
			if compare(t, strings.SplitN(v.Input, "~", 2)[0], credentialtest.IssuerKey.PublicKey()) {
				accepted++
			}
		}
	}
	// In groups b to d nearly every issuer-signed JWT is a good JWS.
	if accepted < 300 {
		t.Errorf("only %d tokens were compared", accepted)
	}
	t.Logf("%d tokens compared", accepted)
}

// FuzzDifferential signs any header and payload, so that what is found does not
// end at the signature.
func FuzzDifferential(f *testing.F) {
	f.Add(credentialtest.Header(), []byte(`{"iss":"x"}`))
	f.Add(` {"typ":"dc+sd-jwt" , "\u0061lg":"ES256"} `, []byte("not JSON"))
	f.Add(`{"alg":"ES256","typ":"dc+sd-jwt","x5c":["AAAA"]}`, []byte(nil))
	f.Add(`{"alg":"ES256","kid":"\ud83d","typ":"dc+sd-jwt"}`, []byte{0})
	f.Add(`{"alg":"ES256","kid":"\u0026","typ":"dc+sd-jwt"}`, []byte("{}{}"))
	files, err := credentialtest.ReadVectors(vectorDirectory)
	if err != nil {
		f.Fatal(err)
	}
	for _, v := range files[0].Vectors {
		header, err := jose.DecodeSegment(strings.SplitN(v.Input, ".", 2)[0])
		if err == nil && len(header) < 500 {
			f.Add(string(header), []byte("{}"))
		}
	}
	f.Fuzz(func(t *testing.T, header string, payload []byte) {
		compare(t, credentialtest.MustSign(t, credentialtest.IssuerKey, header, string(payload)), credentialtest.IssuerKey.PublicKey())
	})
}

// FuzzDifferentialText changes the text of good tokens.
func FuzzDifferentialText(f *testing.F) {
	f.Add(credentialtest.MustSign(f, credentialtest.IssuerKey, credentialtest.Header(), `{"iss":"x"}`))
	f.Add(credentialtest.MustSign(f, credentialtest.IssuerKey, credentialtest.Header(), ``))
	f.Fuzz(func(t *testing.T, text string) {
		compare(t, text, credentialtest.IssuerKey.PublicKey())
	})
}

// FuzzKeys: a key that we take is the key that go-jose reads.
func FuzzKeys(f *testing.F) {
	for _, key := range []credentialtest.Key{credentialtest.IssuerKey, credentialtest.HolderKey} {
		jwk, err := jose.NewJWK(key.PublicKey())
		if err != nil {
			f.Fatal(err)
		}
		text, err := json.Marshal(jwk)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
		f.Add(bytes.Replace(text, []byte("{"), []byte(`{"use":"sig","alg":"ES256","key_ops":["verify"],"kid":"k",`), 1))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		key, err := parseKey(text)
		if err != nil {
			if key != nil || code.Of(err) == code.Internal {
				t.Errorf("%v beside %v", key, err)
			}
			return
		}
		var other gojose.JSONWebKey
		if err := other.UnmarshalJSON(text); err != nil {
			t.Fatalf("go-jose refuses %s: %v", text, err)
		}
		if public, ok := other.Key.(*ecdsa.PublicKey); !ok || !public.Equal(key) {
			t.Errorf("go-jose reads another key out of %s", text)
		}
	})
}
