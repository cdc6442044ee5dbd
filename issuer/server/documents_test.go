package server

import (
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/issuer"
)

func issuerListKey(keyID string) (*ecdsa.PublicKey, error) {
	if keyID != credentialtest.ListKey.KeyID() {
		return nil, code.Refuse(code.KeyUnknown, "kid %q", keyID)
	}
	return credentialtest.ListKey.PublicKey(), nil
}

func TestDocuments_MayBeReadAndKeptByAnybody(t *testing.T) {
	t.Parallel()
	o := open(t, options{tls: true})
	for _, path := range []string{wellKnown, issuer.BadgeTypePath, "/trust-list.json", "/openapi.json"} {
		answer := o.get(t, path)
		if answer.status != http.StatusOK || !json.Valid(answer.body) {
			t.Errorf("%s: %d %.100s", path, answer.status, answer.body)
		}
		for name, want := range map[string]string{
			"Content-Type":                "application/json",
			"Cache-Control":               "public, max-age=300",
			"X-Content-Type-Options":      "nosniff",
			"Access-Control-Allow-Origin": "*",
			"Content-Security-Policy":     "default-src 'none'; frame-ancestors 'none'",
			"Strict-Transport-Security":   "max-age=31536000",
		} {
			if got := answer.header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		tag := answer.header.Get("ETag")
		same := o.get(t, path, "If-None-Match", `"other", W/`+tag)
		if same.status != http.StatusNotModified || len(same.body) != 0 || same.header.Get("ETag") != tag {
			t.Errorf("%s with its tag: %d", path, same.status)
		}
		head := o.send(t, http.DefaultClient, "HEAD", path, nil, nil)
		if head.status != http.StatusOK || len(head.body) != 0 || head.header.Get("Content-Length") != answer.header.Get("Content-Length") {
			t.Errorf("HEAD %s: %d, %v", path, head.status, head.header)
		}
		before := o.send(t, http.DefaultClient, "OPTIONS", path, nil, headers{"Origin", "https://customer.example", "Access-Control-Request-Method", "GET"})
		if before.status != http.StatusNoContent || before.header.Get("Access-Control-Allow-Headers") != "If-None-Match" {
			t.Errorf("OPTIONS %s: %d %v", path, before.status, before.header)
		}
	}
}

func TestMetadata_NamesTheIssuerAndTheBadgeKeyAlone(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", "/tenant/1234"} {
		o := open(t, options{path: path})
		var got struct {
			Issuer string `json:"issuer"`
			JWKS   struct {
				Keys []map[string]string `json:"keys"`
			} `json:"jwks"`
		}
		o.get(t, wellKnown+path).decode(t, http.StatusOK, &got)
		if got.Issuer != o.url+path || len(got.JWKS.Keys) != 1 {
			t.Fatalf("got %+v", got)
		}
		key := got.JWKS.Keys[0]
		if key["kid"] != credentialtest.IssuerKey.KeyID() || key["kty"] != "EC" || key["crv"] != "P-256" || key["d"] != "" {
			t.Errorf("the key is %v", key)
		}
	}
}

func TestNew_RefusesAPathThatTheRouterWouldReadAsAPattern(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"https://a.example/:id", "https://a.example/*all", "https://a.example/%2F", "https://a.example/a//b"} {
		if _, err := basePath(url); err == nil {
			t.Errorf("%s was taken", url)
		}
	}
	if got, err := basePath("https://a.example/Tenant_1/b-2.~"); err != nil || got != "/Tenant_1/b-2.~" {
		t.Errorf("got %q, %v", got, err)
	}
}

type claimMetadata struct {
	Path      []any
	Mandatory bool
	SD        string
	Display   []struct{ Locale, Label string }
}

func TestTypeMetadata_IsTrueToTheBadge(t *testing.T) {
	t.Parallel()
	o := start(t)
	var metadata struct {
		Type    string `json:"vct"`
		Name    string
		Display []struct{ Locale, Name, Description string }
		Claims  []claimMetadata
	}
	o.get(t, issuer.BadgeTypePath).decode(t, http.StatusOK, &metadata)
	if metadata.Type != o.url+issuer.BadgeTypePath || metadata.Name == "" || len(metadata.Display) != 4 {
		t.Errorf("got %+v", metadata)
	}
	var always, selective []string
	for _, claim := range metadata.Claims {
		var locales []string
		for _, display := range claim.Display {
			if display.Label == "" {
				t.Errorf("%v has an empty label", claim.Path)
			}
			locales = append(locales, display.Locale)
		}
		if !slices.Equal(locales, []string{"en", "fr", "de", "es"}) {
			t.Errorf("%v is named in %v", claim.Path, locales)
		}
		if len(claim.Path) > 1 {
			continue
		}
		name := claim.Path[0].(string)
		switch {
		case claim.SD == "always" && !claim.Mandatory:
			selective = append(selective, name)
		case claim.SD == "never" && claim.Mandatory:
			always = append(always, name)
		default:
			t.Errorf("%s is %s, mandatory %v", name, claim.SD, claim.Mandatory)
		}
	}
	if !slices.Equal(selective, credential.Disclosable()) {
		t.Errorf("selectively disclosable are %v, a badge has %v", selective, credential.Disclosable())
	}
	slices.Sort(always)
	if signed := signedClaims(t, o.issue(t, eligible(t).ID).Text); !slices.Equal(always, signed) {
		t.Errorf("always disclosed are %v, a badge has %v", always, signed)
	}
}

// signedClaims are the names in a badge's payload, but for those of RFC 9901.
func signedClaims(t *testing.T, badge string) []string {
	t.Helper()
	body, err := base64.RawURLEncoding.DecodeString(strings.Split(badge, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var payload map[string]any
	if err := json.Unmarshal(body, &payload); err != nil {
		t.Fatal(err)
	}
	delete(payload, "_sd")
	delete(payload, "_sd_alg")
	return slices.Sorted(maps.Keys(payload))
}

func TestTypeMetadata_NestedClaimsAreThoseOfTheBadge(t *testing.T) {
	t.Parallel()
	o := start(t)
	var nested []string
	var metadata struct{ Claims []claimMetadata }
	o.get(t, issuer.BadgeTypePath).decode(t, http.StatusOK, &metadata)
	for _, claim := range metadata.Claims {
		if len(claim.Path) > 1 {
			nested = append(nested, claim.Path[0].(string)+"."+claim.Path[len(claim.Path)-1].(string))
		}
	}
	slices.Sort(nested)
	found := map[string]bool{}
	for _, disclosure := range strings.Split(o.issue(t, eligible(t).ID).Text, "~")[1:] {
		text, err := base64.RawURLEncoding.DecodeString(disclosure)
		if err != nil {
			t.Fatal(err)
		}
		var parts []any
		_ = json.Unmarshal(text, &parts)
		if len(parts) != 3 {
			continue
		}
		value := parts[2]
		if array, ok := value.([]any); ok {
			value = array[0]
		}
		members, _ := value.(map[string]any)
		for name := range members {
			found[parts[1].(string)+"."+name] = true
		}
	}
	if got := slices.Sorted(maps.Keys(found)); !slices.Equal(got, nested) {
		t.Errorf("a badge has %v, the metadata %v", got, nested)
	}
}

type description struct {
	OpenAPI    string
	Paths      map[string]map[string]json.RawMessage
	Components struct {
		Schemas map[string]schema
	}
}

type schema struct {
	Required   []string
	Properties map[string]struct {
		Enum []string
	}
	AllOf []struct {
		Ref string `json:"$ref"`
		schemaMembers
	}
}

type schemaMembers struct {
	Required   []string
	Properties map[string]json.RawMessage
}

// parsed is the description, which nearly every test looks something up in.
var parsed = sync.OnceValues(func() (d description, err error) {
	err = json.Unmarshal(openAPI, &d)
	return d, err
})

func described(t testing.TB) description {
	t.Helper()
	d, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func describedCodes(t testing.TB) []string {
	return described(t).Components.Schemas["Problem"].Properties["code"].Enum
}

// conforms checks that an answer has the members that its schema requires, and
// none that the schema does not know.
func conforms(t testing.TB, name string, body []byte) {
	t.Helper()
	required, known := members(t, name)
	var got map[string]json.RawMessage
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	for _, member := range required {
		if _, present := got[member]; !present {
			t.Errorf("%s lacks %s: %s", name, member, body)
		}
	}
	for member := range got {
		if !known[member] {
			t.Errorf("%s has %s, which openapi.json does not know", name, member)
		}
	}
}

func members(t testing.TB, name string) (required []string, known map[string]bool) {
	t.Helper()
	s, present := described(t).Components.Schemas[name]
	if !present {
		t.Fatalf("openapi.json has no schema %s", name)
	}
	required, known = s.Required, map[string]bool{}
	for member := range s.Properties {
		known[member] = true
	}
	for _, part := range s.AllOf {
		if part.Ref != "" {
			more, also := members(t, strings.TrimPrefix(part.Ref, "#/components/schemas/"))
			required = append(required, more...)
			maps.Copy(known, also)
		}
		required = append(required, part.Required...)
		for member := range part.Properties {
			known[member] = true
		}
	}
	return required, known
}

func TestOpenAPI_HasEveryRouteAndNoOther(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	routes, err := o.service.routes()
	if err != nil {
		t.Fatal(err)
	}
	parameter := regexp.MustCompile(`:(\w+)`)
	var served, listed []string
	scopes := map[string]Scope{}
	for _, r := range routes {
		if r.method == "HEAD" || r.method == "OPTIONS" {
			continue // the description says so for all of them
		}
		name := r.method + " " + parameter.ReplaceAllString(r.path, "{$1}")
		served = append(served, name)
		scopes[name] = r.scope
	}
	d := described(t)
	if d.OpenAPI != "3.1.0" {
		t.Errorf("version %q", d.OpenAPI)
	}
	for path, methods := range d.Paths {
		for method, raw := range methods {
			name := strings.ToUpper(method) + " " + path
			listed = append(listed, name)
			var operation struct{ Security []map[string][]Scope }
			if err := json.Unmarshal(raw, &operation); err != nil {
				t.Fatal(err)
			}
			if scope := scopes[name]; scope == "" && len(operation.Security) != 0 ||
				scope != "" && (len(operation.Security) != 1 || !slices.Equal(operation.Security[0]["token"], []Scope{scope})) {
				t.Errorf("%s needs %q, openapi.json says %v", name, scope, operation.Security)
			}
		}
	}
	slices.Sort(served)
	slices.Sort(listed)
	if !slices.Equal(served, listed) {
		t.Errorf("served %v\nlisted %v", served, listed)
	}
	var whole struct {
		Components map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(openAPI, &whole); err != nil {
		t.Fatal(err)
	}
	all := whole.Components
	for _, reference := range regexp.MustCompile(`"#/components/(\w+)/(\w+)"`).FindAllStringSubmatch(string(openAPI), -1) {
		if all[reference[1]][reference[2]] == nil {
			t.Errorf("%s leads nowhere", reference[0])
		}
	}
}

func TestOpenAPI_NamesThePathsOfAnIssuerWithAPath(t *testing.T) {
	t.Parallel()
	o := open(t, options{path: "/tenant/1234"})
	var d description
	o.get(t, "/openapi.json").decode(t, http.StatusOK, &d)
	for _, path := range []string{"/tenant/1234/status-lists/{id}", "/tenant/1234/vct/cyber-badge/1"} {
		if d.Paths[path] == nil {
			t.Errorf("%s is missing", path)
		}
	}
	if answer := o.get(t, "/tenant/1234"+issuer.BadgeTypePath); answer.status != http.StatusOK {
		t.Errorf("the type is not there: %d", answer.status)
	}
	o.get(t, "/status-lists/1").problem(t, http.StatusNotFound, CodeNotFound)
}
