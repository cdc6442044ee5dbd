package server

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
)

// phone is a wallet that does what the standards say, unless a test has it do
// something else.
type phone struct {
	*office
	key             credentialtest.Key // that tokens are bound to
	nonce           string             // for DPoP proofs
	access, refresh string
}

func (o *office) phone(name string) *phone {
	return &phone{office: o, key: credentialtest.NewKey(name)}
}

// invite has the office invite somebody.
func (o *office) invite(t testing.TB, ref string) invitation {
	t.Helper()
	var made invitation
	o.post(t, "/v1/people/"+ref+"/invitations", "{}").decode(t, http.StatusCreated, &made)
	return made
}

// enrolled is a phone that has redeemed an invitation of that person.
func (o *office) enrolled(t testing.TB, ref, name string) *phone {
	t.Helper()
	p := o.phone(name)
	made := o.invite(t, ref)
	p.take(t, p.redeem(t, made.Offer.Grants.PreAuthorized.Code, made.TxCode))
	return p
}

type claims map[string]any

// signed is a token that names its own key; change makes it another.
func signed(t testing.TB, key credentialtest.Key, typ string, payload claims) string {
	t.Helper()
	jwk, err := credential.MarshalJWK(key.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	return credentialtest.MustSign(t, key, `{"alg":"ES256","typ":"`+typ+`","jwk":`+string(jwk)+`}`, string(text))
}

func (p *phone) dpopClaims(path, token string) claims {
	c := claims{"jti": rand.Text(), "htm": "POST", "htu": p.program.URL() + path, "iat": p.Now().Unix(), "nonce": p.nonce}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		c["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return c
}

func (p *phone) dpop(t testing.TB, path, token string) string {
	t.Helper()
	return signed(t, p.key, "dpop+jwt", p.dpopClaims(path, token))
}

// post sends a body with a proof, once more if it has to take a nonce first.
func (p *phone) send(t testing.TB, path, contentType, body, token string) reply {
	t.Helper()
	for {
		with := headers{"Content-Type", contentType, "DPoP", p.dpop(t, path, token)}
		if token != "" {
			with = append(with, "Authorization", "DPoP "+token)
		}
		had := p.nonce
		answer := p.raw(t, path, body, with)
		if had != "" || answer.refusal(t) != "use_dpop_nonce" {
			return answer
		}
	}
}

// raw sends exactly that, and keeps the nonce of the answer.
func (p *phone) raw(t testing.TB, path, body string, with headers) reply {
	t.Helper()
	answer := p.office.send(t, http.DefaultClient, "POST", strings.TrimPrefix(p.program.URL(), p.url)+path, strings.NewReader(body), with)
	if nonce := answer.header.Get("DPoP-Nonce"); nonce != "" {
		p.nonce = nonce
	}
	return answer
}

// refusal is the error in an answer of a wallet's endpoint, empty if it has none.
func (r reply) refusal(t testing.TB) string {
	t.Helper()
	var body struct{ Error string }
	if len(r.body) > 0 {
		if err := json.Unmarshal(r.body, &body); err != nil {
			t.Fatalf("%v in %s", err, r.body)
		}
	}
	return body.Error
}

// refused insists on a refusal as OAuth has it.
func (r reply) refused(t testing.TB, status int, code string) {
	t.Helper()
	if r.status != status || r.refusal(t) != code {
		t.Errorf("got %d %s, want %d %s", r.status, r.body, status, code)
	}
	if r.header.Get("Content-Type") != "application/json" || r.header.Get("Cache-Control") != "no-store" ||
		r.header.Get("Access-Control-Allow-Origin") != "*" || r.header.Get("DPoP-Nonce") == "" {
		t.Errorf("%s came with %v", code, r.header)
	}
	challenge := r.header.Get("WWW-Authenticate")
	if (status == http.StatusUnauthorized) != strings.HasPrefix(challenge, `DPoP error="`+code+`"`) {
		t.Errorf("%d %s came with the challenge %q", status, code, challenge)
	}
	var body struct {
		Description string `json:"error_description"`
	}
	_ = json.Unmarshal(r.body, &body)
	if body.Description == "" || strings.ContainsFunc(body.Description, func(c rune) bool { return c < 0x20 || c > 0x7e || c == '"' || c == '\\' }) {
		t.Errorf("%s says %q", code, body.Description)
	}
}

const formType = "application/x-www-form-urlencoded"

func redeemForm(code, txCode string) url.Values {
	return url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:pre-authorized_code"}, "pre-authorized_code": {code}, "tx_code": {txCode}}
}

func (p *phone) redeem(t testing.TB, code, txCode string) reply {
	t.Helper()
	return p.send(t, "/token", formType, redeemForm(code, txCode).Encode(), "")
}

func (p *phone) exchange(t testing.TB, refresh string) reply {
	t.Helper()
	return p.send(t, "/token", formType, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}.Encode(), "")
}

type tokenAnswer struct {
	Access    string `json:"access_token"`
	Type      string `json:"token_type"`
	ExpiresIn int    `json:"expires_in"`
	Refresh   string `json:"refresh_token"`
}

// take keeps the tokens of an answer.
func (p *phone) take(t testing.TB, answer reply) {
	t.Helper()
	var tokens tokenAnswer
	answer.decode(t, http.StatusOK, &tokens)
	if tokens.Type != "DPoP" || tokens.ExpiresIn != 600 || answer.header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %+v with %v", tokens, answer.header)
	}
	conforms(t, "PhoneTokens", answer.body)
	p.access, p.refresh = tokens.Access, tokens.Refresh
}

// fresh returns a nonce for key proofs.
func (p *phone) fresh(t testing.TB) string {
	t.Helper()
	var got struct {
		Nonce string `json:"c_nonce"`
	}
	answer := p.raw(t, "/nonce", "", nil)
	answer.decode(t, http.StatusOK, &got)
	if answer.header.Get("Cache-Control") != "no-store" || got.Nonce == "" {
		t.Errorf("got %s with %v", answer.body, answer.header)
	}
	return got.Nonce
}

func (p *phone) keyProof(t testing.TB, key credentialtest.Key, nonce string) string {
	t.Helper()
	return signed(t, key, "openid4vci-proof+jwt", claims{"aud": p.program.URL(), "iat": p.Now().Unix(), "nonce": nonce})
}

func credentialRequest(t testing.TB, proofs ...string) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"credential_configuration_id": "cyber_badge", "proofs": map[string]any{"jwt": proofs}})
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// ask asks for a badge for each of the keys.
func (p *phone) ask(t testing.TB, names ...string) reply {
	t.Helper()
	nonce := p.fresh(t)
	var proofs []string
	for _, name := range names {
		proofs = append(proofs, p.keyProof(t, credentialtest.NewKey(name), nonce))
	}
	return p.credential(t, credentialRequest(t, proofs...))
}

func (p *phone) credential(t testing.TB, body string) reply {
	t.Helper()
	return p.send(t, "/credential", "application/json", body, p.access)
}

type delivered struct {
	Credentials    []struct{ Credential string }
	NotificationID string `json:"notification_id"`
	badges         []*credential.Badge
}

// anyIssuer has the test key, whatever the issuer's URL.
type anyIssuer struct{}

func (anyIssuer) BadgeKey(credential.KeyHint) (*ecdsa.PublicKey, error) {
	return credentialtest.IssuerKey.PublicKey(), nil
}

// badges opens what came.
func (p *phone) badges(t testing.TB, answer reply) delivered {
	t.Helper()
	var d delivered
	answer.decode(t, http.StatusOK, &d)
	conforms(t, "Credentials", answer.body)
	for _, c := range d.Credentials {
		badge, err := credential.Opener{Keys: anyIssuer{}}.Open(c.Credential)
		if err != nil {
			t.Fatal(err)
		}
		d.badges = append(d.badges, badge)
	}
	return d
}

func (p *phone) notify(t testing.TB, id, event string) reply {
	t.Helper()
	body, err := json.Marshal(map[string]string{"notification_id": id, "event": event, "event_description": "a test"})
	if err != nil {
		t.Fatal(err)
	}
	return p.send(t, "/notification", "application/json", string(body), p.access)
}
