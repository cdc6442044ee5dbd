package credential_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
)

// The tests of this file read what the issuer and the holder wrote with the
// standard library alone: a fault that our reader shares with our writer would
// otherwise stay unseen.

// rawJWS is a compact JWS whose signature was verified.
func rawJWS(t *testing.T, text string, key *ecdsa.PublicKey) (header, payload map[string]any, payloadText string) {
	t.Helper()
	segments := strings.Split(text, ".")
	if len(segments) != 3 {
		t.Fatalf("%d segments", len(segments))
	}
	signature := raw(t, segments[2])
	if len(signature) != 64 {
		t.Fatalf("a signature of %d bytes", len(signature))
	}
	digest := sha256.Sum256([]byte(segments[0] + "." + segments[1]))
	if !ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		t.Fatal("the signature is not good")
	}
	return object(t, raw(t, segments[0])), object(t, raw(t, segments[1])), string(raw(t, segments[1]))
}

func raw(t *testing.T, text string) []byte {
	t.Helper()
	decoded, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}

func object(t *testing.T, text []byte) map[string]any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var v map[string]any
	if err := decoder.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func TestIssuer_WritesAnSDJWTVCByTheStandard(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t, func(c *credential.IssuerConfig) { c.Rand = nil })
	badge, err := issuer.Sign(prepare(t, issuer, credentialtest.Claims()))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(badge, "~") {
		t.Error("a badge ends in a tilde")
	}
	parts := strings.Split(strings.TrimSuffix(badge, "~"), "~")
	header, payload, text := rawJWS(t, parts[0], credentialtest.IssuerKey.PublicKey())
	if got, want := asJSON(t, header), `{"alg":"ES256","kid":"`+credentialtest.IssuerKey.ID()+`","typ":"dc+sd-jwt"}`; got != want {
		t.Errorf("header %s, want %s", got, want)
	}
	if strings.ContainsAny(text, " \n") || strings.Contains(text, `\u00`) {
		t.Errorf("the claims are not compact: %s", text)
	}

	names := make([]string, 0, len(payload))
	for name := range payload {
		names = append(names, name)
	}
	slices.Sort(names)
	if got, want := strings.Join(names, " "), "_sd _sd_alg access cnf exp iat iss nbf status sub vct"; got != want {
		t.Errorf("claims in clear: %s", got)
	}
	wantClear := `{"access":["onsite","remote"],"exp":1795503600,"iat":1795417200,"iss":"https://badge.vendor.example","nbf":1795417200,` +
		`"status":{"status_list":{"idx":413412,"uri":"https://badge.vendor.example/status-lists/1"}},"sub":"k7Qm2dXbT0aVYw3hZr9u8A","vct":"https://badge.vendor.example/vct/cyber-badge/1"}`
	digests := payload["_sd"].([]any)
	if payload["_sd_alg"] != "sha-256" {
		t.Errorf("_sd_alg %v", payload["_sd_alg"])
	}
	x, y := coordinates(t, credentialtest.HolderKey.PublicKey())
	if got, want := asPlainJSON(t, payload["cnf"]), `{"jwk":{"crv":"P-256","kty":"EC","x":"`+x+`","y":"`+y+`"}}`; got != want {
		t.Errorf("cnf %s, want %s", got, want)
	}
	for _, name := range []string{"_sd", "_sd_alg", "cnf"} {
		delete(payload, name)
	}
	if got := asPlainJSON(t, payload); got != wantClear {
		t.Errorf("claims\n got %s\nwant %s", got, wantClear)
	}
	checkDisclosures(t, parts[1:], digests)
}

func coordinates(t *testing.T, key *ecdsa.PublicKey) (x, y string) {
	t.Helper()
	point, err := key.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(point[1:33]), base64.RawURLEncoding.EncodeToString(point[33:])
}

// asPlainJSON is JSON with sorted names and no escapes for HTML.
func asPlainJSON(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(b.String())
}

func checkDisclosures(t *testing.T, disclosures []string, digests []any) {
	t.Helper()
	want := map[string]string{
		"given_name": `"Zoë"`, "family_name": `"Rößler"`, "picture": `"https://badge.vendor.example/pictures/Xw1r5mHqT9mJk2sPb7dU3A"`, "picture#integrity": `"sha256-n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="`,
		"employee_number": `"0700002"`, "organization": `"Vendor Services"`, "role": `"field-service-representative"`, "equipment": `{"checked_at":1795327200,"compliant":true}`,
		"training": `[{"course":"CB-101","standard":"IEC 62443-2-4","valid_until":1812700800},{"course":"CB-102","standard":"ISO/IEC 27001","valid_until":1808380800},{"course":"CB-201","standard":"IEC 62443-2-4","valid_until":1803196800}]`,
	}
	salts := make(map[string]bool)
	var expected []string
	for _, text := range disclosures {
		decoder := json.NewDecoder(bytes.NewReader(raw(t, text)))
		decoder.UseNumber()
		var d []any
		if err := decoder.Decode(&d); err != nil || len(d) != 3 {
			t.Fatalf("%s: %v", raw(t, text), err)
		}
		salt, name := d[0].(string), d[1].(string)
		if len(raw(t, salt)) < 16 || salts[salt] {
			t.Errorf("%s: a salt that is short or used before", name)
		}
		salts[salt] = true
		if got := asPlainJSON(t, d[2]); got != want[name] {
			t.Errorf("%s is %s, want %s", name, got, want[name])
		}
		delete(want, name)
		expected = append(expected, digestOf(text))
	}
	if len(want) > 0 {
		t.Errorf("not disclosed: %v", want)
	}
	slices.Sort(expected)
	var listed []string
	for _, digest := range digests {
		listed = append(listed, digest.(string))
	}
	if !slices.Equal(listed, expected) {
		t.Errorf("_sd is %v, want %v in an order that says nothing", listed, expected)
	}
}

func TestBind_WritesAKeyBindingJWTByTheStandard(t *testing.T) {
	t.Parallel()
	text := shown(t)
	at := strings.LastIndexByte(text, '~') + 1
	header, payload, _ := rawJWS(t, text[at:], credentialtest.HolderKey.PublicKey())
	if got, want := asJSON(t, header), `{"alg":"ES256","typ":"kb+jwt"}`; got != want {
		t.Errorf("header %s", got)
	}
	want := `{"aud":"urn:cyberbadge:gate","iat":1795420800,"nonce":"` + credentialtest.Nonce + `","sd_hash":"` + digestOf(text[:at]) + `"}`
	if got := asPlainJSON(t, payload); got != want {
		t.Errorf("claims %s, want %s", got, want)
	}
}

func TestIssuer_SharesNoSaltOrDigestBetweenBadgesOfOnePerson(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t, func(c *credential.IssuerConfig) { c.Rand = nil })
	seen := make(map[string]bool)
	for range 20 {
		badge, err := issuer.Sign(prepare(t, issuer, credentialtest.Claims()))
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(strings.TrimSuffix(badge, "~"), "~")
		for _, text := range parts[1:] {
			var d []any
			if err := json.Unmarshal(raw(t, text), &d); err != nil {
				t.Fatal(err)
			}
			for _, value := range []string{"salt " + d[0].(string), "digest " + digestOf(text)} {
				if seen[value] {
					t.Fatalf("%s twice", value)
				}
				seen[value] = true
			}
		}
	}
}

// No value, whatever it holds, may become a claim of its own.
func TestIssuer_LetsNoValueBecomeAClaim(t *testing.T) {
	t.Parallel()
	const evil = `x","admin":true,"y":"`
	issuer := newIssuer(t, func(c *credential.IssuerConfig) { c.KeyID = `k","alg":"none`; c.Rand = nil })
	claims := credentialtest.Claims()
	claims.GivenName, claims.Role, claims.EmployeeNumber = evil, `"],["s","access",["onsite"]`, `\",\"admin\":true`
	claims.Training[0].Course = `"}],"admin":[{"a":"`
	claims.Picture = `https://badge.vendor.example/","admin":"`
	badge, err := issuer.Sign(prepare(t, issuer, claims))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(strings.TrimSuffix(badge, "~"), "~")
	header, payload, _ := rawJWS(t, parts[0], credentialtest.IssuerKey.PublicKey())
	if len(header) != 3 || header["alg"] != "ES256" || len(payload) != 11 {
		t.Errorf("header %v, claims %v", header, payload)
	}
	for _, text := range parts[1:] {
		var d []any
		if err := json.Unmarshal(raw(t, text), &d); err != nil || len(d) != 3 {
			t.Fatalf("%s: %v", raw(t, text), err)
		}
		if !slices.Contains(credential.Disclosable(), d[1].(string)) {
			t.Errorf("a disclosure of %q", d[1])
		}
		if d[1] == "given_name" && d[2] != evil {
			t.Errorf("given_name is %q", d[2])
		}
	}
}

func TestIssuer_EscapesNoHTML(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t, nil)
	claims := credentialtest.Claims()
	claims.Organization = "Bau & Söhne <GmbH>"
	badge, err := issuer.Sign(prepare(t, issuer, claims))
	if err != nil {
		t.Fatal(err)
	}
	for text := range strings.SplitSeq(badge, "~") {
		if strings.Contains(text, ".") || text == "" {
			continue
		}
		if d := string(raw(t, text)); strings.Contains(d, "organization") && !strings.Contains(d, `"organization","Bau & Söhne <GmbH>"`) {
			t.Errorf("%s", d)
		}
	}
}
