package conformance_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const enterpriseUser = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

// scim calls the office as an identity provider does and returns the answer.
func (o office) scim(t *testing.T, method, path, body string) (int, map[string]any) {
	t.Helper()
	r := httptest.NewRequest(method, "/scim/v2"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/scim+json")
	w := httptest.NewRecorder()
	o.local.ServeHTTP(w, r)
	var answer map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	return w.Code, answer
}

type scimQuestion struct {
	Ask        string `json:"ask"`
	Resource   any    `json:"resource,omitempty"`
	Operations any    `json:"operations,omitempty"`
	Filter     string `json:"filter,omitempty"`
	Resources  any    `json:"resources,omitempty"`
	Body       any    `json:"body,omitempty"`
}

type scimAnswer struct {
	Result json.RawMessage `json:"result"`
	Error  string          `json:"error"`
}

// patchesOfProviders are operations as Entra and Okta send them. Where scim-patch
// does otherwise than we do, differs says why.
var patchesOfProviders = []struct{ name, operation, differs string }{
	{"Entra deactivates", `{"op":"Replace","path":"active","value":"False"}`, ""},
	{"Entra activates", `{"op":"Replace","path":"active","value":"True"}`, ""},
	{"a real false", `{"op":"Replace","path":"active","value":false}`, ""},
	{"Okta deactivates", `{"op":"replace","value":{"active":false}}`, ""},
	{"Okta activates", `{"op":"replace","value":{"active":true}}`, ""},
	{"displayName replaced", `{"op":"Replace","path":"displayName","value":"Zoë B."}`, ""},
	{"displayName added", `{"op":"Add","path":"displayName","value":"Zoë C."}`, ""},
	{"displayName removed", `{"op":"Remove","path":"displayName"}`, ""},
	{"userName", `{"op":"Replace","path":"userName","value":"zoe.b@vendor.example"}`, ""},
	{"externalId", `{"op":"Replace","path":"externalId","value":"X-2"}`, ""},
	{"userType", `{"op":"Add","path":"userType","value":"technician"}`, ""},
	{"userType by its whole name", `{"op":"Replace","path":"urn:ietf:params:scim:schemas:core:2.0:User:userType","value":"remote"}`, ""},
	{"language", `{"op":"replace","path":"preferredLanguage","value":"es-ES"}`, ""},
	{"language removed", `{"op":"remove","path":"preferredLanguage"}`, ""},
	{"familyName", `{"op":"Replace","path":"name.familyName","value":"Berg"}`, ""},
	{"givenName", `{"op":"Add","path":"name.givenName","value":"Ulla"}`, ""},
	{"givenName removed", `{"op":"Remove","path":"name.givenName"}`, ""},
	{"name as an object", `{"op":"replace","path":"name","value":{"givenName":"A","familyName":"B"}}`, ""},
	{"part of a name", `{"op":"add","path":"name","value":{"givenName":"A"}}`, ""},
	{"name without a path", `{"op":"replace","value":{"name":{"givenName":"C","familyName":"D"}}}`, ""},
	{"name removed", `{"op":"remove","path":"name"}`, ""},
	{"dotted keys", `{"op":"replace","value":{"displayName":"E F","name.givenName":"E","name.familyName":"F"}}`, ""},
	{"employeeNumber", `{"op":"Replace","path":"` + enterpriseUser + `:employeeNumber","value":"7"}`, ""},
	{"department", `{"op":"Add","path":"` + enterpriseUser + `:department","value":"Wind"}`, ""},
	{"department removed", `{"op":"Remove","path":"` + enterpriseUser + `:department"}`, ""},
	{"organization in a key", `{"op":"replace","value":{"` + enterpriseUser + `:organization":"Other"}}`, ""},
	{"two in keys", `{"op":"Add","value":{"` + enterpriseUser + `:employeeNumber":"8","` + enterpriseUser + `:department":"Sun"}}`, ""},
	{"the extension as a path", `{"op":"add","path":"` + enterpriseUser + `:organization","value":"Third"}`, ""},
	{"manager as text", `{"op":"Replace","path":"` + enterpriseUser + `:manager","value":"m-2"}`, ""},
	{"manager as an object", `{"op":"Replace","path":"` + enterpriseUser + `:manager","value":{"value":"m-3"}}`, ""},
	{"manager added as an object", `{"op":"Add","path":"` + enterpriseUser + `:manager","value":{"$ref":"../Users/m-4","value":"m-4"}}`, ""},
	{"manager's value", `{"op":"Replace","path":"` + enterpriseUser + `:manager.value","value":"m-5"}`, ""},
	{"manager removed", `{"op":"Remove","path":"` + enterpriseUser + `:manager"}`, ""},
	{"address at work", `{"op":"Replace","path":"emails[type eq \"work\"].value","value":"a@vendor.example"}`, ""},
	{"address at work added", `{"op":"Add","path":"emails[type eq \"work\"].value","value":"b@vendor.example"}`, ""},
	{"primary address", `{"op":"replace","path":"emails[primary eq true].value","value":"c@vendor.example"}`, ""},
	{"address at home", `{"op":"Add","path":"emails[type eq \"home\"].value","value":"d@vendor.example"}`, ""},
	{"addresses replaced", `{"op":"replace","path":"emails","value":[{"value":"e@vendor.example","type":"home"},{"value":"f@vendor.example","type":"work"}]}`, ""},
	{"addresses without a path", `{"op":"replace","value":{"emails":[{"value":"g@vendor.example","type":"work","primary":true}]}}`, ""},
	{"one more address", `{"op":"add","path":"emails","value":[{"value":"h@vendor.example","type":"other"}]}`, ""},
	{"addresses at work removed", `{"op":"Remove","path":"emails[type eq \"work\"]"}`, ""},
	{"addresses removed", `{"op":"remove","path":"emails"}`, ""},
	{"phone, which is not kept", `{"op":"Add","path":"phoneNumbers[type eq \"mobile\"].value","value":"+41"}`, ""},
	{"title, which is not kept", `{"op":"Replace","path":"title","value":"Dr."}`, ""},
	{"address, which is not kept", `{"op":"Add","path":"addresses[type eq \"work\"].country","value":"CH"}`, ""},
	{"an unknown extension", `{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:custom:2.0:User:x","value":"y"}`, ""},

	{"manager added as text", `{"op":"Add","path":"` + enterpriseUser + `:manager","value":"m-6"}`, "it refuses text where an object is"},
	{"capitals of the op", `{"op":"REPLACE","path":"displayName","value":"G"}`, "it knows two spellings of an op"},
	{"capitals of the path", `{"op":"Replace","path":"DISPLAYNAME","value":"H"}`, "it makes another attribute"},
	{"capitals of a key", `{"op":"replace","value":{"Active":false}}`, "it makes another attribute"},
	{"a new primary address", `{"op":"add","path":"emails","value":[{"value":"i@vendor.example","type":"home","primary":true}]}`, "it leaves two primary ones (RFC 7644, 3.5.2)"},
	{"an address removed by value", `{"op":"remove","path":"emails","value":[{"value":"zoe@vendor.example"}]}`, "it wants all of the address"},
	{"the id", `{"op":"replace","path":"id","value":"other"}`, "it knows nothing of read-only"},
	{"userName removed", `{"op":"remove","path":"userName"}`, "it knows nothing of what is required"},
	{"active as a number", `{"op":"replace","path":"active","value":1}`, "it knows nothing of types"},
}

// startingUsers are what the operations are tried on.
var startingUsers = []string{
	`{"userName":"zoe@vendor.example","externalId":"X-1","active":true,"displayName":"Zoë A","userType":"fsr","preferredLanguage":"de-CH",
		"name":{"givenName":"Zoë","familyName":"A"},"emails":[{"value":"zoe@vendor.example","type":"work","primary":true}],
		"` + enterpriseUser + `":{"employeeNumber":"1","organization":"Vendor","department":"Grid","manager":{"value":"m-1"}}}`,
	`{"userName":"zoe@vendor.example","externalId":"X-1","active":true}`,
}

// gist is what the program draws from a user, said by this test and not by the
// service.
func gist(t *testing.T, user map[string]any) map[string]string {
	t.Helper()
	at := func(from any, names ...string) string {
		for _, name := range names {
			inner, _ := from.(map[string]any)
			from = inner[name]
		}
		if from == nil {
			return ""
		}
		return fmt.Sprint(from)
	}
	g := map[string]string{
		"userName": at(user, "userName"), "externalId": at(user, "externalId"), "active": strings.ToLower(at(user, "active")),
		"displayName": at(user, "displayName"), "userType": at(user, "userType"), "language": at(user, "preferredLanguage"),
		"given": at(user, "name", "givenName"), "family": at(user, "name", "familyName"),
		"number": at(user, enterpriseUser, "employeeNumber"), "organization": at(user, enterpriseUser, "organization"),
		"department": at(user, enterpriseUser, "department"), "manager": at(user, enterpriseUser, "manager", "value"),
	}
	company, _ := user[enterpriseUser].(map[string]any)
	if text, isText := company["manager"].(string); isText {
		g["manager"] = text
	}
	best := 0
	emails, _ := user["emails"].([]any)
	for _, email := range emails {
		rank := 1
		if at(email, "type") == "work" {
			rank = 2
		}
		if at(email, "primary") == "true" {
			rank = 3
		}
		if rank > best {
			best, g["email"] = rank, at(email, "value")
		}
	}
	if best == 0 {
		g["email"] = ""
	}
	return g
}

// stumbles are errors of scim-patch at what we do.
var stumbles = []string{
	"Impossible to search on a mono valued attribute", // removing one of several where there is none
	"Cannot create property 'value' on string",        // going into a manager whom it took as text
}

func stumbled(message string) bool {
	return slices.ContainsFunc(stumbles, func(s string) bool { return strings.Contains(message, s) })
}

// TestSCIMPeer_PatchesAlike tries every operation on every user, and every two of
// them on one.
func TestSCIMPeer_PatchesAlike(t *testing.T) {
	t.Parallel()
	o := startOffice(t, "")
	_, made := o.scim(t, "POST", "/Users", startingUsers[0])
	path := "/Users/" + made["id"].(string)
	type trial struct {
		name, differs string
		operations    []json.RawMessage
		status        int
		ours          map[string]any
	}
	var trials []trial
	var questions []scimQuestion
	try := func(start string, chosen ...int) {
		tried := trial{}
		for _, i := range chosen {
			p := patchesOfProviders[i]
			tried.name, tried.differs = tried.name+"; "+p.name, tried.differs+p.differs
			tried.operations = append(tried.operations, json.RawMessage(p.operation))
		}
		status, before := o.scim(t, "PUT", path, start)
		if status != http.StatusOK {
			t.Fatalf("%d %v", status, before)
		}
		body, err := json.Marshal(map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": tried.operations})
		if err != nil {
			t.Fatal(err)
		}
		tried.status, tried.ours = o.scim(t, "PATCH", path, string(body))
		trials = append(trials, tried)
		questions = append(questions, scimQuestion{Ask: "patch", Resource: before, Operations: tried.operations})
	}
	for turn, start := range startingUsers {
		for i, p := range patchesOfProviders {
			try(start, i)
			for j, q := range patchesOfProviders {
				if p.differs == "" && q.differs == "" && (i+j)%2 == turn {
					try(start, i, j)
				}
			}
		}
	}
	alike := 0
	differed := map[string]bool{}
	for i, answer := range ask[scimAnswer](t, "scim.mjs", questions) {
		tried := trials[i]
		var theirs map[string]any
		same := false
		if answer.Error == "" && tried.status == http.StatusOK {
			if err := json.Unmarshal(answer.Result, &theirs); err != nil {
				t.Fatal(err)
			}
			same = reflect.DeepEqual(gist(t, theirs), gist(t, tried.ours))
		}
		switch {
		case same:
			alike++
		case tried.differs != "":
			differed[tried.differs] = true
		case stumbled(answer.Error) && tried.status == http.StatusOK:
		default:
			t.Errorf("%s\nours   %d %v\ntheirs %s %v", tried.name, tried.status, gist(t, tried.ours), answer.Error, gist(t, theirs))
		}
	}
	for _, p := range patchesOfProviders {
		if p.differs != "" && !differed[p.differs] {
			t.Errorf("no difference any more: %s", p.differs)
		}
	}
	t.Logf("%d patches made the same, %d kinds of difference", alike, len(differed))
}

func TestSCIMPeer_FiltersAlike(t *testing.T) {
	t.Parallel()
	o := startOffice(t, "")
	all := o.users(t, "")
	first := all[7].(map[string]any)
	var questions []scimQuestion
	var ours [][]string
	for _, filter := range []string{
		`userName eq "u0700007@vendor.example"`, `externalId eq "0700100"`, `id eq "` + first["id"].(string) + `"`, `userName eq "nobody"`,
		`active eq false`, `active eq "False"`, `active ne true`, `userName sw "u07000"`, `userName ew "1@vendor.example"`, `userName co "0011"`,
		`externalId gt "0700200"`, `externalId ge "0700200" and externalId lt "0700210"`, `externalId le "0700003" or externalId gt "0700230"`,
		`name.givenName eq "Zoë"`, `name.familyName sw "R"`, `displayName pr`, `title pr`, `userType eq "service-manager" and active eq true`,
		`userType eq "service-manager" or userType eq "nothing" and active eq false`, `not (active eq true)`,
		`emails[type eq "work"]`, `emails[type eq "work" and value sw "u07001"]`, `emails.value sw "u07002"`, `emails[type eq "home"]`,
		`meta.lastModified gt "2026-11-20T00:00:00Z"`, `meta.lastModified lt "2026-11-10T00:00:00Z"`,
		`(userType eq "service-manager" and active eq true) or externalId eq "0700100"`, `preferredLanguage sw "de"`,
	} {
		ids := []string{}
		for _, user := range o.users(t, filter) {
			ids = append(ids, user.(map[string]any)["id"].(string))
		}
		ours = append(ours, ids)
		questions = append(questions, scimQuestion{Ask: "filter", Filter: filter, Resources: all})
	}
	for i, answer := range ask[scimAnswer](t, "scim.mjs", questions) {
		theirs := []string{}
		if err := json.Unmarshal(answer.Result, &theirs); err != nil || answer.Error != "" {
			t.Errorf("%s: %s %v", questions[i].Filter, answer.Error, err)
		} else if !slices.Equal(theirs, ours[i]) {
			t.Errorf("%s: %d are ours, %d theirs", questions[i].Filter, len(ours[i]), len(theirs))
		}
	}
}

// users reads the list page by page. The empty filter is none.
func (o office) users(t *testing.T, filter string) (all []any) {
	t.Helper()
	for {
		status, page := o.scim(t, "GET", fmt.Sprintf("/Users?startIndex=%d&count=100&filter=%s", len(all)+1, url.QueryEscape(filter)), "")
		if status != http.StatusOK {
			t.Fatalf("%s: %d %v", filter, status, page)
		}
		all = append(all, page["Resources"].([]any)...)
		if float64(len(all)) >= page["totalResults"].(float64) {
			return all
		}
	}
}

func TestSCIMPeer_ReadsWhatWeWrite(t *testing.T) {
	t.Parallel()
	o := startOffice(t, "")
	var questions []scimQuestion
	read := func(ask, path string) {
		_, body := o.scim(t, "GET", path, "")
		questions = append(questions, scimQuestion{Ask: ask, Body: body})
	}
	for _, user := range o.users(t, "") {
		questions = append(questions, scimQuestion{Ask: "user", Body: user})
	}
	for _, list := range []string{"/Users?count=200", "/Users?startIndex=201", "/Users?filter=" + url.QueryEscape(`userName eq "nobody"`), "/Groups", "/Schemas", "/ResourceTypes"} {
		read("list", list)
	}
	read("config", "/ServiceProviderConfig")
	read("type", "/ResourceTypes/User")
	read("schema", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User")
	read("schema", "/Schemas/"+enterpriseUser)
	for _, wrong := range [][3]string{
		{"POST", "/Users", `{"userName":"u0700001@vendor.example","externalId":"new"}`}, {"GET", "/Users?filter=x", ""}, {"GET", "/Users/nobody", ""},
		{"PATCH", "/Users/" + o.person, `{"Operations":[{"op":"remove","path":"userName"}]}`}, {"POST", "/Users", `[]`}, {"POST", "/Groups", `{}`},
	} {
		_, body := o.scim(t, wrong[0], wrong[1], wrong[2])
		questions = append(questions, scimQuestion{Ask: "error", Body: body})
	}
	for i, answer := range ask[scimAnswer](t, "scim.mjs", questions) {
		if answer.Error != "" {
			t.Errorf("%s %v: %s", questions[i].Ask, questions[i].Body, answer.Error)
			continue
		}
		body, _ := questions[i].Body.(map[string]any)
		var theirs map[string]any
		if err := json.Unmarshal(answer.Result, &theirs); err != nil {
			t.Fatal(err)
		}
		compareSCIM(t, questions[i].Ask, body, theirs)
	}
}

// compareSCIM checks that nothing was lost on the way.
func compareSCIM(t *testing.T, kind string, ours, theirs map[string]any) {
	t.Helper()
	switch kind {
	case "user":
		if !reflect.DeepEqual(gist(t, ours), gist(t, theirs)) || theirs["id"] != ours["id"] {
			t.Errorf("ours %v\ntheirs %v", ours, theirs)
		}
	case "list":
		for _, name := range []string{"totalResults", "startIndex", "Resources"} {
			if !reflect.DeepEqual(theirs[name], ours[name]) {
				t.Errorf("%s: ours %v\ntheirs %v", name, ours[name], theirs[name])
			}
		}
	case "error":
		if fmt.Sprint(theirs["status"]) != ours["status"] || theirs["detail"] != ours["detail"] || theirs["scimType"] != ours["scimType"] {
			t.Errorf("ours %v\ntheirs %v", ours, theirs)
		}
	case "schema":
		if got, want := characteristics(theirs["attributes"]), characteristics(ours["attributes"]); got != want || !strings.Contains(got, "string") {
			t.Errorf("ours   %s\ntheirs %s", want, got)
		}
	case "config":
		for _, name := range []string{"patch", "bulk", "filter", "changePassword", "sort", "etag"} {
			if !reflect.DeepEqual(theirs[name], ours[name]) {
				t.Errorf("%s: ours %v\ntheirs %v", name, ours[name], theirs[name])
			}
		}
	}
}

// characteristics writes down what attributes are.
func characteristics(of any) string {
	var b strings.Builder
	list, _ := of.([]any)
	for _, one := range list {
		a := one.(map[string]any)
		fmt.Fprint(&b, a["name"], " ", a["type"], " ", a["multiValued"], " ", a["required"], " ", a["mutability"], " ", a["returned"],
			" (", characteristics(a["subAttributes"]), ") ")
	}
	return b.String()
}
