package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/enrol"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// badgeOf returns what is on record about a badge by its text.
func (o *office) badgeOf(t testing.TB, d delivered, i int) badge {
	t.Helper()
	var b badge
	o.call(t, "GET", "/v1/badges/"+o.idAt(t, d, i)).decode(t, http.StatusOK, &b)
	return b
}

// idAt finds a badge by its place in the status list.
func (o *office) idAt(t testing.TB, d delivered, i int) string {
	t.Helper()
	kept, err := o.store.BadgeByIndex(t.Context(), 1, uint32(d.badges[i].Status.Index))
	if err != nil {
		t.Fatal(err)
	}
	return kept.ID
}

func (o *office) statusOf(t testing.TB, d delivered, i int) store.Status {
	t.Helper()
	return o.badgeOf(t, d, i).Status
}

func TestEnrolment_FromTheInvitationToTheGate(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", "/tenant/1234"} {
		o := open(t, options{path: path})
		o.importSample(t)
		made := o.invite(t, eligible(t).ID)
		if !regexp.MustCompile(`^[0-9]{6}$`).MatchString(made.TxCode) || !made.ExpiresAt.Equal(o.Now().Add(enrol.InvitationLife)) {
			t.Errorf("got %+v", made)
		}
		if want := o.url + path + "/badge/?credential_offer_uri=" + url.QueryEscape(made.OfferURI); made.Link != want {
			t.Errorf("the link is %s, want %s", made.Link, want)
		}
		if strings.Contains(made.Link+made.WalletURI+made.OfferURI, made.TxCode) && !strings.Contains(o.url, made.TxCode) {
			t.Error("the link holds the transaction code")
		}
		// The link leads to the same offer as the one by value.
		link, err := url.Parse(made.WalletURI)
		if err != nil || link.Scheme != "openid-credential-offer" {
			t.Fatalf("%v, %v", link, err)
		}
		offer := o.get(t, strings.TrimPrefix(link.Query().Get("credential_offer_uri"), o.url))
		var byReference enrol.Offer
		offer.decode(t, http.StatusOK, &byReference)
		conforms(t, "CredentialOffer", offer.body)
		if byReference.Grants != made.Offer.Grants || byReference.Issuer != o.url+path ||
			!slices.Equal(byReference.Configurations, []string{enrol.ConfigurationID}) || offer.header.Get("Cache-Control") != "no-store" {
			t.Errorf("got %+v, want %+v", byReference, made.Offer)
		}

		p := o.phone("the phone")
		p.take(t, p.redeem(t, byReference.Grants.PreAuthorized.Code, made.TxCode))
		got := p.badges(t, p.ask(t, "holder"))
		if len(got.badges) != 1 || !got.badges[0].HolderKey.Equal(credentialtest.HolderKey.PublicKey()) || got.NotificationID == "" {
			t.Fatalf("got %+v", got)
		}
		if decision := o.show(t, o.gate(t), got.Credentials[0].Credential); !decision.Allow {
			t.Errorf("at the gate: %+v", decision)
		}
		if answer := p.notify(t, got.NotificationID, "credential_accepted"); answer.status != http.StatusNoContent {
			t.Errorf("notification: %d %s", answer.status, answer.body)
		}
	}
}

func TestInvitation_IsDescribedAndListed(t *testing.T) {
	t.Parallel()
	o := start(t)
	path := "/v1/people/" + eligible(t).ID + "/invitations"
	answer := o.send(t, http.DefaultClient, "POST", path, nil, headers{"Authorization", "Bearer " + o.all}) // no body at all
	if answer.status != http.StatusCreated || answer.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %s", answer.status, answer.body)
	}
	conforms(t, "Invitation", answer.body)
	o.enrolled(t, eligible(t).ID, "phone")
	o.invite(t, eligible(t).ID)
	o.Move(enrol.InvitationLife)
	var page struct{ Invitations []json.RawMessage }
	o.call(t, "GET", path).decode(t, http.StatusOK, &page)
	var states []string
	for _, text := range page.Invitations {
		conforms(t, "Enrolment", text)
		var e enrolment
		_ = json.Unmarshal(text, &e)
		states = append(states, e.State)
	}
	slices.Sort(states)
	if !slices.Equal(states, []string{"ended", "ended", "expired"}) {
		t.Errorf("states %v", states)
	}
	o.post(t, path, `{"life":3}`).problem(t, http.StatusBadRequest, "json_unknown_name")
	o.post(t, "/v1/people/nobody/invitations", `{}`).problem(t, http.StatusNotFound, CodeNotFound)
	o.call(t, "GET", "/v1/people/nobody/invitations").problem(t, http.StatusNotFound, CodeNotFound)
	few := o.token(t, ScopeBadgesRead)
	o.send(t, http.DefaultClient, "POST", path, nil, headers{"Authorization", "Bearer " + few}).problem(t, http.StatusForbidden, CodeScopeMissing)
}

func TestInvitation_SecretsAreInNoLogAndNoEvent(t *testing.T) {
	t.Parallel()
	o := start(t)
	made := o.invite(t, eligible(t).ID)
	p := o.phone("phone")
	p.redeem(t, made.Offer.Grants.PreAuthorized.Code, "nothing")
	p.take(t, p.redeem(t, made.Offer.Grants.PreAuthorized.Code, made.TxCode))
	o.get(t, strings.TrimPrefix(made.OfferURI, o.url))
	got := p.badges(t, p.ask(t, "a"))
	p.notify(t, got.NotificationID, "credential_deleted")
	log := o.log.String()
	events, err := o.store.Events(t.Context(), 0, store.MaxPage)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[store.EventKind]bool{}
	for _, e := range events {
		log += string(e.Detail) + e.Subject + e.By
		kinds[e.Kind] = true
	}
	for what, secret := range map[string]string{
		"offer": made.OfferURI[strings.LastIndexByte(made.OfferURI, '/')+1:], "code": made.Offer.Grants.PreAuthorized.Code,
		"access token": p.access, "refresh token": p.refresh, "badge": got.Credentials[0].Credential, "transaction code": `"` + made.TxCode + `"`,
	} {
		if strings.Contains(log, secret) {
			t.Errorf("the %s is in the log or in an event", what)
		}
	}
	for _, kind := range []store.EventKind{store.EnrolmentInvited, store.EnrolmentRefused, store.EnrolmentRedeemed, store.EnrolmentDelivered, store.EnrolmentNotified} {
		if !kinds[kind] {
			t.Errorf("no event %s", kind)
		}
	}
}

func TestInvitation_TheNextOneEndsWhatWasBefore(t *testing.T) {
	t.Parallel()
	o := start(t)
	lost := o.enrolled(t, eligible(t).ID, "lost phone")
	held := lost.badges(t, lost.ask(t, "holder"))
	unused := o.badgeOf(t, held, 0)
	made := o.invite(t, eligible(t).ExternalID)
	if !slices.Equal(made.Revoked, []string{unused.ID}) {
		t.Errorf("revoked %v", made.Revoked)
	}
	if got := o.listed(t, unused); got != revocation.Invalid {
		t.Errorf("the list says %v", got)
	}
	lost.ask(t, "holder").refused(t, http.StatusUnauthorized, "invalid_token")
	lost.exchange(t, lost.refresh).refused(t, http.StatusBadRequest, "invalid_grant")

	// An invitation that was not redeemed yet ends, too.
	again := o.invite(t, eligible(t).ID)
	p := o.phone("new phone")
	p.redeem(t, made.Offer.Grants.PreAuthorized.Code, made.TxCode).refused(t, http.StatusBadRequest, "invalid_grant")
	o.get(t, strings.TrimPrefix(made.OfferURI, o.url)).problem(t, http.StatusNotFound, CodeNotFound)
	p.take(t, p.redeem(t, again.Offer.Grants.PreAuthorized.Code, again.TxCode))
	p.badges(t, p.ask(t, "holder"))
}

func TestOffer_IsGoneOnceItIsTakenOrTooOld(t *testing.T) {
	t.Parallel()
	o := start(t)
	made := o.invite(t, eligible(t).ID)
	path := strings.TrimPrefix(made.OfferURI, o.url)
	for _, wrong := range []string{"/credential-offers/x", path[:len(path)-1], path + "A", path[:len(path)-2] + "AA"} {
		o.get(t, wrong).problem(t, http.StatusNotFound, CodeNotFound)
	}
	o.Move(enrol.InvitationLife - time.Microsecond)
	if answer := o.get(t, path); answer.status != http.StatusOK || answer.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("at its last instant: %d %s", answer.status, answer.body)
	}
	o.Move(time.Microsecond)
	o.get(t, path).problem(t, http.StatusNotFound, CodeNotFound)
	p := o.phone("phone")
	p.redeem(t, made.Offer.Grants.PreAuthorized.Code, made.TxCode).refused(t, http.StatusBadRequest, "invalid_grant")

	made = o.invite(t, eligible(t).ID)
	p.take(t, p.redeem(t, made.Offer.Grants.PreAuthorized.Code, made.TxCode))
	o.get(t, strings.TrimPrefix(made.OfferURI, o.url)).problem(t, http.StatusNotFound, CodeNotFound)
}

func TestMetadata_OfTheCredentialIssuer(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", "/tenant/1234"} {
		o := open(t, options{path: path})
		var issuerMetadata enrol.Metadata
		o.get(t, wellKnownIssuer+path).decode(t, http.StatusOK, &issuerMetadata)
		var server enrol.ServerMetadata
		o.get(t, wellKnownServer+path).decode(t, http.StatusOK, &server)
		base := o.url + path
		configuration := issuerMetadata.Configurations[enrol.ConfigurationID]
		if issuerMetadata.Issuer != base || server.Issuer != base || server.TokenEndpoint != base+"/token" ||
			issuerMetadata.CredentialEndpoint != base+"/credential" || issuerMetadata.NonceEndpoint != base+"/nonce" ||
			issuerMetadata.NotificationEndpoint != base+"/notification" || issuerMetadata.Batch.Size != 10 ||
			configuration.Type != base+issuer.BadgeTypePath || configuration.Format != "dc+sd-jwt" || configuration.Scope == "" {
			t.Errorf("got %+v and %+v", issuerMetadata, server)
		}
		stock, about := issuerMetadata.Configurations[enrol.StockConfigurationID], configuration.About
		if len(issuerMetadata.Configurations) != 2 || stock.Type != configuration.Type || stock.Format != configuration.Format {
			t.Errorf("the stock is %+v", stock)
		}
		text, err := json.Marshal(about)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`"locale":"de","name":"Cyber Badge"`, `"path":["training",null,"course"]`, `"locale":"de","name":"Aussteller"`} {
			// Members come in the order of their names.
			if !strings.Contains(strings.ReplaceAll(string(text), " ", ""), strings.ReplaceAll(want, " ", "")) {
				t.Errorf("%s is not in %s", want, text)
			}
		}
		if strings.Contains(string(text), `"label"`) {
			t.Error("a label is not what wallets read")
		}
	}
}

func TestWallets_OfAnyOriginMayCall(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	for _, path := range []string{"/token", "/nonce", "/credential", "/notification"} {
		before := o.send(t, http.DefaultClient, "OPTIONS", path, nil, headers{"Origin", "https://wallet.example", "Access-Control-Request-Method", "POST"})
		if before.status != http.StatusNoContent || before.header.Get("Access-Control-Allow-Origin") != "*" ||
			before.header.Get("Access-Control-Allow-Headers") != "Authorization, Content-Type, DPoP" || before.header.Get("Access-Control-Allow-Methods") != "POST" ||
			before.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("OPTIONS %s: %d %v", path, before.status, before.header)
		}
		answer := o.send(t, http.DefaultClient, "POST", path, nil, nil)
		if answer.header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(answer.header.Get("Access-Control-Expose-Headers"), "DPoP-Nonce") {
			t.Errorf("POST %s: %v", path, answer.header)
		}
	}
}

func TestWallets_AreToldWhenTheStoreIsGone(t *testing.T) {
	t.Parallel()
	o := start(t)
	made := o.invite(t, eligible(t).ID)
	p := o.phone("phone")
	p.fresh(t)
	if err := o.store.Close(); err != nil {
		t.Fatal(err)
	}
	answer := p.redeem(t, made.Offer.Grants.PreAuthorized.Code, made.TxCode)
	answer.refused(t, http.StatusServiceUnavailable, "temporarily_unavailable")
	if answer.header.Get("Retry-After") == "" {
		t.Error("nothing says when to try again")
	}
}

func TestWallets_NothingOfAHostHeaderIsBelieved(t *testing.T) {
	t.Parallel()
	o := start(t)
	request, err := http.NewRequestWithContext(t.Context(), "GET", o.url+wellKnownIssuer, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "attacker.example"
	request.Header.Set("X-Forwarded-Host", "attacker.example")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var got enrol.Metadata
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil || got.Issuer != o.url {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestRefusal_SaysWhereToPutItRight(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string]string{
		"":                   `{"error":"credential_request_denied","error_description":"no"}`,
		"https://it.example": `{"error":"credential_request_denied","error_description":"no","error_uri":"https://it.example"}`,
	} {
		w := httptest.NewRecorder()
		if err := sendRefusal(w, http.StatusBadRequest, &enrol.Error{Code: enrol.CredentialRequestDenied, Description: "no", URI: uri}); err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSpace(w.Body.String()); got != want {
			t.Errorf("got %s", got)
		}
	}
}

func TestDescribable_HoldsWhatADescriptionMay(t *testing.T) {
	t.Parallel()
	got := describable("\"Zo\u00eb\"\\\r\n" + strings.Repeat("x", maxDescription))
	if want := "'Zo?'???" + strings.Repeat("x", maxDescription-8); got != want {
		t.Errorf("got %s", fmt.Sprintf("%.20q", got))
	}
}
