package server

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestToken_TheSecretIsShownOnceAndKeptNowhere(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	var added addedToken
	answer := o.post(t, "/v1/tokens", `{"name":"HR export","scopes":["import"],"expires_in_days":30}`)
	answer.decode(t, http.StatusCreated, &added)
	conforms(t, "AddedToken", answer.body)
	if !isToken(added.Secret) || added.Name != "HR export" || !added.ExpiresAt.Equal(o.Now().AddDate(0, 0, 30)) {
		t.Errorf("got %+v", added)
	}
	list := o.call(t, "GET", "/v1/tokens")
	if list.status != http.StatusOK || !strings.Contains(string(list.body), added.ID) || strings.Contains(string(list.body), "cb_") {
		t.Errorf("the list: %d %s", list.status, list.body)
	}
	kept, err := o.store.Tokens(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprintf("%+v", kept); strings.Contains(text, "cb_") {
		t.Error("the store has the secret")
	}
}

func TestToken_OpensNothingOnceExpiredOrRevoked(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	var short, long addedToken
	o.post(t, "/v1/tokens", `{"name":"x","scopes":["people:read"],"expires_in_days":1}`).decode(t, http.StatusCreated, &short)
	o.post(t, "/v1/tokens", `{"name":"x","scopes":["people:read"],"expires_in_days":2}`).decode(t, http.StatusCreated, &long)
	use := func(secret string) reply {
		return o.get(t, "/v1/people", "Authorization", "Bearer "+secret)
	}
	o.Move(24*time.Hour - time.Microsecond)
	if got := use(short.Secret).status; got != http.StatusOK {
		t.Errorf("just before it expires: %d", got)
	}
	o.Move(time.Microsecond)
	use(short.Secret).problem(t, http.StatusUnauthorized, CodeCredentialInvalid)

	for range 2 { // idempotent
		if got := o.call(t, "DELETE", "/v1/tokens/"+long.ID); got.status != http.StatusNoContent || len(got.body) != 0 {
			t.Errorf("revoking: %d %s", got.status, got.body)
		}
	}
	answer := use(long.Secret)
	answer.problem(t, http.StatusUnauthorized, CodeCredentialInvalid)
	if got := answer.header.Get("WWW-Authenticate"); got != `Bearer realm="cyberbadge", error="invalid_token"` {
		t.Errorf("WWW-Authenticate is %q", got)
	}
}

func TestToken_OneWellFormedHeaderOrNone(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	good := "Bearer " + o.all
	for name, c := range map[string]struct {
		headers headers
		status  int
		code    string
	}{
		"none":               {nil, 401, CodeCredentialMissing},
		"two":                {headers{"Authorization", good, "Authorization", good}, 400, CodeCredentialAmbiguous},
		"two in one":         {headers{"Authorization", good + ", " + good}, 400, CodeCredentialAmbiguous},
		"empty":              {headers{"Authorization", ""}, 401, CodeCredentialInvalid},
		"another scheme":     {headers{"Authorization", "Basic " + o.all}, 401, CodeCredentialInvalid},
		"without scheme":     {headers{"Authorization", o.all}, 401, CodeCredentialInvalid},
		"unknown":            {headers{"Authorization", "Bearer " + newToken()}, 401, CodeCredentialInvalid},
		"too long":           {headers{"Authorization", good + "A"}, 401, CodeCredentialInvalid},
		"too short":          {headers{"Authorization", good[:len(good)-1]}, 401, CodeCredentialInvalid},
		"another alphabet":   {headers{"Authorization", "Bearer cb_" + strings.Repeat("+", 43)}, 401, CodeCredentialInvalid},
		"two spaces":         {headers{"Authorization", "Bearer  " + o.all}, 401, CodeCredentialInvalid},
		"capitals in prefix": {headers{"Authorization", "Bearer CB_" + o.all[3:]}, 401, CodeCredentialInvalid},
		"an operator's name": {headers{OperatorHeader, "root"}, 401, CodeCredentialMissing},
	} {
		answer := o.get(t, "/v1/people", c.headers...)
		answer.problem(t, c.status, c.code)
		if challenged := answer.header.Get("WWW-Authenticate") != ""; challenged != (c.status == 401) {
			t.Errorf("%s: WWW-Authenticate is %q", name, answer.header.Get("WWW-Authenticate"))
		}
	}
	if got := o.get(t, "/v1/people", "Authorization", "bearer "+o.all).status; got != http.StatusOK {
		t.Errorf("the scheme in small letters: %d", got) // RFC 9110, section 11.1
	}
}

func TestToken_NeverInAnAddress(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	with := headers{"Authorization", "Bearer " + o.all}
	for _, path := range []string{
		"/v1/people?access_token=x", "/v1/people?limit=1&access_token=x", "/v1/people?token=" + o.all,
		"/v1/people?after=x" + o.all + "x", "/v1/people/" + o.all, "/v1/people/%63b_" + o.all[3:],
		"/" + o.all, "/status-lists/1?" + o.all, "/trust-list.json?x=cb_cb_" + o.all,
	} {
		o.get(t, path, with...).problem(t, http.StatusBadRequest, CodeCredentialMisplaced)
	}
	// What only begins like one is a name like any other.
	o.get(t, "/v1/people/cb_short", with...).problem(t, http.StatusNotFound, CodeNotFound)
	if strings.Contains(o.log.String(), o.all[3:]) {
		t.Error("the log has the token")
	}
}

func TestScope_EachAddressNeedsItsOwn(t *testing.T) {
	t.Parallel()
	o := start(t)
	routes, err := o.service.routes()
	if err != nil {
		t.Fatal(err)
	}
	tokens := map[Scope]string{}
	for _, scope := range Scopes() {
		tokens[scope] = o.token(t, scope)
	}
	fill := strings.NewReplacer(":ref", eligible(t).ID, ":id", "nothing")
	for _, r := range routes {
		if r.scope == "" || r.method == "HEAD" {
			continue
		}
		for _, scope := range Scopes() {
			answer := o.send(t, http.DefaultClient, r.method, fill.Replace(r.path), nil, headers{"Authorization", "Bearer " + tokens[scope]})
			if scope == r.scope {
				if answer.status == http.StatusForbidden || answer.status == http.StatusUnauthorized {
					t.Errorf("%s with %s: %d", r, scope, answer.status)
				}
				continue
			}
			f := answer.problem(t, http.StatusForbidden, CodeScopeMissing)
			if !strings.Contains(f.Detail, string(r.scope)) {
				t.Errorf("%s: detail %q does not name %s", r, f.Detail, r.scope)
			}
			want := fmt.Sprintf(`Bearer realm="cyberbadge", error="insufficient_scope", scope="%s"`, r.scope)
			if got := answer.header.Get("WWW-Authenticate"); got != want {
				t.Errorf("%s: WWW-Authenticate is %q", r, got)
			}
		}
	}
}

func TestScope_NobodyGivesWhatTheyLack(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	limited := o.token(t, ScopeTokens, ScopeImport)
	add := func(scopes string) reply {
		return o.send(t, http.DefaultClient, "POST", "/v1/tokens", strings.NewReader(`{"name":"x","scopes":[`+scopes+`]}`),
			headers{"Authorization", "Bearer " + limited, "Content-Type", "application/json"})
	}
	f := add(`"import","badges:issue"`).problem(t, http.StatusForbidden, CodeScopeMissing)
	if !strings.Contains(f.Detail, "badges:issue") {
		t.Errorf("detail is %q", f.Detail)
	}
	if got := add(`"import","tokens"`).status; got != http.StatusCreated {
		t.Errorf("with scopes of its own: %d", got)
	}
}

func TestOperator_NamesAreLettersDigitsAndLittleElse(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	longest := strings.Repeat("x", MaxOperator)
	for name, want := range map[string]int{
		"m.doe_2-x": 200, longest: 200, longest + "x": 400, "": 400, "a b": 400, "é": 400, "a:b": 400,
	} {
		answer := o.send(t, o.local, "GET", "/v1/people", nil, headers{OperatorHeader, name})
		if answer.status != want {
			t.Errorf("%q: %d, want %d", name, answer.status, want)
		}
		if want == 400 {
			answer.problem(t, want, CodeOperatorInvalid)
		}
	}
	o.send(t, o.local, "GET", "/v1/people", nil, headers{OperatorHeader, "a", OperatorHeader, "b"}).
		problem(t, http.StatusBadRequest, CodeOperatorInvalid)
}
