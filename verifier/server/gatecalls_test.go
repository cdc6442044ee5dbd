package server

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/verifier/gate"
	"github.com/cyberbadge/cyberbadge/verifier/visit"
)

func TestGate_CallsThatAreWrong(t *testing.T) {
	t.Parallel()
	s := startGates(t, nil)
	tb := newGate(t, s, gate.Invitation{})
	for name, c := range map[string]struct {
		path, body, contentType string
		status                  int
		code                    string
	}{
		"a form's type":    {"decisions", `{"presentation":"x"}`, "text/plain", 415, "unsupported_media_type"},
		"no type":          {"visits", `{"records":[]}`, "", 415, "unsupported_media_type"},
		"a form":           {"pairing", `a=b`, "application/x-www-form-urlencoded", 415, "unsupported_media_type"},
		"nonce as a form":  {"nonce", `{}`, "text/plain", 415, "unsupported_media_type"},
		"session as text":  {"session", `{"proof":"x"}`, "text/plain", 415, "unsupported_media_type"},
		"no body":          {"nonce", ``, "application/json", 400, "json_invalid"},
		"unknown member":   {"decisions", `{"presentation":"x","access":"remote"}`, "application/json", 400, "json_unknown_name"},
		"no presentation":  {"decisions", `{"presentation":""}`, "application/json", 400, CodePresentationMissing},
		"a query":          {"decisions?x=1", `{"presentation":"x"}`, "application/json", 400, CodeQueryNotAllowed},
		"too large":        {"decisions", `{"presentation":"` + strings.Repeat("x", MaxBody) + `"}`, "application/json", 413, "request_too_large"},
		"records too many": {"visits", manyRecords(visit.MaxRecords + 1), "application/json", 400, CodeTooManyRecords},
		"records' name":    {"visits", `{"records":[{"ID":"x"}]}`, "application/json", 400, "json_unknown_name"},
	} {
		tb.call(t, "POST", c.path, c.body, "Content-Type", c.contentType).refused(t, name, c.status, c.code)
	}
	if r := tb.call(t, "POST", "visits", manyRecords(visit.MaxRecords)); r.status != 200 {
		t.Errorf("as many records as may be: %d %s", r.status, r.body)
	}
	for size, want := range map[int]int{MaxVisitsBody: 200, MaxVisitsBody + 1: 413} {
		body := `{"records":[` + strings.Repeat(" ", size-len(`{"records":[]}`)) + `]}`
		if r := tb.call(t, "POST", "visits", body); r.status != want {
			t.Errorf("%d bytes of visits: %d, want %d", size, r.status, want)
		}
	}
	for size, want := range map[int]int{MaxBody: 200, MaxBody + 1: 413} {
		body := `{"presentation":"` + strings.Repeat("x", size-len(`{"presentation":""}`)) + `"}`
		if r := tb.call(t, "POST", "decisions", body); r.status != want {
			t.Errorf("%d bytes: %d, want %d", size, r.status, want)
		}
	}
	// The largest call that a page can make fits.
	full := strings.Repeat("x", 400)
	record := visit.Record{ID: strings.Repeat("x", visit.MaxID), At: s.Now(), Event: visit.Admitted, Badge: &visit.Badge{
		Issuer: full, Subject: full, StatusList: full, GivenName: full, FamilyName: full, Organization: full, Role: full, Expires: s.Now(),
	}}
	text, err := json.Marshal(record)
	if err != nil || len(text)*visit.MaxRecords > MaxVisitsBody {
		t.Errorf("%d records of %d bytes are more than %d (%v)", visit.MaxRecords, len(text), MaxVisitsBody, err)
	}
}

func manyRecords(n int) string {
	records := make([]visit.Record, n)
	for i := range records {
		records[i] = visit.Record{ID: fmt.Sprint("r-", i), At: credentialtest.Now, Event: visit.Refused, Reason: "expired"}
	}
	text, err := json.Marshal(map[string]any{"records": records})
	if err != nil {
		panic(err)
	}
	return string(text)
}

func TestGate_PagesOfOtherSitesCanCallNothing(t *testing.T) {
	t.Parallel()
	s := startGates(t, func(c *Config) { c.Address = "https://gate.customer.example" })
	tb := newGate(t, s, gate.Invitation{})
	calls := []struct{ method, path, body string }{
		{"POST", "pairing", `{"code":"x","key":{}}`}, {"POST", "nonce", `{}`}, {"POST", "session", `{"proof":"x"}`},
		{"POST", "decisions", `{"presentation":"x"}`}, {"POST", "visits", `{"records":[]}`},
		{"GET", "settings", ""}, {"GET", "bundle", ""}, {"GET", "present", ""}, {"GET", "events", ""}, {"GET", "pictures?url=x&integrity=y", ""},
	}
	for name, header := range map[string][]string{
		"cross-site":       {"Sec-Fetch-Site", "cross-site"},
		"a sibling":        {"Sec-Fetch-Site", "same-site"},
		"empty":            {"Sec-Fetch-Site", " "},
		"an origin":        {"Origin", "https://attacker.example"},
		"no origin's name": {"Origin", "null"},
		"another port":     {"Origin", "http://127.0.0.1:1"},
		"no scheme":        {"Origin", strings.TrimPrefix(s.url, "http://")},
		"ours as a prefix": {"Origin", s.url + ".attacker.example"},
		"the address's":    {"Origin", "https://gate.customer.example.attacker.example"},
		"both, one bad":    {"Sec-Fetch-Site", "same-origin", "Origin", "https://attacker.example"},
		"the other bad":    {"Sec-Fetch-Site", "cross-site", "Origin", s.url},
	} {
		for _, call := range calls {
			tb.call(t, call.method, call.path, call.body, header...).refused(t, name+" "+call.path, 403, CodeCrossSite)
		}
	}
	for name, header := range map[string][]string{
		"its own":           {"Sec-Fetch-Site", "same-origin", "Origin", s.url},
		"typed":             {"Sec-Fetch-Site", "none"},
		"behind TLS":        {"Origin", strings.Replace(s.url, "http:", "https:", 1)},
		"the address":       {"Origin", "https://gate.customer.example"},
		"in capitals":       {"Origin", strings.ToUpper(s.url)},
		"no browser at all": nil,
	} {
		if r := tb.call(t, "POST", "nonce", `{}`, header...); r.status != 200 {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	r := tb.call(t, "OPTIONS", "decisions", "", "Origin", "https://attacker.example", "Access-Control-Request-Method", "POST")
	if r.status != 405 || r.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("asked beforehand: %d %v", r.status, r.header)
	}
}
