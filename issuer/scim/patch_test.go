package scim

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
)

const enterprise = EnterpriseSchema

func TestPatch_AsProvidersSendIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		operations string
		change     func(*evidence.Person)
	}{
		"Entra deactivates":                  {`{"op":"Replace","path":"active","value":"False"}`, func(p *evidence.Person) { p.Active = false }},
		"Entra deactivates, without a path":  {`{"op":"Replace","value":{"active":"False"}}`, func(p *evidence.Person) { p.Active = false }},
		"Okta deactivates":                   {`{"op":"replace","value":{"active":false}}`, func(p *evidence.Person) { p.Active = false }},
		"in capitals":                        {`{"OP":"REPLACE","Path":"ACTIVE","Value":"FALSE"}`, func(p *evidence.Person) { p.Active = false }},
		"Add of what is there":               {`{"op":"Add","path":"displayName","value":"U. E."}`, func(p *evidence.Person) { p.DisplayName = "U. E." }},
		"the whole name of an attribute":     {`{"op":"replace","path":"urn:ietf:params:scim:schemas:core:2.0:User:userType","value":"fsr"}`, func(p *evidence.Person) { p.Role = "fsr" }},
		"part of a name":                     {`{"op":"Replace","path":"name.familyName","value":"Berg"}`, func(p *evidence.Person) { p.FamilyName = "Berg" }},
		"a name, of which only part is said": {`{"op":"replace","path":"name","value":{"givenName":"Ulla"}}`, func(p *evidence.Person) { p.GivenName = "Ulla" }},
		"the same without a path":            {`{"op":"replace","value":{"name":{"givenName":"Ulla"}}}`, func(p *evidence.Person) { p.GivenName = "Ulla" }},
		"dotted keys": {`{"op":"replace","value":{"name.givenName":"Ulla","name.familyName":"Berg","displayName":"Ulla Berg"}}`,
			func(p *evidence.Person) { p.GivenName, p.FamilyName, p.DisplayName = "Ulla", "Berg", "Ulla Berg" }},
		"an object and a dotted key": {`{"op":"replace","value":{"name.givenName":"Ulla","name":{"givenName":"x","familyName":"Berg"}}}`,
			func(p *evidence.Person) { p.GivenName, p.FamilyName = "Ulla", "Berg" }},
		"the extension in a key": {`{"op":"Add","value":{"` + enterprise + `:employeeNumber":"7","` + enterprise + `:department":"Wind"}}`,
			func(p *evidence.Person) { p.EmployeeNumber, p.Department = "7", "Wind" }},
		"the extension as an object": {`{"op":"replace","value":{"` + strings.ToUpper(enterprise) + `":{"Department":"Wind","costCenter":"9"}}}`,
			func(p *evidence.Person) { p.Department = "Wind" }},
		"the extension as a path":  {`{"op":"replace","path":"` + enterprise + `","value":{"department":"Wind"}}`, func(p *evidence.Person) { p.Department = "Wind" }},
		"the extension in a path":  {`{"op":"Replace","path":"` + enterprise + `:department","value":"Wind"}`, func(p *evidence.Person) { p.Department = "Wind" }},
		"manager as text":          {`{"op":"Replace","path":"` + enterprise + `:manager","value":"m-2"}`, func(p *evidence.Person) { p.ManagerID = "m-2" }},
		"manager as an object":     {`{"op":"Add","path":"` + enterprise + `:manager","value":{"value":"m-2","$ref":"../Users/m-2"}}`, func(p *evidence.Person) { p.ManagerID = "m-2" }},
		"manager as a list":        {`{"op":"Add","path":"` + enterprise + `:manager","value":[{"$ref":null,"value":"m-2"}]}`, func(p *evidence.Person) { p.ManagerID = "m-2" }},
		"manager's value":          {`{"op":"Replace","path":"` + enterprise + `:manager.value","value":"m-2"}`, func(p *evidence.Person) { p.ManagerID = "m-2" }},
		"no manager":               {`{"op":"Remove","path":"` + enterprise + `:manager"}`, func(p *evidence.Person) { p.ManagerID = "" }},
		"no manager, with a value": {`{"op":"Remove","path":"` + enterprise + `:manager","value":"m-1"}`, func(p *evidence.Person) { p.ManagerID = "" }},
		"manager null":             {`{"op":"replace","path":"` + enterprise + `:manager","value":null}`, func(p *evidence.Person) { p.ManagerID = "" }},
		"manager empty":            {`{"op":"replace","path":"` + enterprise + `:manager","value":""}`, func(p *evidence.Person) { p.ManagerID = "" }},
		"manager emptied":          {`{"op":"replace","path":"` + enterprise + `:manager","value":{"value":null}}`, func(p *evidence.Person) { p.ManagerID = "" }},
		"no extension": {`{"op":"remove","path":"` + enterprise + `"}`,
			func(p *evidence.Person) { p.EmployeeNumber, p.Organization, p.Department, p.ManagerID = "", "", "", "" }},
		"the address at work":                    {`{"op":"Replace","path":"emails[type eq \"work\"].value","value":"new@vendor.example"}`, func(p *evidence.Person) { p.Email = "new@vendor.example" }},
		"the address at work, added":             {`{"op":"Add","path":"emails[type eq \"work\"].value","value":"new@vendor.example"}`, func(p *evidence.Person) { p.Email = "new@vendor.example" }},
		"the address at work, in a key":          {`{"op":"replace","value":{"emails[type eq \"work\"].value":"new@vendor.example"}}`, func(p *evidence.Person) { p.Email = "new@vendor.example" }},
		"the address at work, as an object":      {`{"op":"replace","path":"emails[type eq \"work\"]","value":{"value":"new@vendor.example"}}`, func(p *evidence.Person) { p.Email = "new@vendor.example" }},
		"the primary address":                    {`{"op":"replace","path":"emails[primary eq true].value","value":"new@vendor.example"}`, func(p *evidence.Person) { p.Email = "new@vendor.example" }},
		"the primary address, in Entra's words":  {`{"op":"Replace","path":"emails[primary eq \"True\"].value","value":"new@vendor.example"}`, func(p *evidence.Person) { p.Email = "new@vendor.example" }},
		"every address":                          {`{"op":"replace","path":"emails.value","value":"new@vendor.example"}`, func(p *evidence.Person) { p.Email = "new@vendor.example" }},
		"other addresses":                        {`{"op":"replace","path":"emails","value":[{"value":"a@x.example","type":"home"},{"value":"b@x.example","type":"work"}]}`, func(p *evidence.Person) { p.Email = "b@x.example" }},
		"one address as text":                    {`{"op":"replace","path":"emails","value":"a@x.example"}`, func(p *evidence.Person) { p.Email = "a@x.example" }},
		"a further address":                      {`{"op":"add","path":"emails","value":[{"value":"a@x.example","type":"home"}]}`, nil},
		"a further address that counts more":     {`{"op":"add","path":"emails","value":{"value":"a@x.example","type":"home","primary":"true"}}`, func(p *evidence.Person) { p.Email = "a@x.example" }},
		"the address at home, which is not kept": {`{"op":"Add","path":"emails[type eq \"home\"].value","value":"a@x.example"}`, nil},
		"an address made the primary one": {`{"op":"add","path":"emails","value":[{"value":"a@x.example","type":"home"}]},
			{"op":"replace","path":"emails[type eq \"home\"].primary","value":true}`, func(p *evidence.Person) { p.Email = "a@x.example" }},
		"no address":                       {`{"op":"Remove","path":"emails[type eq \"work\"]"}`, func(p *evidence.Person) { p.Email = "" }},
		"no address by its value":          {`{"op":"remove","path":"emails","value":[{"value":"ursula@vendor.example"}]}`, func(p *evidence.Person) { p.Email = "" }},
		"no address by another":            {`{"op":"remove","path":"emails","value":[{"primary":true}]}`, func(p *evidence.Person) { p.Email = "" }},
		"none of the addresses":            {`{"op":"remove","path":"emails","value":[]}`, nil},
		"not an address that is not there": {`{"op":"remove","path":"emails[type eq \"home\"].value"}`, nil},
		"no addresses":                     {`{"op":"remove","path":"emails"}`, func(p *evidence.Person) { p.Email = "" }},
		"no language":                      {`{"op":"remove","path":"preferredLanguage"}`, func(p *evidence.Person) { p.Language = "" }},
		"null is none":                     {`{"op":"replace","value":{"preferredLanguage":null}}`, func(p *evidence.Person) { p.Language = "" }},
		"what is not kept":                 {`{"op":"Add","path":"phoneNumbers[type eq \"mobile\"].value","value":"+41"},{"op":"Replace","path":"title","value":"x"},{"op":"Remove","path":"addresses[type eq \"work\"].formatted"}`, nil},
		"an extension that nobody knows":   {`{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:custom:2.0:User:badge","value":"x"}`, nil},
		"beside a change":                  {`{"op":"replace","value":{"title":"x","password":"secret","active":false,"urn:x:custom":{"a":1},"no name":1}}`, func(p *evidence.Person) { p.Active = false }},
		"several, one after the other":     {`{"op":"Add","path":"userType","value":"a"},{"op":"Replace","path":"userType","value":"b"},{"op":"Remove","path":"displayName"}`, func(p *evidence.Person) { p.Role, p.DisplayName = "b", "" }},
		"a rename":                         {`{"op":"Replace","path":"userName","value":"ulla@vendor.example"},{"op":"Replace","path":"externalId","value":"0799999"}`, func(p *evidence.Person) { p.UserName, p.ExternalID = "ulla@vendor.example", "0799999" }},
		"the same name in other capitals":  {`{"op":"replace","path":"userName","value":"URSULA@vendor.example"}`, func(p *evidence.Person) { p.UserName = "URSULA@vendor.example" }},
		"the id and the schemas once more": {`{"op":"replace","value":{"id":"u-1","schemas":["x"],"userType":"b"}}`, func(p *evidence.Person) { p.Role = "b" }},
		"an empty path":                    {`{"op":"replace","path":"","value":{"userType":"b"}}`, func(p *evidence.Person) { p.Role = "b" }},
		"a path that is null":              {`{"op":"replace","path":null,"value":{"userType":"b"}}`, func(p *evidence.Person) { p.Role = "b" }},
		"what is so already":               {`{"op":"replace","path":"active","value":true}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t)
			p.person(strings.Replace(ursula, "{", `{"id":"u-1",`, 1))
			want, writes := p.people["u-1"], p.writes
			before := p.call("GET", "/Users/u-1", "")
			p.now = p.now.AddDate(0, 0, 1)
			after := p.patch("u-1", c.operations).is(http.StatusOK)
			if c.change != nil {
				c.change(&want)
				want.Modified, writes = p.now, writes+1
			} else if string(after.body) != string(before.body) || after.header.Get("ETag") != before.header.Get("ETag") {
				t.Errorf("nothing changes, but\n%s\nbecame\n%s", before.body, after.body)
			}
			if got := p.people["u-1"]; got != want {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
			if p.writes != writes {
				t.Errorf("%d writes, want %d", p.writes, writes)
			}
		})
	}
}

func TestPatch_RefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		operations string
		kind       Type
	}{
		"no such op":                 {`{"op":"move","path":"active","value":true}`, InvalidSyntax},
		"no op":                      {`{"path":"active","value":true}`, InvalidSyntax},
		"an op that is none":         {`17`, InvalidSyntax},
		"op twice":                   {`{"op":"add","Op":"remove","path":"displayName"}`, InvalidSyntax},
		"a path that is no text":     {`{"op":"add","path":["active"],"value":true}`, InvalidPath},
		"a path that ends early":     {`{"op":"add","path":"emails[type eq \"work\"","value":"x"}`, InvalidPath},
		"a path with more":           {`{"op":"add","path":"active false","value":true}`, InvalidPath},
		"a path too long":            {`{"op":"add","path":"` + strings.Repeat("x", MaxFilter+1) + `","value":true}`, InvalidPath},
		"values of what has none":    {`{"op":"add","path":"userName[type eq \"work\"]","value":"x"}`, InvalidPath},
		"no value":                   {`{"op":"replace","path":"displayName"}`, InvalidValue},
		"remove of everything":       {`{"op":"remove"}`, NoTarget},
		"no path and no object":      {`{"op":"add","value":"x"}`, InvalidValue},
		"an extension of text":       {`{"op":"add","path":"` + enterprise + `","value":"x"}`, InvalidValue},
		"text of numbers":            {`{"op":"replace","path":"displayName","value":7}`, InvalidValue},
		"text of an object":          {`{"op":"replace","path":"name.givenName","value":{"a":"b"}}`, InvalidValue},
		"active perhaps":             {`{"op":"replace","path":"active","value":"perhaps"}`, InvalidValue},
		"active as a number":         {`{"op":"replace","value":{"active":0}}`, InvalidValue},
		"addresses of numbers":       {`{"op":"add","path":"emails","value":[1]}`, InvalidValue},
		"an address of numbers":      {`{"op":"add","path":"emails","value":[{"value":1}]}`, InvalidValue},
		"a manager of two":           {`{"op":"add","path":"` + enterprise + `:manager","value":["a","b"]}`, InvalidValue},
		"a value that is not there":  {`{"op":"replace","path":"emails[value co \"zzz\"].type","value":"home"}`, NoTarget},
		"the id":                     {`{"op":"replace","path":"id","value":"u-2"}`, Mutability},
		"the id, without a path":     {`{"op":"replace","value":{"id":"u-2"}}`, Mutability},
		"meta":                       {`{"op":"replace","path":"meta.version","value":"x"}`, Mutability},
		"meta, without a path":       {`{"op":"add","value":{"meta":{"created":"x"}}}`, Mutability},
		"userName taken away":        {`{"op":"remove","path":"userName"}`, Mutability},
		"userName emptied":           {`{"op":"replace","value":{"userName":""}}`, Mutability},
		"externalId taken away":      {`{"op":"replace","path":"externalId","value":null}`, Mutability},
		"active taken away":          {`{"op":"remove","path":"active"}`, Mutability},
		"one attribute twice":        {`{"op":"replace","value":{"active":true,"Active":false}}`, InvalidSyntax},
		"and by its whole name":      {`{"op":"replace","value":{"active":true,"urn:ietf:params:scim:schemas:core:2.0:User:active":false}}`, InvalidSyntax},
		"a part twice":               {`{"op":"replace","path":"name","value":{"givenName":"a","GivenName":"b"}}`, InvalidSyntax},
		"a name that is too long":    {`{"op":"replace","path":"displayName","value":"` + strings.Repeat("x", 257) + `"}`, InvalidValue},
		"a name that reads backward": {`{"op":"replace","path":"displayName","value":"x\u202ey"}`, InvalidValue},
		"a line break":               {`{"op":"replace","path":"displayName","value":"x\ny"}`, InvalidValue},
		"good, then bad":             {`{"op":"replace","path":"active","value":false},{"op":"remove","path":"userName"}`, Mutability},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t)
			p.person(strings.Replace(ursula, "{", `{"id":"u-1",`, 1))
			before := p.people["u-1"]
			p.patch("u-1", c.operations).refused(http.StatusBadRequest, c.kind)
			if p.people["u-1"] != before {
				t.Errorf("it is %+v now", p.people["u-1"])
			}
		})
	}
}

func TestPatch_IsBounded(t *testing.T) {
	t.Parallel()
	p := start(t)
	id := p.person(ursula)
	one := `{"op":"add","path":"userType","value":"x"}`
	p.patch(id, one+strings.Repeat(","+one, MaxOperations-1)).is(http.StatusOK)
	p.patch(id, one+strings.Repeat(","+one, MaxOperations)).refused(http.StatusBadRequest, InvalidValue)
	terms := func(n int) string {
		return `{"op":"remove","path":"emails[value pr` + strings.Repeat(" and value pr", n-1) + `].type"}`
	}
	p.patch(id, terms(MaxPathTerms)).is(http.StatusOK)
	p.patch(id, terms(MaxPathTerms+1)).refused(http.StatusBadRequest, InvalidPath)
	addresses := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"%d@vendor.example"`, i)
		}
		return `{"op":"replace","path":"emails","value":[` + b.String()[1:] + `]}`
	}
	p.patch(id, addresses(MaxValues)).is(http.StatusOK)
	p.patch(id, addresses(MaxValues+1)).refused(http.StatusBadRequest, InvalidValue)
	p.patch(id, addresses(MaxValues)+`,{"op":"add","path":"emails[value eq \"x\"].type","value":"x"}`).refused(http.StatusBadRequest, InvalidValue)
	for _, body := range []string{`{}`, `{"Operations":[]}`, `{"Operations":{}}`, `{"Operations":null}`, `{"operations":[],"Operations":[]}`} {
		p.call("PATCH", "/Users/"+id, body).refused(http.StatusBadRequest, InvalidSyntax)
	}
	p.call("PATCH", "/Users/nobody", `{"Operations":[`+one+`]}`).refused(http.StatusNotFound, "")
}

func FuzzPatch(f *testing.F) {
	f.Add("replace", "name.givenName", `"x"`)
	f.Add("Remove", `emails[type eq "work"].value`, `[{"value":"x"}]`)
	f.Add("add", "", `{"emails":[{"value":"x","primary":"True"}],"`+enterprise+`":{"manager":"x"}}`)
	f.Add("add", `name[givenName eq "x"]`, `{"familyName":null}`)
	f.Add("add", `photos[primary eq true]`, `"x"`)
	kind := userType()
	f.Fuzz(func(t *testing.T, verb, path, value string) {
		body, err := parseBody([]byte(`{"op":"` + "add" + `","value":` + value + `}`))
		if err != nil {
			return
		}
		body["op"], body["path"] = verb, path
		operations, err := readOperations(object{"Operations": []any{body, body}})
		if err != nil {
			return
		}
		o := user{evidence.Person{ID: "u", UserName: "n", ExternalID: "e", Active: true, Email: "m", ManagerID: "b", GivenName: "g"}}.attributes()
		e, err := patch(kind, o, operations)
		if err != nil {
			if Of(err).Status != http.StatusBadRequest {
				t.Errorf("%v", err)
			}
			return
		}
		for _, lasting := range []string{"userName", "externalId"} {
			if text, isText := e.document[lasting].(string); !isText || text == "" {
				t.Errorf("%s is %v", lasting, e.document[lasting])
			}
		}
		if _, isTruth := e.document["active"].(bool); !isTruth {
			t.Errorf("active is %v", e.document["active"])
		}
	})
}
