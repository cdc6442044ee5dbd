package credential_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
)

// groupOrder is n, the order of P-256's base point.
var groupOrder, _ = new(big.Int).SetString("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)

func (m *maker) headers() credentialtest.VectorFile {
	m.algorithms()
	m.foreignKeys()
	m.strictHeader()
	m.keyIDs()
	m.types()
	m.spellings()
	m.signatures()
	m.envelopes()
	return m.file
}

func (m *maker) algorithms() {
	unsigned := func(header, signature string) string {
		return m.bind(bound(encode(header)+"."+encode(m.payload)+"."+signature, m.disclosures...))
	}
	none := m.with(m.header, `"ES256"`, `"none"`)
	m.refuse(code.AlgNotAllowed, "a1-none", "alg none and an empty signature", unsigned(none, ""))
	m.refuse(code.AlgNotAllowed, "a1-none-signed", "alg none over a good ES256 signature", m.badge(none, m.payload))
	for id, alg := range ordered(
		"a2-mixed-case-none", `"noNE"`, "a2-lower-case", `"es256"`, "a2-trailing-space", `"ES256 "`,
		"a2-es384", `"ES384"`, "a2-es256k", `"ES256K"`, "a2-eddsa", `"EdDSA"`, "a2-rs256", `"RS256"`, "a2-ps256", `"PS256"`,
		"a2-null", `null`, "a2-number", `256`, "a2-array", `["ES256"]`, "a2-empty", `""`, "a2-nul", `"ES256\u0000"`,
	) {
		m.refuse(code.AlgNotAllowed, id, "alg "+alg+" over a good ES256 signature", m.headerWith(`"ES256"`, alg))
	}
	m.refuse(code.AlgNotAllowed, "a2-absent", "no alg over a good ES256 signature", m.headerWith(`"alg":"ES256",`, ""))

	public, err := credentialtest.IssuerKey.PublicKey().Bytes()
	if err != nil {
		m.t.Fatal(err)
	}
	jwk, _ := credential.MarshalJWK(credentialtest.IssuerKey.PublicKey())
	hs256 := m.with(m.header, "ES256", "HS256")
	for id, secret := range ordered("a3-hmac-point", string(public), "a3-hmac-jwk", string(jwk)) {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(encode(hs256) + "." + encode(m.payload)))
		m.refuse(code.AlgNotAllowed, id, "HS256 with the issuer's public key as the secret", unsigned(hs256, encode(string(mac.Sum(nil)))))
	}
	pbes2 := m.with(m.header, `"ES256"`, `"PBES2-HS256+A128KW","p2c":2147483647,"p2s":"AAAA"`)
	m.refuse(code.AlgNotAllowed, "a23-pbes2", "PBES2 with 2^31 rounds: no key may be derived", m.badge(pbes2, m.payload))
}

func (m *maker) foreignKeys() {
	jwk, err := credential.MarshalJWK(credentialtest.OtherKey.PublicKey())
	if err != nil {
		m.t.Fatal(err)
	}
	self := m.with(m.header, "{", `{"jwk":`+string(jwk)+",")
	jwt := credentialtest.MustSign(m.t, credentialtest.OtherKey, self, m.payload)
	m.refuse(code.HeaderForbidden, "a5-jwk", "signed by the key in its own header", m.bind(bound(jwt, m.disclosures...)))
	for id, member := range ordered(
		"a6-jku", `"jku":"https://attacker.example/keys"`, "a6-jku-loopback", `"jku":"http://127.0.0.1:8080/keys"`,
		"a6-x5u", `"x5u":"https://attacker.example/chain"`, "a6-x5t", `"x5t":"AAAA"`, "a6-x5t-s256", `"x5t#S256":"AAAA"`,
		"a9-b64-without-crit", `"b64":false`, "a9-b64-true", `"b64":true`, "a10-zip", `"zip":"DEF"`,
		"a10-cty", `"cty":"JWT"`, "a10-enc", `"enc":"A128GCM"`, "a10-unknown", `"x-vendor":1`, "a10-case", `"Alg":"ES256"`, "a10-iss", `"iss":"https://badge.vendor.example"`,
	) {
		m.refuse(code.HeaderForbidden, id, "a header member that this profile never has: "+member, m.headerWith("{", "{"+member+","))
	}
	for id, crit := range ordered(
		"a9-b64-with-crit", `"b64":false,"crit":["b64"]`, "a9-crit-empty", `"crit":[]`, "a9-crit-unknown", `"crit":["exp"]`, "a9-crit-string", `"crit":"exp"`,
	) {
		m.refuse(code.CritUnsupported, id, "a critical extension: "+crit, m.headerWith("{", "{"+crit+","))
	}
	m.chains()
}

func (m *maker) chains() {
	payload := m.with(m.payload, `"iss":"`+credentialtest.IssuerURL, `"iss":"`+chainIssuerURL)
	claims := m.claims
	claims.Issuer = chainIssuerURL
	signed := func(header string, key credentialtest.Key) string {
		return m.bind(bound(credentialtest.MustSign(m.t, key, header, payload), m.disclosures...))
	}
	good := m.chained()
	m.acceptClaims(claims, "a7-x5c-accepted", "x5c to the anchor of an issuer known by certificates", signed(good, leafKey), trusting("certificates"))
	m.refuse(code.KeyUnknown, "a7-x5c-absent", "no x5c from an issuer known by certificates", signed(m.header, credentialtest.IssuerKey), trusting("certificates"))
	m.refuse(code.SignatureInvalid, "a7-x5c-of-another", "a chain beside another key's signature", signed(good, credentialtest.OtherKey), trusting("certificates"))
	forged := certificate(m.t, "Leaf", credentialtest.OtherKey, credentialtest.OtherKey, "Anchor")
	m.refuse(code.KeyUnknown, "a7-x5c-self-made", "a certificate that names the anchor but is not signed by it",
		signed(fmt.Sprintf(`{"alg":"ES256","x5c":[%q],"typ":"dc+sd-jwt"}`, base64.StdEncoding.EncodeToString(forged)), credentialtest.OtherKey), trusting("certificates"))

	leaf := base64.StdEncoding.EncodeToString(certificate(m.t, "Leaf", leafKey, anchorKey, "Anchor"))
	m.refuse(code.HeaderForbidden, "a7-x5c-pinned", "x5c from an issuer whose keys are pinned, over the pinned key's signature",
		m.headerWith("{", fmt.Sprintf(`{"x5c":[%q],`, leaf)))
	for id, x5c := range ordered(
		"a7-x5c-string", `"`+leaf+`"`, "a7-x5c-empty", `[]`, "a7-x5c-null", `null`, "a7-x5c-number", `[1]`, "a7-x5c-empty-certificate", `[""]`,
		"a7-x5c-five", `["AAAA","AAAA","AAAA","AAAA","AAAA"]`, "a7-x5c-line-break", `["AA\nAA"]`, "a7-x5c-unpadded", `["AAA"]`, "a7-x5c-base64url", `["-_-_"]`,
	) {
		m.refuse(code.HeaderType, id, "an x5c that is no array of one to four certificates in base64", signed(m.with(good, `["`+leaf+`"]`, x5c), leafKey), trusting("certificates"))
	}
}

func (m *maker) strictHeader() {
	for id, member := range ordered(
		"a11-alg-first", `"alg":"none",`, "a11-alg-escaped", `"\u0061lg":"none",`, "a11-typ", `"typ":"JWT",`, "a11-kid", `"kid":"x",`,
	) {
		m.refuse(code.JSONDuplicateName, id, "a header member twice, the bad one first", m.headerWith("{", "{"+member))
	}
	for id, member := range ordered("a11-alg-last", `,"alg":"none"}`, "a11-alg-last-escaped", `,"al\u0067":"none"}`, "a11-kid-last", `,"kid":"x"}`) {
		m.refuse(code.JSONDuplicateName, id, "a header member twice, the bad one last", m.badge(strings.TrimSuffix(m.header, "}")+member, m.payload))
	}
	for id, header := range ordered(
		"a12-empty", "", "a12-array", "["+m.header+"]", "a12-string", `"ES256"`, "a12-null", "null", "a12-trailing-data", m.header+"{}", "a12-trailing-nul", m.header+"\x00",
		"a12-bom", "\ufeff"+m.header, "a12-not-utf8", m.with(m.header, `"alg"`, "\"\xff\":1,\"alg\""), "a12-lone-surrogate", m.with(m.header, `"alg"`, `"\ud800":1,"alg"`),
		"a12-comma", m.with(m.header, "}", ",}"), "a12-cut", strings.TrimSuffix(m.header, "}"), "a12-single-quotes", strings.ReplaceAll(m.header, `"`, `'`),
	) {
		m.refuse(code.JSONInvalid, id, "a header that is not one strict JSON object", m.badge(header, m.payload))
	}
	m.refuse(code.JSONTooDeep, "a12-deep", "a header of 17 levels", m.headerWith("{", `{"x":`+strings.Repeat("[", 16)+strings.Repeat("]", 16)+","))
	m.accept("a12-space", "JSON white space in the header means nothing", m.badge(" {\n\t"+m.header[1:]+" ", m.payload))
}

func (m *maker) keyIDs() {
	kid := `"` + credentialtest.IssuerKey.ID() + `"`
	for id, value := range ordered(
		"a13-array", `[`+kid+`]`, "a13-null", `null`, "a13-number", `1`, "a13-empty", `""`, "a13-129-characters", `"`+strings.Repeat("k", 129)+`"`, "a13-4096-characters", `"`+strings.Repeat("k", 4096)+`"`,
		"a13-sql", `"' OR 1=1--"`, "a13-nul", `"k\u0000"`, "a13-rtl", `"\u202ek"`, "a13-umlaut", `"kä"`, "a13-space", `" k"`, "a13-line-break", `"k\r\n"`,
	) {
		m.refuse(code.HeaderType, id, "a kid that is not 1 to 128 printable ASCII characters", m.headerWith(kid, value))
	}
	for id, value := range ordered(
		"a13-path", `"../../etc/passwd"`, "a13-url", `"https://attacker.example/key"`, "a13-unknown", `"k"`, "a13-128-characters", `"`+strings.Repeat("k", 128)+`"`, "a13-case", strings.ToLower(kid),
	) {
		m.refuse(code.KeyUnknown, id, "a kid that no trusted key has, over a good signature", m.headerWith(kid, value))
	}
	by := func(key credentialtest.Key, header string) string {
		return m.bind(bound(credentialtest.MustSign(m.t, key, header, m.payload), m.disclosures...))
	}
	named := func(key credentialtest.Key) string { return m.with(m.header, credentialtest.IssuerKey.ID(), key.ID()) }
	several := trusting("several keys")
	m.refuse(code.KeyNotForIssuer, "a14-other-issuer", "the key of another trusted issuer", by(rivalKey, named(rivalKey)), several)
	m.refuse(code.KeyNotForIssuer, "a14-status-key", "the issuer's key for status lists", by(credentialtest.ListKey, named(credentialtest.ListKey)), several)
	m.refuse(code.KeyRetired, "a14-retired", "a key that no longer counts", by(retiredKey, named(retiredKey)), several)
	m.refuse(code.SignatureInvalid, "a14-wrong-kid", "signed by one of the issuer's keys, naming another", by(secondKey, m.header), several)
	m.accept("a14-second-key", "the issuer's other key", by(secondKey, named(secondKey)), several)

	anonymous := m.with(m.header, `"kid":`+kid+",", "")
	m.refuse(code.KeyAmbiguous, "a15-no-kid", "no kid where several keys could be meant", m.badge(anonymous, m.payload), several)
	m.accept("a15-no-kid-one-key", "no kid where one key can be meant", m.badge(anonymous, m.payload))
}

func (m *maker) types() {
	for id, typ := range ordered(
		"a16-jwt", `"JWT"`, "a16-empty", `""`, "a16-proof", `"kb+jwt"`, "a16-old", `"vc+sd-jwt"`, "a16-upper-case", `"DC+SD-JWT"`, "a16-media-type", `"application/dc+sd-jwt"`,
		"a16-status-list", `"statuslist+jwt"`, "a16-trailing-space", `"dc+sd-jwt "`,
	) {
		m.refuse(code.TypMismatch, id, "typ "+typ, m.headerWith(`"dc+sd-jwt"`, typ))
	}
	m.refuse(code.TypMismatch, "a16-absent", "no typ", m.headerWith(`,"typ":"dc+sd-jwt"`, ""))
	for id, typ := range ordered("a16-null", `null`, "a16-array", `["dc+sd-jwt"]`, "a16-number", `1`) {
		m.refuse(code.HeaderType, id, "typ "+typ, m.headerWith(`"dc+sd-jwt"`, typ))
	}
}

// spellings writes the same three values in ways that no encoder does, each
// signed for as it stands.
func (m *maker) spellings() {
	header := m.header
	for len(header)%3 != 1 { // so that its encoding has spare bits and padding
		header = m.with(header, "{", "{ ")
	}
	payload := m.payload
	for len(payload)%3 != 1 {
		payload = m.with(payload, "{", "{ ")
	}
	for position, name := range []string{"header", "payload", "signature"} {
		for id, respell := range orderedAs[func(string) string](
			"line-break", func(s string) string { return s + "\n" },
			"space", func(s string) string { return s[:8] + " " + s[8:] },
			"tab", func(s string) string { return s + "\t" },
			"padding", func(s string) string { return s + "==" },
			"plus", func(s string) string { return s[:8] + "+" + s[9:] },
			"slash", func(s string) string { return s[:8] + "/" + s[9:] },
			"spare-bits", func(s string) string { return s[:len(s)-1] + nextLetter(s[len(s)-1]) },
		) {
			segments := []string{encode(header), encode(payload)}
			if position < 2 {
				segments[position] = respell(segments[position])
			}
			jwt := credentialtest.MustSignText(m.t, credentialtest.IssuerKey, strings.Join(segments, "."))
			if position == 2 {
				at := strings.LastIndexByte(jwt, '.') + 1
				jwt = jwt[:at] + respell(jwt[at:])
			}
			m.refuse(code.TokenMalformed, "a17-"+name+"-"+id, "the "+name+" in a spelling that no encoder writes", m.bind(bound(jwt, m.disclosures...)))
		}
	}
}

// nextLetter sets the lowest spare bit of a last character.
func nextLetter(c byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return alphabet[strings.IndexByte(alphabet, c)+1:][:1]
}

func (m *maker) signatures() {
	jwt := m.sign(m.header, m.payload)
	at := strings.LastIndexByte(jwt, '.') + 1
	raw, err := base64.RawURLEncoding.DecodeString(jwt[at:])
	if err != nil {
		m.t.Fatal(err)
	}
	signed := func(signature []byte) string {
		return m.bind(bound(jwt[:at]+encode(string(signature)), m.disclosures...))
	}
	pair := func(r, s *big.Int) []byte {
		out := make([]byte, 64)
		r.FillBytes(out[:32])
		s.FillBytes(out[32:])
		return out
	}
	r, s := new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])
	der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
	if err != nil {
		m.t.Fatal(err)
	}
	zero, one, ones := new(big.Int), big.NewInt(1), new(big.Int).SetBytes([]byte(strings.Repeat("\xff", 32)))
	last := new(big.Int).Sub(groupOrder, one)
	for id, signature := range orderedAs[[]byte](
		"der", der, "63-bytes", raw[:63], "65-bytes", append([]byte{0}, raw...), "96-bytes", append(raw[:64:64], make([]byte, 32)...), "one-byte", raw[:1],
		"r-zero", pair(zero, s), "s-zero", pair(r, zero), "both-zero", pair(zero, zero), "both-one", pair(one, one),
		"r-order", pair(groupOrder, s), "s-order", pair(r, groupOrder), "both-order", pair(groupOrder, groupOrder),
		"r-order-less-one", pair(last, s), "s-order-less-one", pair(r, last), "r-all-ones", pair(ones, s), "s-all-ones", pair(r, ones), "swapped", pair(s, r),
	) {
		m.refuse(code.SignatureInvalid, "a18-"+id, "a signature that is not r and s of this text", signed(signature))
	}
	m.refuse(code.SignatureMissing, "a18-no-bytes", "an empty signature", m.bind(bound(jwt[:at], m.disclosures...)))
	m.refuse(code.SignatureInvalid, "a18-other-key", "signed by nobody's key under the issuer's kid",
		m.bind(bound(credentialtest.MustSign(m.t, credentialtest.OtherKey, m.header, m.payload), m.disclosures...)))
	m.refuse(code.SignatureInvalid, "a18-other-payload", "the signature of another badge",
		m.bind(bound(encode(m.header)+"."+encode(m.with(m.payload, `["onsite","remote"]`, `["remote","onsite"]`))+"."+jwt[at:], m.disclosures...)))
	m.accept("a19-high-s", "the signature's twin with n-s: as good, so a badge's text is not its identity", signed(pair(r, new(big.Int).Sub(groupOrder, s))))
}

func (m *maker) envelopes() {
	pad := func(size int) string {
		unpadded := len(m.payloadWith("{", `{"pad":"",`))
		n := (size - unpadded) * 3 / 4
		for len(m.payloadWith("{", `{"pad":"`+strings.Repeat("x", n)+`",`)) < size {
			n++
		}
		return m.payloadWith("{", `{"pad":"`+strings.Repeat("x", n)+`",`)
	}
	longest := pad(credential.MaxSize)
	if len(longest) != credential.MaxSize {
		longest = pad(credential.MaxSize - 1)
	}
	m.accept("a21-longest", "a presentation of the greatest length that this profile reaches", longest)
	m.refuse(code.TokenTooLarge, "a21-too-long", "a longer one, good otherwise", pad(credential.MaxSize+1))

	jwt := m.sign(m.header, m.payload)
	rest := bound("", m.disclosures...)
	parts := strings.Split(jwt, ".")
	for id, text := range ordered(
		"a22-jwe", "eyJhbGciOiJFQ0RILUVTIiwiZW5jIjoiQTEyOEdDTSJ9..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA", "a22-four-segments", jwt+".AAAA", "a22-two-segments", parts[0]+"."+parts[1],
		"a22-one-segment", parts[0], "a22-empty-last-segment", jwt+".", "a22-dots", strings.Repeat(".", 4000), "a22-json",
		`{"payload":"`+parts[1]+`","protected":"`+parts[0]+`","signature":"`+parts[2]+`"}`, "a22-leading-space", " "+jwt, "a22-bom", "\ufeff"+jwt,
	) {
		m.refuse(code.TokenMalformed, id, "something other than a compact JWS before the first tilde", m.bind(text+rest))
	}
}

func TestVectors_HighSTwinIsTheSameBadge(t *testing.T) {
	t.Parallel()
	claims := make(map[string]string)
	files, err := credentialtest.ReadVectors(vectorDirectory)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range files[0].Vectors {
		if v.ID == "a19-high-s" || v.ID == "a14-second-key" {
			p, err := judge(files[0], v)
			if err != nil {
				t.Fatal(err)
			}
			claims[v.ID] = fmt.Sprint(p.Issuer, p.Status)
		}
	}
	if claims["a19-high-s"] != claims["a14-second-key"] || claims["a19-high-s"] == "" {
		t.Errorf("issuer, list and index differ between spellings of one badge: %v", claims)
	}
}
