package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/issuer"
	officers "github.com/cyberbadge/cyberbadge/issuer/office"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// operate calls as the operator.
func (o *office) operate(t testing.TB, method, path, body string) reply {
	t.Helper()
	return o.send(t, o.local, method, path, strings.NewReader(body), headers{"Content-Type", "application/json"})
}

// prepared is the id of a key that the operator had made.
func (o *office) prepared(t testing.TB, purpose string) string {
	t.Helper()
	var made keyView
	answer := o.operate(t, "POST", "/v1/keys", fmt.Sprintf(`{"purpose":%q}`, purpose))
	answer.decode(t, http.StatusCreated, &made)
	conforms(t, "Key", answer.body)
	if made.State != "prepared" || made.By != "local" || !made.UsableAt.Equal(o.Now().Add(issuer.DefaultKeyWait)) {
		t.Errorf("%s", answer.body)
	}
	return made.ID
}

// state is what has become of a key, and how many badges rest on it.
func (o *office) state(t testing.TB, id string) (string, int) {
	t.Helper()
	var list struct{ Keys []keyView }
	o.operate(t, "GET", "/v1/keys", "").decode(t, http.StatusOK, &list)
	k := list.Keys[slices.IndexFunc(list.Keys, func(k keyView) bool { return k.ID == id })]
	return k.State, k.LiveBadges
}

// trusted are the badge keys and the revoked ones of the trust list, as it is served.
func (o *office) trusted(t testing.TB) (keys, revoked []string, tag string) {
	t.Helper()
	var list issuer.TrustList
	answer := o.get(t, "/trust-list.json")
	answer.decode(t, http.StatusOK, &list)
	for _, jwk := range list.Issuers[0].Keys {
		var key struct{ Kid string }
		if err := json.Unmarshal(jwk, &key); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key.Kid)
	}
	return keys, list.Issuers[0].Revoked, answer.header.Get("Etag")
}

func TestKeys_AreServedAsTheyChange(t *testing.T) {
	t.Parallel()
	o := start(t)
	first := credentialtest.IssuerKey.KeyID()
	o.issue(t, "0700004")
	_, _, before := o.trusted(t)
	second := o.prepared(t, "badge")
	keys, revoked, after := o.trusted(t)
	if !slices.Equal(keys, []string{first, second}) || revoked != nil || before == after {
		t.Errorf("keys %q, revoked %q, %s then %s", keys, revoked, before, after)
	}
	var metadata issuer.Metadata
	o.get(t, wellKnown).decode(t, http.StatusOK, &metadata)
	if len(metadata.Keys.Keys) != 2 {
		t.Errorf("%d keys in the metadata", len(metadata.Keys.Keys))
	}
	step := "/v1/keys/" + second + "/activate"
	o.operate(t, "POST", step, `{}`).problem(t, http.StatusConflict, CodeKeyTooNew)
	o.operate(t, "POST", step, `{"now":true}`).problem(t, http.StatusBadRequest, CodeValueInvalid)
	o.Move(issuer.DefaultKeyWait)
	answer := o.operate(t, "POST", step, `{"reason":"as every quarter"}`)
	var done struct {
		Keys          []keyView
		BadgesRevoked int `json:"badges_revoked"`
	}
	answer.decode(t, http.StatusOK, &done)
	conforms(t, "KeysChanged", answer.body)
	if len(done.Keys) != 2 || done.Keys[0].State != "retired" || done.Keys[1].State != "active" || done.BadgesRevoked != 0 {
		t.Errorf("%s", answer.body)
	}
	o.operate(t, "POST", step, `{}`).problem(t, http.StatusConflict, CodeConflict)
	o.operate(t, "POST", "/v1/keys/nobody/retire", `{}`).problem(t, http.StatusNotFound, CodeNotFound)
	o.operate(t, "POST", "/v1/keys", `{"purpose":"root"}`).problem(t, http.StatusConflict, CodeKeyRefused)
	o.operate(t, "POST", "/v1/keys", `{"purpose":"badges"}`).problem(t, http.StatusBadRequest, CodeValueInvalid)
}

func TestKeys_AStolenKey(t *testing.T) {
	t.Parallel()
	o := start(t)
	first := credentialtest.IssuerKey.KeyID()
	o.issue(t, "0700004")
	if state, live := o.state(t, first); state != "active" || live != 1 {
		t.Errorf("%s with %d live badges", state, live)
	}
	stolen := `{"reason":"a backup was stolen"}`
	o.operate(t, "POST", "/v1/keys/"+first+"/revoke", stolen).problem(t, http.StatusConflict, CodeConflict)
	o.operate(t, "POST", "/v1/keys/"+first+"/taint", `{}`).problem(t, http.StatusBadRequest, CodeValueInvalid)
	o.operate(t, "POST", "/v1/keys/"+first+"/taint", stolen).problem(t, http.StatusConflict, CodeKeyNoSuccessor)
	o.operate(t, "POST", "/v1/keys/"+first+"/taint", `{"reason":"a backup was stolen","without_successor":true}`).decode(t, http.StatusOK, &struct{}{})
	if state, live := o.state(t, first); state != "tainted" || live != 0 {
		t.Errorf("%s with %d live badges", state, live)
	}
	body := `{"holder_key":` + holderKey(t) + `}`
	o.post(t, "/v1/people/0700004/badges", body).problem(t, http.StatusServiceUnavailable, CodeKeyMissing)
	second := o.prepared(t, "badge")
	o.operate(t, "POST", "/v1/keys/"+second+"/activate", `{}`).decode(t, http.StatusOK, &struct{}{})
	o.issue(t, "0700004")
	o.operate(t, "POST", "/v1/keys/"+first+"/revoke", stolen).decode(t, http.StatusOK, &struct{}{})
	if keys, revoked, _ := o.trusted(t); !slices.Equal(keys, []string{second}) || !slices.Equal(revoked, []string{first}) {
		t.Errorf("keys %q, revoked %q", keys, revoked)
	}
}

func TestKeys_ATokenChangesNone(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	for path, body := range map[string]string{
		"/v1/keys":            `{"purpose":"badge"}`,
		"/v1/keys/x/activate": `{}`, "/v1/keys/x/retire": `{}`, "/v1/keys/x/revoke": `{"reason":"x"}`, "/v1/keys/x/taint": `{"reason":"x"}`,
	} {
		o.post(t, path, body).problem(t, http.StatusForbidden, CodePersonRequired)
	}
}

func TestKeys_OfficersChangeThemInTwosAndStopThemAlone(t *testing.T) {
	t.Parallel()
	d := openDesk(t, nil)
	officer, admin := d.signIn(t, "zoe", "officer"), d.signIn(t, "ada", "admin")
	first := credentialtest.IssuerKey.KeyID()
	for path, body := range map[string]string{
		"/v1/keys":                        `{"purpose":"badge"}`,
		"/v1/keys/" + first + "/activate": `{}`, "/v1/keys/" + first + "/retire": `{}`, "/v1/keys/" + first + "/revoke": `{"reason":"x"}`,
	} {
		d.as(t, admin, "POST", path, body).problem(t, http.StatusConflict, string(officers.ProposalRequired))
	}
	propose := func(payload string) (p wholeProposal) {
		t.Helper()
		d.as(t, officer, "POST", "/v1/proposals", `{"kind":"key.change","payload":`+payload+`,"reason":"as every quarter"}`).decode(t, http.StatusCreated, &p)
		return p
	}
	approve := func(p wholeProposal) wholeProposal {
		t.Helper()
		d.as(t, admin, "POST", "/v1/proposals/"+p.ID+"/approve", `{}`).decode(t, http.StatusOK, &p)
		return p
	}
	prepare := approve(propose(`{"do":"prepare","purpose":"badge"}`))
	keys, _, _ := d.trusted(t)
	if prepare.State != "executed" || len(keys) != 2 {
		t.Fatalf("%+v, keys %q", prepare, keys)
	}
	second := keys[1]
	// Doing it again, as after a crash, makes no third one.
	action := Actions(d.program, d.Now)[officers.KeyChange]
	proposal := officers.Proposal{Payload: prepare.Payload, DecidedBy: prepare.DecidedBy, DecidedAt: prepare.DecidedAt}
	if err := action.Do(t.Context(), proposal); err != nil {
		t.Fatal(err)
	}
	if keys, _, _ := d.trusted(t); len(keys) != 2 {
		t.Errorf("%d keys", len(keys))
	}
	activation := propose(fmt.Sprintf(`{"do":"activate","kid":%q}`, second))
	if failed := approve(activation); failed.State != "failed" || !strings.Contains(failed.Failure, "may sign from") {
		t.Errorf("%+v", failed)
	}
	if done := approve(propose(fmt.Sprintf(`{"do":"activate","kid":%q,"now":true}`, second))); done.State != "executed" ||
		!strings.Contains(done.Summary, "also before verifiers can be relied on to know it") {
		t.Errorf("%+v", done)
	}
	if state, _ := d.state(t, second); state != "active" {
		t.Errorf("%s", state)
	}
	d.Move(time.Second)
	third := approve(propose(`{"do":"prepare","purpose":"badge"}`))
	if third.State != "executed" {
		t.Fatalf("%+v", third)
	}

	d.as(t, officer, "POST", "/v1/keys/"+second+"/taint", `{"reason":"seen elsewhere"}`).decode(t, http.StatusOK, &struct{}{})
	if state, _ := d.state(t, second); state != "tainted" {
		t.Errorf("%s", state)
	}
	if done := approve(propose(fmt.Sprintf(`{"do":"revoke","kid":%q}`, second))); done.State != "executed" {
		t.Errorf("%+v", done)
	}
	if _, revoked, _ := d.trusted(t); !slices.Equal(revoked, []string{second}) {
		t.Errorf("revoked %q", revoked)
	}
}

func TestKeys_ProposalsThatAreWrongAreToldSo(t *testing.T) {
	t.Parallel()
	d := openDesk(t, nil)
	session := d.signIn(t, "zoe", "officer")
	signs := credentialtest.IssuerKey.KeyID()
	if err := d.store.AdoptKeys(t.Context(), []store.Key{{
		ID: "root", Purpose: store.ForRoot, JWK: json.RawMessage(`{}`), PreparedAt: d.Now(), By: "a test",
	}}); err != nil {
		t.Fatal(err)
	}
	for name, payload := range map[string]string{
		"nothing to do":            `{}`,
		"a taint":                  `{"do":"taint","kid":"` + signs + `"}`,
		"no purpose":               `{"do":"prepare"}`,
		"another purpose":          `{"do":"prepare","purpose":"badges"}`,
		"a root key":               `{"do":"prepare","purpose":"root"}`,
		"a kid for what is not":    `{"do":"prepare","purpose":"badge","kid":"x"}`,
		"no kid":                   `{"do":"activate"}`,
		"a purpose for what is":    `{"do":"activate","kid":"` + signs + `","purpose":"badge"}`,
		"an unknown kid":           `{"do":"activate","kid":"x"}`,
		"the one that signs":       `{"do":"activate","kid":"` + signs + `"}`,
		"retiring what signs":      `{"do":"retire","kid":"` + signs + `"}`,
		"revoking what signs":      `{"do":"revoke","kid":"` + signs + `"}`,
		"now for what is no start": `{"do":"retire","kid":"` + signs + `","now":true}`,
		"the root key":             `{"do":"revoke","kid":"root"}`,
	} {
		answer := d.as(t, session, "POST", "/v1/proposals", `{"kind":"key.change","payload":`+payload+`,"reason":"x"}`)
		if answer.problem(t, http.StatusBadRequest, "value_invalid"); t.Failed() {
			t.Fatal(name)
		}
	}
}
