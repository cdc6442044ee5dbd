package credential_test

import (
	"fmt"
	"strings"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
)

// holderKeys are cases of cnf.
func (m *maker) holderKeys() {
	cnf := m.member("cnf")
	jwk, err := credential.MarshalJWK(credentialtest.HolderKey.PublicKey())
	if err != nil {
		m.t.Fatal(err)
	}
	key := string(jwk)
	m.refuse(code.ProofKeyMissing, "b13-absent", "no cnf", m.without("cnf"))
	for id, value := range ordered("empty", `{}`, "null", `null`, "string", `"x"`, "thumbprint", `{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}`, "kid", `{"kid":"k"}`, "jku", `{"jku":"https://attacker.example/keys","kid":"k"}`) {
		m.refuse(code.ProofKeyMissing, "b13-"+id, "a cnf without a jwk", m.payloadWith(cnf, `"cnf":`+value))
	}
	for id, value := range ordered("jwk-and-kid", `{"jwk":`+key+`,"kid":"k"}`, "jwk-and-jku", `{"jku":"https://attacker.example/keys","jwk":`+key+`}`) {
		m.refuse(code.ProofKeyInvalid, "b13-"+id, "a cnf that names two keys", m.payloadWith(cnf, `"cnf":`+value))
	}
	x := strings.Split(key, `"`)[11]
	change := func(old, replacement string) string { return m.with(key, old, replacement) }
	for id, value := range ordered(
		"private", change("{", `{"d":"AAAA",`), "private-null", change("{", `{"d":null,`), "symmetric", `{"kty":"oct","k":"AAAA"}`, "symmetric-part", change("{", `{"k":"AAAA",`), "rsa", `{"kty":"RSA","n":"AAAA","e":"AQAB"}`,
		"okp", `{"kty":"OKP","crv":"Ed25519","x":"`+x+`"}`, "p-384", change("P-256", "P-384"), "secp256k1", change("P-256", "secp256k1"), "curve-case", change("P-256", "p-256"), "no-kty", change(`"kty":"EC",`, ""), "kty-case", change(`"EC"`, `"ec"`),
		"off-curve", change(x, strings.Repeat("A", 42)+"E"), "zero", change(x, strings.Repeat("A", 43)), "beyond-field", change(x, strings.Repeat("_", 42)+"8"), "short", change(x, x[:42]), "long", change(x, "AA"+x), "padded", change(x, x+"="), "spare-bits", change(x, x[:42]+nextLetter(x[42])),
		"no-x", change(`"x":"`+x+`",`, ""), "x-number", change(`"`+x+`"`, `1`), "encryption", change("{", `{"use":"enc",`), "use-number", change("{", `{"use":1,`), "sign-only", change("{", `{"key_ops":["sign"],`), "key-ops-empty", change("{", `{"key_ops":[],`), "key-ops-string", change("{", `{"key_ops":"verify",`),
		"other-algorithm", change("{", `{"alg":"ES384",`), "string", `"`+x+`"`, "null", `null`, "array", `[`+key+`]`,
	) {
		m.refuse(code.ProofKeyInvalid, "b13-jwk-"+id, "a holder's key that is no public P-256 key for signatures", m.payloadWith(cnf, `"cnf":{"jwk":`+value+`}`))
	}
	for id, value := range ordered("use", change("{", `{"use":"sig",`), "alg-and-kid", change("{", `{"alg":"ES256","kid":"k",`), "key-ops", change("{", `{"key_ops":["verify"],`), "unknown", change("{", `{"x-vendor":1,`)) {
		m.accept("b14-"+id, "a holder's key with members that allow verifying", m.payloadWith(cnf, `"cnf":{"jwk":`+value+`}`))
	}
}

// hidden are claims that decide whether a badge is good, moved into disclosures.
func (m *maker) hidden() {
	for _, name := range []string{"exp", "nbf", "iat", "sub", "access", "cnf", "status"} {
		member := m.member(name)
		d := credentialtest.Disclosure(fmt.Sprintf(`["c2FsdA","%s",%s]`, name, strings.TrimPrefix(member, `"`+name+`":`)))
		payload := m.with(m.with(m.payload, member+",", ""), `"_sd":[`, `"_sd":["`+credentialtest.Digest(d)+`",`)
		input := m.bind(bound(m.sign(m.header, payload), append(m.disclosures, d)...))
		m.refuse(code.SDClaimForbidden, "b15-"+name, name+" in a disclosure instead of in clear", input)
	}
	for _, name := range []string{"iss", "vct"} {
		member := m.member(name)
		d := credentialtest.Disclosure(fmt.Sprintf(`["c2FsdA","%s",%s]`, name, strings.TrimPrefix(member, `"`+name+`":`)))
		payload := m.with(m.with(m.payload, member+",", ""), `"_sd":[`, `"_sd":["`+credentialtest.Digest(d)+`",`)
		input := m.bind(bound(m.sign(m.header, payload), append(m.disclosures, d)...))
		m.refuse(code.ClaimMissing, "b15-"+name, name+" in a disclosure only: no key can be chosen before it is read", input)
	}
	digest := credentialtest.Digest("x")
	for id, change := range orderedAs[[2]string](
		"inside-cnf", [2]string{`"cnf":{`, `"cnf":{"_sd":["` + digest + `"],`},
		"inside-jwk", [2]string{`"jwk":{`, `"jwk":{"_sd":["` + digest + `"],`},
		"inside-status-list", [2]string{`"status_list":{`, `"status_list":{"_sd":["` + digest + `"],`},
		"inside-access", [2]string{`"access":[`, `"access":[{"...":"` + digest + `"},`},
	) {
		m.refuse(code.SDClaimForbidden, "b15-"+id, "a digest inside a claim that is always disclosed", m.payloadWith(change[0], change[1]))
	}
}
