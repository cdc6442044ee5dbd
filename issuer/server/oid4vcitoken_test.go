package server

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/cyberbadge/cyberbadge/issuer/enrol"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

func TestToken_WrongTransactionCodesEndTheInvitation(t *testing.T) {
	t.Parallel()
	o := start(t)
	made := o.invite(t, eligible(t).ID)
	code := made.Offer.Grants.PreAuthorized.Code
	p := o.phone("phone")
	wrong := "000000"
	if made.TxCode == wrong {
		wrong = "000001"
	}
	for range enrol.TxCodeAttempts - 1 {
		p.redeem(t, code, wrong).refused(t, http.StatusBadRequest, "invalid_grant")
	}
	// Without a transaction code nothing is guessed and no attempt is lost.
	p.redeem(t, code, "").refused(t, http.StatusBadRequest, "invalid_request")
	last := p.redeem(t, code, wrong)
	last.refused(t, http.StatusBadRequest, "invalid_grant")
	if !strings.Contains(string(last.body), "attempts left: 0") {
		t.Errorf("got %s", last.body)
	}
	p.redeem(t, code, made.TxCode).refused(t, http.StatusBadRequest, "invalid_grant")

	made = o.invite(t, eligible(t).ID)
	for range enrol.TxCodeAttempts - 1 {
		p.redeem(t, made.Offer.Grants.PreAuthorized.Code, wrong[:5]+"x").refused(t, http.StatusBadRequest, "invalid_grant")
	}
	p.take(t, p.redeem(t, made.Offer.Grants.PreAuthorized.Code, made.TxCode))
}

func TestToken_CallsThatAreWrongAreToldSo(t *testing.T) {
	t.Parallel()
	o := start(t)
	made := o.invite(t, eligible(t).ID)
	code, txCode := made.Offer.Grants.PreAuthorized.Code, made.TxCode
	for name, c := range map[string]struct{ form, want string }{
		"nothing":                  {"", "invalid_request"},
		"no grant type":            {"pre-authorized_code=" + code + "&tx_code=" + txCode, "invalid_request"},
		"another grant type":       {"grant_type=authorization_code&code=x", "unsupported_grant_type"},
		"a password":               {"grant_type=password&username=a&password=b", "unsupported_grant_type"},
		"two grant types":          {"grant_type=refresh_token&" + redeemForm(code, txCode).Encode(), "invalid_request"},
		"two codes":                {redeemForm(code, txCode).Encode() + "&pre-authorized_code=x", "invalid_request"},
		"no code":                  {redeemForm("", txCode).Encode(), "invalid_request"},
		"no transaction code":      {redeemForm(code, "").Encode(), "invalid_request"},
		"a guessed code":           {redeemForm(strings.Repeat("A", 43), txCode).Encode(), "invalid_grant"},
		"a code of another form":   {redeemForm("x", txCode).Encode(), "invalid_grant"},
		"a code too long":          {redeemForm(strings.Repeat("A", enrol.MaxParameter+1), txCode).Encode(), "invalid_request"},
		"a code of the bound":      {redeemForm(strings.Repeat("A", enrol.MaxParameter), txCode).Encode(), "invalid_grant"},
		"no refresh token":         {"grant_type=refresh_token", "invalid_request"},
		"a guessed refresh token":  {"grant_type=refresh_token&refresh_token=" + strings.Repeat("A", 43), "invalid_grant"},
		"the code as refresh":      {"grant_type=refresh_token&refresh_token=" + code, "invalid_grant"},
		"a form that is none":      {"grant_type=%zz", "invalid_request"},
		"the offer's id as a code": {redeemForm(made.OfferURI[strings.LastIndexByte(made.OfferURI, '/')+1:], txCode).Encode(), "invalid_grant"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o.phone("phone").send(t, "/token", formType, c.form, "").refused(t, http.StatusBadRequest, c.want)
		})
	}
	t.Run("media type", func(t *testing.T) {
		t.Parallel()
		o.phone("phone").raw(t, "/token", "{}", headers{"Content-Type", "application/json"}).refused(t, http.StatusUnsupportedMediaType, "invalid_request")
	})
	t.Run("size", func(t *testing.T) {
		t.Parallel()
		o.phone("phone").raw(t, "/token", "x="+strings.Repeat("a", MaxBody-1), headers{"Content-Type", formType}).refused(t, http.StatusRequestEntityTooLarge, "invalid_request")
	})
	t.Run("method", func(t *testing.T) {
		t.Parallel()
		o.get(t, "/token").problem(t, http.StatusMethodNotAllowed, "method_not_allowed")
	})
}

func TestToken_UnknownParametersArePassedOver(t *testing.T) {
	t.Parallel()
	o := start(t)
	made := o.invite(t, eligible(t).ID)
	form := redeemForm(made.Offer.Grants.PreAuthorized.Code, made.TxCode)
	form.Set("user_pin", made.TxCode)
	form.Set("resource", o.url)
	form.Set("client_id", "wallet.example")
	form.Set("authorization_details", "[]")
	p := o.phone("phone")
	p.take(t, p.send(t, "/token", formType, form.Encode(), ""))
}

func TestToken_OfManyRedemptionsOneSucceeds(t *testing.T) {
	t.Parallel()
	const many = 1000
	o := start(t)
	made := o.invite(t, eligible(t).ID)
	p := o.phone("phone")
	p.fresh(t) // for its nonce
	form := redeemForm(made.Offer.Grants.PreAuthorized.Code, made.TxCode).Encode()
	proofs := make([]string, many)
	for i := range proofs {
		proofs[i] = p.dpop(t, "/token", "")
	}
	answers := make([]reply, many)
	var wait sync.WaitGroup
	for i, proof := range proofs {
		wait.Go(func() {
			answers[i] = o.send(t, http.DefaultClient, "POST", "/token", strings.NewReader(form), headers{"Content-Type", formType, "DPoP", proof})
		})
	}
	wait.Wait()
	winners := 0
	for _, answer := range answers {
		if answer.status == http.StatusOK {
			p.take(t, answer)
			winners++
			continue
		}
		answer.refused(t, http.StatusBadRequest, "invalid_grant")
	}
	if winners != 1 {
		t.Fatalf("%d of %d succeeded", winners, many)
	}
	// All of them came from one phone: nothing was stolen, so it goes on.
	p.badges(t, p.ask(t, "a"))
}

func TestToken_ACodeInTwoHandsEndsWhatTheFirstGot(t *testing.T) {
	t.Parallel()
	o := start(t)
	made := o.invite(t, eligible(t).ID)
	code := made.Offer.Grants.PreAuthorized.Code
	p, other := o.phone("phone"), o.phone("other phone")
	p.take(t, p.redeem(t, code, made.TxCode))
	got := p.badges(t, p.ask(t, "a"))
	// Who has the link alone, from a photograph of it, ends nothing.
	other.redeem(t, code, "no idea").refused(t, http.StatusBadRequest, "invalid_grant")
	p.badges(t, p.ask(t, "b"))
	other.redeem(t, code, made.TxCode).refused(t, http.StatusBadRequest, "invalid_grant")
	if got := o.statusOf(t, got, 0); got != store.Invalid {
		t.Errorf("the badge is %s", got)
	}
	p.ask(t, "a").refused(t, http.StatusUnauthorized, "invalid_token")
	p.exchange(t, p.refresh).refused(t, http.StatusBadRequest, "invalid_grant")
}

func TestRefresh_RotatesAndTheOldOneDies(t *testing.T) {
	t.Parallel()
	o := start(t)
	p := o.enrolled(t, eligible(t).ID, "phone")
	first, firstAccess := p.refresh, p.access
	o.Move(enrol.AccessTokenLife)
	p.ask(t, "a").refused(t, http.StatusUnauthorized, "invalid_token")
	p.nonce = ""
	p.take(t, p.exchange(t, first))
	if p.refresh == first || p.access == firstAccess {
		t.Error("the tokens are the same")
	}
	p.badges(t, p.ask(t, "a"))
	p.exchange(t, first).refused(t, http.StatusBadRequest, "invalid_grant")
	// Nothing was stolen: without the key nobody could have come so far.
	p.badges(t, p.ask(t, "a"))

	stranger := o.phone("stranger")
	stranger.exchange(t, p.refresh).refused(t, http.StatusBadRequest, "invalid_grant")
	o.Move(enrol.RefreshTokenLife)
	p.nonce = ""
	p.exchange(t, p.refresh).refused(t, http.StatusBadRequest, "invalid_grant")
}

func TestRefresh_WorksAgainWhenTheAnswerWasLost(t *testing.T) {
	t.Parallel()
	o := start(t)
	p := o.enrolled(t, eligible(t).ID, "phone")
	first := p.refresh
	var lost tokenAnswer
	p.exchange(t, first).decode(t, http.StatusOK, &lost)
	p.take(t, p.exchange(t, first))
	// What was lost is no good to whoever finds it, not even with the key.
	p.exchange(t, lost.Refresh).refused(t, http.StatusBadRequest, "invalid_grant")
	// Once the new one is used, the old one is gone.
	p.take(t, p.exchange(t, p.refresh))
	p.exchange(t, first).refused(t, http.StatusBadRequest, "invalid_grant")
}
