package server

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/credential/qr"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/verifiertest"
)

func TestVerify_GoodBadgeIsAllowed(t *testing.T) {
	t.Parallel()
	g := start(t, options{})
	r := g.post(t, ask(fresh(t, "a"), "onsite"))
	d := r.decision(t)
	if !d.Allow || d.Reason != verifier.OK || d.Site != "plant-7" || d.Access != credential.Onsite {
		t.Errorf("decision %+v", d)
	}
	if d.Badge == nil || d.Badge.Subject != credentialtest.Claims().Subject {
		t.Errorf("badge %+v", d.Badge)
	}
	if d.Status == nil || d.Status.AgeSeconds != 10 {
		t.Errorf("status %+v", d.Status)
	}
}

func TestVerify_AnswersCarryTheHeadersOfData(t *testing.T) {
	t.Parallel()
	g := start(t, options{server: func(c *Config) { c.TLS = true }})
	for name, r := range map[string]reply{
		"decision": g.post(t, ask(fresh(t, "a"), "onsite")),
		"problem":  g.post(t, `{}`),
	} {
		for header, want := range map[string]string{
			"Cache-Control":             "no-store",
			"X-Content-Type-Options":    "nosniff",
			"Content-Security-Policy":   "default-src 'none'; frame-ancestors 'none'",
			"Strict-Transport-Security": "max-age=31536000",
			"Referrer-Policy":           "no-referrer",
		} {
			if got := r.header.Get(header); got != want {
				t.Errorf("%s: %s is %q, want %q", name, header, got, want)
			}
		}
		if r.header.Get("X-Request-Id") == "" {
			t.Errorf("%s: no request id", name)
		}
	}
}

func TestVerify_ReadsAGateCode(t *testing.T) {
	t.Parallel()
	g := start(t, options{})
	packed, err := qr.Pack(credentialtest.IssuerURL, fresh(t, "a"))
	if err != nil {
		t.Fatal(err)
	}
	if d := g.post(t, ask(packed+"\r\n", "onsite")).decision(t); !d.Allow {
		t.Errorf("denied: %s %s", d.Reason, d.Detail)
	}
}

func TestVerify_DenialIsAnAnswerWithItsReason(t *testing.T) {
	t.Parallel()
	badge := credentialtest.MustIssue(t, credentialtest.Claims())
	remote := credentialtest.Claims()
	remote.Access = []credential.Access{credential.Remote}
	good := fresh(t, "a")
	for name, c := range map[string]struct {
		presentation string
		change       func(*verifier.Config)
		code         code.Code
		reason       verifier.Reason
	}{
		"changed":     {strings.Replace(good, ".e", ".f", 1), nil, code.JSONInvalid, verifier.Malformed},
		"forged":      {good[:strings.Index(good, "~")-4] + "AAAA" + good[strings.Index(good, "~"):], nil, code.SignatureInvalid, verifier.BadSignature},
		"no proof":    {badge, nil, code.ProofMissing, verifier.HolderBindingMissing},
		"old proof":   {credentialtest.MustPresent(t, badge, credentialtest.Now.Add(-91*time.Second)), nil, code.ProofTime, verifier.StalePresentation},
		"remote only": {freshOf(t, remote, "a"), nil, code.AccessNotGranted, verifier.AccessNotGranted},
		"revoked":     {good, withStatus(t, revocation.Invalid), code.StatusRevoked, verifier.Revoked},
		"suspended":   {good, withStatus(t, revocation.Suspended), code.StatusSuspended, verifier.Suspended},
		"no list":     {good, func(c *verifier.Config) { c.Fetcher = verifiertest.NewLists() }, code.StatusUnavailable, verifier.StatusUnavailable},
		"not a badge": {"hello", nil, code.FrameMalformed, verifier.Malformed},
		"too large":   {strings.Repeat("a", credential.MaxSize) + "~", nil, code.TokenTooLarge, verifier.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var changes []func(*verifier.Config)
			if c.change != nil {
				changes = append(changes, c.change)
			}
			d := start(t, options{verifier: changes}).post(t, ask(c.presentation, "onsite")).decision(t)
			if d.Allow || d.Code != c.code || d.Reason != c.reason {
				t.Errorf("allow %v, %s, %s (%s); want %s, %s", d.Allow, d.Reason, d.Code, d.Detail, c.reason, c.code)
			}
		})
	}
}

func TestVerify_TheSameProofTwiceIsAReplay(t *testing.T) {
	t.Parallel()
	g := start(t, options{})
	call := ask(fresh(t, "a"), "onsite")
	if d := g.post(t, call).decision(t); !d.Allow {
		t.Fatalf("denied at first: %s", d.Reason)
	}
	if d := g.post(t, call).decision(t); d.Allow || d.Reason != verifier.Replayed {
		t.Errorf("again: allow %v, %s", d.Allow, d.Reason)
	}
}

func TestVerify_JudgesTheNonceThatWasSent(t *testing.T) {
	t.Parallel()
	g := start(t, options{})
	presentation := credentialtest.MustBind(t, credentialtest.MustIssue(t, credentialtest.Claims()), credential.Proof{
		Audience: "https://jump.customer.example", Nonce: "n-1", IssuedAt: credentialtest.Now,
	})
	call := func(nonce, audience string) string {
		return fmt.Sprintf(`{"presentation":%q,"access":"remote","nonce":%q,"audience":%q}`, presentation, nonce, audience)
	}
	for name, c := range map[string]struct {
		call string
		want verifier.Reason
	}{
		"another nonce":    {call("n-2", "https://jump.customer.example"), verifier.HolderBindingInvalid},
		"another audience": {call("n-1", "https://evil.example"), verifier.HolderBindingInvalid},
		"as for a gate":    {ask(presentation, "remote"), verifier.HolderBindingInvalid},
	} {
		if d := g.post(t, c.call).decision(t); d.Reason != c.want {
			t.Errorf("%s: %s, want %s", name, d.Reason, c.want)
		}
	}
	if d := g.post(t, call("n-1", "https://jump.customer.example")).decision(t); !d.Allow {
		t.Errorf("denied: %s %s", d.Reason, d.Detail)
	}
}

func TestVerify_SiteOfTheCallGoesBeforeTheServersOwn(t *testing.T) {
	t.Parallel()
	g := start(t, options{})
	d := g.post(t, `{"presentation":"x","access":"onsite","site":"north \u0000 gate\n"}`).decision(t)
	if d.Site != "north \x00 gate\n" {
		t.Errorf("site %q", d.Site)
	}
	if lines := strings.Count(g.log.String(), "\n"); lines != strings.Count(g.log.String(), `{"time"`) {
		t.Errorf("%d lines for as many entries:\n%s", lines, g.log)
	}
}

func TestVerify_BadCallIsAProblem(t *testing.T) {
	t.Parallel()
	g := start(t, options{})
	long := func(n int) string { return strings.Repeat("n", n) }
	for name, c := range map[string]struct {
		body   string
		status int
		code   string
	}{
		"empty":                   {" ", 400, "json_invalid"},
		"not JSON":                {"presentation=x", 400, "json_invalid"},
		"an array":                {"[]", 400, "json_invalid"},
		"null":                    {"null", 400, "json_invalid"},
		"two documents":           {ask("x", "onsite") + "{}", 400, "json_invalid"},
		"a number for a text":     {`{"presentation":1,"access":"onsite"}`, 400, "json_invalid"},
		"a member twice":          {`{"presentation":"x","access":"onsite","access":"remote"}`, 400, "json_duplicate_name"},
		"an unknown member":       {`{"presentation":"x","access":"onsite","policy":{}}`, 400, "json_unknown_name"},
		"a member in capitals":    {`{"presentation":"x","Access":"onsite"}`, 400, "json_unknown_name"},
		"too deep":                {`{"presentation":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, 400, "json_too_deep"},
		"no presentation":         {`{"access":"onsite"}`, 400, CodePresentationMissing},
		"null presentation":       {`{"presentation":null,"access":"onsite"}`, 400, "json_invalid"},
		"empty presentation":      {`{"presentation":"","access":"onsite"}`, 400, CodePresentationMissing},
		"no access":               {`{"presentation":"x"}`, 400, CodeAccessUnknown},
		"unknown access":          {`{"presentation":"x","access":"Onsite"}`, 400, CodeAccessUnknown},
		"nonce alone":             {`{"presentation":"x","access":"remote","nonce":"n"}`, 400, CodeNonceUnpaired},
		"audience alone":          {`{"presentation":"x","access":"remote","audience":"a"}`, 400, CodeNonceUnpaired},
		"both empty":              {`{"presentation":"x","access":"remote","nonce":"","audience":""}`, 400, CodeNonceUnpaired},
		"both null":               {`{"presentation":"x","access":"remote","nonce":null,"audience":null}`, 400, "json_invalid"},
		"nonce at the bound":      {`{"presentation":"x","access":"remote","audience":"a","nonce":"` + long(credential.MaxNonce) + `"}`, 200, ""},
		"nonce beyond":            {`{"presentation":"x","access":"remote","audience":"a","nonce":"` + long(credential.MaxNonce+1) + `"}`, 400, CodeValueTooLong},
		"audience at the bound":   {`{"presentation":"x","access":"remote","nonce":"n","audience":"` + long(MaxAudience) + `"}`, 200, ""},
		"audience beyond":         {`{"presentation":"x","access":"remote","nonce":"n","audience":"` + long(MaxAudience+1) + `"}`, 400, CodeValueTooLong},
		"site at the bound":       {`{"presentation":"x","access":"remote","site":"` + long(MaxSite) + `"}`, 200, ""},
		"site beyond":             {`{"presentation":"x","access":"remote","site":"` + long(MaxSite+1) + `"}`, 400, CodeValueTooLong},
		"body at the bound":       {ask(long(MaxBody-len(ask("", "onsite"))), "onsite"), 200, ""},
		"body beyond":             {ask(long(MaxBody-len(ask("", "onsite"))+1), "onsite"), 413, "request_too_large"},
		"body beyond every bound": {ask(long(4<<20), "onsite"), 413, "request_too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := g.post(t, c.body)
			if r.status != c.status {
				t.Fatalf("status %d, want %d: %s", r.status, c.status, r.body)
			}
			if c.code != "" && r.code(t) != c.code {
				t.Errorf("code %s, want %s: %s", r.code(t), c.code, r.body)
			}
		})
	}
}

func TestVerify_BodyWithoutLengthHasTheSameBound(t *testing.T) {
	t.Parallel()
	g := start(t, options{})
	r := newRequest(t, http.MethodPost, g.url+"/v1/verify", ask(strings.Repeat("a", MaxBody), "onsite"))
	r.ContentLength = -1 // chunked
	if got := do(t, r); got.status != 413 || got.code(t) != "request_too_large" {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestVerify_OtherFormatsAreRefused(t *testing.T) {
	t.Parallel()
	g := start(t, options{})
	for name, header := range map[string][]string{
		"no content type":          {},
		"two of them":              {"Content-Type", "application/json", "Content-Type", "application/json"},
		"a form":                   {"Content-Type", "application/x-www-form-urlencoded"},
		"multipart":                {"Content-Type", "multipart/form-data; boundary=x"},
		"another charset":          {"Content-Type", "application/json; charset=utf-16"},
		"compressed":               {"Content-Type", "application/json", "Content-Encoding", "gzip"},
		"named identity":           {"Content-Type", "application/json", "Content-Encoding", "identity"},
		"JSON of a kind":           {"Content-Type", "application/problem+json"},
		"text, as a form can send": {"Content-Type", "text/plain"},
	} {
		r := newRequest(t, http.MethodPost, g.url+"/v1/verify", ask("x", "onsite"))
		r.Header.Del("Content-Type")
		for i := 0; i < len(header); i += 2 {
			r.Header.Add(header[i], header[i+1])
		}
		if got := do(t, r); got.status != 415 || got.code(t) != "unsupported_media_type" {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
}

func TestVerify_GzipBombIsNotUnpacked(t *testing.T) {
	t.Parallel()
	g := start(t, options{})
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	for range 64 {
		if _, err := w.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := newRequest(t, http.MethodPost, g.url+"/v1/verify", bomb.String())
	r.Header.Set("Content-Encoding", "gzip")
	if got := do(t, r); got.status != 415 || got.code(t) != "unsupported_media_type" {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestVerify_PresentationInTheAddressIsRefusedAndNotLogged(t *testing.T) {
	t.Parallel()
	g := start(t, options{})
	r := newRequest(t, http.MethodPost, g.url+"/v1/verify?presentation=eyJsecret~", ask("x", "onsite"))
	if got := do(t, r); got.status != 400 || got.code(t) != CodeQueryNotAllowed {
		t.Errorf("in the query: %d %s", got.status, got.body)
	}
	r = newRequest(t, http.MethodPost, g.url+"/v1/verify/eyJsecret~", ask("x", "onsite"))
	if got := do(t, r); got.status != 404 || got.code(t) != "not_found" || bytes.Contains(got.body, []byte("eyJ")) {
		t.Errorf("in the path: %d %s", got.status, got.body)
	}
	if strings.Contains(g.log.String(), "eyJ") {
		t.Errorf("logged:\n%s", g.log)
	}
}

func TestAddresses_OtherMethodsAndSpellingsAreRefused(t *testing.T) {
	t.Parallel()
	g := start(t, options{})
	for _, c := range []struct {
		method, path, allow string
	}{
		{"GET", "/v1/verify", "POST"},
		{"PUT", "/v1/verify", "POST"},
		{"TRACE", "/v1/verify", "POST"},
		{"OPTIONS", "/v1/verify", "POST"},
		{"POST", "/v1/authorize", "GET"},
		{"HEAD", "/v1/authorize", "GET"},
		{"DELETE", "/openapi.json", "GET"},
	} {
		r := newRequest(t, c.method, g.url+c.path, "")
		r.Header.Set("X-HTTP-Method-Override", "POST")
		got := do(t, r)
		if got.status != 405 || got.header.Get("Allow") != c.allow {
			t.Errorf("%s %s: %d, Allow %q", c.method, c.path, got.status, got.header.Get("Allow"))
		}
	}
	for _, path := range []string{"/", "/v1", "/v1/verify/", "/v1//verify", "/V1/verify", "/v1/%76erify", "/v1/x/../verify", "/metrics", "/debug/pprof/", "/debug/vars"} {
		r := newRequest(t, http.MethodPost, g.url+path, ask("x", "onsite"))
		if got := do(t, r); got.status != 404 || got.code(t) != "not_found" {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}

func TestLog_HasTheRequestAndTheReasonButNobodysName(t *testing.T) {
	t.Parallel()
	g := start(t, options{})
	presentation := fresh(t, "a")
	r := newRequest(t, http.MethodPost, g.url+"/v1/verify", ask(presentation, "onsite"))
	r.Header.Set("X-Request-Id", "turnstile-4711")
	d := do(t, r).decision(t)
	g.stop()
	<-g.stopped
	log := g.log.String()
	lines := strings.Split(log, "\n")
	has := func(parts ...string) bool {
		return slices.ContainsFunc(lines, func(line string) bool {
			return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(line, part) })
		})
	}
	if !has(`"verified"`, `"request_id":"turnstile-4711"`, `"route":"POST /v1/verify"`, `"reason":"ok"`, d.ID) {
		t.Errorf("no line for the decision:\n%s", log)
	}
	if !has(`"request"`, `"request_id":"turnstile-4711"`, `"route":"POST /v1/verify"`, `"status":200`) {
		t.Errorf("no line for the request:\n%s", log)
	}
	claims := credentialtest.Claims()
	for _, secret := range []string{presentation[:40], claims.Subject, claims.GivenName, claims.FamilyName, claims.EmployeeNumber} {
		if strings.Contains(log, secret) {
			t.Errorf("the log has %q", secret)
		}
	}
}
