package server

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/issuer/enrol"
)

func TestCredential_TheSingleProofOfDraft15(t *testing.T) {
	t.Parallel()
	o := start(t)
	p := o.enrolled(t, eligible(t).ID, "phone")
	proof := p.keyProof(t, credentialtest.HolderKey, p.fresh(t))
	got := p.badges(t, p.credential(t, `{"format":"dc+sd-jwt","credential_configuration_id":"cyber_badge","proof":{"proof_type":"jwt","jwt":"`+proof+`"}}`))
	if len(got.badges) != 1 {
		t.Errorf("%d badges", len(got.badges))
	}
}

func TestCredential_RequestsThatAreWrongAreToldSo(t *testing.T) {
	t.Parallel()
	o := start(t)
	p := o.enrolled(t, eligible(t).ID, "phone")
	good := p.keyProof(t, credentialtest.HolderKey, p.fresh(t))
	const which = `"credential_configuration_id":"cyber_badge"`
	proofs := `"proofs":{"jwt":["` + good + `"]}`
	for name, c := range map[string]struct{ body, want string }{
		"no JSON":                     {`x`, "invalid_credential_request"},
		"an array":                    {`[]`, "invalid_credential_request"},
		"a member twice":              {`{` + which + `,` + which + `,` + proofs + `}`, "invalid_credential_request"},
		"no configuration":            {`{` + proofs + `}`, "invalid_credential_request"},
		"as in draft 13":              {`{"format":"vc+sd-jwt","vct":"x",` + proofs + `}`, "invalid_credential_request"},
		"another configuration":       {`{"credential_configuration_id":"x",` + proofs + `}`, "unknown_credential_configuration"},
		"a configuration in capitals": {`{"credential_configuration_id":"Cyber_Badge",` + proofs + `}`, "unknown_credential_configuration"},
		"a configuration as a number": {`{"credential_configuration_id":1,` + proofs + `}`, "invalid_credential_request"},
		"an identifier":               {`{"credential_identifier":"cyber_badge",` + proofs + `}`, "unknown_credential_identifier"},
		"both":                        {`{"credential_identifier":"x",` + which + `,` + proofs + `}`, "invalid_credential_request"},
		"encryption":                  {`{` + which + `,` + proofs + `,"credential_response_encryption":{"jwk":{},"enc":"A128GCM"}}`, "invalid_encryption_parameters"},
		"no proofs":                   {`{` + which + `}`, "invalid_proof"},
		"proofs and proof":            {`{` + which + `,` + proofs + `,"proof":{"proof_type":"jwt","jwt":"` + good + `"}}`, "invalid_credential_request"},
		"proofs without a type":       {`{` + which + `,"proofs":{}}`, "invalid_credential_request"},
		"two types":                   {`{` + which + `,"proofs":{"jwt":["` + good + `"],"di_vp":[{}]}}`, "invalid_credential_request"},
		"another type":                {`{` + which + `,"proofs":{"attestation":["x"]}}`, "invalid_proof"},
		"another single type":         {`{` + which + `,"proof":{"proof_type":"cwt","cwt":"x"}}`, "invalid_proof"},
		"no proof in proofs":          {`{` + which + `,"proofs":{"jwt":[]}}`, "invalid_credential_request"},
		"a proof as an object":        {`{` + which + `,"proofs":{"jwt":[{}]}}`, "invalid_credential_request"},
		"a proof alone":               {`{` + which + `,"proofs":{"jwt":"` + good + `"}}`, "invalid_credential_request"},
		"one key twice":               {`{` + which + `,"proofs":{"jwt":["` + good + `","` + good + `"]}}`, "invalid_proof"},
	} {
		t.Run(name, func(t *testing.T) {
			p.credential(t, c.body).refused(t, http.StatusBadRequest, c.want)
		})
	}
	p.send(t, "/credential", "text/plain", "{}", p.access).refused(t, http.StatusUnsupportedMediaType, "invalid_credential_request")
	p.send(t, "/credential", "application/json", strings.Repeat(" ", MaxBody+1), p.access).refused(t, http.StatusRequestEntityTooLarge, "invalid_credential_request")
	// None of them cost the nonce, and members that are not known do no harm.
	p.badges(t, p.credential(t, `{"x":{"y":1},`+which+`,`+proofs+`}`))
}

func TestCredential_ProofsThatAreWrongAreToldSo(t *testing.T) {
	t.Parallel()
	o := start(t)
	p := o.enrolled(t, eligible(t).ID, "phone")
	nonce := p.fresh(t)
	key, now := credentialtest.HolderKey, o.Now().Unix()
	behind, ahead := int64(enrol.ProofBehind/time.Second), int64(enrol.ProofAhead/time.Second)
	jwk, err := credential.MarshalJWK(key.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	with := func(change claims) string {
		c := claims{"aud": o.url, "iat": now, "nonce": nonce}
		for name, value := range change {
			if c[name] = value; value == nil {
				delete(c, name)
			}
		}
		return signed(t, key, "openid4vci-proof+jwt", c)
	}
	header := func(text string) string {
		payload, _ := json.Marshal(claims{"aud": o.url, "iat": now, "nonce": nonce})
		return credentialtest.MustSign(t, key, text, string(payload))
	}
	good := with(nil)
	for name, c := range map[string]struct{ proof, want string }{
		"another audience":      {with(claims{"aud": "https://other.example"}), "invalid_proof"},
		"the endpoint as aud":   {with(claims{"aud": o.url + "/credential"}), "invalid_proof"},
		"a slash behind aud":    {with(claims{"aud": o.url + "/"}), "invalid_proof"},
		"audiences":             {with(claims{"aud": []string{o.url}}), "invalid_proof"},
		"no audience":           {with(claims{"aud": nil}), "invalid_proof"},
		"no time":               {with(claims{"iat": nil}), "invalid_proof"},
		"a time in text":        {with(claims{"iat": "now"}), "invalid_proof"},
		"too old":               {with(claims{"iat": now - behind - 1}), "invalid_proof"},
		"of the future":         {with(claims{"iat": now + ahead + 1}), "invalid_proof"},
		"expired":               {with(claims{"exp": now}), "invalid_proof"},
		"no nonce":              {with(claims{"nonce": nil}), "invalid_proof"},
		"a nonce as a number":   {with(claims{"nonce": 1}), "invalid_proof"},
		"another nonce":         {with(claims{"nonce": strings.Repeat("A", len(nonce))}), "invalid_nonce"},
		"any nonce":             {with(claims{"nonce": "x"}), "invalid_nonce"},
		"a nonce for DPoP":      {with(claims{"nonce": p.nonce}), "invalid_nonce"},
		"another typ":           {signed(t, key, "JWT", claims{"aud": o.url, "iat": now, "nonce": nonce}), "invalid_proof"},
		"a DPoP proof":          {p.dpop(t, "/credential", p.access), "invalid_proof"},
		"no signature":          {good[:strings.LastIndexByte(good, '.')+1], "invalid_proof"},
		"another signature":     {good[:strings.LastIndexByte(good, '.')+1] + strings.Repeat("A", 86), "invalid_proof"},
		"another's signature":   {credentialtest.MustSign(t, credentialtest.OtherKey, `{"alg":"ES256","typ":"openid4vci-proof+jwt","jwk":`+string(jwk)+`}`, `{}`), "invalid_proof"},
		"alg none":              {header(`{"alg":"none","typ":"openid4vci-proof+jwt","jwk":` + string(jwk) + `}`), "invalid_proof"},
		"alg HS256":             {header(`{"alg":"HS256","typ":"openid4vci-proof+jwt","jwk":` + string(jwk) + `}`), "invalid_proof"},
		"no key":                {header(`{"alg":"ES256","typ":"openid4vci-proof+jwt"}`), "invalid_proof"},
		"a key id":              {header(`{"alg":"ES256","typ":"openid4vci-proof+jwt","kid":"did:key:x"}`), "invalid_proof"},
		"the private key in it": {header(`{"alg":"ES256","typ":"openid4vci-proof+jwt","jwk":` + strings.Replace(string(jwk), "{", `{"d":"AA",`, 1) + `}`), "invalid_proof"},
		"too long":              {with(claims{"x": strings.Repeat("x", enrol.MaxProof)}), "invalid_proof"},
	} {
		t.Run(name, func(t *testing.T) {
			p.credential(t, credentialRequest(t, c.proof)).refused(t, http.StatusBadRequest, c.want)
		})
	}
	for name, iat := range map[string]int64{"oldest": now - behind, "newest": now + ahead} {
		nonce = p.fresh(t)
		if answer := p.credential(t, credentialRequest(t, with(claims{"iat": iat, "iss": "wallet.example", "exp": now + 1}))); answer.status != http.StatusOK {
			t.Errorf("%s: %d %s", name, answer.status, answer.body)
		}
	}
}

func TestCredential_ANonceIsGoodOnceAndNotForLong(t *testing.T) {
	t.Parallel()
	o := start(t)
	p := o.enrolled(t, eligible(t).ID, "phone")
	nonce := p.fresh(t)
	p.badges(t, p.credential(t, credentialRequest(t, p.keyProof(t, credentialtest.NewKey("a"), nonce))))
	p.credential(t, credentialRequest(t, p.keyProof(t, credentialtest.NewKey("b"), nonce))).refused(t, http.StatusBadRequest, "invalid_nonce")

	last, late := p.fresh(t), p.fresh(t)
	o.Move(enrol.NonceLife - time.Microsecond)
	p.badges(t, p.credential(t, credentialRequest(t, p.keyProof(t, credentialtest.NewKey("a"), last))))
	o.Move(time.Microsecond)
	p.fresh(t) // a new nonce for DPoP
	p.credential(t, credentialRequest(t, p.keyProof(t, credentialtest.NewKey("a"), late))).refused(t, http.StatusBadRequest, "invalid_nonce")

	// Of several requests with one nonce at once, one is answered.
	nonce = p.fresh(t)
	bodies := []string{credentialRequest(t, p.keyProof(t, credentialtest.NewKey("a"), nonce)), credentialRequest(t, p.keyProof(t, credentialtest.NewKey("b"), nonce))}
	with := func() headers {
		return headers{"Content-Type", "application/json", "Authorization", "DPoP " + p.access, "DPoP", p.dpop(t, "/credential", p.access)}
	}
	first, second := with(), with()
	answers := make(chan reply, 2)
	for i, h := range []headers{first, second} {
		go func() {
			answers <- o.send(t, http.DefaultClient, "POST", "/credential", strings.NewReader(bodies[i]), h)
		}()
	}
	a, b := <-answers, <-answers
	if a.status+b.status != http.StatusOK+http.StatusBadRequest || a.refusal(t)+b.refusal(t) != "invalid_nonce" {
		t.Errorf("got %d %s and %d %s", a.status, a.body, b.status, b.body)
	}
}
