package credential_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
)

func (m *maker) claimsCases() credentialtest.VectorFile {
	m.times()
	m.issuers()
	m.grants()
	m.statuses()
	m.strictClaims()
	m.holderKeys()
	m.hidden()
	m.personal()
	return m.file
}

// notSeconds are values that readers of JSON make different instants of, or none.
var notSeconds = []any{
	"null", `null`, "string", `"1795478400"`, "negative", `-1`, "zero", `0`, "minus-zero", `-0`, "1e300", `1e300`, "1e400", `1e400`, "2-63", `9223372036854775808`,
	"2-53", `9007199254740992`, "fraction", `1795478400.5`, "point-zero", `1795478400.0`, "exponent", `1795478e3`, "bool", `true`, "array", `[1795478400]`,
}

func (m *maker) times() {
	exp, iat := m.claims.Expires, m.claims.IssuedAt
	// The proof is always made at Now, so other clocks accept it by rule.
	shift := func(clock time.Time) []option { return []option{at(clock), under(unbound)} }
	honest := m.badge(m.header, m.payload)
	m.refuse(code.BadgeExpired, "b1-at-exp", "the clock at exp: expired", honest, shift(exp)...)
	m.refuse(code.BadgeExpired, "b1-after-exp", "the clock a second after exp", honest, shift(exp.Add(time.Second))...)
	m.refuse(code.BadgeExpired, "b1-year-after", "the clock a year after exp", honest, shift(exp.AddDate(1, 0, 0))...)
	m.accept("b1-before-exp", "the clock a second before exp", honest, shift(exp.Add(-time.Second))...)
	m.accept("b3-leeway", "nbf ahead of the clock by exactly the leeway", honest, shift(iat.Add(-60*time.Second))...)
	m.refuse(code.BadgeNotYetValid, "b3-nbf", "nbf ahead of the clock by a second more than the leeway", honest, shift(iat.Add(-61*time.Second))...)
	seconds := func(t time.Time) string { return fmt.Sprint(t.Unix()) }
	now := credentialtest.Now
	m.refuse(code.BadgeNotYetValid, "b3-iat", "iat ahead of the clock, nbf behind", m.claim("iat", seconds(now.Add(61*time.Second))))
	m.refuse(code.BadgeNotYetValid, "b3-iat-year", "iat a year ahead, as exp is", m.badge(m.header,
		m.with(m.with(m.payload, m.member("iat"), `"iat":`+seconds(now.AddDate(1, 0, 0))), m.member("exp"), `"exp":`+seconds(now.AddDate(1, 0, 1)))))
	m.refuse(code.ClaimTimeInvalid, "b3-exp-before-iat", "exp before iat", m.badge(m.header, m.with(m.with(m.payload, m.member("iat"), `"iat":`+seconds(exp.Add(time.Second))), m.member("nbf"), `"nbf":1`)))
	m.refuse(code.ClaimTimeInvalid, "b3-exp-is-nbf", "exp equal to nbf", m.claim("nbf", seconds(exp)))

	claims := m.claims
	claims.NotBefore = claims.IssuedAt
	m.acceptClaims(claims, "b3-no-nbf", "no nbf: iat stands for it", m.without("nbf"))
	longest := m.claims
	longest.Expires = iat.Add(credential.MaxLifetime)
	m.acceptClaims(longest, "b4-longest-life", "a life of exactly the greatest length", m.claim("exp", seconds(longest.Expires)))
	m.refuse(code.BadgeLifetimeExceeded, "b4-too-long", "a life a second longer", m.claim("exp", seconds(longest.Expires.Add(time.Second))))

	for _, name := range []string{"exp", "iat", "nbf"} {
		for id, value := range ordered(notSeconds...) {
			m.refuse(code.ClaimType, "b2-"+name+"-"+id, name+" that is no positive plain integer: "+value, m.claim(name, value))
		}
	}
	for _, name := range []string{"exp", "iat"} {
		m.refuse(code.ClaimMissing, "b2-"+name+"-absent", "no "+name, m.without(name))
	}
	for id, name := range ordered("b10-upper-case", `Exp`, "b10-nul", `exp\u0000`, "b10-space", `exp `, "b10-zero-width", `exp\u200b`) {
		m.refuse(code.ClaimMissing, id, "a name that some readers take for exp", m.payloadWith(`"exp"`, `"`+name+`"`))
	}
}

func (m *maker) issuers() {
	for id, iss := range ordered(
		"unknown", "https://attacker.example", "trailing-slash", credentialtest.IssuerURL+"/", "upper-case", "https://BADGE.vendor.example", "default-port", "https://badge.vendor.example:443",
		"punycode", "https://badge.xn--vndor-esa.example", "look-alike", "https://badge.vend\u043er.example", "http", "http://badge.vendor.example", "path", credentialtest.IssuerURL+"/x",
		"userinfo", "https://badge.vendor.example@attacker.example", "fragment", credentialtest.IssuerURL+"#", "query", credentialtest.IssuerURL+"?", "white-space", " "+credentialtest.IssuerURL,
		"nul", credentialtest.IssuerURL+`\u0000`, "loopback", "http://127.0.0.1:8080",
	) {
		m.refuse(code.IssuerUntrusted, "b5-"+id, "an iss that is not byte for byte the trusted one", m.claim("iss", `"`+iss+`"`))
	}
	for _, name := range []string{"iss", "vct", "sub"} {
		for id, value := range ordered("array", `["`+credentialtest.IssuerURL+`"]`, "object", `{"":""}`, "number", `7`, "null", `null`, "empty", `""`, "bool", `true`) {
			m.refuse(code.ClaimType, "b6-"+name+"-"+id, name+" that is not a string with content", m.claim(name, value))
		}
		m.refuse(code.ClaimMissing, "b6-"+name+"-absent", "no "+name, m.without(name))
	}
	for id, vct := range ordered(
		"unknown", "https://attacker.example/vct", "version", credentialtest.BadgeType+"0", "case", strings.ToUpper(credentialtest.BadgeType), "trailing-slash", credentialtest.BadgeType+"/", "of-another-issuer", otherIssuerURL+"/vct/1",
	) {
		m.refuse(code.TypeNotAccepted, "b6-vct-"+id, "a vct for which this issuer is not trusted", m.claim("vct", `"`+vct+`"`), trusting("several keys"))
	}
	aka := m.payloadWith(m.member("vct"), `"vct":"https://attacker.example/vct","aka_vcts":["`+credentialtest.BadgeType+`"]`)
	m.refuse(code.TypeNotAccepted, "b6-aka-vcts", "aka_vcts confers no trust", aka)
}

func (m *maker) grants() {
	for id, value := range ordered("string", `"onsite"`, "number", `["onsite",1]`, "null", `null`, "nested", `[["onsite"]]`, "object", `{"onsite":true}`) {
		m.refuse(code.ClaimType, "b8-access-"+id, "access that is not an array of strings", m.claim("access", value))
	}
	m.refuse(code.ClaimMissing, "b8-access-absent", "no access", m.without("access"))
	claims := m.claims
	claims.Access = []credential.Access{credential.Remote}
	m.acceptClaims(claims, "b8-access-one", "one kind of access", m.claim("access", `["remote"]`))
	m.accept("b8-unknown-claims", "claims that this profile does not know mean nothing", m.payloadWith("{", `{"admin":true,"resource":{"a":[1,2.5,null]},`))
}

func (m *maker) statuses() {
	claims := m.claims
	claims.Status = credential.StatusRef{}
	m.acceptClaims(claims, "b12-no-status", "no status: for the verifier's policy to refuse", m.without("status"))
	list := `{"status_list":{"idx":%s,"uri":"` + credentialtest.ListURI + `"}}`
	for id, index := range ordered("negative", `-1`, "fraction", `1.5`, "string", `"5"`, "2-53", `9007199254740992`, "beyond-doubles", `9007199254740993`, "2-64", `18446744073709551616`, "null", `null`, "exponent", `1e3`, "minus-zero", `-0`) {
		m.refuse(code.ClaimType, "b12-idx-"+id, "an index that is no plain integer which every reader holds", m.claim("status", fmt.Sprintf(list, index)))
	}
	claims.Status = credential.StatusRef{URI: credentialtest.ListURI}
	m.acceptClaims(claims, "b12-idx-zero", "the first index", m.claim("status", fmt.Sprintf(list, "0")))
	claims.Status.Index = 1<<53 - 1
	m.acceptClaims(claims, "b12-idx-greatest", "the greatest index that every reader holds", m.claim("status", fmt.Sprintf(list, "9007199254740991")))
	m.refuse(code.ClaimMissing, "b12-no-idx", "no idx", m.claim("status", `{"status_list":{"uri":"https://x.example"}}`))
	m.refuse(code.ClaimMissing, "b12-no-uri", "no uri", m.claim("status", `{"status_list":{"idx":1}}`))
	m.refuse(code.ClaimType, "b12-uri-number", "uri a number", m.claim("status", `{"status_list":{"idx":1,"uri":1}}`))
	for id, value := range ordered("string", `"x"`, "array", `[]`, "null", `null`) {
		m.refuse(code.ClaimType, "b12-status-"+id, "status that is not an object", m.claim("status", value))
	}
	for id, value := range ordered("empty", `{}`, "other-mechanism", `{"identifier_list":{"id":"x","uri":"https://x.example"}}`) {
		m.refuse(code.StatusUnsupported, "b12-status-"+id, "status without a status list", m.claim("status", value))
	}
}

func (m *maker) strictClaims() {
	for id, pair := range ordered("exp", `"exp":1`, "exp-escaped", `"\u0065xp":1`, "exp-escaped-upper-hex", `"e\u0078p":1`, "iss", `"iss":"x"`, "sub", `"sub":"x"`, "access", `"access":[]`, "sd", `"_sd":[]`) {
		m.refuse(code.JSONDuplicateName, "b9-"+id+"-first", "a claim twice: "+pair+" first", m.payloadWith("{", "{"+pair+","))
		m.refuse(code.JSONDuplicateName, "b9-"+id+"-last", "a claim twice: "+pair+" last", m.badge(m.header, strings.TrimSuffix(m.payload, "}")+","+pair+"}"))
	}
	m.refuse(code.JSONDuplicateName, "b9-nested", "a member twice inside cnf", m.payloadWith(`"kty":"EC"`, `"kty":"EC","kty":"EC"`))
	m.refuse(code.JSONDuplicateName, "b9-unknown", "a claim twice that nobody reads", m.payloadWith("{", `{"x":1,"x":1,`))
	sub := `"` + m.claims.Subject
	for id, value := range ordered(
		"not-utf8", "\xff", "overlong", "\xc0\xaf", "encoded-surrogate", "\xed\xa0\x80", "high-surrogate", `\ud800`, "low-surrogate", `\udc00`, "reversed-pair", `\udc00\ud800`, "high-then-letter", `\ud800a`,
		"raw-nul", "\x00", "raw-line-break", "\n", "unknown-escape", `\x41`, "short-escape", `\u00`, "bad-hex", `\u00zz`,
	) {
		m.refuse(code.JSONInvalid, "b11-"+id, "text that readers resolve differently", m.payloadWith(sub, sub+value))
	}
	for id, payload := range ordered(
		"empty", "", "trailing-data", m.payload+"{}", "trailing-nul", m.payload+"\x00", "bom", "\ufeff"+m.payload, "cut", strings.TrimSuffix(m.payload, "}"), "comment", m.with(m.payload, "{", "{/**/"),
		"leading-zero", m.with(m.payload, `"exp":`, `"exp":0`), "plus", m.with(m.payload, `"exp":`, `"exp":+`), "hex", m.with(m.payload, m.member("exp"), `"exp":0x1`), "nan", m.with(m.payload, m.member("exp"), `"exp":NaN`),
		"comma", strings.TrimSuffix(m.payload, "}")+",}", "single-quotes", strings.ReplaceAll(m.payload, `"`, `'`),
	) {
		m.refuse(code.JSONInvalid, "b11-payload-"+id, "claims that are not strict JSON", m.badge(m.header, payload))
	}
	for id, payload := range ordered("array", "["+m.payload+"]", "string", `"x"`, "null", "null", "number", "1") {
		m.refuse(code.ClaimType, "b11-payload-"+id, "claims that are not an object", m.badge(m.header, payload))
	}
	nested := func(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }
	m.accept("b11-depth-16", "sixteen levels", m.payloadWith("{", `{"x":`+nested(15)+","))
	m.refuse(code.JSONTooDeep, "b11-depth-17", "seventeen levels", m.payloadWith("{", `{"x":`+nested(16)+","))

	m.refuse(code.TokenTooLarge, "b18-2000-claims", "two thousand claims", m.payloadWith("{", "{"+manyClaims(2000)))
	m.accept("b18-200-claims", "two hundred claims", m.payloadWith("{", "{"+manyClaims(200)))
	m.refuse(code.JSONDuplicateName, "b18-201-claims", "one of two hundred claims twice", m.payloadWith("{", `{"c199":0,`+manyClaims(200)))
	m.accept("b11-escaped-names", "a name written with escapes is the same name", m.payloadWith(`"access"`, `"\u0061\u0063\u0063ess"`))
}

func manyClaims(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"c%d":0,`, i)
	}
	return b.String()
}

func (m *maker) personal() {
	disclosed := func(json string) string {
		d := credentialtest.Disclosure(json)
		payload := m.with(m.payload, `"_sd":[`, `"_sd":["`+credentialtest.Digest(d)+`",`)
		return m.bind(bound(m.sign(m.header, payload), append(m.disclosures, d)...))
	}
	for id, claim := range ordered(
		"name-number", `"family_name",7`, "name-empty", `"family_name",""`, "name-null", `"family_name",null`, "organization-array", `"organization",["x"]`, "training-object", `"training",{}`,
		"training-text", `"training",["CB-101"]`, "valid-until-text", `"training",[{"course":"CB-101","valid_until":"2027"}]`, "standard-number", `"training",[{"course":"CB-101","standard":1,"valid_until":1795478400}]`,
		"equipment-text", `"equipment","compliant"`, "compliant-text", `"equipment",{"compliant":"true","checked_at":1795478400}`, "compliant-absent", `"equipment",{"checked_at":1795478400}`,
	) {
		want := code.ClaimType
		if id == "training-text" {
			want = code.ClaimMissing
		}
		m.refuse(want, "b19-"+id, "a disclosed claim of a wrong type", disclosed(`["c2FsdA",`+claim+`]`))
	}
	m.refuse(code.ClaimMissing, "b19-course-absent", "a course without a code", disclosed(`["c2FsdA","training",[{"valid_until":1795478400}]]`))
	m.refuse(code.ClaimMissing, "b19-valid-until-absent", "a course without an end", disclosed(`["c2FsdA","training",[{"course":"CB-101"}]]`))
	m.refuse(code.ClaimMissing, "b19-checked-at-absent", "equipment without an instant", disclosed(`["c2FsdA","equipment",{"compliant":true}]`))
	claims := m.claims
	claims.Equipment = &credential.Equipment{Compliant: false, CheckedAt: credentialtest.Now}
	m.acceptClaims(claims, "b19-not-compliant", "equipment that is not compliant", disclosed(fmt.Sprintf(`["c2FsdA","equipment",{"compliant":false,"checked_at":%d}]`, credentialtest.Now.Unix())))
	full := credentialtest.Claims()
	m.acceptClaims(full, "b20-every-claim", "every claim disclosed", m.bind(credentialtest.MustIssue(m.t, full)))
	m.accept("b20-honest", "what the other vectors change one thing of", m.badge(m.header, m.payload))
	bare := m.claims
	bare.GivenName, bare.Role = "", ""
	m.acceptClaims(bare, "b20-nothing-disclosed", "nothing disclosed", m.bind(bound(m.sign(m.header, m.payload))))
}
