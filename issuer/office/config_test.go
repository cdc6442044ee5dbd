package office_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/internal/outbound/outboundtest"
	"github.com/cyberbadge/cyberbadge/issuer/office"
	"github.com/cyberbadge/cyberbadge/issuer/office/officetest"
)

func TestNew_ReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	_, err := office.New(office.Config{})
	if err == nil || strings.Count(err.Error(), "\n") != 4 {
		t.Fatalf("%v", err)
	}
	for _, word := range []string{"Address", "Issuer", "ClientID", "HTTP", "Records"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("no word of %s: %v", word, err)
		}
	}
}

func TestNew_BoundsAndOneBeyond(t *testing.T) {
	t.Parallel()
	good := office.Config{
		Issuer: "https://login.example/tenant/", ClientID: "c", Address: address, HTTP: http.DefaultClient, Records: new(officetest.Records),
	}
	for name, c := range map[string]struct {
		change func(*office.Config)
		words  string
	}{
		"nothing more":        {func(*office.Config) {}, ""},
		"loopback":            {func(c *office.Config) { c.Address, c.Issuer = "http://localhost:8080", "http://127.0.0.1:9" }, ""},
		"longest life":        {func(c *office.Config) { c.Life = office.MaxLife }, ""},
		"too long a life":     {func(c *office.Config) { c.Life = office.MaxLife + 1 }, "Life"},
		"least idle":          {func(c *office.Config) { c.Idle = office.MinIdle }, ""},
		"too little idle":     {func(c *office.Config) { c.Idle = office.MinIdle - 1 }, "Idle"},
		"idle as life":        {func(c *office.Config) { c.Idle, c.Life = time.Hour, time.Hour }, ""},
		"idle above life":     {func(c *office.Config) { c.Idle, c.Life = time.Hour+1, time.Hour }, "Idle"},
		"longest proposal":    {func(c *office.Config) { c.ProposalLife = office.MaxProposalLife }, ""},
		"too long a proposal": {func(c *office.Config) { c.ProposalLife = office.MaxProposalLife + 1 }, "ProposalLife"},
		"most people":         {func(c *office.Config) { c.MassRevocation = office.MaxMassRevocation }, ""},
		"too many people":     {func(c *office.Config) { c.MassRevocation = office.MaxMassRevocation + 1 }, "MassRevocation"},
		"negative people":     {func(c *office.Config) { c.MassRevocation = -1 }, "MassRevocation"},
		"plain http":          {func(c *office.Config) { c.Address = "http://badges.vendor.example" }, "Address"},
		"a path":              {func(c *office.Config) { c.Address += "/" }, "Address"},
		"a plain provider":    {func(c *office.Config) { c.Issuer = "http://login.example" }, "Issuer"},
		"a provider's query":  {func(c *office.Config) { c.Issuer += "?x" }, "Issuer"},
		"roles of no claim":   {func(c *office.Config) { c.Roles = groups }, "RoleClaim"},
		"a claim of no roles": {func(c *office.Config) { c.RoleClaim = "groups" }, "nobody would have one"},
		"an unknown role": {func(c *office.Config) {
			c.RoleClaim, c.Roles = "g", map[string]office.Role{"x": "root", "y": office.RoleAdmin}
		}, "root"},
		"no admin":           {func(c *office.Config) { c.RoleClaim, c.Roles = "g", map[string]office.Role{"x": office.RoleViewer} }, "no admin"},
		"the longest secret": {func(c *office.Config) { c.ClientSecret = strings.Repeat("x", 1024) }, ""},
		"too long a secret":  {func(c *office.Config) { c.ClientSecret = strings.Repeat("x", 1025) }, "ClientSecret"},
		"a line's end":       {func(c *office.Config) { c.ClientSecret = "secret\n" }, "ClientSecret"},
		"two scopes in one":  {func(c *office.Config) { c.Scopes = []string{"a b"} }, "Scopes"},
	} {
		config := good
		c.change(&config)
		_, err := office.New(config)
		if c.words == "" && err != nil || c.words != "" && (err == nil || !strings.Contains(err.Error(), c.words)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRole_Order(t *testing.T) {
	t.Parallel()
	all := []office.Role{"", office.RoleViewer, office.RoleOfficer, office.RoleAdmin}
	for i, role := range all {
		for j, least := range all {
			if got := role.AtLeast(least); got != (i >= j && j > 0) {
				t.Errorf("%q at least %q: %t", role, least, got)
			}
		}
	}
	if office.Role("root").AtLeast(office.RoleViewer) || office.RoleAdmin.AtLeast("root") {
		t.Error("a role that there is not")
	}
}

// The provider is called under the rules for calls that go out.
func TestHTTPClient_KeepsToTheRules(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, "https://evil.example/", http.StatusFound)
		case "/large":
			_, _ = w.Write(make([]byte, 1001))
		default:
			user, _, _ := r.BasicAuth()
			_, _ = w.Write([]byte(r.Method + " " + r.FormValue("x") + " " + user))
		}
	}))
	t.Cleanup(server.Close)
	reach := outboundtest.Reach(t, server)
	reach.InsecureAllowHTTP, reach.MaxBody = true, 1000
	open := outboundtest.Client(t, reach)
	strict, err := outbound.New(outbound.Config{})
	if err != nil {
		t.Fatal(err)
	}
	client := office.NewHTTPClient(open)
	request, _ := http.NewRequestWithContext(t.Context(), "POST", server.URL, strings.NewReader("x=1"))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth("me", "secret")
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text := make([]byte, 100)
	if n, _ := response.Body.Read(text); string(text[:n]) != "POST 1 me" || response.StatusCode != 200 {
		t.Errorf("%d %s", response.StatusCode, text)
	}
	for path, words := range map[string]string{"/away": string(outbound.CodeRedirectRefused), "/large": string(outbound.CodeTooLarge)} {
		if _, err := client.Get(server.URL + path); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := office.NewHTTPClient(strict).Get(server.URL); err == nil || !strings.Contains(err.Error(), string(outbound.CodeBlocked)) {
		t.Errorf("%v", err)
	}
}
