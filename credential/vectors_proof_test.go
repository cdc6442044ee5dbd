package credential_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
)

// honest is everything before the proof, its proof's payload and a proof by
// the holder with another payload.
func (m *maker) honest() string { return bound(m.sign(m.header, m.payload), m.disclosures...) }

func (m *maker) proofs() credentialtest.VectorFile {
	m.proofPresence()
	m.proofKeys()
	m.proofClaims()
	m.proofTimes()
	m.proofHashes()
	m.proofHeaders()
	m.proofEnvelopes()
	return m.file
}

func (m *maker) proofPresence() {
	honest := m.honest()
	m.refuse(code.ProofMissing, "d1-stripped", "no proof where one is required", honest)
	m.accept("d1-not-required", "no proof where none is required", honest, under(unbound))
	m.accept("d1-honest", "the honest proof", m.bind(honest))
	m.refuse(code.ProofAudience, "d2-no-audience", "a verifier that names no audience accepts no proof", m.bind(honest), under(func(r *credentialtest.VectorRules) { r.Audiences = []string{} }))
	m.accept("d2-several-audiences", "one of several audiences", m.bind(honest), under(func(r *credentialtest.VectorRules) {
		r.Audiences = []string{"https://gate.customer.example", credential.GateAudience}
	}))
	m.refuse(code.ProofKeyMissing, "d2-unbound-badge", "a proof beside a badge that names no key", m.bind(bound(m.sign(m.header, m.with(m.payload, m.member("cnf")+",", "")), m.disclosures...)))
}

func (m *maker) proofKeys() {
	honest := m.honest()
	payload := credentialtest.ProofPayload(honest, credentialtest.Now)
	for id, key := range orderedAs[credentialtest.Key]("other-key", credentialtest.OtherKey, "issuer-key", credentialtest.IssuerKey, "status-key", credentialtest.ListKey) {
		m.refuse(code.ProofSignatureInvalid, "d3-"+id, "a proof by another key than the holder's", honest+credentialtest.MustSign(m.t, key, credentialtest.ProofHeader, payload))
	}
	jwk, err := credential.MarshalJWK(credentialtest.OtherKey.PublicKey())
	if err != nil {
		m.t.Fatal(err)
	}
	self := credentialtest.MustSign(m.t, credentialtest.OtherKey, `{"alg":"ES256","jwk":`+string(jwk)+`,"typ":"kb+jwt"}`, payload)
	m.refuse(code.HeaderForbidden, "d3-own-jwk", "a proof by the key in its own header", honest+self)
	m.refuse(code.ProofSignatureInvalid, "d3-other-payload", "the signature of another proof",
		honest+encode(credentialtest.ProofHeader)+"."+encode(m.with(payload, credentialtest.Nonce, "bm9uY2U"))+lastSegment(m.proof(credentialtest.ProofHeader, payload)))
	m.refuse(code.ProofSignatureInvalid, "d3-63-bytes", "a signature of 63 bytes", honest+encode(credentialtest.ProofHeader)+"."+encode(payload)+"."+strings.Repeat("A", 84))
	m.refuse(code.ProofSignatureInvalid, "d3-zero", "a signature of zeros", honest+encode(credentialtest.ProofHeader)+"."+encode(payload)+"."+strings.Repeat("A", 86))
	m.refuse(code.SignatureMissing, "d3-none", "an empty signature", honest+encode(credentialtest.ProofHeader)+"."+encode(payload)+".")
}

// lastSegment is the signature of a JWS with the dot before it.
func lastSegment(jws string) string { return jws[strings.LastIndexByte(jws, '.'):] }

// proofWith is the honest presentation with one change in the proof's claims.
func (m *maker) proofWith(old, replacement string) string {
	m.t.Helper()
	honest := m.honest()
	return honest + m.proof(credentialtest.ProofHeader, m.with(credentialtest.ProofPayload(honest, credentialtest.Now), old, replacement))
}

func (m *maker) proofClaims() {
	nonce, aud := `"nonce":"`+credentialtest.Nonce+`"`, `"aud":"`+credential.GateAudience+`"`
	sent := under(func(r *credentialtest.VectorRules) { r.Nonce = "c2VudCBieSB0aGUgdmVyaWZpZXI" })
	m.refuse(code.ProofNonce, "d5-other-nonce", "another nonce than the one sent", m.proofWith(nonce, nonce), sent)
	m.accept("d5-nonce-sent", "the nonce that was sent", m.proofWith(nonce, `"nonce":"c2VudCBieSB0aGUgdmVyaWZpZXI"`), sent)
	m.refuse(code.ProofNonce, "d5-nonce-prefix", "the beginning of the nonce that was sent", m.proofWith(nonce, `"nonce":"c2VudCBieSB0aGUgdmVyaWZpZX"`), sent)
	m.refuse(code.ClaimMissing, "d5-no-nonce", "no nonce", m.proofWith(nonce+",", ""))
	for id, value := range ordered("number", `7`, "null", `null`, "empty", `""`, "array", `["`+credentialtest.Nonce+`"]`, "129-characters", `"`+strings.Repeat("n", 129)+`"`) {
		m.refuse(code.ClaimType, "d5-nonce-"+id, "a nonce that is not 1 to 128 characters", m.proofWith(nonce, `"nonce":`+value))
	}
	m.accept("d5-nonce-128-characters", "the longest nonce", m.proofWith(nonce, `"nonce":"`+strings.Repeat("n", 128)+`"`))

	for id, value := range ordered("other", `"https://gate.other.example"`, "trailing-slash", `"`+credential.GateAudience+`/"`, "upper-case", `"URN:CYBERBADGE:GATE"`, "prefix", `"urn:cyberbadge"`, "issuer", `"`+credentialtest.IssuerURL+`"`) {
		m.refuse(code.ProofAudience, "d8-aud-"+id, "a proof made for somebody else", m.proofWith(aud, `"aud":`+value))
	}
	m.refuse(code.ClaimMissing, "d8-aud-absent", "no aud", m.proofWith(aud+",", ""))
	for id, value := range ordered("array", `["`+credential.GateAudience+`"]`, "null", `null`, "empty", `""`, "object", `{}`) {
		m.refuse(code.ClaimType, "d8-aud-"+id, "an aud that is not one string", m.proofWith(aud, `"aud":`+value))
	}
	m.accept("d14-unknown-claims", "claims of a proof that nobody knows", m.proofWith("{", `{"transaction":"x","jti":[1],`))
	m.refuse(code.JSONDuplicateName, "d14-nonce-twice", "a nonce twice", m.proofWith("{", `{"nonce":"x",`))
	m.refuse(code.JSONDuplicateName, "d14-hash-twice-escaped", "an sd_hash twice, once with escapes", m.proofWith("{", `{"sd_h\u0061sh":"x",`))
	m.refuse(code.JSONInvalid, "d14-not-utf8", "a proof that is not UTF-8", m.proofWith("{", "{\"x\":\"\xff\","))
	m.refuse(code.JSONTooDeep, "d14-deep", "a proof of 17 levels", m.proofWith("{", `{"x":`+strings.Repeat("[", 16)+strings.Repeat("]", 16)+","))
}

func (m *maker) proofTimes() {
	honest := m.honest()
	made := func(instant time.Time) string {
		return honest + m.proof(credentialtest.ProofHeader, credentialtest.ProofPayload(honest, instant))
	}
	now := credentialtest.Now
	m.accept("d7-oldest", "made as long ago as is taken", made(now.Add(-90*time.Second)))
	m.accept("d7-newest", "made as far ahead as is taken", made(now.Add(30*time.Second)))
	for id, instant := range orderedAs[time.Time](
		"second-too-old", now.Add(-91*time.Second), "second-too-new", now.Add(31*time.Second), "year-old", now.AddDate(-1, 0, 0), "year-ahead", now.AddDate(1, 0, 0), "epoch", time.Unix(1, 0), "end-of-integers", time.Unix(1<<53-1, 0),
	) {
		m.refuse(code.ProofTime, "d7-"+id, "made outside the window", made(instant))
	}
	iat := fmt.Sprintf(`"iat":%d`, now.Unix())
	m.refuse(code.ClaimMissing, "d7-absent", "no iat", m.proofWith(iat+",", ""))
	for id, value := range ordered(notSeconds...) {
		m.refuse(code.ClaimType, "d7-"+id, "an iat that is no positive plain integer: "+value, m.proofWith(iat, `"iat":`+value))
	}
	m.refuse(code.ProofTime, "d14-exp-past", "the proof's own exp is past", m.proofWith("{", fmt.Sprintf(`{"exp":%d,`, now.Unix()-1)))
	m.refuse(code.ProofTime, "d14-exp-now", "the proof's own exp is now", m.proofWith("{", fmt.Sprintf(`{"exp":%d,`, now.Unix())))
	m.refuse(code.ProofTime, "d14-nbf-ahead", "the proof's own nbf is ahead by more than is taken", m.proofWith("{", fmt.Sprintf(`{"nbf":%d,`, now.Unix()+31)))
	m.refuse(code.ClaimType, "d14-exp-string", "the proof's own exp is a string", m.proofWith("{", `{"exp":"never",`))
	m.refuse(code.ClaimType, "d14-nbf-string", "the proof's own nbf is a string, its exp past", m.proofWith("{", `{"nbf":"x","exp":1,`))
	m.accept("d14-exp-ahead", "the proof's own exp is ahead", m.proofWith("{", fmt.Sprintf(`{"exp":%d,"nbf":%d,`, now.Unix()+1, now.Unix()+30)))
}

func (m *maker) proofHashes() {
	honest := m.honest()
	proof := strings.TrimPrefix(m.bind(honest), honest)
	jwt := m.sign(m.header, m.payload)
	for id, text := range ordered(
		"removed", bound(jwt, m.disclosures[0]), "all-removed", bound(jwt), "added", bound(jwt, m.disclosures[0], m.disclosures[1], m.kept[0]), "reordered", bound(jwt, m.disclosures[1], m.disclosures[0]), "exchanged", bound(jwt, m.disclosures[0], m.kept[0]),
	) {
		m.refuse(code.ProofHash, "d9-"+id, "disclosures changed after the proof was made", text+proof)
	}
	second := bound(m.sign(m.header, m.with(m.payload, `"idx":413412`, `"idx":413413`)), m.disclosures...)
	m.refuse(code.ProofHash, "d13-other-badge", "the proof of one badge on another badge of the same key", second+proof)
	hash := `"sd_hash":"` + credentialtest.Digest(honest) + `"`
	for id, value := range ordered(
		"other", `"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"`, "without-tilde", `"`+credentialtest.Digest(strings.TrimSuffix(honest, "~"))+`"`, "of-jwt", `"`+credentialtest.Digest(jwt)+`"`, "padded", `"`+credentialtest.Digest(honest)+`="`, "short", `"`+credentialtest.Digest(honest)[:42]+`"`, "upper-case", `"`+strings.ToUpper(credentialtest.Digest(honest))+`"`,
	) {
		m.refuse(code.ProofHash, "d9-hash-"+id, "an sd_hash of something else", m.proofWith(hash, `"sd_hash":`+value))
	}
	m.refuse(code.ClaimMissing, "d9-hash-absent", "no sd_hash", m.proofWith(","+hash, ""))
	for id, value := range ordered("null", `null`, "empty", `""`, "number", `1`, "array", `[]`) {
		m.refuse(code.ClaimType, "d9-hash-"+id, "an sd_hash that is not a string with content", m.proofWith(hash, `"sd_hash":`+value))
	}
}

func (m *maker) proofHeaders() {
	honest := m.honest()
	payload := credentialtest.ProofPayload(honest, credentialtest.Now)
	headed := func(header string) string { return honest + m.proof(header, payload) }
	for id, typ := range ordered("jwt", `"JWT"`, "badge", `"dc+sd-jwt"`, "upper-case", `"KB+JWT"`, "media-type", `"application/kb+jwt"`, "empty", `""`, "old", `"hb+jwt"`) {
		m.refuse(code.TypMismatch, "d10-"+id, "a proof with typ "+typ, headed(`{"alg":"ES256","typ":`+typ+`}`))
	}
	m.refuse(code.TypMismatch, "d10-absent", "a proof without typ", headed(`{"alg":"ES256"}`))
	m.refuse(code.HeaderType, "d10-null", "a proof with typ null", headed(`{"alg":"ES256","typ":null}`))
	for id, alg := range ordered("none", `"none"`, "hs256", `"HS256"`, "lower-case", `"es256"`, "null", `null`) {
		m.refuse(code.AlgNotAllowed, "d12-alg-"+id, "a proof with alg "+alg, headed(`{"alg":`+alg+`,"typ":"kb+jwt"}`))
	}
	m.refuse(code.AlgNotAllowed, "d12-alg-absent", "a proof without alg", headed(`{"typ":"kb+jwt"}`))
	for id, member := range ordered("x5c", `"x5c":["AAAA"]`, "jku", `"jku":"https://attacker.example"`, "zip", `"zip":"DEF"`, "b64", `"b64":false`) {
		m.refuse(code.HeaderForbidden, "d12-"+id, "a proof with "+member, headed(`{"alg":"ES256",`+member+`,"typ":"kb+jwt"}`))
	}
	m.refuse(code.CritUnsupported, "d12-crit", "a proof with crit", headed(`{"alg":"ES256","crit":["exp"],"typ":"kb+jwt"}`))
	m.refuse(code.JSONDuplicateName, "d12-typ-twice", "a proof with typ twice", headed(`{"alg":"ES256","typ":"JWT","typ":"kb+jwt"}`))
	m.refuse(code.HeaderType, "d12-kid-number", "a proof with a kid that is no string", headed(`{"alg":"ES256","kid":1,"typ":"kb+jwt"}`))
	m.accept("d12-kid", "a kid in a proof chooses no key", headed(`{"alg":"ES256","kid":"k","typ":"kb+jwt"}`))
}

func (m *maker) proofEnvelopes() {
	honest := m.honest()
	proof := m.proof(credentialtest.ProofHeader, credentialtest.ProofPayload(honest, credentialtest.Now))
	m.refuse(code.TypMismatch, "d11-badge-as-proof", "the badge where the proof is due", honest+m.sign(m.header, m.payload))
	m.refuse(code.TypMismatch, "d11-proof-as-badge", "the proof where the badge is due", m.bind(bound(proof)))
	m.refuse(code.TypMismatch, "d11-status-list", "a status list, signed by the holder, where the proof is due", honest+m.proof(`{"alg":"ES256","typ":"statuslist+jwt"}`, credentialtest.ProofPayload(honest, credentialtest.Now)))
	for id, text := range ordered("garbage", "x", "two-segments", proof[:strings.LastIndexByte(proof, '.')], "four-segments", proof+".x", "padding", proof+"==", "space", " "+proof, "spare-bits", proof[:len(proof)-1]+nextLetter(proof[len(proof)-1]), "disclosure", m.disclosures[0]) {
		m.refuse(code.TokenMalformed, "d16-"+id, "something other than a compact JWS where the proof is due", honest+text)
	}
	for id, payload := range ordered("array", "[]", "string", `"x"`, "null", "null") {
		m.refuse(code.ClaimMissing, "d16-payload-"+id, "a proof whose claims are not an object", honest+m.proof(credentialtest.ProofHeader, payload))
	}
	m.refuse(code.JSONInvalid, "d16-payload-empty", "a proof without claims", honest+m.proof(credentialtest.ProofHeader, ""))
	other := m.bind(bound(credentialtest.MustSign(m.t, credentialtest.OtherKey, m.header, m.payload), m.disclosures...))
	m.refuse(code.SignatureInvalid, "d17-order", "a bad issuer signature is found before a bad proof", other+"x")
}
