package server

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/enrol"
	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/verifier"
)

func TestCredential_ABatchHasNothingInCommonThatIsItsOwn(t *testing.T) {
	t.Parallel()
	o := start(t)
	p := o.enrolled(t, eligible(t).ID, "phone")
	names := strings.Fields("a b c d e f g h i j")
	got := p.badges(t, p.ask(t, names...))
	if len(got.badges) != enrol.MaxBatch {
		t.Fatalf("%d badges", len(got.badges))
	}
	indices, salts, keys := map[uint64]bool{}, map[string]bool{}, map[string]bool{}
	for i, badge := range got.badges {
		if !badge.HolderKey.Equal(credentialtest.NewKey(names[i]).PublicKey()) {
			t.Errorf("badge %d is bound to another key than proof %d is of", i, i)
		}
		indices[badge.Status.Index] = true
		id, _ := credential.Thumbprint(badge.HolderKey)
		keys[id] = true
		disclosures := strings.Split(got.Credentials[i].Credential, "~")
		for _, d := range disclosures[1 : len(disclosures)-1] {
			if salts[d] {
				t.Errorf("the disclosure %s is in two badges", d)
			}
			salts[d] = true
		}
		if !badge.IssuedAt.Equal(got.badges[0].IssuedAt) || !badge.Expires.Equal(got.badges[0].Expires) || badge.Subject != got.badges[0].Subject {
			t.Errorf("badge %d is %+v", i, badge)
		}
	}
	if len(indices) != enrol.MaxBatch || len(keys) != enrol.MaxBatch {
		t.Errorf("%d indices, %d keys", len(indices), len(keys))
	}
	if series := o.measured(t)["cyberbadge_issuer_badges_issued_total"]; series != "10" {
		t.Errorf("counted %s badges", series)
	}
	p.ask(t, append(names, "k")...).refused(t, http.StatusBadRequest, "invalid_credential_request")
}

func TestCredential_AStockIsShownOneBadgeAfterTheOther(t *testing.T) {
	t.Parallel()
	o := start(t)
	p := o.enrolled(t, lasting(t, o, 48*time.Hour), "phone")
	nonce := p.fresh(t)
	var proofs []string
	for _, name := range strings.Fields("a holder c") {
		proofs = append(proofs, p.keyProof(t, credentialtest.NewKey(name), nonce))
	}
	request := strings.Replace(credentialRequest(t, proofs...), `"cyber_badge"`, `"cyber_badge_stock"`, 1)
	got := p.badges(t, p.credential(t, request))
	if len(got.badges) != 2 || !got.badges[0].NotBefore.Equal(o.Now().Truncate(credential.TimeGranularity)) ||
		!got.badges[1].NotBefore.Equal(got.badges[0].Expires.Add(-issuer.StockOverlap)) {
		t.Fatalf("got %+v", got.badges)
	}
	if answer := p.notify(t, got.NotificationID, "credential_accepted"); answer.status != http.StatusNoContent {
		t.Errorf("%d %s", answer.status, answer.body)
	}
	if series := o.measured(t)["cyberbadge_issuer_badges_issued_total"]; series != "2" {
		t.Errorf("counted %s badges", series)
	}
	// All proofs are counted, also those that would get no badge.
	for range 8 {
		proofs = append(proofs, proofs[0])
	}
	request = strings.Replace(credentialRequest(t, proofs...), `"cyber_badge"`, `"cyber_badge_stock"`, 1)
	p.credential(t, request).refused(t, http.StatusBadRequest, "invalid_credential_request")

	gate, next := o.gate(t), got.badges[1]
	for _, c := range []struct {
		at   time.Time
		want verifier.Reason
	}{{o.Now(), verifier.NotYetValid}, {next.NotBefore, verifier.OK}, {next.Expires.Add(-time.Second), verifier.OK}, {next.Expires, verifier.Expired}} {
		o.advance(c.at.Sub(o.Now()))
		if decision := o.show(t, gate, got.Credentials[1].Credential); decision.Reason != c.want {
			t.Errorf("the second at %s: %+v", c.at, decision)
		}
	}
}

// lasting is somebody whose standing does not change for as long as that.
func lasting(t *testing.T, o *office, span time.Duration) string {
	t.Helper()
	for _, v := range verdicts(t) {
		standing, err := o.program.Standing(t.Context(), v.ID, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		if standing.Eligible && standing.ChangesAt.Sub(o.Now()) > span {
			return v.ID
		}
	}
	t.Fatal("nobody's standing lasts")
	return ""
}

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
	o.advance(enrol.NonceLife - time.Microsecond)
	p.badges(t, p.credential(t, credentialRequest(t, p.keyProof(t, credentialtest.NewKey("a"), last))))
	o.advance(time.Microsecond)
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

func TestCredential_WhoIsNotInGoodStandingIsToldWhy(t *testing.T) {
	t.Parallel()
	o := start(t)
	tried := 0
	for _, v := range verdicts(t) {
		if v.Eligible || len(v.Reasons) < 2 || tried > 2 {
			continue
		}
		tried++
		p := o.enrolled(t, v.ID, "phone of "+v.ID) // an invitation needs no standing
		answer := p.ask(t, "a")
		answer.refused(t, http.StatusBadRequest, "credential_request_denied")
		for _, reason := range v.Reasons {
			if !strings.Contains(string(answer.body), reason) {
				t.Errorf("%s is missing in %s", reason, answer.body)
			}
		}
		var page struct{ Badges []badge }
		o.call(t, "GET", "/v1/people/"+v.ID+"/badges").decode(t, http.StatusOK, &page)
		if len(page.Badges) != 0 {
			t.Errorf("on record: %v", page.Badges)
		}
	}
	if tried == 0 {
		t.Error("nobody was tried")
	}
}

func TestCredential_WhoLeavesBetweenTokenAndRequestGetsNone(t *testing.T) {
	t.Parallel()
	o := start(t)
	p := o.enrolled(t, eligible(t).ID, "phone")
	p.badges(t, p.ask(t, "a"))
	person, err := o.store.Person(t.Context(), eligible(t).ID)
	if err != nil {
		t.Fatal(err)
	}
	person.Active = false
	if _, err := o.store.ApplyImport(t.Context(), store.Import{By: "a test", People: []evidence.Person{person}}); err != nil {
		t.Fatal(err)
	}
	answer := p.ask(t, "a", "b")
	answer.refused(t, http.StatusBadRequest, "credential_request_denied")
	if !strings.Contains(string(answer.body), "not-employed") {
		t.Errorf("got %s", answer.body)
	}
}

func TestCredential_ARetryReplacesWhatWasNeverAccepted(t *testing.T) {
	t.Parallel()
	o := start(t)
	p := o.enrolled(t, eligible(t).ID, "phone")
	held := p.badges(t, p.ask(t, "a"))
	p.notify(t, held.NotificationID, "credential_accepted")
	lost := p.badges(t, p.ask(t, "a", "b"))
	retried := p.badges(t, p.ask(t, "a"))
	for what, c := range map[string]struct {
		got  store.Status
		want store.Status
	}{
		"accepted":                     {o.statusOf(t, held, 0), store.Valid}, // the phone may still be showing it
		"lost":                         {o.statusOf(t, lost, 0), store.Invalid},
		"of another key, not retried":  {o.statusOf(t, lost, 1), store.Valid},
		"that came in the second time": {o.statusOf(t, retried, 0), store.Valid},
	} {
		if c.got != c.want {
			t.Errorf("the badge %s is %s", what, c.got)
		}
	}
	if got := o.badgeOf(t, lost, 0).StatusReason; got != store.EndSuperseded {
		t.Errorf("the reason is %q", got)
	}
}

func TestCredential_ExpiresWhenTheStandingChanges(t *testing.T) {
	t.Parallel()
	o := start(t)
	for _, v := range verdicts(t) {
		standing, err := o.program.Standing(t.Context(), v.ID, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		if !v.Eligible || standing.ChangesAt.IsZero() || standing.ChangesAt.Sub(o.Now()) > 24*time.Hour || standing.ChangesAt.Sub(o.Now()) < time.Hour {
			continue
		}
		p := o.enrolled(t, v.ID, "phone")
		if got := p.badges(t, p.ask(t, "a")).badges[0].Expires; got.After(standing.ChangesAt) {
			t.Errorf("it expires at %s, the standing changes at %s", got, standing.ChangesAt)
		}
		return
	}
	t.Fatal("nobody's standing changes within a day")
}

func TestNotification_WhatThePhoneDoesNotHaveIsRevoked(t *testing.T) {
	t.Parallel()
	o := start(t)
	p := o.enrolled(t, eligible(t).ID, "phone")
	for event, want := range map[string]store.Status{"credential_accepted": store.Valid, "credential_failure": store.Invalid, "credential_deleted": store.Invalid} {
		got := p.badges(t, p.ask(t, event+" 1", event+" 2"))
		for range 2 { // as often as it likes
			if answer := p.notify(t, got.NotificationID, event); answer.status != http.StatusNoContent || len(answer.body) != 0 {
				t.Errorf("%s: %d %s", event, answer.status, answer.body)
			}
		}
		for i := range got.badges {
			if status := o.statusOf(t, got, i); status != want {
				t.Errorf("after %s a badge is %s", event, status)
			}
		}
	}
}

func TestNotification_CallsThatAreWrongAreToldSo(t *testing.T) {
	t.Parallel()
	o := start(t)
	p := o.enrolled(t, eligible(t).ID, "phone")
	id := p.badges(t, p.ask(t, "a")).NotificationID
	for body, want := range map[string]string{
		`{}`:                               "invalid_notification_request",
		`[]`:                               "invalid_notification_request",
		`{"notification_id":"` + id + `"}`: "invalid_notification_request",
		`{"notification_id":"` + id + `","event":"credential_eaten"}`:          "invalid_notification_request",
		`{"notification_id":1,"event":"credential_accepted"}`:                  "invalid_notification_request",
		`{"notification_id":"unknown","event":"credential_accepted"}`:          "invalid_notification_id",
		`{"notification_id":"` + id + `x","event":"credential_deleted","x":1}`: "invalid_notification_id",
	} {
		p.send(t, "/notification", "application/json", body, p.access).refused(t, http.StatusBadRequest, want)
	}
	var another string
	for _, v := range verdicts(t) {
		if v.ID != eligible(t).ID {
			another = v.ID
			break
		}
	}
	o.enrolled(t, another, "other phone").notify(t, id, "credential_deleted").refused(t, http.StatusBadRequest, "invalid_notification_id")
	p.send(t, "/notification", "application/json", `{}`, "").refused(t, http.StatusUnauthorized, "invalid_token")
}

func TestCredential_AnInvitationMeanwhileLeavesNoBadge(t *testing.T) {
	t.Parallel()
	o := start(t)
	p := o.enrolled(t, eligible(t).ID, "phone")
	nonce := p.fresh(t)
	body := credentialRequest(t, p.keyProof(t, credentialtest.HolderKey, nonce))
	with := headers{"Content-Type", "application/json", "Authorization", "DPoP " + p.access, "DPoP", p.dpop(t, "/credential", p.access)}
	done := make(chan reply, 1)
	go func() { done <- o.send(t, http.DefaultClient, "POST", "/credential", strings.NewReader(body), with) }()
	o.invite(t, eligible(t).ID)
	answer := <-done
	if answer.status != http.StatusOK && answer.refusal(t) != "invalid_token" && answer.refusal(t) != "credential_request_denied" {
		t.Errorf("got %d %s", answer.status, answer.body)
	}
	// Whichever came first, the old phone has nothing that is good.
	live, err := o.store.BadgesOf(context.Background(), eligible(t).ID, o.Now())
	if err != nil || len(live) != 0 {
		t.Errorf("live: %v, %v", live, err)
	}
}
