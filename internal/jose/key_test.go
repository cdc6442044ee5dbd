package jose_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/jose"
	"github.com/cyberbadge/cyberbadge/internal/strictjson"
)

// jwk is a key as JSON, with more members in front.
func jwk(t *testing.T, name, members string) string {
	t.Helper()
	key, err := jose.NewJWK(credentialtest.NewKey(name).PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Replace(string(text), "{", "{"+members, 1)
}

func parse(t *testing.T, text string) strictjson.Value {
	t.Helper()
	v, err := strictjson.ParseString(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestParseKey_ReadsWhatNewJWKWrote(t *testing.T) {
	t.Parallel()
	for i := range 50 {
		name := fmt.Sprint(i)
		got, err := jose.ParseKey(parse(t, jwk(t, name, "")))
		if err != nil || !got.Equal(credentialtest.NewKey(name).PublicKey()) {
			t.Fatalf("key %d: %v", i, err)
		}
	}
}

func TestParseKey_RefusesOtherKeys(t *testing.T) {
	t.Parallel()
	good := jwk(t, "a", "")
	for name, text := range map[string]string{
		"no object": `"x"`, "empty": `{}`, "private": jwk(t, "a", `"d":"AAAA",`), "private null": jwk(t, "a", `"d":null,`), "symmetric": `{"kty":"oct","k":"AAAA"}`, "other curve": strings.Replace(good, "P-256", "P-384", 1),
		"other type": strings.Replace(good, `"EC"`, `"OKP"`, 1), "type a number": strings.Replace(good, `"EC"`, `1`, 1), "for encryption": jwk(t, "a", `"use":"enc",`), "other algorithm": jwk(t, "a", `"alg":"ES384",`), "algorithm null": jwk(t, "a", `"alg":null,`),
		"signing only": jwk(t, "a", `"key_ops":["sign"],`), "no operation": jwk(t, "a", `"key_ops":[],`), "operations a string": jwk(t, "a", `"key_ops":"verify",`), "operation nested": jwk(t, "a", `"key_ops":[["verify"]],`),
		"x and y exchanged": strings.NewReplacer(`"x"`, `"y"`, `"y"`, `"x"`).Replace(good), "point of another key": strings.Replace(good, strings.Split(good, `"`)[15], strings.Split(jwk(t, "b", ""), `"`)[15], 1),
	} {
		if key, err := jose.ParseKey(parse(t, text)); code.Of(err) != code.KeyTypeMismatch || key != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseKeySet_SkipsKeysOfOtherTypes(t *testing.T) {
	t.Parallel()
	keys, err := jose.ParseKeySet(parse(t, `{"keys":[{"kty":"RSA"},{"kty":"oct","k":"x"},`+jwk(t, "a", `"kid":"a",`)+`,{"kty":"future"},{},7,`+jwk(t, "b", `"kid":"b","use":"sig",`)+`],"extra":1}`))
	if err != nil || len(keys) != 2 || keys[0].ID != "a" || keys[1].ID != "b" {
		t.Fatalf("%+v, %v", keys, err)
	}
	if !keys[1].Public.Equal(credentialtest.NewKey("b").PublicKey()) {
		t.Error("another key under that id")
	}
}

func TestParseKeySet_RefusesAnUnfitSetAsAWhole(t *testing.T) {
	t.Parallel()
	good := jwk(t, "a", `"kid":"a",`)
	for name, c := range map[string]struct {
		text string
		want code.Code
	}{
		"no object":            {`[]`, code.KeyTypeMismatch},
		"no keys":              {`{}`, code.KeyTypeMismatch},
		"keys an object":       {`{"keys":{}}`, code.KeyTypeMismatch},
		"none":                 {`{"keys":[]}`, code.KeyUnknown},
		"none that fits":       {`{"keys":[{"kty":"RSA"}]}`, code.KeyUnknown},
		"an id twice":          {`{"keys":[` + good + `,` + jwk(t, "b", `"kid":"a",`) + `]}`, code.KeyAmbiguous},
		"two without id":       {`{"keys":[` + jwk(t, "a", "") + `,` + jwk(t, "b", "") + `]}`, code.KeyAmbiguous},
		"a private key":        {`{"keys":[` + good + `,` + jwk(t, "b", `"d":"AAAA",`) + `]}`, code.KeyTypeMismatch},
		"a key for encryption": {`{"keys":[` + good + `,` + jwk(t, "b", `"use":"enc",`) + `]}`, code.KeyTypeMismatch},
		"an id that is none":   {`{"keys":[` + jwk(t, "b", `"kid":7,`) + `]}`, code.HeaderType},
		"an empty id":          {`{"keys":[` + jwk(t, "b", `"kid":"",`) + `]}`, code.HeaderType},
	} {
		if keys, err := jose.ParseKeySet(parse(t, c.text)); code.Of(err) != c.want || keys != nil {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func TestParseKeySet_BoundsTheNumberOfKeys(t *testing.T) {
	t.Parallel()
	set := func(n int) string {
		keys := make([]string, n)
		for i := range keys {
			keys[i] = jwk(t, fmt.Sprint(i), fmt.Sprintf(`"kid":"%d",`, i))
		}
		return `{"keys":[` + strings.Join(keys, ",") + `]}`
	}
	if keys, err := jose.ParseKeySet(parse(t, set(jose.MaxKeys))); err != nil || len(keys) != jose.MaxKeys {
		t.Errorf("at the bound: %d, %v", len(keys), err)
	}
	if _, err := jose.ParseKeySet(parse(t, set(jose.MaxKeys+1))); code.Of(err) != code.KeyTypeMismatch {
		t.Errorf("one more: %v", err)
	}
}

func TestNewJWK_RefusesOtherCurves(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, public := range []*ecdsa.PublicKey{nil, &key.PublicKey} {
		if _, err := jose.NewJWK(public); code.Of(err) != code.KeyTypeMismatch {
			t.Errorf("%v", err)
		}
	}
}

// The thumbprint was computed apart from this code, by its definition: the
// SHA-256 of the required members in order.
func TestThumbprint_IsThatOfRFC7638(t *testing.T) {
	t.Parallel()
	key := jose.JWK{Type: "EC", Curve: "P-256", X: "jJ6Flys3zK9jUhnOHf6G49Dyp5hah6CNP84-gY-n9eo", Y: "nhI6iD5eFXgBTLt_1p3aip-5VbZeMhxeFSpjfEAf7Ww"}
	if got, want := key.Thumbprint(), "w9eYdC6_s_tLQ8lH6PUpc0mddazaqtPgeC2IgWDiqY8"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
