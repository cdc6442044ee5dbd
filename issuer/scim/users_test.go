package scim

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/sample/face"
)

func TestUsers_FromFirstToLast(t *testing.T) {
	t.Parallel()
	p := start(t)
	made := p.call("POST", "/Users", ursula).is(http.StatusCreated)
	o := made.object()
	id := o["id"].(string)
	location := base + "/Users/" + id
	meta := o["meta"].(object)
	if made.header.Get("Location") != location || meta["location"] != location || meta["resourceType"] != "User" ||
		meta["lastModified"] != "2026-11-23T08:00:00Z" || meta["version"] != made.header.Get("ETag") {
		t.Errorf("got %s with %v", made.body, made.header)
	}
	want := evidence.Person{
		ID: id, ExternalID: "0700000", UserName: "Ursula@vendor.example", Active: true, Role: "service-manager",
		GivenName: "Ursula", FamilyName: "Eriksen", DisplayName: "Ursula Eriksen", Email: "ursula@vendor.example",
		Language: "nb-NO", EmployeeNumber: "0700000", Organization: "Vendor", Department: "Grid", ManagerID: "m-1", Modified: p.now,
	}
	if p.people[id] != want {
		t.Errorf("kept %+v", p.people[id])
	}
	if got := p.call("GET", "/Users/"+id, "").is(http.StatusOK); string(got.body) != string(made.body) {
		t.Errorf("read %s", got.body)
	}
	p.call("PUT", "/Users/"+id, ursula).is(http.StatusOK)
	if p.writes != 1 {
		t.Errorf("the same again made %d writes", p.writes)
	}
	if gone := p.call("DELETE", "/Users/"+id, "").is(http.StatusNoContent); len(gone.body) != 0 {
		t.Errorf("got %s", gone.body)
	}
	want.Active, want.UserName = false, ""
	if p.people[id] != want {
		t.Errorf("left %+v", p.people[id])
	}
	for _, method := range []string{"GET", "PUT", "PATCH", "DELETE"} {
		p.call(method, "/Users/"+id, map[string]string{"PUT": ursula, "PATCH": `{"Operations":[{"op":"replace","path":"active","value":true}]}`}[method]).
			refused(http.StatusNotFound, "")
	}
	if got := append(p.found(`userName eq "ursula@vendor.example"`), p.found(`externalId eq "0700000"`)...); len(got) != 0 {
		t.Errorf("found %q", got)
	}
	if o := p.call("GET", "/Users", "").object(); o["totalResults"] != 0. {
		t.Errorf("listed %v", o)
	}
}

func TestUsers_ARehireComesBackUnderTheSameID(t *testing.T) {
	t.Parallel()
	p := start(t)
	id := p.person(ursula)
	p.call("DELETE", "/Users/"+id, "").is(http.StatusNoContent)
	// The name may go to somebody else meanwhile.
	other := p.person(strings.Replace(minimal("0800000"), "u0800000@", "ursula@", 1))
	renamed := strings.Replace(ursula, "Ursula@vendor", "Ursula2@vendor", 1)
	if other == id {
		t.Error("an id was given twice")
	}
	p.call("POST", "/Users", ursula).refused(http.StatusConflict, Uniqueness)
	if again := p.person(renamed); again != id || !p.people[id].Active || p.people[id].UserName != "Ursula2@vendor.example" {
		t.Errorf("came back as %+v", p.people[again])
	}
}

func TestUsers_OfAFileWithoutUserNameAreTakenOver(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.people["from-file"] = evidence.Person{ID: "from-file", ExternalID: "0700000", Active: true}
	p.call("GET", "/Users/from-file", "").refused(http.StatusNotFound, "")
	if id := p.person(ursula); id != "from-file" {
		t.Errorf("got the id %q", id)
	}
}

func TestUsers_AreUnique(t *testing.T) {
	t.Parallel()
	p := start(t)
	id := p.person(ursula)
	other := p.person(minimal("0700001"))
	p.people["gone"] = evidence.Person{ID: "gone", ExternalID: "0700009"}
	for name, body := range map[string]string{
		"everything":                      ursula,
		"userName in other capitals":      `{"userName":"URSULA@VENDOR.example","externalId":"1"}`,
		"externalId":                      `{"userName":"x","externalId":"0700000"}`,
		"externalId that is another's id": `{"userName":"x","externalId":"` + id + `"}`,
	} {
		if detail := p.call("POST", "/Users", body).refused(http.StatusConflict, Uniqueness); strings.Contains(detail, "rsula") {
			t.Errorf("%s: the detail tells %q", name, detail)
		}
	}
	for _, change := range []string{
		`{"op":"replace","path":"userName","value":"ursula@vendor.example"}`,
		`{"op":"replace","path":"externalId","value":"0700000"}`,
		`{"op":"replace","path":"externalId","value":"0700009"}`, // somebody on record, too
		`{"op":"replace","path":"externalId","value":"` + id + `"}`,
	} {
		p.patch(other, change).refused(http.StatusConflict, Uniqueness)
	}
	p.patch(other, `{"op":"replace","path":"externalId","value":"`+other+`"}`).is(http.StatusOK)
}

func TestUsers_TwoAtOnceWithOneNumber(t *testing.T) {
	t.Parallel()
	p := start(t)
	var group sync.WaitGroup
	statuses := make([]int, 8)
	for i := range statuses {
		group.Go(func() {
			statuses[i] = p.call("POST", "/Users", fmt.Sprintf(`{"userName":"u%d","externalId":"1"}`, i)).status
		})
	}
	group.Wait()
	created := 0
	for _, status := range statuses {
		if status == http.StatusCreated {
			created++
		} else if status != http.StatusConflict {
			t.Errorf("status %d", status)
		}
	}
	if created != 1 || len(p.people) != 1 {
		t.Errorf("%d created, %d kept", created, len(p.people))
	}
}

func TestUsers_AProposedIDIsTakenIfItWillDo(t *testing.T) {
	t.Parallel()
	p := start(t)
	n := 0
	propose := func(id string) string {
		n++
		return p.person(fmt.Sprintf(`{"id":%q,"userName":"u%d","externalId":"e%d"}`, id, n, n))
	}
	longest := strings.Repeat("x", 128)
	for _, id := range []string{"04e0f8f5-b5ca-9044-b930-4993700661e5", longest} {
		if got := propose(id); got != id {
			t.Errorf("%q became %q", id, got)
		}
	}
	for _, id := range []string{"", longest, longest + "x", "../x", "a/b", ".", "ü", "e1", "a b"} {
		if got := propose(id); got == id || !plainID.MatchString(got) {
			t.Errorf("%q became %q", id, got)
		}
	}
}

func TestUsers_WhatIsNotSaid(t *testing.T) {
	t.Parallel()
	p := start(t)
	id := p.person(`{"userName":"x","externalId":"1","displayName":"X","title":"boss","password":"secret","groups":[{"value":"g"}],"meta":{"created":"1999-01-01T00:00:00Z"}}`)
	if !p.people[id].Active {
		t.Error("a person is made inactive")
	}
	// Silence neither hires nor dismisses, and keeps the number.
	for _, active := range []bool{false, true} {
		p.patch(id, fmt.Sprintf(`{"op":"replace","path":"active","value":%t}`, active)).is(http.StatusOK)
		p.call("PUT", "/Users/"+id, `{"userName":"x","id":"other"}`).is(http.StatusOK)
		if got := p.people[id]; got.Active != active || got.ExternalID != "1" || got.DisplayName != "" {
			t.Errorf("became %+v", got)
		}
	}
	for body, want := range map[string]string{
		`{"externalId":"2"}`:                            "userName",
		`{"userName":"","externalId":"2"}`:              "userName",
		`{"userName":null,"externalId":"2"}`:            "userName",
		`{"userName":"y"}`:                              "externalId",
		`{"userName":"y","externalId":""}`:              "externalId",
		`{"userName":"y","externalId":" 2"}`:            "externalId",
		`{"userName":"z","externalId":"3","active":""}`: "",
	} {
		answer := p.call("POST", "/Users", body)
		if want == "" {
			answer.is(http.StatusCreated)
		} else if detail := answer.refused(http.StatusBadRequest, InvalidValue); !strings.Contains(detail, want) {
			t.Errorf("%s: %s", body, detail)
		}
	}
}

func TestUsers_OutlineOfNames(t *testing.T) {
	t.Parallel()
	p := start(t)
	id := p.person(`{"userName":"x","externalId":"1","name":{"formatted":"Dr. X"}}`)
	if got := p.people[id].DisplayName; got != "Dr. X" {
		t.Errorf("displayName %q", got)
	}
	const given = "محمد <&>"
	id = p.person(`{"userName":"y","externalId":"2","name":{"givenName":"` + given + `"}}`)
	if got := p.call("GET", "/Users/"+id, ""); !strings.Contains(string(got.body), given) || p.people[id].GivenName != given {
		t.Errorf("got %s", got.body)
	}
}

func TestUsers_ManagersInACircleAreHarmless(t *testing.T) {
	t.Parallel()
	p := start(t)
	person := func(n, manager string) string {
		return `{"id":"` + n + `","userName":"u` + n + `","externalId":"e` + n + `","` + enterprise + `":{"manager":{"value":"` + manager + `"}}}`
	}
	p.person(person("a", "b"))
	p.person(person("b", "a"))
	p.person(person("c", "c"))
	if got := p.found(enterprise + `:manager.value eq "a"`); len(got) != 1 || got[0] != "eb" {
		t.Errorf("found %q", got)
	}
}

func TestUsers_PhotosBecomePortraits(t *testing.T) {
	t.Parallel()
	p := start(t)
	picture, err := face.PNG("somebody")
	if err != nil {
		t.Fatal(err)
	}
	photo := "data:image/png;base64," + base64.StdEncoding.EncodeToString(picture)
	id := p.person(`{"userName":"x","externalId":"1","photos":[{"type":"photo","value":"` + photo + `"}]}`)
	if p.portraits[id] != 1 {
		t.Errorf("%d portraits", p.portraits[id])
	}
	modified := p.people[id].Modified
	p.now = p.now.AddDate(0, 0, 1)
	p.patch(id, `{"op":"replace","path":"photos[type eq \"photo\"].value","value":"`+photo+`"}`).is(http.StatusOK)
	if p.portraits[id] != 2 || p.people[id].Modified != modified {
		t.Errorf("%d portraits, changed %s", p.portraits[id], p.people[id].Modified)
	}
	// One that is no good leaves nobody out, and none is shown.
	shown := p.call("POST", "/Users", `{"userName":"y","externalId":"2","photos":[{"value":"data:image/jpeg;base64,AAAA"}]}`).is(http.StatusCreated)
	if strings.Contains(string(shown.body), "photos") || p.portraits[shown.object()["id"].(string)] != 0 {
		t.Errorf("got %s", shown.body)
	}
}

func TestUsers_VersionsGuardChanges(t *testing.T) {
	t.Parallel()
	p := start(t)
	id := p.person(ursula)
	path := "/Users/" + id
	first := p.call("GET", path, "").header.Get("ETag")
	if !strings.HasPrefix(first, `W/"`) {
		t.Errorf("the tag is %s", first)
	}
	for _, known := range []string{first, strings.TrimPrefix(first, "W/"), "*", `"x", ` + first} {
		same := p.call("GET", path, "", "If-None-Match", known)
		if same.status != http.StatusNotModified || len(same.body) != 0 || same.header.Get("ETag") != first {
			t.Errorf("%s: %d %s", known, same.status, same.body)
		}
	}
	p.call("GET", path, "", "If-None-Match", `W/"x"`).is(http.StatusOK)

	change := `{"Operations":[{"op":"replace","path":"userType","value":"x"}]}`
	second := p.call("PATCH", path, change, "If-Match", first).is(http.StatusOK).header.Get("ETag")
	if second == first {
		t.Error("a change leaves the version")
	}
	for _, stale := range []string{first, "x", `W/"x", "y"`, ""} {
		p.call("PATCH", path, change, "If-Match", stale).refused(http.StatusPreconditionFailed, "")
		p.call("PUT", path, ursula, "If-Match", stale).refused(http.StatusPreconditionFailed, "")
		p.call("DELETE", path, "", "If-Match", stale).refused(http.StatusPreconditionFailed, "")
	}
	p.call("PUT", path, ursula, "If-Match", `W/"x"`, "If-Match", second).is(http.StatusOK)
	p.call("DELETE", path, "", "If-Match", "*").is(http.StatusNoContent)
}

func TestBody_IsBounded(t *testing.T) {
	t.Parallel()
	p := start(t)
	fill := func(size int) string { return ursula + strings.Repeat(" ", size-len(ursula)) }
	p.call("POST", "/Users", fill(MaxBody)).is(http.StatusCreated)
	p.call("POST", "/Users", fill(MaxBody+1)).refused(http.StatusRequestEntityTooLarge, "")
	p.call("PUT", "/Users/x", fill(MaxBody+1)).refused(http.StatusRequestEntityTooLarge, "")
	p.call("PATCH", "/Users/x", fill(MaxBody+1)).refused(http.StatusRequestEntityTooLarge, "")
	for name, body := range map[string]string{
		"deep":                          `{"a":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`,
		"a member twice":                `{"userName":"a","userName":"b"}`,
		"not JSON":                      `userName=x`,
		"an array":                      `[]`,
		"null":                          `null`,
		"more":                          `{}{}`,
		"not UTF-8":                     "{\"userName\":\"\xff\"}",
		"an attribute in two spellings": `{"userName":"a","USERNAME":"b","externalId":"1"}`,
	} {
		t.Log(name)
		p.call("POST", "/Users", body).refused(http.StatusBadRequest, InvalidSyntax)
	}
	p.call("POST", "/Users", ursula, "Content-Encoding", "gzip").refused(http.StatusUnsupportedMediaType, "")
	p.call("POST", "/Users", "").refused(http.StatusUnsupportedMediaType, "")
}

func TestFailures_TellNothing(t *testing.T) {
	t.Parallel()
	p := start(t)
	id := p.person(ursula)
	p.failing = errors.New("the disk is on fire")
	for _, call := range [][3]string{
		{"GET", "/Users/" + id, ""}, {"GET", "/Users", ""}, {"POST", "/Users", minimal("1")}, {"PUT", "/Users/" + id, ursula},
		{"DELETE", "/Users/" + id, ""}, {"GET", "/Users?filter=externalId+eq+%220700000%22", ""},
	} {
		if detail := p.call(call[0], call[1], call[2]).refused(http.StatusInternalServerError, ""); strings.Contains(detail, "fire") {
			t.Errorf("%v: %s", call, detail)
		}
	}
}

func TestNew_SaysAllThatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := New(Config{URL: "/scim/v2/"})
	if err == nil || !strings.Contains(err.Error(), "URL") || !strings.Contains(err.Error(), "Directory") {
		t.Errorf("got %v", err)
	}
}
