package server

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/eventstream"
	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/internal/problem"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/gate"
	"github.com/cyberbadge/cyberbadge/verifier/visit"
)

func TestOpenAPI_DescribesTheRoutesThatThereAre(t *testing.T) {
	t.Parallel()
	g := start(t, options{})
	served := do(t, newRequest(t, http.MethodGet, g.url+"/openapi.json", ""))
	if served.status != 200 || served.header.Get("Content-Type") != "application/json" {
		t.Fatalf("%d %v", served.status, served.header)
	}
	d := parseDocument(t, served.body)
	if d.OpenAPI != "3.1.0" {
		t.Errorf("openapi %q", d.OpenAPI)
	}
	with := startGates(t, nil).service
	for name, c := range map[string]struct {
		service *Server
		gates   bool
	}{"with gates": {with, true}, "without": {g.service, false}} {
		described, registered := d.routes(c.gates), []string(nil)
		for _, r := range c.service.routes() {
			registered = append(registered, parameter.ReplaceAllString(r.String(), "/{$1}"))
		}
		slices.Sort(described)
		slices.Sort(registered)
		if !slices.Equal(described, registered) {
			t.Errorf("%s:\ndescribed  %q\nregistered %q", name, described, registered)
		}
	}
	for _, route := range []string{verifyRoute, authorizeRoute, gateDecisionsRoute} {
		if !slices.Contains(d.routes(true), route) {
			t.Errorf("the log speaks of %q, which is no route", route)
		}
	}
}

// parameter is one of a path, as the router has it.
var parameter = regexp.MustCompile(`/:(\w+)`)

// routes lists what is described, those of the gates if they are wanted.
func (d *document) routes(gates bool) []string {
	var described []string
	for path, operations := range d.Paths {
		for method, op := range operations {
			if gates || !strings.HasPrefix(op.Tags[0], "gate") {
				described = append(described, strings.ToUpper(method)+" "+path)
			}
		}
	}
	return described
}

// constants returns the values of the string constants in a file that have a
// type of that name, or, without one, a name that starts with prefix.
func constants(t *testing.T, file, typeName, prefix string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		kind, _ := spec.Type.(*ast.Ident)
		literal, isText := spec.Values[0].(*ast.BasicLit)
		if !isText || typeName != "" && (kind == nil || kind.Name != typeName) || !strings.HasPrefix(spec.Names[0].Name, prefix) {
			return true
		}
		value, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, value)
		return true
	})
	return values
}

func texts(values any) []string {
	var list []string
	for _, v := range values.([]any) {
		list = append(list, v.(string))
	}
	return list
}

func TestOpenAPI_KnowsEveryReason(t *testing.T) {
	t.Parallel()
	want := constants(t, "../reason.go", "Reason", "")
	if len(want) != 20 {
		t.Errorf("%d reasons in package verifier", len(want))
	}
	d := parseDocument(t, openAPI)
	if got := texts(d.at("#/components/schemas/Reason/enum")); !slices.Equal(got, want) {
		t.Errorf("enum %q\nwant %q", got, want)
	}
	var counted []string
	for _, reason := range reasons {
		counted = append(counted, string(reason))
	}
	if !slices.Equal(counted, want) {
		t.Errorf("metrics %q\nwant    %q", counted, want)
	}
	if got := texts(d.at("#/components/schemas/Check/properties/check/enum")); !slices.Equal(got, []string{
		verifier.CheckBadge, verifier.CheckTime, verifier.CheckHolder, verifier.CheckStatus, verifier.CheckAccess, verifier.CheckPolicy,
	}) {
		t.Errorf("checks %q", got)
	}
	if got := texts(d.at("#/components/schemas/Check/properties/result/enum")); !slices.Equal(got, constants(t, "../decision.go", "Result", "")) {
		t.Errorf("results %q", got)
	}
}

func TestOpenAPI_KnowsEveryProblem(t *testing.T) {
	t.Parallel()
	want := append(constants(t, "problem.go", "", "Code"),
		problem.CodeInternal, problem.CodeRequestTooLarge, problem.CodeRequestTimeout, problem.CodeNotFound, problem.CodeMethodNotAllowed,
		httpserver.CodeUnsupportedMediaType, httpserver.CodeNotReady,
		httpserver.CodeJSONInvalid, httpserver.CodeJSONUnknownName, "json_duplicate_name", "json_too_deep")
	slices.Sort(want)
	if got := texts(parseDocument(t, openAPI).at("#/components/schemas/Problem/properties/code/examples")); !slices.Equal(got, want) {
		t.Errorf("documented %q\nwant       %q", got, want)
	}
}

func TestOpenAPI_BoundsAreTheRealOnes(t *testing.T) {
	t.Parallel()
	d := parseDocument(t, openAPI)
	for ref, want := range map[string]int{
		"site/maxLength":     MaxSite,
		"nonce/maxLength":    credential.MaxNonce,
		"audience/maxLength": MaxAudience,
	} {
		if got := d.at("#/components/schemas/Request/properties/" + ref); got != float64(want) {
			t.Errorf("%s is %v, want %d", ref, got, want)
		}
	}
	for what, want := range map[string]string{
		"the body":         fmt.Sprintf("At most %d bytes of JSON", MaxBody),
		"visits":           fmt.Sprintf("At most %d bytes of JSON in UTF-8, not compressed, and at most %d records", MaxVisitsBody, visit.MaxRecords),
		"one call's items": fmt.Sprintf(`"maxItems": %d`, visit.MaxRecords),
		"the bundle":       fmt.Sprintf("Lists beyond %d bytes together", MaxBundle),
		"a picture":        fmt.Sprintf("At most %d bytes.", MaxPicture),
		"its address":      fmt.Sprintf(`"format": "uri", "maxLength": %d`, MaxPictureURL),
		"a gate's proof":   fmt.Sprintf(`"maxLength": %d,`, gate.MaxProof),
		"a session":        fmt.Sprintf("Max-Age=%d;", int(gate.SessionLife.Seconds())),
		"endings":          fmt.Sprintf("the newest %d of all gates", MaxRecentEndings),
		"heartbeats":       fmt.Sprintf("every %.0f seconds", eventstream.Heartbeat.Seconds()),
		"a gate's streams": fmt.Sprintf("One gate has %d streams", StreamsPerGate),
	} {
		if !strings.Contains(string(openAPI), want) {
			t.Errorf("another bound on %s than %s", what, want)
		}
	}
}

func TestOpenAPI_ExamplesAreTrue(t *testing.T) {
	t.Parallel()
	d := parseDocument(t, openAPI)
	examples := 0
	verify := func(where string, b body) {
		for mediaType, content := range b.Content {
			for name, example := range content.Examples {
				examples++
				for _, wrong := range d.check(where+" "+mediaType+" "+name, content.Schema, example.Value) {
					t.Error(wrong)
				}
			}
		}
	}
	for path, operations := range d.Paths {
		for method, op := range operations {
			where := method + " " + path
			verify(where, op.RequestBody)
			for status, response := range op.Responses {
				verify(where+" "+status, response)
			}
		}
	}
	if examples < 6 {
		t.Errorf("%d examples", examples)
	}
}

// follows checks a real answer against what is documented for its status.
func (d *document) follows(t *testing.T, name string, op operation, r reply) {
	t.Helper()
	documented := d.response(t, op, r.status)
	for header, h := range documented.Headers {
		value := r.header.Get(header)
		if value == "" && !h.Required {
			continue
		}
		for _, wrong := range d.check(name+": "+header, h.Schema, value) {
			t.Error(wrong)
		}
	}
	if len(documented.Content) == 0 {
		if len(r.body) != 0 {
			t.Errorf("%s: a body that is not documented: %s", name, r.body)
		}
		return
	}
	mediaType, _, _ := strings.Cut(r.header.Get("Content-Type"), ";")
	content, ok := documented.Content[mediaType]
	if !ok {
		t.Errorf("%s: %d as %q is not documented", name, r.status, mediaType)
		return
	}
	var value any = string(r.body)
	if strings.HasSuffix(mediaType, "json") {
		if err := json.Unmarshal(r.body, &value); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	for _, wrong := range d.check(name, content.Schema, value) {
		t.Error(wrong)
	}
}

func TestOpenAPI_AnswersAreAsDescribed(t *testing.T) {
	t.Parallel()
	d := parseDocument(t, openAPI)
	open := start(t, options{})
	revoked := start(t, options{verifier: []func(*verifier.Config){withStatus(t, revocation.Invalid)}})
	verify := d.Paths["/v1/verify"]["post"]
	badge := credentialtest.MustIssue(t, credentialtest.Claims())
	bare, err := credential.Disclose(badge)
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]reply{
		"allowed":           open.post(t, ask(bound(t, badge, "a"), "onsite")),
		"nothing disclosed": open.post(t, ask(bound(t, bare, "b"), "remote")),
		"no proof":          open.post(t, ask(badge, "onsite")),
		"nonsense":          open.post(t, ask("?", "onsite")),
		"revoked":           revoked.post(t, ask(bound(t, badge, "a"), "onsite")),
		"empty":             open.post(t, " "),
		"no access":         open.post(t, `{"presentation":"x"}`),
		"large":             open.post(t, ask(strings.Repeat("x", MaxBody), "onsite")),
		"no content type":   do(t, newRequest(t, http.MethodPost, open.url+"/v1/verify", "")),
	} {
		d.follows(t, name, verify, r)
	}
	authorize := d.Paths["/v1/authorize"]["get"]
	for name, r := range map[string]reply{
		"allowed":   open.authorize(t, "Authorization", "Bearer "+bound(t, badge, "c")),
		"revoked":   revoked.authorize(t, "Authorization", "Bearer "+bound(t, badge, "c")),
		"none":      open.authorize(t),
		"ambiguous": open.authorize(t, "Authorization", "a,b"),
	} {
		d.follows(t, name, authorize, r)
	}
	for path, r := range gateReplies(t) {
		where, _, _ := strings.Cut(path, "?")
		method, address, _ := strings.Cut(where, " ")
		d.follows(t, path, d.Paths[gateAPI+address][strings.ToLower(method)], r)
	}
	for name, query := range map[string]string{"forgotten": "", "a query": "?x=1"} {
		r := do(t, newRequest(t, http.MethodDelete, open.url+grantsPath+"QJ3"+query, ""))
		d.follows(t, name, d.Paths[grantsPath+"{decision}"]["delete"], r)
	}
	for _, path := range []string{"/healthz", "/readyz", "/openapi.json"} {
		r := do(t, newRequest(t, http.MethodGet, open.url+path, ""))
		d.follows(t, path, d.Paths[path]["get"], r)
	}
}

// gateReplies are answers to a gate, good ones and others, by the call.
func gateReplies(t *testing.T) map[string]reply {
	t.Helper()
	asPNG, _ := portrait(t)
	a := newAlbum(t, map[string][]byte{"/p": asPNG})
	s := startGates(t, func(c *Config) { c.Pictures = a })
	tb := newGate(t, s, gate.Invitation{Policy: "named"})
	in := tb.decide(t, fresh(t, "in"))
	tb.keep(t, admitted("in-1", in))
	code, _, err := s.desk.Invite(t.Context(), gate.Invitation{Name: "West gate", Access: credential.Onsite})
	if err != nil {
		t.Fatal(err)
	}
	replies := map[string]reply{
		"POST pairing":       newTablet(t, s).pair(t, code),
		"POST pairing?again": newTablet(t, s).pair(t, code),
		"POST nonce":         tb.call(t, "POST", "nonce", "{}"),
		"POST nonce?form":    tb.call(t, "POST", "nonce", "{}", "Content-Type", "text/plain"),
		"POST session":       tb.open(t),
		"POST session?old":   tb.ask(t, "old"),
		"GET settings":       tb.call(t, "GET", "settings", ""),
		"GET bundle":         tb.call(t, "GET", "bundle", "", "Accept-Encoding", "identity"),
		"POST decisions":     tb.call(t, "POST", "decisions", fmt.Sprintf(`{"presentation":%q}`, fresh(t, "in"))),
		"GET pictures":       tb.call(t, "GET", pictureCall(credentialtest.IssuerURL+"/p", integrity(asPNG)), ""),
		"GET pictures?none":  tb.call(t, "GET", pictureCall("https://attacker.example/", integrity(asPNG)), ""),
		"GET pictures?wrong": tb.call(t, "GET", "pictures", ""),
		"POST visits":        tb.call(t, "POST", "visits", manyRecords(2)),
		"POST visits?form":   tb.call(t, "POST", "visits", "{}", "Content-Type", "text/plain"),
		"GET present":        tb.call(t, "GET", "present", ""),
		"GET present?cross":  tb.call(t, "GET", "present", "", "Sec-Fetch-Site", "cross-site"),
	}
	for _, path := range []string{"settings", "bundle"} {
		replies["GET "+path+"?tag"] = tb.call(t, "GET", path, "", "If-None-Match", replies["GET "+path].header.Get("Etag"))
	}
	tb.cookie = ""
	replies["GET events?nobody"] = tb.call(t, "GET", "events", "")
	replies["GET events?cross"] = tb.call(t, "GET", "events", "", "Sec-Fetch-Site", "cross-site")
	replies["POST decisions?nobody"] = tb.call(t, "POST", "decisions", `{"presentation":"x"}`)
	off := newGate(t, startGates(t, func(c *Config) { c.Register = nil }), gate.Invitation{})
	replies["GET present?off"] = off.call(t, "GET", "present", "")
	replies["GET settings?off"] = off.call(t, "GET", "settings", "")
	return replies
}

func TestOpenAPI_TheCheckSeesWhatIsWrong(t *testing.T) {
	t.Parallel()
	d := parseDocument(t, openAPI)
	schema := map[string]any{"$ref": "#/components/schemas/Request"}
	for name, value := range map[string]map[string]any{
		"missing":      {"access": "onsite"},
		"wrong type":   {"presentation": 1.0, "access": "onsite"},
		"not of enum":  {"presentation": "x", "access": "both"},
		"undocumented": {"presentation": "x", "access": "onsite", "policy": "x"},
		"unpaired":     {"presentation": "x", "access": "onsite", "nonce": "n"},
		"too long":     {"presentation": "x", "access": "onsite", "site": strings.Repeat("s", MaxSite+1)},
	} {
		if wrong := d.check(name, schema, value); len(wrong) != 1 {
			t.Errorf("%s: %q", name, wrong)
		}
	}
}
