package conformance_test

import (
	"bufio"
	"bytes"
	"crypto/x509"
	"encoding/json"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/issuer"
	officers "github.com/cyberbadge/cyberbadge/issuer/office"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
	"github.com/cyberbadge/cyberbadge/issuer/server"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
)

// identityProvider is npm/oidc.mjs while it runs.
type identityProvider struct {
	url   string
	port  uint16
	roots *x509.CertPool
	input io.Writer
	lines *bufio.Reader
}

// The provider's clients: this service, and another of the same company.
const (
	officeClient, officeSecret = "cyberbadge-office", "a secret: with spaces & 100% +/"
	otherClient                = "payroll"
)

func startIdentityProvider(t *testing.T, callback, algorithm, method string) *identityProvider {
	t.Helper()
	if _, err := os.Stat(filepath.Join("npm", "node_modules", "oidc-provider")); err != nil {
		t.Fatalf("the JavaScript peers are not installed: run make test, or npm ci --ignore-scripts in internal/conformance/npm (%v)", err)
	}
	key, certificate, roots := mailCertificate(t)
	client := func(id string) map[string]any {
		c := map[string]any{"client_id": id, "redirect_uris": []string{callback}, "token_endpoint_auth_method": method}
		if method != "none" {
			c["client_secret"] = officeSecret
		}
		return c
	}
	configuration, err := json.Marshal(map[string]any{
		"key": key, "cert": certificate, "algorithm": algorithm, "clients": []any{client(officeClient), client(otherClient)},
		"accounts": map[string]any{
			"zoe": map[string]any{"name": "Zoë Nuñez", "email": "zoe@vendor.example", "email_verified": true, "groups": []string{"everybody", "badge-admins"}},
			"ada": map[string]any{"name": "Ada", "groups": []string{"badge-viewers"}},
			"eve": map[string]any{"groups": []string{"everybody"}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "node", "oidc.mjs")
	command.Dir, command.Stderr = "npm", t.Output()
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = input.Close()
		_ = command.Wait()
	})
	p := &identityProvider{roots: roots, input: input, lines: bufio.NewReader(output)}
	var listening struct{ Port uint16 }
	p.ask(t, string(configuration), &listening)
	p.port = listening.Port
	p.url = "https://" + netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), p.port).String()
	return p
}

func (p *identityProvider) ask(t *testing.T, line string, answer any) {
	t.Helper()
	if _, err := io.WriteString(p.input, line+"\n"); err != nil {
		t.Fatal(err)
	}
	text, err := p.lines.ReadBytes('\n')
	if err != nil || json.Unmarshal(text, answer) != nil {
		t.Fatalf("the identity provider says %q: %v", text, err)
	}
}

// lockedBuffer is a log that can be read while it is written.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// signInPlace is an issuer over TLS whose officers sign in at the provider.
type signInPlace struct {
	*identityProvider
	address string
	roots   *x509.CertPool // of issuer and provider
	log     *lockedBuffer
}

func startSignIn(t *testing.T, algorithm, method string, change func(*officers.Config)) *signInPlace {
	t.Helper()
	listener := httptest.NewUnstartedServer(nil)
	s := &signInPlace{address: "https://" + listener.Listener.Addr().String(), log: new(lockedBuffer)}
	s.identityProvider = startIdentityProvider(t, s.address+officers.CallbackPath, algorithm, method)
	client, err := outbound.New(outbound.Config{
		AllowPorts: []uint16{s.port}, AllowPrivateNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, RootCAs: s.identityProvider.roots,
	})
	if err != nil {
		t.Fatal(err)
	}
	database, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "db", "store.db"), Create: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = database.Close() })
	settings := officers.Config{
		Issuer: s.url, ClientID: officeClient, ClientSecret: officeSecret, Address: s.address,
		RoleClaim: "groups", Roles: map[string]officers.Role{"badge-admins": officers.RoleAdmin, "badge-viewers": officers.RoleViewer},
		HTTP: officers.NewHTTPClient(client), Records: database,
	}
	if method == "none" {
		settings.ClientSecret = ""
	}
	if change != nil {
		change(&settings)
	}
	desk, err := officers.New(settings)
	if err != nil {
		t.Fatal(err)
	}
	program, err := issuer.New(issuer.Config{
		URL: s.address, Store: database, Policy: policy.Default(), BadgeKey: credentialtest.IssuerKey, ListKey: credentialtest.ListKey,
		SubjectKey: bytes.Repeat([]byte{7}, issuer.MinSubjectKey),
	})
	if err != nil {
		t.Fatal(err)
	}
	service, err := server.New(server.Config{Program: program, Tokens: database, Office: desk, Logger: slog.New(slog.NewTextHandler(s.log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	listener.Config.Handler = service.Handler()
	listener.StartTLS()
	t.Cleanup(listener.Close)
	s.roots = s.identityProvider.roots.Clone()
	s.roots.AddCert(listener.Certificate())
	return s
}

// browser is somebody's browser, which stops at every redirect.
type browser struct {
	*http.Client
	place *signInPlace
	login string
	// change changes an address before the browser goes there.
	change func(*url.URL)
}

func (s *signInPlace) browser(t *testing.T, login string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig.RootCAs = s.roots
	t.Cleanup(transport.CloseIdleConnections)
	return &browser{
		Client: &http.Client{Transport: transport, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		place:  s, login: login,
	}
}

type page struct {
	status int
	header http.Header
	body   string
	at     *url.URL
}

func (b *browser) do(t *testing.T, method, address string, form url.Values) page {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	if b.change != nil {
		b.change(u)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, u.String(), strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := b.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return page{response.StatusCode, response.Header, string(body), u}
}

var formAction = regexp.MustCompile(`<form[^>]*action="([^"]+)"`)

// signIn goes where it is sent, fills in the forms of the provider, and returns the
// first page that is neither: of the issuer, the end of the sign-in.
func (b *browser) signIn(t *testing.T, path string) page {
	t.Helper()
	return b.follow(t, b.do(t, "GET", b.place.address+path, nil))
}

func (b *browser) follow(t *testing.T, p page) page {
	t.Helper()
	for range 20 {
		form := formAction.FindStringSubmatch(p.body)
		switch {
		case p.status == http.StatusSeeOther && p.header.Get("Location") == "/console/":
			return p
		case p.status >= 300 && p.status < 400:
			next, err := p.at.Parse(p.header.Get("Location"))
			if err != nil {
				t.Fatal(err)
			}
			p = b.do(t, "GET", next.String(), nil)
		case form != nil && p.status == http.StatusOK:
			prompt := "login"
			if !strings.Contains(p.body, `name="login"`) {
				prompt = "consent"
			}
			p = b.do(t, "POST", html.UnescapeString(form[1]), url.Values{"prompt": {prompt}, "login": {b.login}, "password": {"x"}})
		default:
			return p
		}
	}
	t.Fatal("the sign-in goes in circles")
	return p
}

// refused insists on the issuer's refusal, and on its cause in the log.
func (p page) refused(t *testing.T, s *signInPlace, code, cause string) {
	t.Helper()
	var problem struct{ Code, Detail string }
	if err := json.Unmarshal([]byte(p.body), &problem); err != nil || problem.Code != code {
		t.Fatalf("%d %s %s, want %s", p.status, p.at, p.body, code)
	}
	if log := s.log.String(); !strings.Contains(log, cause) {
		t.Errorf("the log does not say %q: %s", cause, log)
	}
}

func (b *browser) me(t *testing.T) (role, name, authenticated string) {
	t.Helper()
	p := b.do(t, "GET", b.place.address+"/v1/me", nil)
	var me struct {
		Role    string
		Officer struct{ Name, Email string }
		Session struct {
			AuthenticatedAt string `json:"authenticated_at"`
		}
	}
	if err := json.Unmarshal([]byte(p.body), &me); err != nil || p.status != http.StatusOK {
		t.Fatalf("%d %s", p.status, p.body)
	}
	return me.Role, me.Officer.Name + " " + me.Officer.Email, me.Session.AuthenticatedAt
}

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

// held signs in up to where the browser would bring the code back.
func (b *browser) held(t *testing.T) string {
	t.Helper()
	var address string
	b.change = func(u *url.URL) {
		if u.Path == officers.CallbackPath {
			address = u.String()
			u.Path = "/healthz"
		}
	}
	b.signIn(t, "/office/sign-in")
	b.change = nil
	if address == "" {
		t.Fatal("the provider sent no code")
	}
	return address
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
	s.ask(t, `{"advance": 61}`, &struct{}{})
	late.do(t, "GET", address, nil).refused(t, s, "sign_in_refused", "invalid_grant")
}

// The provider's clock is an hour behind, then one ahead, of ours.
func TestIdentityProviderPeer_ATokenOfAnotherTimeIsRefused(t *testing.T) {
	t.Parallel()
	for advance, cause := range map[string]string{`{"advance": 3600}`: "future", `{"advance": -3500}`: "older than the sign-in"} {
		s := startSignIn(t, "ES256", "client_secret_basic", nil)
		s.ask(t, advance, &struct{}{})
		s.browser(t, "zoe").signIn(t, "/office/sign-in").refused(t, s, "sign_in_refused", cause)
	}
}

func mustParse(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// secured marks cookies as a browser got them; a jar hands out name and value.
func secured(cookies []*http.Cookie) []*http.Cookie {
	for _, c := range cookies {
		c.Path, c.Secure = "/", true
	}
	return cookies
}
