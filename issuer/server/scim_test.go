package server

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/sample"
	"github.com/cyberbadge/cyberbadge/issuer/sample/face"
	"github.com/cyberbadge/cyberbadge/issuer/scim"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// scim calls as an identity provider does.
func (o *office) scim(t testing.TB, method, path, body string, with ...string) reply {
	t.Helper()
	calling := append(headers{"Authorization", "Bearer " + o.all}, with...)
	if body != "" {
		calling = append(calling, "Content-Type", "application/scim+json; charset=utf-8")
	}
	return o.send(t, http.DefaultClient, method, scimPath+path, strings.NewReader(body), calling)
}

// scimError insists on an error in the words of SCIM.
func (r reply) scimError(t testing.TB, status int, kind scim.Type) {
	t.Helper()
	var e struct {
		Schemas          []string
		Status, ScimType string
		Detail           string
	}
	r.decode(t, status, &e)
	if e.Status != fmt.Sprint(status) || scim.Type(e.ScimType) != kind || e.Detail == "" || r.header.Get("Content-Type") != scim.ContentType {
		t.Errorf("got %s as %s", r.body, r.header.Get("Content-Type"))
	}
}

func (o *office) everybody(t testing.TB) (all []evidence.Person) {
	t.Helper()
	all, err := o.program.People(t.Context(), "", store.MaxPage)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestSCIM_BringsTheSamePeopleAsTheFile(t *testing.T) {
	t.Parallel()
	byFile, bySCIM := start(t), open(t, options{})
	var file struct{ Resources []json.RawMessage }
	if err := json.Unmarshal([]byte(sampleFile(t, sample.People)), &file); err != nil {
		t.Fatal(err)
	}
	for _, status := range []int{http.StatusCreated, http.StatusConflict} { // the second time they are there
		for _, user := range file.Resources {
			if answer := bySCIM.scim(t, "POST", "/Users", string(user)); answer.status != status {
				t.Fatalf("%d %s", answer.status, answer.body)
			}
		}
	}
	want, got := byFile.everybody(t), bySCIM.everybody(t)
	if len(got) != 240 || len(want) != 240 {
		t.Fatalf("%d people by SCIM, %d by file", len(got), len(want))
	}
	for i := range want {
		got[i].Modified = want[i].Modified // then it was the file's, now it is ours
		if got[i] != want[i] {
			t.Errorf("got  %+v\nwant %+v", got[i], want[i])
		}
	}
	// With training and devices asked of their systems, everybody stands as they should.
	bySCIM.askSources(t)
	for _, v := range verdicts(t) {
		standing, err := bySCIM.program.Standing(t.Context(), v.ID, bySCIM.Now())
		if err != nil {
			t.Fatal(err)
		}
		if standing.Eligible != v.Eligible || strings.Join(reasonTexts(standing.Reasons), " ") != strings.Join(v.Reasons, " ") {
			t.Errorf("%s: %t %v, want %t %v", v.ID, standing.Eligible, standing.Reasons, v.Eligible, v.Reasons)
		}
	}
}

func TestSCIM_WhoIsDeactivatedHasNoBadge(t *testing.T) {
	t.Parallel()
	o := start(t)
	person := eligible(t).ID
	badge := o.issue(t, person)
	const patch = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"active","value":"False"}]}`
	if answer := o.scim(t, "PATCH", "/Users/"+person, patch); answer.status != http.StatusOK {
		t.Fatalf("%d %s", answer.status, answer.body)
	}
	kept, err := o.store.Badge(t.Context(), badge.ID)
	if err != nil {
		t.Fatal(err)
	}
	if kept.Status != store.Invalid {
		t.Errorf("the badge is %s", kept.Status)
	}
	o.post(t, "/v1/people/"+person+"/badges", fmt.Sprintf(`{"holder_key":%s}`, holderKey(t))).
		problem(t, http.StatusConflict, CodeNotEligible)

	// Hired again, under another name: the same person, whose old badge stays revoked.
	const back = `{"Operations":[{"op":"Replace","value":{"active":"True","userName":"again@vendor.example","name.familyName":"Again"}}]}`
	if answer := o.scim(t, "PATCH", "/Users/"+person, back); answer.status != http.StatusOK {
		t.Fatalf("%d %s", answer.status, answer.body)
	}
	if again := o.issue(t, person); again.ID == badge.ID {
		t.Error("the old badge came back")
	}
	if kept, err = o.store.Badge(t.Context(), badge.ID); err != nil || kept.Status != store.Invalid {
		t.Errorf("the old badge is %s: %v", kept.Status, err)
	}
}

func TestSCIM_APhotoBecomesThePortrait(t *testing.T) {
	t.Parallel()
	o := start(t)
	picture, err := face.PNG("somebody")
	if err != nil {
		t.Fatal(err)
	}
	person := eligible(t).ID
	photo := "data:image/png;base64," + base64.StdEncoding.EncodeToString(picture)
	patch := `{"Operations":[{"op":"add","path":"photos","value":[{"type":"photo","value":"` + photo + `"}]}]}`
	if answer := o.scim(t, "PATCH", "/Users/"+person, patch); answer.status != http.StatusOK {
		t.Fatalf("%d %s", answer.status, answer.body)
	}
	if answer := o.call(t, "GET", "/v1/people/"+person+"/portrait"); answer.status != http.StatusOK || answer.header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("%d %s", answer.status, answer.header.Get("Content-Type"))
	}
}

func TestSCIM_SpeaksItsOwnWords(t *testing.T) {
	t.Parallel()
	o := open(t, options{path: "/tenant/1234"})
	o.scim(t, "GET", "/Users/nobody", "").scimError(t, http.StatusNotFound, "")
	o.scim(t, "GET", "/Nothing", "").scimError(t, http.StatusNotFound, "")
	o.scim(t, "PUT", "/Schemas", "").scimError(t, http.StatusMethodNotAllowed, "")
	o.scim(t, "GET", "/Users?filter=x", "").scimError(t, http.StatusBadRequest, scim.InvalidFilter)
	o.scim(t, "POST", "/Users", strings.Repeat(" ", scim.MaxBody+1)).scimError(t, http.StatusRequestEntityTooLarge, "")
	o.scim(t, "POST", "/Groups", `{}`).scimError(t, http.StatusBadRequest, scim.InvalidValue)
	if answer := o.scim(t, "GET", "", ""); answer.status != http.StatusOK || !strings.Contains(string(answer.body), o.url+"/scim/v2/ServiceProviderConfig") {
		t.Errorf("%d %s", answer.status, answer.body)
	}
	for _, query := range []string{"?aadOptscim062020", "?filter=" + url.QueryEscape(`userName eq "x"`) + "&startIndex=1&count=100"} {
		var list struct {
			TotalResults int
			Resources    []any
		}
		o.scim(t, "GET", "/Users"+query, "").decode(t, http.StatusOK, &list)
		if list.Resources == nil || list.TotalResults != 0 {
			t.Errorf("%s: %+v", query, list)
		}
	}
	if answer := o.scim(t, "HEAD", "/Users", ""); answer.status != http.StatusOK || len(answer.body) != 0 {
		t.Errorf("%d %s", answer.status, answer.body)
	}
	// Who may not call gets a problem.
	o.get(t, scimPath+"/Users").problem(t, http.StatusUnauthorized, CodeCredentialMissing)
	other := o.token(t, ScopeImport)
	o.get(t, scimPath+"/Users", "Authorization", "Bearer "+other).problem(t, http.StatusForbidden, CodeScopeMissing)
}

func TestSCIM_IsOnRecordByWhoDidIt(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	for _, body := range []string{`{"userName":"x","externalId":"a/b c"}`, `{"userName":"x","externalId":"2"}`} {
		o.scim(t, "POST", "/Users", body)
	}
	var list struct {
		Resources []struct{ ID, ExternalID string }
	}
	o.scim(t, "GET", "/Users?filter="+url.QueryEscape(`externalId eq "a/b c"`), "").decode(t, http.StatusOK, &list)
	if len(list.Resources) != 1 {
		t.Fatalf("got %+v", list)
	}
	if answer := o.scim(t, "DELETE", "/Users/"+list.Resources[0].ID, ""); answer.status != http.StatusNoContent {
		t.Errorf("%d %s", answer.status, answer.body)
	}
	events, err := o.store.Events(t.Context(), 0, store.MaxPage)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, e := range events {
		if e.Subject == list.Resources[0].ID {
			kinds = append(kinds, string(e.Kind))
			if !strings.HasPrefix(e.By, "token:") {
				t.Errorf("%s by %q", e.Kind, e.By)
			}
		}
	}
	if len(kinds) < 2 || kinds[0] != string(store.PersonAdded) {
		t.Errorf("on record: %q", kinds)
	}
	if strings.Contains(o.log.String(), "a/b c") {
		t.Error("the log holds an externalId")
	}
}

// Somebody's id may be another's externalId if they came by file.
func TestSCIM_FindsByExternalIDBehindAnId(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	o.importParts(t, part{"people", `{"Resources":[{"id":"1","externalId":"2","userName":"a","active":true},{"id":"2","externalId":"3","userName":"b","active":true}]}`})
	var list struct{ Resources []struct{ ID string } }
	o.scim(t, "GET", "/Users?filter="+url.QueryEscape(`externalId eq "2"`), "").decode(t, http.StatusOK, &list)
	if len(list.Resources) != 1 || list.Resources[0].ID != "1" {
		t.Errorf("got %+v", list)
	}
	o.scim(t, "GET", "/Users/3", "").scimError(t, http.StatusNotFound, "")
}
