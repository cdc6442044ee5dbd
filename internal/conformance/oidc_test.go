package conformance_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	officers "github.com/cyberbadge/cyberbadge/issuer/office"
)

func TestIdentityProviderPeer_SignsOfficersIn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ algorithm, method string }{
		{"ES256", "client_secret_basic"}, {"RS256", "client_secret_post"}, {"PS256", "none"}, {"EdDSA", "client_secret_basic"},
	} {
		t.Run(c.algorithm+" "+c.method, func(t *testing.T) {
			t.Parallel()
			s := startSignIn(t, c.algorithm, c.method, nil)
			b := s.browser(t, "zoe")
			if p := b.signIn(t, "/office/sign-in"); p.status != http.StatusSeeOther {
				t.Fatalf("%d %s\n%s", p.status, p.body, s.log)
			}
			if role, name, _ := b.me(t); role != "admin" || name != "Zoë Nuñez zoe@vendor.example" {
				t.Errorf("%s %s", role, name)
			}
			if p := b.do(t, "GET", s.address+"/v1/tokens", nil); p.status != http.StatusOK {
				t.Errorf("%d %s", p.status, p.body)
			}
			other := s.browser(t, "ada")
			other.signIn(t, "/office/sign-in")
			if role, _, _ := other.me(t); role != "viewer" {
				t.Errorf("%s", role)
			}
			s.browser(t, "eve").signIn(t, "/office/sign-in").refused(t, s, "not_an_officer", "not_an_officer")
		})
	}
}

func TestIdentityProviderPeer_AsksForCredentialsAgainOnlyWhenAskedTo(t *testing.T) {
	t.Parallel()
	s := startSignIn(t, "ES256", "client_secret_basic", nil)
	b := s.browser(t, "zoe")
	forms := 0
	b.change = func(u *url.URL) {
		if strings.HasPrefix(u.Path, "/interaction/") {
			forms++
		}
	}
	b.signIn(t, "/office/sign-in?fresh=1")
	_, _, first := b.me(t)
	if at, err := time.Parse(time.RFC3339, first); err != nil || time.Since(at) > time.Minute {
		t.Errorf("authenticated at %q", first)
	}
	forms = 0
	if p := b.signIn(t, "/office/sign-in"); p.status != http.StatusSeeOther || forms != 0 {
		t.Errorf("%d %s: the provider knew who it is, and asked %d times", p.status, p.body, forms)
	}
	if p := b.signIn(t, "/office/sign-in?fresh=1"); p.status != http.StatusSeeOther || forms == 0 {
		t.Errorf("%d %s: asked %d times", p.status, p.body, forms)
	}
}

func TestIdentityProviderPeer_WhatWasTamperedWithIsRefused(t *testing.T) {
	t.Parallel()
	s := startSignIn(t, "ES256", "client_secret_basic", nil)
	wrongSecret := startSignIn(t, "ES256", "client_secret_basic", func(c *officers.Config) { c.ClientSecret = "wrong" })
	at := func(path string, do func(url.Values)) func(*url.URL) {
		return func(u *url.URL) {
			if u.Path != path {
				return
			}
			query := u.Query()
			do(query)
			u.RawQuery = query.Encode()
		}
	}
	const begin, back = "/auth", officers.CallbackPath
	for name, c := range map[string]struct {
		place  *signInPlace
		change func(*url.URL)
		code   string
		cause  string
	}{
		"another nonce":         {s, at(begin, func(q url.Values) { q.Set("nonce", "another") }), "sign_in_refused", "another nonce"},
		"no nonce":              {s, at(begin, func(q url.Values) { q.Del("nonce") }), "sign_in_refused", "another nonce"},
		"another state":         {s, at(begin, func(q url.Values) { q.Set("state", "another") }), "sign_in_expired", "another state"},
		"a state put in":        {s, at(back, func(q url.Values) { q.Set("state", "another") }), "sign_in_expired", "another state"},
		"another challenge":     {s, at(begin, func(q url.Values) { q.Set("code_challenge", strings.Repeat("A", 43)) }), "sign_in_refused", "invalid_grant"},
		"for another client":    {s, at(begin, func(q url.Values) { q.Set("client_id", otherClient) }), "sign_in_refused", "invalid_grant"},
		"a code put in":         {s, at(back, func(q url.Values) { q.Set("code", "another") }), "sign_in_refused", "invalid_grant"},
		"of another provider":   {s, at(back, func(q url.Values) { q.Set("iss", wrongSecret.url) }), "sign_in_refused", "iss is not"},
		"of no provider":        {s, at(back, func(q url.Values) { q.Del("iss") }), "sign_in_refused", "iss is not"},
		"not asked for sign-in": {s, at(begin, func(q url.Values) { q.Set("prompt", "none") }), "sign_in_refused", "login_required"},
		"with another secret":   {wrongSecret, nil, "sign_in_refused", "invalid_client"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := c.place.browser(t, "zoe")
			b.change = c.change
			b.signIn(t, "/office/sign-in").refused(t, c.place, c.code, c.cause)
			if p := b.do(t, "GET", c.place.address+"/v1/me", nil); p.status != http.StatusUnauthorized {
				t.Errorf("signed in all the same: %d %s", p.status, p.body)
			}
		})
	}
}

func TestIdentityProviderPeer_ACodeIsGoodOnceAndForAMinute(t *testing.T) {
	t.Parallel()
	s := startSignIn(t, "ES256", "client_secret_basic", nil)
	b := s.browser(t, "zoe")
	address := b.held(t)
	cookies := b.Jar.Cookies(mustParse(t, s.address))
	if p := b.do(t, "GET", address, nil); p.status != http.StatusSeeOther {
		t.Fatalf("%d %s", p.status, p.body)
	}
	// Somebody who saw all of it, the cookie as well.
	thief := s.browser(t, "eve")
	thief.Jar.SetCookies(mustParse(t, s.address), secured(cookies))
	thief.do(t, "GET", address, nil).refused(t, s, "sign_in_expired", "finished before")
	// Somebody who saw the address.
	s.browser(t, "eve").do(t, "GET", address, nil).refused(t, s, "sign_in_expired", "sign_in_expired")
	// Somebody who has a sign-in of their own to put the code into.
	own := s.browser(t, "eve")
	other := mustParse(t, own.held(t))
	query := other.Query()
	query.Set("code", mustParse(t, address).Query().Get("code"))
	other.RawQuery = query.Encode()
	own.do(t, "GET", other.String(), nil).refused(t, s, "sign_in_refused", "invalid_grant")

	late := s.browser(t, "zoe")
	address = late.held(t)
	s.advance(t, 61)
	late.do(t, "GET", address, nil).refused(t, s, "sign_in_refused", "invalid_grant")
}

// The provider's clock is an hour behind, then one ahead, of ours.
func TestIdentityProviderPeer_ATokenOfAnotherTimeIsRefused(t *testing.T) {
	t.Parallel()
	for seconds, cause := range map[int]string{3600: "future", -3500: "older than the sign-in"} {
		s := startSignIn(t, "ES256", "client_secret_basic", nil)
		s.advance(t, seconds)
		s.browser(t, "zoe").signIn(t, "/office/sign-in").refused(t, s, "sign_in_refused", cause)
	}
}
