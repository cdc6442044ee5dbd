package server

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/issuer/enrol"
)

func TestDPoP_ProofsThatAreWrongAreToldSo(t *testing.T) {
	t.Parallel()
	o := start(t)
	p := o.enrolled(t, eligible(t).ID, "phone")
	behind, ahead := int64(enrol.ProofBehind/time.Second), int64(enrol.ProofAhead/time.Second)
	now := o.Now().Unix()
	proof := func(path, token string, change claims) string {
		c := p.dpopClaims(path, token)
		for name, value := range change {
			if c[name] = value; value == nil {
				delete(c, name)
			}
		}
		return signed(t, p.key, "dpop+jwt", c)
	}
	changes := map[string]struct {
		change claims
		want   string
	}{
		"no method":           {claims{"htm": nil}, "invalid_dpop_proof"},
		"another method":      {claims{"htm": "GET"}, "invalid_dpop_proof"},
		"a method in small":   {claims{"htm": "post"}, "invalid_dpop_proof"},
		"no address":          {claims{"htu": nil}, "invalid_dpop_proof"},
		"another address":     {claims{"htu": o.url + "/nonce"}, "invalid_dpop_proof"},
		"another host":        {claims{"htu": "https://attacker.example/token"}, "invalid_dpop_proof"},
		"no id":               {claims{"jti": nil}, "invalid_dpop_proof"},
		"an empty id":         {claims{"jti": ""}, "invalid_dpop_proof"},
		"an id too long":      {claims{"jti": strings.Repeat("x", 257)}, "invalid_dpop_proof"},
		"an id as a number":   {claims{"jti": 1}, "invalid_dpop_proof"},
		"no time":             {claims{"iat": nil}, "invalid_dpop_proof"},
		"too old":             {claims{"iat": now - behind - 1}, "invalid_dpop_proof"},
		"of the future":       {claims{"iat": now + ahead + 1}, "invalid_dpop_proof"},
		"no nonce":            {claims{"nonce": nil}, "use_dpop_nonce"},
		"another nonce":       {claims{"nonce": "x"}, "use_dpop_nonce"},
		"a nonce for badges":  {claims{"nonce": p.fresh(t)}, "use_dpop_nonce"},
		"a nonce as a number": {claims{"nonce": 1}, "invalid_dpop_proof"},
	}
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {p.refresh}}.Encode()
	for name, c := range changes {
		t.Run(name, func(t *testing.T) {
			p.raw(t, "/token", form, headers{"Content-Type", formType, "DPoP", proof("/token", "", c.change)}).refused(t, http.StatusBadRequest, c.want)
			p.raw(t, "/credential", "{}", headers{"Content-Type", "application/json", "Authorization", "DPoP " + p.access,
				"DPoP", proof("/credential", p.access, c.change)}).refused(t, http.StatusUnauthorized, c.want)
		})
	}
	stranger := credentialtest.NewKey("stranger")
	good := proof("/credential", p.access, nil)
	for name, c := range map[string]struct {
		proofs []string
		want   string
	}{
		"none":               {nil, "invalid_dpop_proof"},
		"two":                {[]string{good, proof("/credential", p.access, nil)}, "invalid_dpop_proof"},
		"no hash":            {[]string{proof("/credential", "", nil)}, "invalid_dpop_proof"},
		"of another token":   {[]string{proof("/credential", strings.Repeat("A", 43), nil)}, "invalid_dpop_proof"},
		"of another key":     {[]string{signed(t, stranger, "dpop+jwt", p.dpopClaims("/credential", p.access))}, "invalid_token"},
		"of another type":    {[]string{signed(t, p.key, "openid4vci-proof+jwt", p.dpopClaims("/credential", p.access))}, "invalid_dpop_proof"},
		"without a type":     {[]string{signed(t, p.key, "", p.dpopClaims("/credential", p.access))}, "invalid_dpop_proof"},
		"with another's key": {[]string{good[:strings.LastIndexByte(good, '.')+1] + strings.Repeat("A", 86)}, "invalid_dpop_proof"},
	} {
		with := headers{"Content-Type", "application/json", "Authorization", "DPoP " + p.access}
		for _, text := range c.proofs {
			with = append(with, "DPoP", text)
		}
		t.Run(name, func(t *testing.T) { p.raw(t, "/credential", "{}", with).refused(t, http.StatusUnauthorized, c.want) })
	}
	t.Run("at the bounds", func(t *testing.T) {
		for _, change := range []claims{{"iat": now - behind}, {"iat": now + ahead}, {"jti": strings.Repeat("x", 256)}, {"htu": o.url + "/token?a=b#c"}} {
			answer := p.raw(t, "/token", form, headers{"Content-Type", formType, "DPoP", proof("/token", "", change)})
			p.take(t, answer)
			form = url.Values{"grant_type": {"refresh_token"}, "refresh_token": {p.refresh}}.Encode()
		}
	})
}

func TestDPoP_AProofIsTakenOnce(t *testing.T) {
	t.Parallel()
	o := start(t)
	made := o.invite(t, eligible(t).ID)
	p := o.phone("phone")
	p.fresh(t)
	proof := p.dpop(t, "/token", "")
	with := headers{"Content-Type", formType, "DPoP", proof}
	p.take(t, p.raw(t, "/token", redeemForm(made.Offer.Grants.PreAuthorized.Code, made.TxCode).Encode(), with))
	refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {p.refresh}}.Encode()
	p.raw(t, "/token", refresh, with).refused(t, http.StatusBadRequest, "invalid_dpop_proof")

	with = headers{"Content-Type", "application/json", "Authorization", "DPoP " + p.access, "DPoP", p.dpop(t, "/credential", p.access)}
	body := credentialRequest(t, p.keyProof(t, credentialtest.HolderKey, p.fresh(t)))
	p.badges(t, p.raw(t, "/credential", body, with))
	body = credentialRequest(t, p.keyProof(t, credentialtest.HolderKey, p.fresh(t)))
	p.raw(t, "/credential", body, with).refused(t, http.StatusUnauthorized, "invalid_dpop_proof")

	// What is remembered is the proof of this key, not its id: another phone may
	// have drawn the same one.
	other := o.enrolled(t, verdicts(t)[0].ID, "other phone")
	c := other.dpopClaims("/token", "")
	c["jti"] = "the same"
	mine := p.dpopClaims("/token", "")
	mine["jti"] = "the same"
	p.take(t, p.raw(t, "/token", refresh, headers{"Content-Type", formType, "DPoP", signed(t, p.key, "dpop+jwt", mine)}))
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {other.refresh}}.Encode()
	other.take(t, other.raw(t, "/token", form, headers{"Content-Type", formType, "DPoP", signed(t, other.key, "dpop+jwt", c)}))
}

func TestDPoP_ANonceIsGoodForAWhile(t *testing.T) {
	t.Parallel()
	o := start(t)
	p := o.enrolled(t, eligible(t).ID, "phone")
	p.fresh(t)
	nonce := p.nonce
	o.Move(enrol.NonceLife - time.Microsecond)
	p.take(t, p.exchange(t, p.refresh))
	p.nonce = nonce
	p.take(t, p.exchange(t, p.refresh)) // more than once
	o.Move(time.Microsecond)
	p.nonce = nonce
	p.exchange(t, p.refresh).refused(t, http.StatusBadRequest, "use_dpop_nonce")
	if p.nonce == nonce {
		t.Error("no other nonce came with the refusal")
	}
}

func TestAccessToken_OnlyWhereItBelongs(t *testing.T) {
	t.Parallel()
	o := start(t)
	p := o.enrolled(t, eligible(t).ID, "phone")
	dpop := func() headers {
		return headers{"Content-Type", "application/json", "DPoP", p.dpop(t, "/credential", p.access)}
	}
	for name, c := range map[string]struct {
		query  string
		with   headers
		status int
		code   string
	}{
		"nowhere":            {"", nil, 401, "invalid_token"},
		"in the address":     {"?access_token=" + p.access, nil, 401, "invalid_token"},
		"in both":            {"?access_token=" + p.access, headers{"Authorization", "DPoP " + p.access}, 400, "invalid_request"},
		"twice":              {"", headers{"Authorization", "DPoP " + p.access, "Authorization", "DPoP " + p.access}, 400, "invalid_request"},
		"as Bearer":          {"", headers{"Authorization", "Bearer " + p.access}, 401, "invalid_token"},
		"as Basic":           {"", headers{"Authorization", "Basic " + p.access}, 401, "invalid_token"},
		"the refresh token":  {"", headers{"Authorization", "DPoP " + p.refresh}, 401, "invalid_dpop_proof"}, // its hash is not in the proof
		"a token of the API": {"", headers{"Authorization", "DPoP " + o.all}, 401, "invalid_token"},
		"nothing behind it":  {"", headers{"Authorization", "DPoP"}, 401, "invalid_token"},
	} {
		t.Run(name, func(t *testing.T) {
			p.raw(t, "/credential"+c.query, "{}", append(dpop(), c.with...)).refused(t, c.status, c.code)
		})
	}
	refresh := p.refresh
	t.Run("the refresh token with a proof of its own", func(t *testing.T) {
		p.send(t, "/credential", "application/json", "{}", refresh).refused(t, http.StatusUnauthorized, "invalid_token")
	})
	if strings.Contains(o.log.String(), p.access) {
		t.Error("the token is in the log")
	}
	// A phone's token opens nothing of the office.
	o.get(t, "/v1/people", "Authorization", "Bearer "+p.access).problem(t, http.StatusUnauthorized, CodeCredentialInvalid)
}
