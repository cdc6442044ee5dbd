package scim

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestFilter_Finds(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.person(ursula)
	p.person(`{"userName":"zoe@vendor.example","externalId":"0700001","active":false,"name":{"givenName":"Zoë","familyName":"Rößler"},
		"emails":[{"value":"zoe@home.example","type":"work"}]}`)
	p.person(minimal("0700002"))
	const both, all = "0700000 0700001", "0700000 0700001 0700002"
	for filter, want := range map[string]string{
		`userName eq "ursula@VENDOR.example"`:                                         "0700000",
		`USERNAME EQ "ursula@vendor.example"`:                                         "0700000",
		`userName eq "nobody@vendor.example"`:                                         "",
		`urn:ietf:params:scim:schemas:core:2.0:User:userName eq "zoe@vendor.example"`: "0700001",
		`externalId eq "0700001"`:                                                     "0700001",
		`externalId eq "0700001" and active eq true`:                                  "",
		`externalId eq "0700001" and active eq "False"`:                               "0700001",
		`externalId ne "0700001"`:                                                     "0700000 0700002",
		`id eq "nobody"`:                                                              "",
		`userName co "@VENDOR"`:                                                       all,
		`userName sw "z" or userName sw "U0"`:                                         "0700001 0700002",
		`userName ew "example" and not (userName sw "u")`:                             "0700001",
		`not(active eq true)`:                                                         "0700001",
		`active ne true`:                                                              "0700001",
		`displayName pr`:                                                              "0700000",
		`not (displayName pr)`:                                                        "0700001 0700002",
		`displayName eq null`:                                                         "0700001 0700002",
		`displayName ne null`:                                                         "0700000",
		`name.familyName eq "RÖSSLER"`:                                                "",
		`name.familyName eq "RÖßLER"`:                                                 "0700001",
		`name pr`:                                                                     both,
		`emails pr`:                                                                   both,
		`emails co "@home"`:                                                           "0700001",
		`emails.value eq "ZOE@home.example"`:                                          "0700001",
		`emails[type eq "work" and value ew "home.example"]`:                          "0700001",
		`emails[type eq "work"].value eq "zoe@home.example"`:                          "0700001",
		`emails[type eq "home"].value pr`:                                             "",
		`emails[type eq "home"] or externalId sw "07"`:                                all,
		`externalId gt "0700000" and externalId le "0700001"`:                         "0700001",
		`externalId ge "0700001" and externalId lt "0700002"`:                         "0700001",
		`meta.lastModified ge "2026-11-23T09:00:00+01:00"`:                            all,
		`meta.lastModified gt "2026-11-23T08:00:00Z"`:                                 "",
		`meta.lastModified eq "2026-11-23T08:00:00.000Z"`:                             all,
		`meta.resourceType eq "User" and active eq true`:                              "0700000 0700002",
		`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "grid"`:   "0700000",
		`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager eq "m-1"`:       "0700000",
		`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq "M-1"`: "",
		`urn:ietf:params:scim:schemas:extension:enterprise:2.0:user:manager pr`:             "0700000",
		`urn:ietf:params:scim:schemas:extension:custom:2.0:User:x eq "y"`:                   "",
		`title eq "boss"`: "",
		`title ne "boss"`: all,
		`title pr or phoneNumbers[type eq "work"].value pr`: "",
		`userName eq 5`:                          "",
		`(((userName eq "zoe@vendor.example")))`: "0700001",
		`userName eq "a" or userName eq "b" and userName eq "zoe@vendor.example" or externalId eq "0700002"`: "0700002",
		`userName eq "\"quoted\\"`: "",
	} {
		if got := p.found(filter); !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s finds %q, want %q", filter, got, want)
		}
	}
}

func TestFilter_RefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	p := start(t)
	for _, filter := range []string{
		`userName`, `userName eq`, `eq "x"`, `userName is "x"`, `userName eq x`, `userName eq "x`, `userName eq "x" and`,
		`userName eq "x" "y"`, `(userName eq "x"`, `userName eq "x")`, `not userName eq "x"`, `emails[type eq "x"`,
		`emails[]`, `emails[type eq "x"].`, `userName[value eq "x"]`, `emails[type[value eq "x"]]`, `name.givenName[x eq "y"]`,
		`active gt true`, `active co "t"`, `active eq "perhaps"`, `userName co 5`, `userName gt true`,
		`meta.lastModified gt "yesterday"`, `meta.lastModified eq "2026"`, `"userName" eq "x"`, `user,Name eq "x"`, `userName eq {"a":1}`,
		`userName eq 'x'`, "userName\teq \"x\"", `userName eq "x" xor userName eq "y"`, `;DROP`, `()`, ` `, "\x00 eq 1", `ü eq "x"`,
	} {
		p.call("GET", "/Users?filter="+url.QueryEscape(filter), "").refused(http.StatusBadRequest, InvalidFilter)
	}
}

func TestFilter_IsBounded(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.person(minimal("1"))
	term := `userName pr`
	for name, c := range map[string]struct {
		bound int
		make  func(n int) string
	}{
		"bytes":       {MaxFilter, func(n int) string { return term + strings.Repeat(" ", n-len(term)) }},
		"parentheses": {MaxFilterDepth, func(n int) string { return strings.Repeat("(", n) + term + strings.Repeat(")", n) }},
		"negations":   {MaxFilterDepth, func(n int) string { return strings.Repeat("not(", n) + term + strings.Repeat(")", n) }},
		"unknown brackets": {MaxFilterDepth, func(n int) string {
			return strings.Repeat("x[", n) + term + strings.Repeat("]", n) + " or " + term
		}},
		"comparisons": {MaxFilterTerms, func(n int) string { return term + strings.Repeat(" and "+term, n-1) }},
	} {
		if name != "unknown brackets" {
			p.call("GET", "/Users?filter="+url.QueryEscape(c.make(c.bound)), "").is(http.StatusOK)
		}
		p.call("GET", "/Users?filter="+url.QueryEscape(c.make(c.bound+1)), "").refused(http.StatusBadRequest, InvalidFilter)
	}
}

func TestFilter_LooksUpWhatItCan(t *testing.T) {
	t.Parallel()
	p := start(t)
	id := p.person(ursula)
	for _, filter := range []string{
		`userName eq "ursula@vendor.example"`, `externalId eq "0700000"`, `id eq "` + id + `"`,
		`active eq true and (displayName pr and externalId eq "0700000")`,
	} {
		if got := p.found(filter); len(got) != 1 || p.walks != 0 {
			t.Errorf("%s: %q with %d walks", filter, got, p.walks)
		}
	}
	// Neither of two alternatives holds for all.
	if got := p.found(`userName eq "x" or externalId eq "0700000"`); len(got) != 1 || p.walks != 1 {
		t.Errorf("%q with %d walks", got, p.walks)
	}
}

func FuzzFilter(f *testing.F) {
	for _, seed := range []string{`userName eq "x"`, `not (a.b pr) or emails[type eq "work" and primary eq true].value co "x"`, `urn:a:b:c gt "\u00e9"`, `meta.created lt "2026-11-23T08:00:00Z"`} {
		f.Add(seed)
	}
	kind, o := userType(), object{"userName": "x", "emails": []any{object{"value": "x"}}, "meta": object{}}
	f.Fuzz(func(t *testing.T, text string) {
		if e, err := parseFilter(kind, text); err == nil {
			e.matches(o)
		} else if Of(err).Type != InvalidFilter {
			t.Errorf("%v", err)
		}
		if at, err := parsePath(kind, text); err == nil {
			at.values(o)
		} else if Of(err).Type != InvalidPath {
			t.Errorf("%v", err)
		}
	})
}
