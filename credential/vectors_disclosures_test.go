package credential_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/sdjwt"
)

func (m *maker) disclosureCases() credentialtest.VectorFile {
	m.references()
	m.shapes()
	m.names()
	m.hashes()
	m.nesting()
	m.disclosureSpellings()
	m.separators()
	return m.file
}

// listed is the honest payload with more digests in its _sd.
func (m *maker) listed(disclosures ...string) string {
	m.t.Helper()
	payload := m.payload
	for _, d := range disclosures {
		payload = m.with(payload, `"_sd":[`, `"_sd":["`+credentialtest.Digest(d)+`",`)
	}
	return payload
}

// disclosing presents, beside the honest disclosures, more that the payload lists.
func (m *maker) disclosing(disclosures ...string) string {
	m.t.Helper()
	return m.showing(m.listed(disclosures...), disclosures...)
}

// showing presents, beside the honest disclosures, more of whatever the payload says.
func (m *maker) showing(payload string, disclosures ...string) string {
	m.t.Helper()
	return m.bind(bound(m.sign(m.header, payload), slices.Concat(m.disclosures, disclosures)...))
}

func disclosure(format string, args ...any) string {
	return credentialtest.Disclosure(fmt.Sprintf(format, args...))
}

func (m *maker) references() {
	stranger := disclosure(`["c2FsdA","role","chief"]`)
	m.refuse(code.SDDisclosureUnreferenced, "c1-unreferenced", "a disclosure that the issuer did not sign", m.showing(m.payload, stranger))
	m.refuse(code.SDDisclosureUnreferenced, "c1-nothing-signed", "disclosures, but no _sd", m.showing(m.with(m.with(m.payload, m.member("_sd")+",", ""), "{", `{"_sd":[],`)))
	inner := disclosure(`["c2FsdA","level","high"]`)
	outer := disclosure(`["c2FsdA","clearance",{"_sd":[%q]}]`, credentialtest.Digest(inner))
	m.refuse(code.SDDisclosureUnreferenced, "c1-child-without-parent", "a nested disclosure without the one that refers to it", m.showing(m.listed(outer), inner))
	m.accept("c1-child-with-parent", "a nested disclosure with the one that refers to it", m.showing(m.listed(outer), outer, inner))
	m.refuse(code.SDDigestDuplicate, "c2-disclosure-twice", "the same disclosure twice", m.showing(m.payload, m.disclosures[0]))
	m.refuse(code.SDDigestDuplicate, "c2-digest-twice", "a disclosed digest twice in _sd", m.showing(m.listed(m.disclosures[0])))
	m.refuse(code.SDDigestDuplicate, "c2-undisclosed-twice", "an undisclosed digest twice in _sd", m.showing(m.listed(m.kept[0])))
	m.refuse(code.SDDigestDuplicate, "c2-two-places", "one digest in two objects", m.showing(m.with(m.payload, "{", `{"x":{"_sd":["`+credentialtest.Digest(m.disclosures[0])+`"]},`)))
	m.refuse(code.SDDigestDuplicate, "c2-object-and-array", "one digest in an object and in an array", m.showing(m.with(m.payload, "{", `{"x":[{"...":"`+credentialtest.Digest(m.kept[0])+`"}],`)))
	m.accept("c2-decoys", "digests of nothing", m.showing(m.listed("decoy one", "decoy two")))
}

func (m *maker) shapes() {
	for id, text := range ordered(
		"two", `["c2FsdA","chief"]`, "one", `["c2FsdA"]`, "four", `["c2FsdA","role","chief",1]`, "none", `[]`, "object", `{"salt":"c2FsdA","organization":"x"}`, "string", `"organization"`, "null", `null`, "number", `7`,
		"salt-number", `[1,"organization","x"]`, "salt-null", `[null,"organization","x"]`, "name-number", `["c2FsdA",1,"x"]`, "name-null", `["c2FsdA",null,"x"]`, "name-array", `["c2FsdA",["organization"],"x"]`,
	) {
		m.refuse(code.SDDisclosureMalformed, "c3-"+id, "a disclosure that is not [salt, name, value]: "+text, m.disclosing(disclosure("%s", text)))
	}
	element := disclosure(`["c2FsdA","onsite"]`)
	member := disclosure(`["c2FsdA","organization","x"]`)
	in := func(disclosure string) string { return `{"...":"` + credentialtest.Digest(disclosure) + `"}` }
	m.refuse(code.SDDisclosureMalformed, "c3-member-in-array", "a member's disclosure for an array element", m.showing(m.with(m.payload, "{", `{"x":[`+in(member)+`],`), member))
	m.accept("c3-element-in-array", "an array element's disclosure", m.showing(m.with(m.payload, "{", `{"x":[`+in(element)+`],`), element))
	m.accept("c3-element-undisclosed", "an array element that is not disclosed", m.showing(m.with(m.payload, "{", `{"x":[1,`+in(element)+`],`)))
	for id, text := range ordered("sd-object", `"_sd":{}`, "sd-string", `"_sd":"x"`, "sd-null", `"_sd":null`, "digest-number", `"_sd":[1]`, "digest-null", `"_sd":[null]`, "digest-array", `"_sd":[["x"]]`) {
		m.refuse(code.SDDisclosureMalformed, "c4-"+id, "digests of a wrong type: "+text, m.badge(m.header, m.with(m.payload, "{", `{"x":{`+text+`},`)))
	}
	for id, text := range ordered("placeholder-number", `{"...":1}`, "placeholder-null", `{"...":null}`, "placeholder-with-member", `{"...":"x","y":1}`, "placeholder-with-sd", `{"...":"x","_sd":[]}`) {
		m.refuse(code.SDDisclosureMalformed, "c4-"+id, "a placeholder of a wrong shape: "+text, m.badge(m.header, m.with(m.payload, "{", `{"x":[`+text+`],`)))
	}
	m.refuse(code.SDClaimForbidden, "c4-dots-in-object", `"..." as the name of a claim`, m.payloadWith("{", `{"...":"x",`))
	m.accept("c4-empty-sd", "an empty _sd", m.badge(m.header, m.with(m.payload, "{", `{"x":{"_sd":[]},`)))
	for id, text := range ordered("duplicate-name", `["c2FsdA","organization",{"a":1,"a":2}]`, "duplicate-name-escaped", `["c2FsdA","organization",{"a":1,"\u0061":2}]`) {
		m.refuse(code.JSONDuplicateName, "c4-"+id, "a member twice in a disclosure", m.disclosing(disclosure("%s", text)))
	}
	for id, text := range ordered("not-utf8", "[\"c2FsdA\",\"organization\",\"\xff\"]", "lone-surrogate", `["c2FsdA","organization","\udfff"]`, "trailing-data", `["c2FsdA","organization","x"]]`, "cut", `["c2FsdA","organization","x"`) {
		m.refuse(code.JSONInvalid, "c4-"+id, "a disclosure that is not strict JSON", m.disclosing(disclosure("%s", text)))
	}
	claims := m.claims
	claims.Organization = "Bau & Söhne <GmbH>"
	m.acceptClaims(claims, "c4-white-space", "white space and escapes inside a disclosure: the digest is over the text as it came",
		m.disclosing(disclosure("[ \"c2FsdA\" ,\n\"organization\", \"Bau \\u0026 S\\u00f6hne <GmbH>\" ]")))
}

func (m *maker) names() {
	m.refuse(code.SDClaimCollision, "c5-in-clear", "a disclosed role beside a role in clear", m.showing(m.with(m.payload, "{", `{"role":"fitter",`)))
	m.refuse(code.SDClaimCollision, "c5-twice", "two disclosures of a role", m.disclosing(disclosure(`["b3RoZXI","role","chief"]`)))
	m.refuse(code.SDClaimCollision, "c5-escaped", "two disclosures of a role, one written with escapes", m.disclosing(disclosure(`["b3RoZXI","r\u006fle","chief"]`)))
	for _, name := range []string{"iss", "vct", "sub", "iat", "nbf", "exp", "access", "cnf", "status", "aud", "jti", "vct#integrity", "aka_vcts", "_sd_alg", "_sd", "..."} {
		m.refuse(code.SDClaimForbidden, "c6-"+strings.Trim(strings.ReplaceAll(name, "#", "-"), "."), "a disclosure of the claim "+name, m.disclosing(disclosure(`["c2FsdA",%q,"x"]`, name)))
	}
	for _, name := range []string{"_sd", "..."} {
		inner := disclosure(`["c2FsdA",%q,["x"]]`, name)
		outer := disclosure(`["c2FsdA","x",{"_sd":[%q]}]`, credentialtest.Digest(inner))
		m.refuse(code.SDClaimForbidden, "c6-nested"+strings.Trim(name, "."), "a nested disclosure named "+name, m.showing(m.listed(outer), outer, inner))
	}
	claims := m.claims
	claims.FamilyName = "Rößler"
	m.acceptClaims(claims, "c8-all", "every disclosure that the issuer signed, in another order", m.bind(bound(m.sign(m.header, m.payload), m.disclosures[1], m.kept[0], m.disclosures[0])))
	for id, salt := range ordered("empty", "", "short", "c2FsdA", "long", strings.Repeat("s", 100)) {
		claims := m.claims
		claims.Organization = "x"
		m.acceptClaims(claims, "c9-salt-"+id, "a salt that no careful issuer uses: a verifier can't know", m.disclosing(disclosure(`[%q,"organization","x"]`, salt)))
	}
}

func (m *maker) hashes() {
	alg := `,"_sd_alg":"sha-256"`
	m.accept("c7-absent", "no _sd_alg means sha-256", m.badge(m.header, m.with(m.payload, alg, "")))
	for id, value := range ordered("truncated", `"sha-256-32"`, "md5", `"md5"`, "sha-512", `"sha-512"`, "upper-case", `"SHA-256"`, "sha256", `"sha256"`, "empty", `""`, "number", `256`, "null", `null`, "array", `["sha-256"]`) {
		m.refuse(code.SDAlgUnsupported, "c7-"+id, "_sd_alg "+value, m.badge(m.header, m.with(m.payload, alg, `,"_sd_alg":`+value)))
	}
	m.refuse(code.SDAlgUnsupported, "c7-nested", "_sd_alg below the top", m.badge(m.header, m.with(m.payload, "{", `{"x":{"_sd_alg":"sha-256"},`)))
	m.refuse(code.SDAlgUnsupported, "c7-in-disclosure", "_sd_alg inside a disclosed value", m.disclosing(disclosure(`["c2FsdA","organization",{"_sd_alg":"md5"}]`)))
}

func (m *maker) nesting() {
	many := func(n int) string {
		var more []string
		for i := range n - len(m.disclosures) {
			more = append(more, disclosure(`["s","x%d",0]`, i))
		}
		return m.disclosing(more...)
	}
	m.accept("c10-32-disclosures", "as many disclosures as are taken", many(sdjwt.MaxDisclosures))
	m.refuse(code.TokenTooLarge, "c10-33-disclosures", "one more", many(sdjwt.MaxDisclosures+1))

	arrays := func(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }
	// The disclosure's own array is a level, so is the object it is put into.
	m.accept("c10-depth-16", "a value of fifteen levels in the claims' object", m.disclosing(disclosure(`["c2FsdA","x",%s]`, arrays(15))))
	m.refuse(code.JSONTooDeep, "c10-depth-17", "a value of sixteen levels", m.disclosing(disclosure(`["c2FsdA","x",%s]`, arrays(16))))
	m.refuse(code.JSONTooDeep, "c10-depth-100", "a value of a hundred levels", m.disclosing(disclosure(`["c2FsdA","x",%s]`, arrays(100))))

	chain := func(levels int) string { // each disclosure is an object inside the one before it
		value := "{}"
		var all []string
		for range levels - 1 {
			d := disclosure(`["s","x",%s]`, value)
			all = append(all, d)
			value = `{"_sd":["` + credentialtest.Digest(d) + `"]}`
		}
		payload := m.with(m.payload, "{", `{"x":`+value+",")
		slices.Reverse(all)
		return m.showing(payload, all...)
	}
	m.accept("c10-chain-16", "disclosures inside disclosures, sixteen levels together", chain(15))
	m.refuse(code.JSONTooDeep, "c10-chain-17", "seventeen levels together, each disclosure being flat", chain(16))
	cycle := disclosure(`["c2FsdA","x",{"_sd":["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]}]`)
	m.refuse(code.SDDisclosureUnreferenced, "c10-cycle", "a disclosure that only a guess at its own digest refers to", m.showing(m.payload, cycle))
}

func (m *maker) disclosureSpellings() {
	text := `["c2FsdA","organization","??~~xx"]`
	for len(text)%3 != 1 {
		text += " "
	}
	plain := credentialtest.Disclosure(text)
	for id, spelling := range ordered(
		"line-break", plain+"\n", "space", plain[:8]+" "+plain[8:], "tab", plain+"\t", "padding", plain+"==", "alphabet", strings.NewReplacer("-", "+", "_", "/").Replace(credentialtest.Disclosure(`["c2FsdA","organization","???>>>"]`)),
		"spare-bits", plain[:len(plain)-1]+nextLetter(plain[len(plain)-1]), "one-letter", plain[:len(plain)-1], "comma", plain[:4]+","+plain[5:], "dot", plain+".", "not-ascii", plain+"é",
	) {
		m.refuse(code.TokenMalformed, "c11-"+id, "a disclosure in a spelling that no encoder writes, its digest signed", m.disclosing(spelling))
	}
}

func (m *maker) separators() {
	jwt := m.sign(m.header, m.payload)
	honest := bound(jwt, m.disclosures...)
	m.refuse(code.TokenMalformed, "c13-no-tilde", "a JWT alone", jwt, under(unbound))
	m.refuse(code.TokenMalformed, "c13-no-final-tilde", "a disclosure that stands where the proof is due", strings.TrimSuffix(honest, "~"))
	m.refuse(code.TokenMalformed, "c13-two-tildes", "an empty disclosure in the middle", m.bind(m.with(honest, "~", "~~")))
	m.refuse(code.TokenMalformed, "c13-two-final-tildes", "an empty disclosure at the end", m.bind(honest+"~"))
	for id, text := range ordered("tilde", "~", "tildes", "~~~", "empty", "", "leading-tilde", "~"+honest, "tilde-and-proof", "~"+m.proof(credentialtest.ProofHeader, credentialtest.ProofPayload("~", credentialtest.Now)), "nul", "\x00", "url", "https://badge.vendor.example/c") {
		m.refuse(code.TokenMalformed, "c13-"+id, "no badge", text, under(unbound))
	}
	m.refuse(code.TokenMalformed, "c13-line-break-at-end", "a line break behind the proof", m.bind(honest)+"\n")
	m.refuse(code.TokenMalformed, "c13-line-break-in-front", "a line break before the badge", "\n"+m.bind(honest))
	segments := strings.Split(jwt, ".")
	flattened, err := json.Marshal(map[string]any{
		"payload": segments[1], "protected": segments[0], "signature": segments[2], "header": map[string]any{"disclosures": m.disclosures},
	})
	if err != nil {
		m.t.Fatal(err)
	}
	m.refuse(code.TokenMalformed, "c15-json", "the flattened JSON serialisation of a good badge", string(flattened), under(unbound))
	m.refuse(code.TokenMalformed, "c15-json-tilde", "the same in front of a tilde", string(flattened)+"~", under(unbound))
}
