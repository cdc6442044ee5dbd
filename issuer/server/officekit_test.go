package server

import (
	"net/http"
	"strings"
	"testing"

	officers "github.com/cyberbadge/cyberbadge/issuer/office"
	"github.com/cyberbadge/cyberbadge/issuer/office/officetest"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
)

// desk is a running issuer that officers sign in to.
type desk struct {
	*office
	provider *officetest.Provider
}

// openDesk runs an issuer whose provider gives the roles, unless change says
// otherwise.
func openDesk(t *testing.T, change func(*officers.Config)) *desk {
	t.Helper()
	d := new(desk)
	d.office = open(t, options{change: func(c *Config) {
		database := c.Tokens.(*sqlite.Store)
		d.provider = officetest.NewProvider(t, c.Now)
		settings := officers.Config{
			Issuer: d.provider.URL, ClientID: officetest.ClientID, ClientSecret: officetest.ClientSecret,
			Address: "https://badges.vendor.example", HTTP: d.provider.Client, Records: database, Now: c.Now, Logger: c.Logger,
			RoleClaim: "roles", Roles: map[string]officers.Role{"viewer": officers.RoleViewer, "officer": officers.RoleOfficer, "admin": officers.RoleAdmin},
			Actions: Actions(c.Program, c.Now),
		}
		if change != nil {
			change(&settings)
		}
		office, err := officers.New(settings)
		if err != nil {
			t.Fatal(err)
		}
		c.Office, c.TokenUses = office, database
	}})
	return d
}

// still does not follow where it is sent.
var still = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// visit asks as a browser does, but for following where it is sent.
func (d *desk) visit(t *testing.T, path string, with ...string) reply {
	t.Helper()
	return d.send(t, still, "GET", path, nil, with)
}

func lists(c *officers.Config) { c.RoleClaim, c.Roles = "", nil }

// cookies are those that an answer sets, by name.
func (r reply) cookies() map[string]*http.Cookie {
	all := map[string]*http.Cookie{}
	for _, c := range (&http.Response{Header: r.header}).Cookies() {
		all[c.Name] = c
	}
	return all
}

// signIn signs somebody in as a browser does, and returns the session.
func (d *desk) signIn(t *testing.T, subject, role string, with ...string) string {
	t.Helper()
	d.provider.Claims = func(c map[string]any) { c["sub"], c["roles"] = subject, role }
	begun := d.visit(t, "/office/sign-in?fresh=1", with...)
	answer := d.provider.Authorize(t, begun.header.Get("Location"))
	back := d.visit(t, "/office/callback?"+answer.Encode(), "Cookie", SignInCookie+"="+begun.cookies()[SignInCookie].Value)
	if back.status != http.StatusSeeOther || back.header.Get("Location") != "/console/" {
		t.Fatalf("%d %s", back.status, back.body)
	}
	return back.cookies()[SessionCookie].Value
}

// as calls as a page of ours with that session.
func (d *desk) as(t *testing.T, session, method, path, body string, with ...string) reply {
	t.Helper()
	return d.send(t, http.DefaultClient, method, path, strings.NewReader(body),
		append(headers{"Cookie", SessionCookie + "=" + session, "Sec-Fetch-Site", "same-origin", "Content-Type", "application/json"}, with...))
}
