package server

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	officers "github.com/cyberbadge/cyberbadge/issuer/office"
)

func TestOffice_SignsInAndOut(t *testing.T) {
	t.Parallel()
	d := openDesk(t, nil)
	session := d.signIn(t, "zoe", "officer")
	answer := d.as(t, session, "GET", "/v1/me", "")
	var me myself
	answer.decode(t, http.StatusOK, &me)
	conforms(t, "Myself", answer.body)
	if me.Role != "officer" || me.Officer.Name != "Zoë Nuñez" || me.By != "officer:"+me.Officer.ID || !me.Session.ExpiresAt.Equal(d.Now().Add(officers.DefaultLife)) ||
		!slices.Equal(me.Scopes, ScopesOf(officers.RoleOfficer)) {
		t.Errorf("%s", answer.body)
	}
	if got := d.as(t, session, "GET", "/v1/people", ""); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
	out := d.as(t, session, "POST", "/office/sign-out", `{}`)
	cookie := out.cookies()[SessionCookie]
	if out.status != http.StatusOK || cookie == nil || cookie.MaxAge >= 0 || out.header.Get("Clear-Site-Data") != `"cache"` || !strings.Contains(string(out.body), d.provider.URL+"/end?client_id=") {
		t.Errorf("%d %s %v", out.status, out.body, out.header)
	}
	d.as(t, session, "GET", "/v1/me", "").problem(t, http.StatusUnauthorized, string(officers.SessionMissing))
	if text := d.log.String(); strings.Contains(text, session) || strings.Contains(text, "Nuñez") {
		t.Error("the log has the session or a name")
	}
}

func TestOffice_CookiesAreTheBrowsersAndThisHostsAlone(t *testing.T) {
	t.Parallel()
	d := openDesk(t, nil)
	d.provider.Claims = func(c map[string]any) { c["roles"] = "viewer" }
	begun := d.visit(t, "/office/sign-in")
	flow := begun.cookies()[SignInCookie]
	if begun.status != http.StatusSeeOther || flow == nil || flow.SameSite != http.SameSiteLaxMode || flow.MaxAge != 600 || len(begun.body) != 0 {
		t.Fatalf("%d %v", begun.status, begun.header)
	}
	answer := d.provider.Authorize(t, begun.header.Get("Location"))
	back := d.visit(t, "/office/callback?"+answer.Encode(), "Cookie", SignInCookie+"="+flow.Value)
	session, gone := back.cookies()[SessionCookie], back.cookies()[SignInCookie]
	if session.SameSite != http.SameSiteStrictMode || session.MaxAge != 0 || gone.MaxAge >= 0 || gone.Value != "" {
		t.Errorf("%v", back.header)
	}
	for _, c := range []*http.Cookie{flow, session, gone} {
		if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" {
			t.Errorf("%v", c)
		}
	}
	if back.header.Get("Cache-Control") != "no-store" || back.header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("%v", back.header)
	}
}

func TestOffice_ASignInThatFailsSaysWhatToDo(t *testing.T) {
	t.Parallel()
	d := openDesk(t, nil)
	d.provider.Claims = func(c map[string]any) { c["roles"] = "nothing here" }
	start := func() (url.Values, string) {
		begun := d.visit(t, "/office/sign-in")
		return d.provider.Authorize(t, begun.header.Get("Location")), SignInCookie + "=" + begun.cookies()[SignInCookie].Value
	}
	finish := func(answer url.Values, with ...string) reply {
		return d.visit(t, "/office/callback?"+answer.Encode(), with...)
	}

	answer, cookie := start()
	finish(answer).problem(t, http.StatusForbidden, "sign_in_expired") // another browser
	finish(answer, "Cookie", cookie, "Cookie", cookie).problem(t, http.StatusForbidden, "sign_in_expired")
	back := finish(answer, "Cookie", cookie)
	back.problem(t, http.StatusForbidden, "not_an_officer")
	if back.cookies()[SignInCookie].MaxAge >= 0 || back.cookies()[SessionCookie] != nil {
		t.Errorf("%v", back.header)
	}
	answer, cookie = start()
	answer.Del("code")
	answer.Set("error", "access_denied")
	finish(answer, "Cookie", cookie).problem(t, http.StatusForbidden, "sign_in_refused")
	if !strings.Contains(d.log.String(), "access_denied") {
		t.Error("the log does not say why")
	}
	d.provider.SetDown(true)
	d.Move(officers.MetadataAge)
	answer, cookie = start() // from what was known
	finish(answer, "Cookie", cookie).problem(t, http.StatusServiceUnavailable, "provider_unavailable")
	for _, query := range []string{"?fresh=0", "?fresh=1&fresh=1", "?then=https://evil.example"} {
		d.visit(t, "/office/sign-in"+query).problem(t, http.StatusBadRequest, CodeQueryNotAllowed)
	}
}

func TestOffice_ABrowserWhoseSignInFailsGetsThePage(t *testing.T) {
	t.Parallel()
	d := openDesk(t, nil)
	if page := d.visit(t, "/console/"); page.status == http.StatusServiceUnavailable {
		t.Skip("the pages are not built")
	}
	d.provider.Claims = func(c map[string]any) { c["roles"] = "nothing here" }
	begun := d.visit(t, "/office/sign-in")
	answer := d.provider.Authorize(t, begun.header.Get("Location"))
	page := d.visit(t, "/office/callback?"+answer.Encode(), "Cookie", SignInCookie+"="+begun.cookies()[SignInCookie].Value, "Sec-Fetch-Mode", "navigate")
	if page.status != http.StatusForbidden || page.header.Get("Content-Type") != "text/html; charset=utf-8" || page.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", page.status, page.header)
	}
	for _, told := range []string{"&#34;sign_in&#34;:true", "&#34;code&#34;:&#34;not_an_officer&#34;", "urn:cyberbadge:request:" + page.header.Get("X-Request-Id")} {
		if !strings.Contains(string(page.body), told) {
			t.Errorf("the page is not told %s: %.600s", told, page.body)
		}
	}
	if page.cookies()[SignInCookie].MaxAge >= 0 || page.cookies()[SessionCookie] != nil {
		t.Errorf("%v", page.header)
	}
}

func TestOffice_WithoutAProviderSaysSo(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	for _, path := range []string{"/office/sign-in", "/office/callback"} {
		o.get(t, path).problem(t, http.StatusConflict, CodeOfficeOff)
	}
	o.call(t, "GET", "/v1/proposals").problem(t, http.StatusConflict, CodeOfficeOff)
	o.call(t, "GET", "/v1/officers").problem(t, http.StatusConflict, CodeOfficeOff)
	// A cookie means nothing then.
	answer := o.get(t, "/v1/people", "Cookie", SessionCookie+"=x", "Authorization", "Bearer "+o.all)
	if answer.status != http.StatusOK {
		t.Errorf("%d", answer.status)
	}
}

func TestMe_TellsTokensAndTheOperator(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	var me myself
	o.get(t, "/v1/me", "Authorization", "Bearer "+o.token(t, ScopePeopleRead)).decode(t, http.StatusOK, &me)
	if !strings.HasPrefix(me.By, "token:") || !slices.Equal(me.Scopes, []Scope{ScopePeopleRead}) || me.Role != "" || me.Officer != nil {
		t.Errorf("%+v", me)
	}
	o.send(t, o.local, "GET", "/v1/me", nil, headers{OperatorHeader, "m.doe"}).decode(t, http.StatusOK, &me)
	if me.By != "local:m.doe" || !slices.Equal(me.Scopes, Scopes()) {
		t.Errorf("%+v", me)
	}
	o.get(t, "/v1/me").problem(t, http.StatusUnauthorized, CodeCredentialMissing)
	o.get(t, "/v1/me?x=1", "Authorization", "Bearer "+o.all).problem(t, http.StatusBadRequest, CodeQueryNotAllowed)
}

// TestRoles_EachMayWhatTheTableSays goes over every address with every role.
func TestRoles_EachMayWhatTheTableSays(t *testing.T) {
	t.Parallel()
	table := map[string][]Scope{
		"viewer": {ScopePeopleRead, ScopeStandingRead, ScopeBadgesRead, ScopeProgramRead},
		"officer": {
			ScopePeopleRead, ScopeStandingRead, ScopeBadgesRead, ScopeProgramRead, ScopeImport, ScopeBadgesIssue, ScopeBadgesRevoke,
			ScopeProposals, ScopeProgramWrite, ScopeAuditRead, ScopeCases,
		},
		"admin": Scopes(),
	}
	d := openDesk(t, nil)
	d.importSample(t)
	routes, err := d.service.routes()
	if err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer(":ref", eligible(t).ID, ":id", "nothing")
	for role, scopes := range table {
		session := d.signIn(t, role, role)
		for _, r := range routes {
			if r.scope == "" || r.method == "HEAD" {
				continue
			}
			answer := d.as(t, session, r.method, fill.Replace(r.path), "")
			if slices.Contains(scopes, r.scope) {
				if answer.status == http.StatusForbidden || answer.status == http.StatusUnauthorized {
					t.Errorf("%s as %s: %d %s", r, role, answer.status, answer.body)
				}
				continue
			}
			if f := answer.problem(t, http.StatusForbidden, CodeScopeMissing); !strings.Contains(f.Detail, "Your role, "+role) {
				t.Errorf("%s as %s: %s", r, role, f.Detail)
			}
		}
	}
	if ScopesOf("root") != nil || ScopesOf("") != nil {
		t.Error("a role that there is not may something")
	}
}

func TestSession_IsOneCredentialAndOfOurPages(t *testing.T) {
	t.Parallel()
	d := openDesk(t, nil)
	session := d.signIn(t, "zoe", "admin")
	cookie := SessionCookie + "=" + session
	for name, c := range map[string]struct {
		method string
		with   headers
		status int
		code   string
	}{
		"a token, too":         {"GET", headers{"Cookie", cookie, "Authorization", "Bearer " + d.all}, 400, CodeCredentialAmbiguous},
		"an empty token, too":  {"GET", headers{"Cookie", cookie, "Authorization", ""}, 400, CodeCredentialAmbiguous},
		"two sessions":         {"GET", headers{"Cookie", cookie + "; " + cookie}, 400, CodeCredentialAmbiguous},
		"an unknown session":   {"GET", headers{"Cookie", cookie[:len(cookie)-2] + "AA"}, 401, "session_missing"},
		"an empty session":     {"GET", headers{"Cookie", SessionCookie + "="}, 401, "session_missing"},
		"another name":         {"GET", headers{"Cookie", strings.TrimPrefix(cookie, "__Host-")}, 401, CodeCredentialMissing},
		"another site":         {"GET", headers{"Cookie", cookie, "Sec-Fetch-Site", "cross-site"}, 403, "cross_site"},
		"another site posting": {"POST", headers{"Cookie", cookie, "Origin", "https://evil.example", "Content-Type", "application/json"}, 403, "cross_site"},
		"a form":               {"POST", headers{"Cookie", cookie, "Origin", "null", "Content-Type", "text/plain"}, 403, "cross_site"},
		"who says nothing":     {"POST", headers{"Cookie", cookie, "Content-Type", "application/json"}, 403, "cross_site"},
		"a form of ours":       {"POST", headers{"Cookie", cookie, "Origin", "https://badges.vendor.example", "Content-Type", "text/plain"}, 415, "unsupported_media_type"},
	} {
		answer := d.send(t, http.DefaultClient, c.method, "/v1/tokens", strings.NewReader(""), c.with)
		if answer.problem(t, c.status, c.code); t.Failed() {
			t.Fatal(name)
		}
	}
	if got := d.send(t, http.DefaultClient, "GET", "/v1/tokens", nil, headers{"Cookie", cookie}).status; got != http.StatusOK {
		t.Errorf("reading, in an old browser: %d", got)
	}
	// Who is signed in on the same origin reads what anybody may, and the phone's
	// page has a token of its own kind there.
	if got := d.get(t, "/trust-list.json", "Cookie", cookie, "Authorization", "DPoP x").status; got != http.StatusOK {
		t.Errorf("%d", got)
	}
	d.as(t, session, "POST", "/office/sign-out", `{}`, "Origin", "https://evil.example").problem(t, 403, "cross_site")
	d.as(t, session, "POST", "/office/sign-out", ``, "Sec-Fetch-Site", "same-origin").problem(t, 400, "json_invalid")
	d.as(t, session, "POST", "/office/sign-out", `{"everywhere":true}`)
	d.as(t, session, "GET", "/v1/me", "").problem(t, 401, "session_missing")
}

func TestSession_ANewSignInEndsTheOneBefore(t *testing.T) {
	t.Parallel()
	d := openDesk(t, nil)
	first := d.signIn(t, "zoe", "viewer")
	second := d.signIn(t, "zoe", "viewer", "Cookie", SessionCookie+"="+first)
	d.as(t, first, "GET", "/v1/me", "").problem(t, 401, "session_missing")
	if got := d.as(t, second, "GET", "/v1/me", "").status; got != http.StatusOK {
		t.Errorf("%d", got)
	}
}

func TestTokens_TwoOfANameAndNotAThird(t *testing.T) {
	t.Parallel()
	d := openDesk(t, nil)
	add := func() reply {
		return d.post(t, "/v1/tokens", `{"name":"HR export","scopes":["import"],"expires_in_days":1}`)
	}
	var first addedToken
	add().decode(t, http.StatusCreated, &first)
	add()
	f := add().problem(t, http.StatusConflict, "too_many_tokens")
	if !strings.Contains(f.Detail, "Revoke") {
		t.Errorf("%s", f.Detail)
	}
	d.call(t, "DELETE", "/v1/tokens/"+first.ID)
	if got := add().status; got != http.StatusCreated {
		t.Errorf("after one was revoked: %d", got)
	}
	d.Move(24 * time.Hour)
	if got := add().status; got != http.StatusCreated {
		t.Errorf("after they expired: %d", got)
	}
}

func TestTokens_ShowWhenTheyWereLastUsed(t *testing.T) {
	t.Parallel()
	d := openDesk(t, nil)
	secret := d.token(t, ScopePeopleRead)
	used := func() map[string]string {
		answer := d.send(t, d.local, "GET", "/v1/tokens", nil, nil)
		var all struct {
			Tokens []struct {
				ID         string
				Scopes     []string
				LastUsedAt string `json:"last_used_at"`
			}
		}
		answer.decode(t, http.StatusOK, &all)
		last := map[string]string{}
		for _, one := range all.Tokens {
			last[strings.Join(one.Scopes, " ")] = one.LastUsedAt
		}
		return last
	}
	if got := used()[string(ScopePeopleRead)]; got != "" {
		t.Errorf("before: %q", got)
	}
	for range 3 {
		d.get(t, "/v1/people", "Authorization", "Bearer "+secret)
		d.Move(20 * time.Second)
	}
	first := d.Now().Add(-time.Minute).UTC().Format(time.RFC3339Nano)
	if got := used()[string(ScopePeopleRead)]; got != first {
		t.Errorf("last used %q, want %q", got, first)
	}
	d.get(t, "/v1/people", "Authorization", "Bearer "+secret)
	if got := used()[string(ScopePeopleRead)]; got == first {
		t.Error("a minute later it was not noted")
	}
}

func TestRevoke_OfManyTakesTwo(t *testing.T) {
	t.Parallel()
	d := openDesk(t, func(c *officers.Config) { c.MassRevocation = 2 })
	d.importSample(t)
	session := d.signIn(t, "zoe", "officer")
	var ids, badges []string
	for _, v := range verdicts(t) {
		if v.Eligible && len(ids) < 4 {
			ids = append(ids, v.ID)
			badges = append(badges, d.issue(t, v.ID).ID)
		}
	}
	revoke := func(i int) reply {
		return d.as(t, session, "POST", "/v1/badges/"+badges[i]+"/revoke", `{"reason":"lost"}`)
	}
	for i := range 2 {
		if got := revoke(i); got.status != http.StatusOK {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	revoke(2).problem(t, http.StatusConflict, "proposal_required")
	d.as(t, session, "POST", "/v1/badges/nothing/revoke", `{"reason":"lost"}`).problem(t, http.StatusNotFound, CodeNotFound)
	if got := d.as(t, session, "POST", "/v1/badges/"+badges[2]+"/suspend", `{"reason":"lost"}`); got.status != http.StatusOK {
		t.Errorf("suspending can be undone: %d %s", got.status, got.body)
	}
	var p wholeProposal
	d.as(t, session, "POST", "/v1/proposals", fmt.Sprintf(`{"kind":"badges.revoke","payload":{"people":["%s","%s"],"reason":"lost"},"reason":"a van was robbed"}`, ids[2], ids[3])).
		decode(t, http.StatusCreated, &p)
	if p.Summary != "revokes 2 badges of 2 people, for good" {
		t.Errorf("%s", p.Summary)
	}
	admin := d.signIn(t, "ada", "admin")
	answer := d.as(t, admin, "POST", "/v1/proposals/"+p.ID+"/approve", `{}`)
	answer.decode(t, http.StatusOK, &p)
	if conforms(t, "Proposal", answer.body); p.State != "executed" {
		t.Errorf("%s", answer.body)
	}
	for _, id := range badges {
		var b badge
		d.call(t, "GET", "/v1/badges/"+id).decode(t, http.StatusOK, &b)
		if b.Status != "invalid" {
			t.Errorf("%+v", b)
		}
	}
}
