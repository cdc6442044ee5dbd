package office_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/office"
)

func TestSession_EndsByItself(t *testing.T) {
	t.Parallel()
	r := furnish(t, func(c *office.Config) { c.Idle, c.Life = 30*time.Minute, time.Hour })
	secret, _ := r.signIn(t, "zoe", "g-view")
	good := func(want bool) {
		t.Helper()
		_, err := r.Authenticate(t.Context(), secret)
		if want && err != nil {
			t.Fatal(err)
		}
		if !want {
			refused(t, err, office.SessionMissing)
		}
	}
	r.Move(30*time.Minute - time.Microsecond)
	good(true)
	r.Move(30*time.Minute - time.Microsecond) // idle no longer than that, and almost an hour old
	good(true)
	r.Move(time.Microsecond)
	good(true)
	r.Move(time.Microsecond)
	good(false) // whatever it was used for

	secret, _ = r.signIn(t, "zoe", "g-view")
	r.Move(30 * time.Minute)
	good(false)
}

func TestSession_AUseIsNotedOnceAMinute(t *testing.T) {
	t.Parallel()
	r := furnish(t, nil)
	secret, _ := r.signIn(t, "zoe", "g-view")
	for range 600 { // ten minutes
		if _, err := r.Authenticate(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
		r.Move(time.Second)
	}
	if got := r.records.Touches(); got != 9 {
		t.Errorf("noted %d times", got)
	}
	r.records.Fail = func(change string) error { return errBroken }
	r.Move(time.Minute)
	if _, err := r.Authenticate(t.Context(), secret); err != nil {
		t.Errorf("a use that could not be noted: %v", err)
	}
}

func TestSession_NobodyGuessesOne(t *testing.T) {
	t.Parallel()
	r := furnish(t, nil)
	secret, _ := r.signIn(t, "zoe", "g-view")
	for _, other := range []string{"", secret[:len(secret)-1], secret + "A", "cbs_" + strings.Repeat("A", 43), strings.ToUpper(secret), "cb_" + secret[4:] + "A", secret[:46] + "+"} {
		_, err := r.Authenticate(t.Context(), other)
		refused(t, err, office.SessionMissing)
	}
}

func TestSession_IsAnotherAfterEverySignIn(t *testing.T) {
	t.Parallel()
	r := furnish(t, nil)
	before, _ := r.signIn(t, "zoe", "g-view")
	elsewhere, _ := r.signIn(t, "zoe", "g-view")
	begun, err := r.Begin(t.Context(), false, before)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Authenticate(t.Context(), before); err != nil {
		t.Errorf("before the sign-in is finished: %v", err)
	}
	after, _, err := r.Finish(t.Context(), begun.Flow, r.provider.Authorize(t, begun.URL))
	if err != nil || after == before {
		t.Fatal(err)
	}
	_, err = r.Authenticate(t.Context(), before)
	refused(t, err, office.SessionMissing)
	for _, secret := range []string{after, elsewhere} {
		if _, err := r.Authenticate(t.Context(), secret); err != nil {
			t.Error(err)
		}
	}
}

func TestSignOut_EndsOneSessionOrAll(t *testing.T) {
	t.Parallel()
	r := furnish(t, nil)
	one, _ := r.signIn(t, "zoe", "g-view")
	two, _ := r.signIn(t, "zoe", "g-view")
	three, _ := r.signIn(t, "zoe", "g-view")
	other, _ := r.signIn(t, "eve", "g-view")
	for range 2 { // idempotent
		elsewhere, err := r.SignOut(t.Context(), one, false)
		if err != nil || !strings.HasPrefix(elsewhere, r.provider.URL+"/end?client_id=") {
			t.Fatalf("%s, %v", elsewhere, err)
		}
	}
	_, err := r.Authenticate(t.Context(), one)
	refused(t, err, office.SessionMissing)
	if _, err := r.SignOut(t.Context(), two, true); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{two, three} {
		_, err := r.Authenticate(t.Context(), secret)
		refused(t, err, office.SessionMissing)
	}
	if _, err := r.Authenticate(t.Context(), other); err != nil {
		t.Errorf("somebody else's: %v", err)
	}
	if _, err := r.SignOut(t.Context(), "", false); err != nil {
		t.Errorf("without a session: %v", err)
	}
}

func TestSignOut_WorksWhileTheProviderIsDown(t *testing.T) {
	t.Parallel()
	r := furnish(t, nil)
	secret, _ := r.signIn(t, "zoe", "g-view")
	restarted, err := office.New(r.config)
	if err != nil {
		t.Fatal(err)
	}
	r.provider.SetDown(true)
	if elsewhere, err := restarted.SignOut(t.Context(), secret, false); err != nil || elsewhere != "" {
		t.Errorf("%s, %v", elsewhere, err)
	}
	_, err = r.Authenticate(t.Context(), secret)
	refused(t, err, office.SessionMissing)
}

func TestSession_OutlivesARestartAndARoleTakenAwayDoesNot(t *testing.T) {
	t.Parallel()
	r := furnish(t, lists)
	operator := office.Actor{By: "local", Operator: true}
	for _, subject := range []string{"zoe", "ada"} {
		if _, err := r.Appoint(t.Context(), operator, subject, office.RoleAdmin); err != nil {
			t.Fatal(err)
		}
	}
	secret, _ := r.signIn(t, "zoe")
	again, err := office.New(r.config)
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range []office.Role{office.RoleViewer, office.RoleOfficer, office.RoleAdmin} {
		if _, err := again.Appoint(t.Context(), operator, "zoe", role); err != nil {
			t.Fatal(err)
		}
		if who, err := again.Authenticate(t.Context(), secret); err != nil || who.Role != role {
			t.Errorf("%s: %+v, %v", role, who, err)
		}
	}
	if _, err := again.Appoint(t.Context(), operator, "zoe", ""); err != nil {
		t.Fatal(err)
	}
	_, err = again.Authenticate(t.Context(), secret)
	refused(t, err, office.SessionMissing)
	// Coming back does not bring the session back.
	if _, err := again.Appoint(t.Context(), operator, "zoe", office.RoleAdmin); err != nil {
		t.Fatal(err)
	}
	_, err = again.Authenticate(t.Context(), secret)
	refused(t, err, office.SessionMissing)
}

func TestSession_OfAnotherProviderIsNone(t *testing.T) {
	t.Parallel()
	r := furnish(t, nil)
	secret, _ := r.signIn(t, "zoe", "g-admin")
	r.config.Issuer = "https://other.example"
	moved, err := office.New(r.config)
	if err != nil {
		t.Fatal(err)
	}
	_, err = moved.Authenticate(t.Context(), secret)
	refused(t, err, office.SessionMissing)
}

func TestSession_AStoreThatFailsIsNotASessionThatEnded(t *testing.T) {
	t.Parallel()
	r := furnish(t, nil)
	r.says(map[string]any{"groups": "g-view"})
	r.records.Fail = func(string) error { return errBroken }
	begun, answer := r.begin(t, false)
	if _, _, err := r.Finish(t.Context(), begun.Flow, answer); !errors.Is(err, errBroken) {
		t.Errorf("%v", err)
	}
}

func TestCheckOrigin_OnlyOurOwnPages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method  string
		headers http.Header
		good    bool
	}{
		"our page":                        {"POST", http.Header{"Sec-Fetch-Site": {"same-origin"}, "Origin": {address}}, true},
		"our page, reading":               {"GET", http.Header{"Sec-Fetch-Site": {"same-origin"}}, true},
		"typed in":                        {"GET", http.Header{"Sec-Fetch-Site": {"none"}}, true},
		"an old browser, reading":         {"GET", nil, true},
		"an old browser with its origin":  {"POST", http.Header{"Origin": {address}}, true},
		"behind a proxy that names hosts": {"POST", http.Header{"Origin": {"http://inside.example"}}, true},
		"an old browser without":          {"POST", nil, false},
		"deleting without":                {"DELETE", nil, false},
		"another site":                    {"POST", http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}}, false},
		"another site, reading":           {"GET", http.Header{"Sec-Fetch-Site": {"cross-site"}}, false},
		"a host below the same domain":    {"POST", http.Header{"Sec-Fetch-Site": {"same-site"}, "Origin": {"https://shop.vendor.example"}}, false},
		"a sandboxed frame":               {"POST", http.Header{"Origin": {"null"}}, false},
		"another port":                    {"POST", http.Header{"Origin": {address + ":8443"}}, false},
		"ours and another":                {"POST", http.Header{"Origin": {address, "https://evil.example"}}, false},
		"ours in front of another":        {"POST", http.Header{"Origin": {address + ".evil.example"}}, false},
		"same origin, they say, and not":  {"POST", http.Header{"Sec-Fetch-Site": {"same-origin", "cross-site"}}, false},
		"an empty origin":                 {"POST", http.Header{"Origin": {""}}, false},
	} {
		r := &http.Request{Method: c.method, Host: "inside.example", Header: c.headers}
		err := office.CheckOrigin(r, address)
		if c.good && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !c.good {
			refused(t, err, office.CrossSite)
		}
	}
}
