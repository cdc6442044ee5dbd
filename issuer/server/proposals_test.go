package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	officers "github.com/cyberbadge/cyberbadge/issuer/office"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
)

func TestProposals_FromTheOperatorsFirstAdminsToFourEyes(t *testing.T) {
	t.Parallel()
	d := openDesk(t, lists)
	appoint := func(subject, role string) reply {
		return d.send(t, d.local, "POST", "/v1/officers", strings.NewReader(fmt.Sprintf(`{"subject":%q,"role":%q}`, subject, role)),
			headers{"Content-Type", "application/json", OperatorHeader, "m.doe"})
	}
	var zoe officerView
	answer := appoint("zoe", "admin")
	answer.decode(t, http.StatusOK, &zoe)
	conforms(t, "Officer", answer.body)
	if zoe.ChangedBy != "local:m.doe" || zoe.Role != "admin" {
		t.Errorf("%s", answer.body)
	}
	for _, bad := range []string{"", "none", "root"} {
		appoint("eve", bad).problem(t, http.StatusBadRequest, "value_invalid")
	}
	first := d.signIn(t, "zoe", "")
	d.as(t, first, "POST", "/v1/officers", `{"subject":"eve","role":"admin"}`).problem(t, http.StatusConflict, "proposal_required")
	d.as(t, first, "DELETE", "/v1/officers/"+zoe.ID, "").problem(t, http.StatusConflict, "proposal_required")
	d.send(t, d.local, "DELETE", "/v1/officers/"+zoe.ID, nil, nil).problem(t, http.StatusConflict, "last_admin")
	d.send(t, d.local, "DELETE", "/v1/officers/nobody", nil, nil).problem(t, http.StatusNotFound, CodeNotFound)

	propose := func(session, kind, payload string) reply {
		return d.as(t, session, "POST", "/v1/proposals", fmt.Sprintf(`{"kind":%q,"payload":%s,"reason":"joins us"}`, kind, payload))
	}
	var p wholeProposal
	answer = propose(first, "officer.set", `{"subject":"eve","role":"officer"}`)
	answer.decode(t, http.StatusCreated, &p)
	if answer.header.Get("Location") != "/v1/proposals/"+p.ID || p.Officer != zoe.ID || p.State != "open" {
		t.Errorf("%v %s", answer.header, answer.body)
	}
	decide := func(session, verb, body string) reply {
		return d.as(t, session, "POST", "/v1/proposals/"+p.ID+"/"+verb, body)
	}
	decide(first, "approve", `{}`).problem(t, http.StatusForbidden, "four_eyes")

	appoint("ada", "admin")
	second := d.signIn(t, "ada", "")
	d.Move(officers.StepUpAge + 1)
	decide(second, "approve", `{}`).problem(t, http.StatusForbidden, "step_up_required")
	second = d.signIn(t, "ada", "", "Cookie", SessionCookie+"="+second)
	decide(second, "approve", `{}`).decode(t, http.StatusOK, &p)
	if p.State != "executed" || p.DecidedBy == p.ProposedBy {
		t.Errorf("%+v", p)
	}
	decide(second, "approve", `{}`).problem(t, http.StatusConflict, "proposal_not_open")
	eve := d.signIn(t, "eve", "")
	d.as(t, eve, "GET", "/v1/officers", "").problem(t, http.StatusForbidden, CodeScopeMissing)

	propose(eve, "officer.remove", fmt.Sprintf(`{"subject":%q}`, "ada")).decode(t, http.StatusCreated, &p)
	decide(eve, "approve", `{}`).problem(t, http.StatusForbidden, "four_eyes")
	decide(second, "reject", `{}`).problem(t, http.StatusBadRequest, "value_invalid")
	decide(second, "withdraw", `{}`).problem(t, http.StatusForbidden, "four_eyes")
	decide(second, "reject", `{"note":"she stays"}`).decode(t, http.StatusOK, &p)
	if p.State != "rejected" || p.Note != "she stays" {
		t.Errorf("%+v", p)
	}
	propose(eve, "officer.remove", `{"subject":"ada"}`).decode(t, http.StatusCreated, &p)
	decide(eve, "withdraw", `{}`).decode(t, http.StatusOK, &p)
	if p.State != "withdrawn" {
		t.Errorf("%+v", p)
	}
	var all struct{ Proposals []proposalView }
	answer = d.as(t, eve, "GET", "/v1/proposals?limit=2", "")
	answer.decode(t, http.StatusOK, &all)
	if len(all.Proposals) != 2 || all.Proposals[0].ID != p.ID || strings.Contains(string(answer.body), "payload") {
		t.Errorf("%s", answer.body)
	}
	answer = d.as(t, eve, "GET", "/v1/proposals/"+p.ID, "")
	conforms(t, "Proposal", answer.body)
	var roles struct {
		RolesFrom string `json:"roles_from"`
		Officers  []officerView
	}
	d.as(t, second, "GET", "/v1/officers", "").decode(t, http.StatusOK, &roles)
	if roles.RolesFrom != "list" || len(roles.Officers) != 3 {
		t.Errorf("%+v", roles)
	}
}

func TestProposals_ATokenProposesForItsOfficerAndApprovesNothing(t *testing.T) {
	t.Parallel()
	d := openDesk(t, lists)
	for _, subject := range []string{"zoe", "ada"} {
		d.send(t, d.local, "POST", "/v1/officers", strings.NewReader(fmt.Sprintf(`{"subject":%q,"role":"admin"}`, subject)), headers{"Content-Type", "application/json"})
	}
	zoe, ada := d.signIn(t, "zoe", ""), d.signIn(t, "ada", "")
	var parent, child addedToken
	d.as(t, zoe, "POST", "/v1/tokens", `{"name":"robot","scopes":["proposals","tokens"]}`).decode(t, http.StatusCreated, &parent)
	with := func(secret string) headers {
		return headers{"Authorization", "Bearer " + secret, "Content-Type", "application/json"}
	}
	d.send(t, http.DefaultClient, "POST", "/v1/tokens", strings.NewReader(`{"name":"robot's robot","scopes":["proposals"]}`), with(parent.Secret)).decode(t, http.StatusCreated, &child)

	var p wholeProposal
	d.send(t, http.DefaultClient, "POST", "/v1/proposals", strings.NewReader(`{"kind":"officer.set","payload":{"subject":"eve","role":"admin"},"reason":"x"}`), with(child.Secret)).
		decode(t, http.StatusCreated, &p)
	approve := "/v1/proposals/" + p.ID + "/approve"
	d.send(t, http.DefaultClient, "POST", approve, strings.NewReader(`{}`), with(parent.Secret)).problem(t, http.StatusForbidden, "four_eyes")
	d.as(t, zoe, "POST", approve, `{}`).problem(t, http.StatusForbidden, "four_eyes")
	d.send(t, d.local, "POST", approve, strings.NewReader(`{}`), headers{"Content-Type", "application/json"}).problem(t, http.StatusForbidden, "four_eyes")
	d.as(t, ada, "POST", approve, `{}`).decode(t, http.StatusOK, &p)
	if p.State != "executed" {
		t.Errorf("%+v", p)
	}
}

func TestProposals_APolicyIsActivatedOnce(t *testing.T) {
	t.Parallel()
	d := openDesk(t, nil)
	officer, admin := d.signIn(t, "zoe", "officer"), d.signIn(t, "ada", "admin")
	text, err := json.Marshal(policy.DefaultYAML())
	if err != nil {
		t.Fatal(err)
	}
	var p wholeProposal
	d.as(t, officer, "POST", "/v1/proposals", `{"kind":"policy.change","payload":{"policy":`+string(text)+`},"reason":"a new course"}`).decode(t, http.StatusCreated, &p)
	d.as(t, admin, "POST", "/v1/proposals/"+p.ID+"/approve", `{}`).decode(t, http.StatusOK, &p)
	if p.State != "executed" {
		t.Errorf("%+v", p)
	}
	versions, err := d.program.Policies(t.Context())
	if err != nil || len(versions) != 1 || versions[0].By != p.DecidedBy || versions[0].Digest != policy.Default().Digest() {
		t.Fatalf("%+v, %v", versions, err)
	}
	again := activate(d.program, d.Now)
	if err := again(t.Context(), officers.Activation{Policy: policy.Default(), Text: policy.DefaultYAML(), Effective: p.DecidedAt, Approved: p.DecidedAt, By: p.DecidedBy}); err != nil {
		t.Fatal(err)
	}
	if versions, _ := d.program.Policies(t.Context()); len(versions) != 1 {
		t.Errorf("%d versions", len(versions))
	}
}

func TestProposals_ThatAreWrongAreToldSo(t *testing.T) {
	t.Parallel()
	d := openDesk(t, nil)
	session := d.signIn(t, "zoe", "admin")
	payload := func(size int) string { return `"` + strings.Repeat("x", size-2) + `"` }
	for name, c := range map[string]struct {
		body   string
		status int
		code   string
	}{
		"no kind":              {`{"payload":{},"reason":"x"}`, 400, "kind_unknown"},
		"a kind without power": {`{"kind":"clock.change","payload":{},"reason":"x"}`, 400, "kind_unknown"},
		"no payload":           {`{"kind":"badges.revoke","reason":"x"}`, 400, "value_invalid"},
		"no reason":            {`{"kind":"badges.revoke","payload":{"people":["x"],"reason":"x"}}`, 400, "value_invalid"},
		"nobody":               {`{"kind":"badges.revoke","payload":{"people":["nobody"],"reason":"x"},"reason":"x"}`, 404, CodeNotFound},
		"a payload of another": {`{"kind":"badges.revoke","payload":{"subject":"x"},"reason":"x"}`, 400, "json_unknown_name"},
		"roles elsewhere":      {`{"kind":"officer.set","payload":{"subject":"x","role":"admin"},"reason":"x"}`, 409, "roles_elsewhere"},
		"a payload too long":   {`{"kind":"badges.revoke","payload":` + payload(officers.MaxPayload+1) + `,"reason":"x"}`, 400, "value_invalid"},
		"a payload at bound":   {`{"kind":"badges.revoke","payload":` + payload(officers.MaxPayload) + `,"reason":"x"}`, 400, "json_invalid"},
		"a call too long":      {padded(`{"kind":"badges.revoke"}`, MaxProposal+1), 413, "request_too_large"},
	} {
		answer := d.as(t, session, "POST", "/v1/proposals", c.body)
		if answer.problem(t, c.status, c.code); t.Failed() {
			t.Fatal(name)
		}
	}
	for _, verb := range []string{"approve", "reject", "withdraw"} {
		d.as(t, session, "POST", "/v1/proposals/nothing/"+verb, `{}`).problem(t, http.StatusNotFound, CodeNotFound)
		d.as(t, session, "POST", "/v1/proposals/nothing/"+verb, ``).problem(t, http.StatusBadRequest, "json_invalid")
	}
	d.as(t, session, "GET", "/v1/proposals/nothing", "").problem(t, http.StatusNotFound, CodeNotFound)
	d.as(t, session, "GET", "/v1/proposals?limit=1001", "").problem(t, http.StatusBadRequest, CodeLimitInvalid)
}
