package server

import (
	"context"
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
		o.Move(c.at.Sub(o.Now()))
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
