package server

import (
	"net/http"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/verifier"
)

// everyHeader are the headers of a 204.
var everyHeader = []string{
	"X-Badge-Decision", "X-Badge-Reason", "X-Badge-Subject", "X-Badge-Issuer", "X-Badge-Access", "X-Badge-Expires",
}

func TestAuthorize_GoodBadgePasses(t *testing.T) {
	t.Parallel()
	g := start(t, options{})
	r := g.authorize(t, "Authorization", "Bearer "+fresh(t, "a"))
	if r.status != http.StatusNoContent || len(r.body) != 0 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	for header, want := range map[string]string{
		"X-Badge-Reason":  "ok",
		"X-Badge-Subject": credentialtest.Claims().Subject,
		"X-Badge-Issuer":  credentialtest.IssuerURL,
		"X-Badge-Access":  "remote",
		"X-Badge-Expires": "2026-11-24T07:00:00Z",
		"Cache-Control":   "no-store",
	} {
		if got := r.header.Get(header); got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
	for _, name := range everyHeader {
		if values := r.header.Values(name); len(values) != 1 || values[0] == "" {
			t.Errorf("%s: %q; a proxy would let the client's own pass", name, values)
		}
	}
}

func TestAuthorize_DeniedBadgeIs403WithTheReason(t *testing.T) {
	t.Parallel()
	g := start(t, options{verifier: []func(*verifier.Config){withStatus(t, revocation.Suspended)}})
	r := g.authorize(t, "Authorization", "bearer "+fresh(t, "a"))
	if r.status != 403 || r.code(t) != CodeBadgeDenied || r.header.Get("X-Badge-Reason") != "suspended" {
		t.Errorf("%d %v %s", r.status, r.header, r.body)
	}
	for _, name := range []string{"X-Badge-Subject", "X-Badge-Issuer", "X-Badge-Access", "X-Badge-Expires"} {
		if r.header.Get(name) != "" {
			t.Errorf("%s on a denial", name)
		}
	}
}

func TestAuthorize_EachRequestNeedsAProofOfItsOwn(t *testing.T) {
	t.Parallel()
	g := start(t, options{})
	presentation := fresh(t, "a")
	if r := g.authorize(t, "Authorization", "Bearer "+presentation); r.status != 204 {
		t.Fatalf("at first: %d %s", r.status, r.body)
	}
	if r := g.authorize(t, "Authorization", "Bearer "+presentation); r.status != 403 || r.header.Get("X-Badge-Reason") != "replayed" {
		t.Errorf("again: %d %s", r.status, r.body)
	}
	if r := g.authorize(t, "Authorization", "Bearer "+fresh(t, "b")); r.status != 204 {
		t.Errorf("with another proof: %d %s", r.status, r.body)
	}
}

func TestAuthorize_WithoutOneClearCredential(t *testing.T) {
	t.Parallel()
	g := start(t, options{})
	good := "Bearer " + fresh(t, "a")
	for name, c := range map[string]struct {
		headers []string
		status  int
		code    string
	}{
		"none":               {nil, 401, CodeCredentialMissing},
		"empty":              {[]string{"Authorization", ""}, 401, CodeCredentialMissing},
		"scheme alone":       {[]string{"Authorization", "Bearer"}, 401, CodeCredentialMissing},
		"another scheme":     {[]string{"Authorization", "Basic dTpw"}, 401, CodeCredentialMissing},
		"in another header":  {[]string{"Proxy-Authorization", good, "X-Authorization", good, "Cookie", "Authorization=" + good}, 401, CodeCredentialMissing},
		"twice":              {[]string{"Authorization", good, "Authorization", good}, 400, CodeCredentialAmbiguous},
		"twice, one empty":   {[]string{"Authorization", "", "Authorization", good}, 400, CodeCredentialAmbiguous},
		"joined by a comma":  {[]string{"Authorization", good + ", " + good}, 400, CodeCredentialAmbiguous},
		"after another one":  {[]string{"Authorization", "Basic dTpw," + good}, 400, CodeCredentialAmbiguous},
		"not a presentation": {[]string{"Authorization", "Bearer x~"}, 403, CodeBadgeDenied},
	} {
		r := g.authorize(t, c.headers...)
		if r.status != c.status || r.code(t) != c.code {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
		if r.status == 401 && r.header.Get("WWW-Authenticate") != `Bearer realm="badge"` {
			t.Errorf("%s: WWW-Authenticate %q", name, r.header.Get("WWW-Authenticate"))
		}
	}
	// None of that used the proof up.
	if r := g.authorize(t, "Authorization", good); r.status != 204 {
		t.Errorf("the good one: %d %s", r.status, r.body)
	}
}

func TestAuthorize_AccessIsConfiguredAndNeverTheClients(t *testing.T) {
	t.Parallel()
	claims := credentialtest.Claims()
	claims.Access = []credential.Access{credential.Onsite}
	g := start(t, options{})
	r := newRequest(t, http.MethodGet, g.url+"/v1/authorize?access=onsite&presentation=x", "")
	for _, name := range []string{"Access", "X-Badge-Access", "X-Access"} {
		r.Header.Set(name, "onsite")
	}
	r.Header.Set("Authorization", "Bearer "+freshOf(t, claims, "a"))
	if got := do(t, r); got.status != 403 || got.header.Get("X-Badge-Reason") != "access_not_granted" {
		t.Errorf("where remote is configured: %d %s", got.status, got.body)
	}
	onsite := start(t, options{server: func(c *Config) { c.AuthorizeAccess = credential.Onsite }})
	if got := onsite.authorize(t, "Authorization", "Bearer "+freshOf(t, claims, "a")); got.status != 204 || got.header.Get("X-Badge-Access") != "onsite" {
		t.Errorf("where onsite is configured: %d %s", got.status, got.body)
	}
}

func TestAuthorize_WhatAProxyOrClientClaimsChangesNothing(t *testing.T) {
	t.Parallel()
	g := start(t, options{})
	claims := []string{
		"X-Forwarded-For", strings.Repeat("127.0.0.1, ", 50) + "::1",
		"X-Real-IP", "127.0.0.1",
		"Forwarded", "for=127.0.0.1;host=admin",
		"X-Forwarded-Uri", "/public", "X-Original-URI", "/public",
		"X-Forwarded-Method", "OPTIONS", "X-Original-Method", "OPTIONS",
		"X-Forwarded-Host", "localhost", "X-Forwarded-Proto", "https",
		"X-Badge-Subject", "root", "X_Badge_Subject", "root", "X-Badge-Reason", "ok",
	}
	if r := g.authorize(t, claims...); r.status != 401 {
		t.Errorf("without a badge: %d %s", r.status, r.body)
	}
	r := g.authorize(t, append(claims, "Authorization", "Bearer "+fresh(t, "a"))...)
	if r.status != 204 || r.header.Get("X-Badge-Subject") != credentialtest.Claims().Subject {
		t.Errorf("with one: %d %v", r.status, r.header)
	}
	if strings.Contains(g.log.String(), "127.0.0.1,") {
		t.Errorf("logged:\n%s", g.log)
	}
}

func TestAuthorize_HeaderValuesArePrintable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"k7Qm2dXbT0aVYw3hZr9u8A":    "k7Qm2dXbT0aVYw3hZr9u8A",
		"https://badge.example/a?b": "https://badge.example/a?b",
		"Zoë\r\nX-Admin: 1":         "Zo%C3%AB%0D%0AX-Admin:%201",
		"50%, \"x\"; \\\x7f\x00":    "50%25%2C%20%22x%22%3B%20%5C%7F%00",
	} {
		if got := printable(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	// No issuer of ours signs such a subject; another one may.
	header, payload, disclosures, _ := credentialtest.Parts(t, credentialtest.MustIssue(t, credentialtest.Claims()))
	payload = strings.Replace(payload, credentialtest.Claims().Subject, "Zoë, Rößler", 1)
	badge := credentialtest.Join(credentialtest.MustSign(t, credentialtest.IssuerKey, header, payload), disclosures, "")
	r := start(t, options{}).authorize(t, "Authorization", "Bearer "+bound(t, badge, "a"))
	if got := r.header.Get("X-Badge-Subject"); r.status != 204 || got != "Zo%C3%AB%2C%20R%C3%B6%C3%9Fler" {
		t.Errorf("%d %q", r.status, got)
	}
}
