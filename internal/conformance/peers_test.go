package conformance_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// leaf is a certificate for the issuer's key, as wallets ask for it in x5c.
func leaf(t *testing.T) [][]byte {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "Cyber Badge test issuer"},
		NotBefore:    credentialtest.Now.Add(-time.Hour),
		NotAfter:     credentialtest.Now.Add(time.Hour),
	}
	der, err := x509.CreateCertificate(nil, template, template, credentialtest.IssuerKey.PublicKey(), credentialtest.IssuerKey)
	if err != nil {
		t.Fatal(err)
	}
	return [][]byte{der}
}

// at is a value inside claims that a peer returned, as JSON.
func at(claims map[string]any, path ...string) string {
	var v any = claims
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	text, _ := json.Marshal(v)
	return string(text)
}

func TestSDJWTPeer_ReadsOurPresentations(t *testing.T) {
	t.Parallel()
	issuer := jwkOf(t, credentialtest.IssuerKey)
	var questions []presentationQuestion
	for _, chain := range [][][]byte{nil, leaf(t)} {
		badge := issue(t, chain)
		questions = append(questions,
			presentationQuestion{Presentation: disclose(t, badge, credential.Disclosable()...), Issuer: issuer, Nonce: credentialtest.Nonce, Now: now, Required: credential.Disclosable()},
			presentationQuestion{Presentation: disclose(t, badge, "role"), Issuer: issuer, Nonce: credentialtest.Nonce, Now: now, Required: []string{"role", "access"}},
			presentationQuestion{Presentation: badge, Issuer: issuer, Now: now, Required: []string{"iss", "vct", "sub"}},
		)
	}
	for i, answer := range ask[presentationAnswer](t, "sdjwt.mjs", questions) {
		if !answer.Accepted {
			t.Errorf("question %d: %s", i, answer.Error)
			continue
		}
		onlyRole := i%3 == 1
		for path, want := range map[string]string{
			"iss": `"` + credentialtest.IssuerURL + `"`, "vct": `"` + credentialtest.BadgeType + `"`, "access": `["onsite","remote"]`, "status status_list idx": `413412`, "role": `"field-service-representative"`,
			"cnf jwk crv": `"P-256"`, "_sd": `null`, "_sd_alg": `null`,
		} {
			if got := at(answer.Claims, strings.Fields(path)...); got != want {
				t.Errorf("question %d: %s is %s, want %s", i, path, got, want)
			}
		}
		name, equipment := `"Rößler"`, `{"checked_at":1795327200,"compliant":true}`
		if onlyRole {
			name, equipment = `null`, `null`
		}
		if at(answer.Claims, "family_name") != name || at(answer.Claims, "equipment") != equipment {
			t.Errorf("question %d: disclosed %v", i, answer.Claims)
		}
		if proven := at(answer.Proof, "nonce") == `"`+credentialtest.Nonce+`"`; proven != (i%3 != 2) {
			t.Errorf("question %d: proof %v", i, answer.Proof)
		}
	}
}

func TestSDJWTPeer_RefusesWhatWasChanged(t *testing.T) {
	t.Parallel()
	badge := issue(t, nil)
	good := presentationQuestion{Presentation: disclose(t, badge, "role", "given_name"), Issuer: jwkOf(t, credentialtest.IssuerKey), Nonce: credentialtest.Nonce, Now: now, Required: []string{}}
	changed := func(change func(*presentationQuestion)) presentationQuestion {
		q := good
		change(&q)
		return q
	}
	parts := strings.Split(good.Presentation, "~")
	reasons := []string{
		"", "Invalid JWT Signature", "Invalid Nonce", "Invalid sd_hash", "Key Binding JWT not exist", "JWT is expired", "Missing required claim keys", "Invalid JWT Signature",
	}
	questions := []presentationQuestion{
		good,
		changed(func(q *presentationQuestion) { q.Issuer = jwkOf(t, credentialtest.OtherKey) }),
		changed(func(q *presentationQuestion) { q.Nonce = "another" }),
		changed(func(q *presentationQuestion) { q.Presentation = strings.Join(append(parts[:1:1], parts[2:]...), "~") }),
		changed(func(q *presentationQuestion) {
			q.Presentation = strings.TrimSuffix(q.Presentation, parts[len(parts)-1])
		}),
		changed(func(q *presentationQuestion) { q.Now += 7 * 24 * 3600 }),
		changed(func(q *presentationQuestion) { q.Required = []string{"family_name"} }),
		changed(func(q *presentationQuestion) {
			header, payload, disclosures, proof := credentialtest.Parts(t, q.Presentation)
			forged := credentialtest.MustSign(t, credentialtest.OtherKey, header, payload)
			q.Presentation = credentialtest.Join(forged, disclosures, proof)
		}),
	}
	for i, answer := range ask[presentationAnswer](t, "sdjwt.mjs", questions) {
		if answer.Accepted != (i == 0) || !strings.Contains(answer.Error, reasons[i]) {
			t.Errorf("question %d: accepted %t, %q, want %q", i, answer.Accepted, answer.Error, reasons[i])
		}
	}
}

func TestJOSEPeer_VerifiesOurTokensAsPlainJWS(t *testing.T) {
	t.Parallel()
	issuer, holder := jwkOf(t, credentialtest.IssuerKey), jwkOf(t, credentialtest.HolderKey)
	plain, chained := issue(t, nil), issue(t, leaf(t))
	jwt := func(badge string) string { return strings.SplitN(badge, "~", 2)[0] }
	presentation := disclose(t, plain, "role")
	proof := presentation[strings.LastIndexByte(presentation, '~')+1:]
	forged := credentialtest.MustSign(t, credentialtest.OtherKey, credentialtest.Header(), `{}`)
	questions := []jwsQuestion{
		{jwt(plain), &issuer, "dc+sd-jwt", now},
		{jwt(chained), nil, "dc+sd-jwt", now},
		{proof, &holder, "kb+jwt", now},
		{forged, &issuer, "dc+sd-jwt", now},
		{jwt(plain), &issuer, "kb+jwt", now},
		{jwt(plain), &issuer, "dc+sd-jwt", now + 7*24*3600},
	}
	reasons := []string{"", "", "", "signature verification failed", `unexpected "typ"`, `"exp" claim timestamp check failed`}
	for i, answer := range ask[jwsAnswer](t, "jws.mjs", questions) {
		if answer.Accepted != (reasons[i] == "") || !strings.Contains(answer.Error, reasons[i]) {
			t.Errorf("question %d: accepted %t, %q, want %q", i, answer.Accepted, answer.Error, reasons[i])
		}
		if answer.Accepted && i < 2 && at(answer.Claims, "sub") != fmt.Sprintf("%q", credentialtest.Claims().Subject) {
			t.Errorf("question %d: claims %v", i, answer.Claims)
		}
	}
}

// Each badge names one list; the peer must read from ours what we wrote at the
// badge's index and at its neighbours.
func TestStatusListPeer_ReadsOurLists(t *testing.T) {
	t.Parallel()
	badge := issue(t, nil)
	index := credentialtest.Claims().Status.Index
	key := jwkOf(t, credentialtest.ListKey)
	token := func(signer credentialtest.Key, at uint64, status revocation.Status) *string {
		list, err := revocation.NewList(1 << 20)
		if err != nil {
			t.Fatal(err)
		}
		if err := list.Set(at, status); err != nil {
			t.Fatal(err)
		}
		encoded, err := list.Encode()
		if err != nil {
			t.Fatal(err)
		}
		text, err := revocation.Signer{Key: signer, KeyID: signer.ID()}.Sign(revocation.Token{
			URI: credentialtest.ListURI, IssuedAt: credentialtest.Now, Expires: credentialtest.Now.Add(24 * time.Hour), TTL: time.Minute,
		}, encoded)
		if err != nil {
			t.Fatal(err)
		}
		return &text
	}
	cases := []struct {
		list   *string
		reason string // of the refusal; empty where the peer must accept
	}{
		{token(credentialtest.ListKey, index, revocation.Valid), ""},
		{token(credentialtest.ListKey, index, revocation.Invalid), "Status is not valid"},
		{token(credentialtest.ListKey, index, revocation.Suspended), "Status is not valid"},
		{token(credentialtest.ListKey, index-1, revocation.Invalid), ""},
		{token(credentialtest.ListKey, index+1, revocation.Invalid), ""},
		{token(credentialtest.ListKey, index+4, revocation.Suspended), ""},
		{token(credentialtest.OtherKey, index, revocation.Valid), "Status List JWT verification failed"},
	}
	var questions []presentationQuestion
	for _, c := range cases {
		questions = append(questions, presentationQuestion{
			Presentation: disclose(t, badge, "role"), Issuer: jwkOf(t, credentialtest.IssuerKey), Nonce: credentialtest.Nonce, Now: now, Required: []string{}, StatusList: c.list, StatusKey: &key,
		})
	}
	for i, answer := range ask[presentationAnswer](t, "sdjwt.mjs", questions) {
		want := cases[i].reason
		if answer.Accepted != (want == "") || !strings.Contains(answer.Error, want) {
			t.Errorf("case %d: accepted %t, %q, want %q", i, answer.Accepted, answer.Error, want)
		}
		if len(answer.Fetched) != 1 || answer.Fetched[0] != credentialtest.ListURI {
			t.Errorf("case %d: asked for %v", i, answer.Fetched)
		}
	}
}
