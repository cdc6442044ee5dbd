package conformance_test

import (
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
	"regexp"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/internal/logtest"
	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/internal/outbound/outboundtest"
	"github.com/cyberbadge/cyberbadge/issuer/issuertest"
	officers "github.com/cyberbadge/cyberbadge/issuer/office"
	"github.com/cyberbadge/cyberbadge/issuer/server"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
)

// identityProvider is npm/oidc.mjs while it runs.
type identityProvider struct {
	*peer
	url   string
	port  uint16
	roots *x509.CertPool
}

// The provider's clients: this service, and another of the same company.
const (
	officeClient, officeSecret = "cyberbadge-office", "a secret: with spaces & 100% +/"
	otherClient                = "payroll"
)

func startIdentityProvider(t *testing.T, callback, algorithm, method string) *identityProvider {
	t.Helper()
	key, certificate, roots := serverCertificate(t)
	client := func(id string) map[string]any {
		c := map[string]any{"client_id": id, "redirect_uris": []string{callback}, "token_endpoint_auth_method": method}
		if method != "none" {
			c["client_secret"] = officeSecret
		}
		return c
	}
	p := &identityProvider{peer: startPeer(t, "oidc.mjs"), roots: roots}
	var listening struct{ Port uint16 }
	p.ask(t, map[string]any{
		"key": key, "cert": certificate, "algorithm": algorithm, "clients": []any{client(officeClient), client(otherClient)},
		"accounts": map[string]any{
			"zoe": map[string]any{"name": "Zoë Nuñez", "email": "zoe@vendor.example", "email_verified": true, "groups": []string{"everybody", "badge-admins"}},
			"ada": map[string]any{"name": "Ada", "groups": []string{"badge-viewers"}},
			"eve": map[string]any{"groups": []string{"everybody"}},
		},
	}, &listening)
	p.port = listening.Port
	p.url = "https://" + netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), p.port).String()
	return p
}

// advance moves the provider's clock.
func (p *identityProvider) advance(t *testing.T, seconds int) {
	t.Helper()
	p.ask(t, map[string]int{"advance": seconds}, &struct{}{})
}

// signInPlace is an issuer over TLS whose officers sign in at the provider.
type signInPlace struct {
	*identityProvider
	address string
	roots   *x509.CertPool // of issuer and provider
	log     *logtest.Log
}

func startSignIn(t *testing.T, algorithm, method string, change func(*officers.Config)) *signInPlace {
	t.Helper()
	listener := httptest.NewUnstartedServer(nil)
	s := &signInPlace{address: "https://" + listener.Listener.Addr().String(), log: new(logtest.Log)}
	s.identityProvider = startIdentityProvider(t, s.address+officers.CallbackPath, algorithm, method)
	client := outboundtest.Client(t, outbound.Config{
		AllowPorts: []uint16{s.port}, AllowPrivateNetworks: outboundtest.Loopback(), RootCAs: s.identityProvider.roots,
	})
	database := issuertest.Database(t, sqlite.Config{})
	office := officers.Config{
		Issuer: s.url, ClientID: officeClient, ClientSecret: officeSecret, Address: s.address,
		RoleClaim: "groups", Roles: map[string]officers.Role{"badge-admins": officers.RoleAdmin, "badge-viewers": officers.RoleViewer},
		HTTP: officers.NewHTTPClient(client), Records: database,
	}
	if method == "none" {
		office.ClientSecret = ""
	}
	if change != nil {
		change(&office)
	}
	desk, err := officers.New(office)
	if err != nil {
		t.Fatal(err)
	}
	settings := issuertest.Config(database, nil)
	settings.URL = s.address
	program := issuertest.New(t, settings)
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
