package scim

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// outline names an object's members, and those of its objects.
func outline(o object) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(o)) {
		for _, value := range list(o[name])[:min(1, len(list(o[name])))] {
			if inner, isObject := value.(object); isObject {
				name += "(" + outline(inner) + ")"
			}
		}
		parts = append(parts, name)
	}
	return strings.Join(parts, " ")
}

const engineers = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Engineers","externalId":"g-1",
	"members":[{"value":"a","display":"A","$ref":"../Users/a","type":"User"},{"value":"b"}]}`

func (p *provider) group(body string) string {
	p.t.Helper()
	return p.call("POST", "/Groups", body).is(http.StatusCreated).object()["id"].(string)
}

func TestGroups_AsProvidersPushThem(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ operations, name, members string }{
		"Entra adds":                     {`{"op":"Add","path":"members","value":[{"$ref":null,"value":"c"},{"$ref":null,"value":"a"}]}`, "Engineers", "a b c"},
		"Entra removes":                  {`{"op":"Remove","path":"members","value":[{"$ref":null,"value":"a"}]}`, "Engineers", "b"},
		"Entra removes, by the standard": {`{"op":"Remove","path":"members[value eq \"a\"]"}`, "Engineers", "b"},
		"Entra renames":                  {`{"op":"Replace","path":"displayName","value":"Makers"}`, "Makers", "a b"},
		"Okta adds":                      {`{"op":"add","path":"members","value":[{"value":"c","display":"C"}]}`, "Engineers", "a b c"},
		"Okta removes":                   {`{"op":"remove","path":"members[value eq \"b\"]"}`, "Engineers", "a"},
		"Okta replaces":                  {`{"op":"replace","path":"members","value":[{"value":"x"},{"value":"y"},{"value":"x"}]}`, "Engineers", "x y"},
		"Okta renames, with the id":      {`{"op":"replace","value":{"id":"ID","displayName":"Makers"}}`, "Makers", "a b"},
		"without a path":                 {`{"op":"add","value":{"members":[{"value":"c"}]}}`, "Engineers", "a b c"},
		"members as text":                {`{"op":"add","path":"members","value":["c","d"]}`, "Engineers", "a b c d"},
		"one member":                     {`{"op":"add","path":"members","value":{"value":"c"}}`, "Engineers", "a b c"},
		"none of them":                   {`{"op":"remove","path":"members","value":[]}`, "Engineers", "a b"},
		"one that is not there":          {`{"op":"remove","path":"members","value":[{"value":"z"}]},{"op":"remove","path":"members[value eq \"z\"]"}`, "Engineers", "a b"},
		"what names nobody":              {`{"op":"remove","path":"members","value":[{"display":"A"}]}`, "Engineers", "a b"},
		"all of them":                    {`{"op":"remove","path":"members"}`, "Engineers", ""},
		"all of them, with null":         {`{"op":"Replace","path":"members","value":null}`, "Engineers", ""},
		"several":                        {`{"op":"Add","path":"members","value":[{"value":"c"}]},{"op":"Remove","path":"members","value":[{"value":"a"}]},{"op":"Add","path":"members","value":[{"value":"d"}]}`, "Engineers", "b c d"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t)
			id := p.group(engineers)
			p.now = p.now.AddDate(0, 0, 1)
			p.call("PATCH", "/Groups/"+id, `{"Operations":[`+strings.ReplaceAll(c.operations, "ID", id)+`]}`).is(http.StatusOK)
			g := p.groups[id]
			if g.DisplayName != c.name || strings.Join(g.Members, " ") != c.members {
				t.Errorf("got %+v", g)
			}
			if changed := g.Modified.Equal(p.now); changed != (c.name != "Engineers" || c.members != "a b") {
				t.Errorf("changed: %t", changed)
			}
		})
	}
}

func TestGroups_FromFirstToLast(t *testing.T) {
	t.Parallel()
	p := start(t)
	id := p.group(engineers)
	path := "/Groups/" + id
	o := p.call("GET", path, "").is(http.StatusOK).object()
	if got := outline(o); got != "displayName externalId id members(value) meta(created lastModified location resourceType version) schemas" {
		t.Errorf("got %s", got)
	}
	if got := outline(p.call("GET", path+"?excludedAttributes=members", "").object()); strings.Contains(got, "members") {
		t.Errorf("got %s", got)
	}
	for filter, want := range map[string]float64{
		`displayName eq "engineers"`: 1, `displayName eq "x"`: 0, `externalId eq "g-1"`: 1, `members eq "a"`: 1, `members eq "z"`: 0,
		`members[value eq "b"]`: 1, `id eq "` + id + `" and members eq "a"`: 1, `members.value eq "b"`: 1,
	} {
		if got := p.call("GET", "/Groups?filter="+url.QueryEscape(filter), "").is(http.StatusOK).object()["totalResults"]; got != want {
			t.Errorf("%s: %v", filter, got)
		}
	}
	p.call("PUT", path, `{"displayName":"Makers"}`).is(http.StatusOK)
	if g := p.groups[id]; g.DisplayName != "Makers" || g.Members != nil || g.ExternalID != "" {
		t.Errorf("got %+v", g)
	}
	p.call("PUT", path, `{"members":[]}`).refused(http.StatusBadRequest, InvalidValue)
	p.call("PATCH", path, `{"Operations":[{"op":"remove","path":"displayName"}]}`).refused(http.StatusBadRequest, Mutability)
	p.call("DELETE", path, "", "If-Match", `W/"x"`).refused(http.StatusPreconditionFailed, "")
	p.call("DELETE", path, "").is(http.StatusNoContent)
	p.call("DELETE", path, "").refused(http.StatusNotFound, "")
}

func TestGroups_AreBounded(t *testing.T) {
	t.Parallel()
	p := start(t)
	members := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"%d"`, i)
		}
		return `{"displayName":"x","members":[` + b.String()[1:] + `]}`
	}
	id := p.group(members(MaxMembers))
	p.call("POST", "/Groups", members(MaxMembers+1)).refused(http.StatusBadRequest, InvalidValue)
	p.call("PATCH", "/Groups/"+id, `{"Operations":[{"op":"add","path":"members","value":"more"}]}`).refused(http.StatusBadRequest, InvalidValue)
	for _, text := range []string{`"displayName":"TEXT"`, `"displayName":"x","externalId":"TEXT"`, `"displayName":"x","members":["TEXT"]`} {
		p.group("{" + strings.ReplaceAll(text, "TEXT", strings.Repeat("ü", MaxGroupText)) + "}")
		p.call("POST", "/Groups", "{"+strings.ReplaceAll(text, "TEXT", strings.Repeat("ü", MaxGroupText+1))+"}").refused(http.StatusBadRequest, InvalidValue)
	}
	for len(p.groups) < MaxGroups {
		name := fmt.Sprint(len(p.groups))
		p.groups[name] = Group{ID: name, DisplayName: name}
	}
	p.call("POST", "/Groups", engineers).refused(http.StatusBadRequest, InvalidValue)
	p.call("DELETE", "/Groups/"+id, "").is(http.StatusNoContent)
	p.group(engineers)
}

func TestGroups_WithoutSomethingThatKeepsThem(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.mount(Config{URL: base, Directory: p.memory})
	if o := p.call("GET", "/Groups?filter=displayName+eq+%22x%22", "").is(http.StatusOK).object(); o["totalResults"] != 0. {
		t.Errorf("got %v", o)
	}
	p.call("POST", "/Groups", engineers).refused(http.StatusNotImplemented, "")
	for _, method := range []string{"GET", "DELETE"} {
		p.call(method, "/Groups/x", "").refused(http.StatusNotImplemented, "")
	}
	if o := p.call("GET", "/ResourceTypes", "").object(); o["totalResults"] != 1. {
		t.Errorf("got %v", o)
	}
}

func TestDiscovery_SaysWhatThereIs(t *testing.T) {
	t.Parallel()
	p := start(t)
	for path, want := range map[string]string{
		"/ServiceProviderConfig": "authenticationSchemes(description name primary type) bulk(maxOperations maxPayloadSize supported) changePassword(supported) etag(supported) filter(maxResults supported) meta(location resourceType) patch(supported) schemas sort(supported)",
		"/ResourceTypes/User":    "description endpoint id meta(location resourceType) name schema schemaExtensions(required schema) schemas",
		"/Schemas/" + UserSchema: "attributes(caseExact description multiValued mutability name required returned type uniqueness) description id meta(location resourceType) name schemas",
		"/Schemas/" + enterprise: "attributes(caseExact description multiValued mutability name required returned type uniqueness) description id meta(location resourceType) name schemas",
		"/ResourceTypes":         "Resources(description endpoint id meta(location resourceType) name schema schemaExtensions(required schema) schemas) itemsPerPage schemas startIndex totalResults",
	} {
		if got := outline(p.call("GET", path, "").is(http.StatusOK).object()); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
	if a, b := p.call("GET", "", "").is(http.StatusOK), p.call("GET", "/ServiceProviderConfig", ""); string(a.body) != string(b.body) {
		t.Errorf("the base answers %s", a.body)
	}
	if o := p.call("GET", "/Schemas", "").is(http.StatusOK).object(); o["totalResults"] != 3. {
		t.Errorf("got %v schemas", o["totalResults"])
	}
	for _, path := range []string{"/Schemas/urn:x", "/ResourceTypes/Robot"} {
		p.call("GET", path, "").refused(http.StatusNotFound, "")
	}
	p.call("GET", "/Schemas?filter=id+pr", "").refused(http.StatusForbidden, "")
}
