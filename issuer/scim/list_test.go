package scim

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestList_HasPages(t *testing.T) {
	t.Parallel()
	p := start(t)
	const everybody = 205
	for i := range everybody {
		p.person(minimal(fmt.Sprintf("%04d", i)))
	}
	for query, want := range map[string][3]int{ // startIndex, itemsPerPage, number of the first
		"":                          {1, DefaultCount, 0},
		"count=10":                  {1, 10, 0},
		"startIndex=11&count=10":    {11, 10, 10},
		"startIndex=201&count=10":   {201, 5, 200},
		"startIndex=206":            {206, 0, 0},
		"startIndex=0":              {1, DefaultCount, 0},
		"startIndex=-5&count=1":     {1, 1, 0},
		"count=0":                   {1, 0, 0},
		"count=-1":                  {1, 0, 0},
		"count=200":                 {1, MaxCount, 0},
		"count=201":                 {1, MaxCount, 0},
		"count=9999999999":          {1, MaxCount, 0},
		"startIndex=99999999999999": {1<<31 - 1, 0, 0},
		"aadOptscim062020&sortBy=x&sortOrder=descending&x=1&x=2": {1, DefaultCount, 0},
	} {
		o := p.call("GET", "/Users?"+query, "").is(http.StatusOK).object()
		list := o["Resources"].([]any)
		if o["totalResults"] != float64(everybody) || o["startIndex"] != float64(want[0]) || o["itemsPerPage"] != float64(want[1]) || len(list) != want[1] {
			t.Errorf("%s: %v of %v from %v, %d", query, o["itemsPerPage"], o["totalResults"], o["startIndex"], len(list))
		}
		if len(list) > 0 && list[0].(object)["externalId"] != fmt.Sprintf("%04d", want[2]) {
			t.Errorf("%s begins with %v", query, list[0])
		}
	}
	for _, query := range []string{"count=ten", "startIndex=1.5", "count=%zz", "startIndex=99999999999999999999"} {
		p.call("GET", "/Users?"+query, "").refused(http.StatusBadRequest, InvalidValue)
	}
	p.call("GET", "/Users?count=1&count=2", "").refused(http.StatusBadRequest, InvalidSyntax)
}

func TestList_OfNobodyIsAnEmptyArray(t *testing.T) {
	t.Parallel()
	p := start(t)
	for _, query := range []string{"", "?filter=" + url.QueryEscape(`userName eq "nobody"`) + "&startIndex=1&count=100"} {
		body := string(p.call("GET", "/Users"+query, "").is(http.StatusOK).body)
		if !strings.Contains(body, `"totalResults":0`) || !strings.Contains(body, `"Resources":[]`) {
			t.Errorf("got %s", body)
		}
	}
}

func TestList_TooManyAtOnceAreSentAway(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.person(ursula)
	for range maxWalks {
		p.service.walks <- struct{}{}
	}
	p.call("GET", "/Users", "").refused(http.StatusServiceUnavailable, "")
	p.found(`userName eq "ursula@vendor.example"`) // is looked up
	<-p.service.walks
	p.call("GET", "/Users", "").is(http.StatusOK)
}

func TestChoice_OfAttributes(t *testing.T) {
	t.Parallel()
	p := start(t)
	path := "/Users/" + p.person(ursula) + "?"
	for query, want := range map[string]string{
		"attributes=userName":                              "id schemas userName",
		"attributes=USERNAME,%20Name.GivenName":            "id name(givenName) schemas userName",
		"attributes=name.givenName,name.familyName":        "id name(familyName givenName) schemas",
		"attributes=emails.value":                          "emails(value) id schemas",
		"attributes=nothing":                               "id schemas",
		"attributes=" + enterprise + ":manager":            "id schemas " + enterprise + "(manager(value))",
		"attributes=" + enterprise:                         "id schemas " + enterprise + "(department employeeNumber manager(value) organization)",
		"attributes=meta.version":                          "id meta(version) schemas",
		"attributes=userName,name&excludedAttributes=name": "id schemas userName",
		"excludedAttributes=id,schemas,meta,emails,name,active,displayName,userType,preferredLanguage,externalId,urn:x:y,nothing," + enterprise: "id schemas userName",
	} {
		if got := outline(p.call("GET", path+query, "").is(http.StatusOK).object()); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	p.call("GET", path+"attributes="+strings.Repeat("x,", maxChoice-1)+"x", "").is(http.StatusOK)
	p.call("GET", path+"attributes="+strings.Repeat("x,", maxChoice)+"x", "").refused(http.StatusBadRequest, InvalidValue)
}
