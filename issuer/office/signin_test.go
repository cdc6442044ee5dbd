package office_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/office"
	"github.com/cyberbadge/cyberbadge/issuer/office/officetest"
)

func TestSignIn_GivesTheHighestRoleAndASessionOfThatBrowser(t *testing.T) {
	t.Parallel()
	r := furnish(t, nil)
	secret, who := r.signIn(t, "zoe", "g-view", "something else", "g-office")
	if who.Role != office.RoleOfficer || who.Officer.Name != "Zoë Nuñez" || who.Officer.Email != "zoe@vendor.example" {
		t.Errorf("%+v", who)
	}
	again, err := r.Authenticate(t.Context(), secret)
	if err != nil || again.Role != office.RoleOfficer || again.Officer.ID != office.OfficerID(r.provider.URL, "zoe") {
		t.Errorf("%+v, %v", again, err)
	}
	if actor := again.Actor(); actor.By != "officer:"+again.Officer.ID || !actor.SignedIn || actor.Operator {
		t.Errorf("%+v", actor)
	}
	if events := strings.Join(r.records.Events(), "\n"); events != "officer.signed_in "+who.Officer.ID+" officer:"+who.Officer.ID || strings.Contains(events, "Zo") {
		t.Errorf("%s", events)
	}
	for _, personal := range []string{"Nuñez", "vendor.example\"", secret, "zoe@"} {
		if strings.Contains(r.log.String(), personal) {
			t.Errorf("the log has %q", personal)
		}
	}
}

func TestSignIn_AsksWithPKCEStateAndNonce(t *testing.T) {
	t.Parallel()
	r := furnish(t, nil)
	first, _ := r.begin(t, false)
	second, _ := r.begin(t, true)
	a, b := query(t, first.URL), query(t, second.URL)
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if len(a.Get(name)) != 43 || a.Get(name) == b.Get(name) {
			t.Errorf("%s is %q, then %q", name, a.Get(name), b.Get(name))
		}
		if strings.Contains(first.Flow, a.Get(name)) {
			t.Errorf("the cookie shows %s", name)
		}
	}
	if a.Get("redirect_uri") != address+office.CallbackPath || a.Get("scope") != "openid profile email" || a.Has("prompt") {
		t.Errorf("%s", first.URL)
	}
	if b.Get("prompt") != "login" || b.Get("max_age") != "0" {
		t.Errorf("a fresh one: %s", second.URL)
	}
}

func query(t *testing.T, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

func TestSignIn_AFlowIsGoodOnceInItsBrowserAndItsTime(t *testing.T) {
	t.Parallel()
	r := furnish(t, nil)
	r.says(map[string]any{"groups": "g-view"})
	for name, c := range map[string]struct {
		wait   time.Duration
		change func(flow *string, answer url.Values)
		words  string
	}{
		"just in time":       {office.SignInAge - 1, nil, ""},
		"too late":           {office.SignInAge, nil, "too old"},
		"clock set back":     {-office.SignInAge, nil, "too old"},
		"no flow":            {0, func(f *string, _ url.Values) { *f = "" }, "authentication failed"},
		"another's flow":     {0, func(f *string, _ url.Values) { other, _ := r.begin(t, false); *f = other.Flow }, "another state"},
		"a changed flow":     {0, func(f *string, _ url.Values) { *f = "A" + (*f)[1:] }, "authentication failed"},
		"a long flow":        {0, func(f *string, _ url.Values) { *f = strings.Repeat("A", 1025) }, "too long"},
		"no state":           {0, func(_ *string, a url.Values) { a.Del("state") }, "another state"},
		"an empty state":     {0, func(_ *string, a url.Values) { a.Set("state", "") }, "another state"},
		"two states":         {0, func(_ *string, a url.Values) { a.Add("state", a.Get("state")) }, "another state"},
		"a state of its own": {0, func(_ *string, a url.Values) { a.Set("state", strings.Repeat("A", 43)) }, "another state"},
	} {
		t.Run(name, func(t *testing.T) {
			begun, answer := r.begin(t, false)
			if c.change != nil {
				c.change(&begun.Flow, answer)
			}
			r.Move(c.wait)
			defer r.Move(-c.wait)
			_, _, err := r.Finish(t.Context(), begun.Flow, answer)
			if c.words == "" && err == nil {
				return
			}
			why(t, err, office.SignInExpired, c.words)
		})
	}
}

func TestSignIn_OfManyAtOnceWithOneCodeOneSucceeds(t *testing.T) {
	t.Parallel()
	r := furnish(t, nil)
	r.says(map[string]any{"groups": "g-view"})
	begun, answer := r.begin(t, false)
	results := make(chan error, 50)
	var callers sync.WaitGroup
	for range 50 {
		callers.Go(func() {
			_, _, err := r.Finish(t.Context(), begun.Flow, answer)
			results <- err
		})
	}
	callers.Wait()
	close(results)
	good := 0
	for err := range results {
		if err == nil {
			good++
			continue
		}
		refused(t, err, office.SignInExpired)
	}
	if good != 1 || r.provider.Asked("/token") != 1 {
		t.Errorf("%d succeeded, the provider was asked %d times", good, r.provider.Asked("/token"))
	}
}

func TestSignIn_TheAnswerMustBeTheProviders(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(url.Values)
		words  string
	}{
		"of another issuer":     {func(a url.Values) { a.Set("iss", "https://evil.example") }, "iss is not the provider's"},
		"without its issuer":    {func(a url.Values) { a.Del("iss") }, "iss is not the provider's"},
		"with two issuers":      {func(a url.Values) { a.Add("iss", "https://evil.example") }, "iss is there twice"},
		"without a code":        {func(a url.Values) { a.Del("code") }, "no code"},
		"with two codes":        {func(a url.Values) { a.Add("code", "x") }, "code is there twice"},
		"with a code too long":  {func(a url.Values) { a.Set("code", strings.Repeat("x", 4097)) }, "no code"},
		"with a code at bound":  {func(a url.Values) { a.Set("code", strings.Repeat("x", 4096)) }, "invalid_grant"},
		"with a code not its":   {func(a url.Values) { a.Set("code", "stolen") }, "invalid_grant"},
		"an error":              {func(a url.Values) { a.Set("error", "access_denied") }, "access_denied"},
		"an error of its own":   {func(a url.Values) { a.Set("error", "<script>") }, "an unknown error"},
		"an error and the code": {func(a url.Values) { a.Set("error", "login_required") }, "login_required"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := furnish(t, nil)
			begun, answer := r.begin(t, false)
			c.change(answer)
			_, _, err := r.Finish(t.Context(), begun.Flow, answer)
			why(t, err, office.SignInRefused, c.words)
		})
	}
}

func TestSignIn_ACodeOfAnotherBrowserIsNoGood(t *testing.T) {
	t.Parallel()
	r := furnish(t, nil)
	mine, answer := r.begin(t, false)
	_, stolen := r.begin(t, false)
	answer.Set("code", stolen.Get("code")) // injected: PKCE binds it to the other flow
	_, _, err := r.Finish(t.Context(), mine.Flow, answer)
	why(t, err, office.SignInRefused, "invalid_grant")
}

func TestSignIn_TheTokenMustBeForUsAndForThisSignIn(t *testing.T) {
	t.Parallel()
	now := start.Unix()
	for name, c := range map[string]struct {
		claims map[string]any
		words  string
	}{
		"another nonce":                 {map[string]any{"nonce": "another"}, "another nonce"},
		"no nonce":                      {map[string]any{"nonce": nil}, "another nonce"},
		"a nonce that is no text":       {map[string]any{"nonce": 1}, "unmarshal"},
		"another audience":              {map[string]any{"aud": "another"}, "expected audience"},
		"an audience more":              {map[string]any{"aud": []string{officetest.ClientID, "another"}}, "somebody else, too"},
		"no audience":                   {map[string]any{"aud": []string{}}, "expected audience"},
		"authorized somebody else":      {map[string]any{"azp": "another"}, "azp"},
		"another issuer":                {map[string]any{"iss": "https://evil.example"}, "different provider"},
		"expired this instant":          {map[string]any{"exp": now}, "expired"},
		"expired":                       {map[string]any{"exp": now - 1}, "expired"},
		"no expiry":                     {map[string]any{"exp": nil}, "expired"},
		"from the future":               {map[string]any{"iat": now + 121}, "future"},
		"older than the sign-in":        {map[string]any{"iat": now - 121}, "older"},
		"no iat":                        {map[string]any{"iat": nil}, "no iat"},
		"no subject":                    {map[string]any{"sub": nil}, "subject"},
		"a subject too long":            {map[string]any{"sub": strings.Repeat("x", 256)}, "subject"},
		"a subject beyond ASCII":        {map[string]any{"sub": "zoë"}, "subject"},
		"a subject with a line":         {map[string]any{"sub": "zoe\n"}, "subject"},
		"credentials in the future":     {map[string]any{"auth_time": now + 121}, "auth_time"},
		"groups that are none":          {map[string]any{"groups": map[string]any{"g-admin": true}}, "neither a string nor strings"},
		"groups, some of which are not": {map[string]any{"groups": []any{"g-admin", 1}}, "neither a string nor strings"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := furnish(t, nil)
			r.says(c.claims)
			begun, answer := r.begin(t, false)
			_, _, err := r.Finish(t.Context(), begun.Flow, answer)
			why(t, err, office.SignInRefused, c.words)
			if len(r.records.Events()) != 0 {
				t.Error("something was recorded")
			}
		})
	}
	for name, claims := range map[string]map[string]any{
		"a clock ahead":          {"iat": now + 120, "auth_time": now + 120},
		"a clock behind":         {"iat": now - 120},
		"the longest subject":    {"sub": strings.Repeat("x", 255)},
		"one audience in a list": {"aud": []string{officetest.ClientID}, "azp": officetest.ClientID},
		"no auth_time":           {"auth_time": nil},
		"the last second":        {"exp": now + 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := furnish(t, nil)
			claims["groups"] = "g-view"
			r.says(claims)
			begun, answer := r.begin(t, false)
			if _, who, err := r.Finish(t.Context(), begun.Flow, answer); err != nil || who.Role != office.RoleViewer || who.Session.AuthenticatedAt.After(start) {
				t.Errorf("%+v, %v", who, err)
			}
		})
	}
}

func TestSignIn_TheTokenMustBeSignedAndMeanOneThing(t *testing.T) {
	t.Parallel()
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	header := `{"alg":"ES256","kid":"1"}`
	part := func(token string, i int) string { return strings.Split(token, ".")[i] }
	payload := func(token string) string {
		text, _ := base64.RawURLEncoding.DecodeString(part(token, 1))
		return string(text)
	}
	for name, change := range map[string]func(r *room, token string) string{
		"not signed":             func(_ *room, token string) string { return encode(`{"alg":"none"}`) + "." + part(token, 1) + "." },
		"signed with the secret": func(_ *room, token string) string { return encode(`{"alg":"HS256"}`) + "." + part(token, 1) + ".AAAA" },
		"another key":            func(_ *room, token string) string { return officetest.SignText(other, header, payload(token)) },
		"changed afterwards": func(_ *room, token string) string {
			return part(token, 0) + "." + encode(strings.Replace(payload(token), "zoe", "eve", 1)) + "." + part(token, 2)
		},
		"a member twice": func(r *room, token string) string {
			return officetest.SignText(r.provider.Key, header, `{"sub":"eve",`+payload(token)[1:])
		},
		"the JSON serialization": func(_ *room, token string) string {
			text, _ := json.Marshal(map[string]string{"protected": part(token, 0), "payload": part(token, 1), "signature": part(token, 2)})
			return string(text)
		},
		"empty":                     func(*room, string) string { return "" },
		"too long":                  func(*room, string) string { return strings.Repeat("A", 64<<10+1) },
		"another text, as it seems": func(_ *room, token string) string { return "x" + token },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := furnish(t, nil)
			r.says(map[string]any{"groups": "g-admin"})
			r.provider.Token = func(token string) string { return change(r, token) }
			begun, answer := r.begin(t, false)
			_, _, err := r.Finish(t.Context(), begun.Flow, answer)
			refused(t, err, office.SignInRefused)
		})
	}
}

func TestSignIn_AnAddressCountsOnlyIfItWasVerified(t *testing.T) {
	t.Parallel()
	for want, verified := range map[string]any{"zoe@vendor.example": "true", "": nil} {
		r := furnish(t, nil)
		r.says(map[string]any{"groups": "g-view", "email_verified": verified, "name": "  Zoë\n\u202eNuñez\x00 " + strings.Repeat("x", 300)})
		begun, answer := r.begin(t, false)
		_, who, err := r.Finish(t.Context(), begun.Flow, answer)
		if err != nil || who.Officer.Email != want || !strings.HasPrefix(who.Officer.Name, "ZoëNuñez x") || len(who.Officer.Name) != 256 {
			t.Errorf("%+v, %v", who.Officer, err)
		}
	}
}

func TestSignIn_WhoHasNoRoleIsNoOfficer(t *testing.T) {
	t.Parallel()
	for name, claims := range map[string]map[string]any{
		"no groups":          {},
		"none of ours":       {"groups": []string{"everybody", "G-ADMIN", "viewer"}},
		"too many to be put": {"_claim_names": map[string]string{"groups": "src1"}, "_claim_sources": map[string]any{"src1": map[string]string{"endpoint": "https://evil.example"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := furnish(t, nil)
			r.says(claims)
			begun, answer := r.begin(t, false)
			_, _, err := r.Finish(t.Context(), begun.Flow, answer)
			refused(t, err, office.NotAnOfficer)
		})
	}
}

func TestSignIn_WithAListTellsWhoIsNotOnItTheirSubject(t *testing.T) {
	t.Parallel()
	r := furnish(t, lists)
	r.says(map[string]any{"sub": "auth0|zoe", "groups": "g-admin"}) // which means nothing here
	begun, answer := r.begin(t, false)
	_, _, err := r.Finish(t.Context(), begun.Flow, answer)
	if got := refused(t, err, office.NotAnOfficer); !strings.Contains(got.Detail, "auth0|zoe") {
		t.Errorf("%s", got.Detail)
	}
	if _, err := r.Appoint(t.Context(), office.Actor{By: "local", Operator: true}, "auth0|zoe", office.RoleAdmin); err != nil {
		t.Fatal(err)
	}
	if _, who := r.signIn(t, "auth0|zoe"); who.Role != office.RoleAdmin {
		t.Errorf("%+v", who)
	}
}

// The same subject at another provider is somebody else.
func TestSignIn_ASubjectIsItsProviders(t *testing.T) {
	t.Parallel()
	ids := map[string]bool{}
	for _, issuer := range []string{"https://a.example", "https://a.example/b"} {
		for _, subject := range []string{"zoe", "/bzoe", "Zoe"} {
			ids[office.OfficerID(issuer, subject)] = true
		}
	}
	if len(ids) != 6 {
		t.Errorf("one id for two: %v", ids)
	}
}

func TestSignIn_AfreshTakesCredentialsAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		authTime any
		words    string
	}{
		"at once":           {start.Unix(), ""},
		"a clock behind":    {start.Unix() - 120, ""},
		"of earlier":        {start.Unix() - 121, "did not"},
		"not said":          {nil, "auth_time"},
		"said as something": {"now", "unmarshal"},
	} {
		r := furnish(t, nil)
		r.says(map[string]any{"groups": "g-admin", "auth_time": c.authTime})
		begun, answer := r.begin(t, true)
		_, who, err := r.Finish(t.Context(), begun.Flow, answer)
		if c.words == "" {
			if err != nil || who.Session.AuthenticatedAt.IsZero() {
				t.Errorf("%s: %+v, %v", name, who, err)
			}
			continue
		}
		why(t, err, office.SignInRefused, c.words)
	}
}
