package server

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/internal/problem"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// bad is a call that is wrong.
type bad struct {
	method, path string
	body         string
	headers      headers // beside the token; Content-Type is application/json when there is a body
	status       int
	code         string
}

func TestCalls_ThatAreWrongAreToldSo(t *testing.T) {
	t.Parallel()
	o := start(t)
	person := "/v1/people/" + eligible(t).ID
	issued := "/v1/badges/" + o.issue(t, eligible(t).ID).ID
	key := holderKey(t)
	private := strings.Replace(key, "{", `{"d":"`+strings.Repeat("A", 43)+`",`, 1)
	for name, b := range map[string]bad{
		"no such address":               {"GET", "/v1/nothing", "", nil, 404, "not_found"},
		"a slash at the end":            {"GET", "/v1/people/", "", nil, 404, "not_found"},
		"two slashes":                   {"GET", "//v1/people", "", nil, 404, "not_found"},
		"another method":                {"PUT", person, "{}", nil, 405, "method_not_allowed"},
		"trace":                         {"TRACE", "/v1/people", "", nil, 405, "method_not_allowed"},
		"a query nobody takes":          {"GET", person + "?x=1", "", nil, 400, CodeQueryNotAllowed},
		"a misspelled parameter":        {"GET", "/v1/standing?At=2026-11-23T08:00:00Z", "", nil, 400, CodeQueryNotAllowed},
		"a parameter twice":             {"GET", "/v1/people?limit=1&limit=2", "", nil, 400, CodeQueryNotAllowed},
		"a query that is none":          {"GET", "/v1/people?limit=%zz", "", nil, 400, CodeQueryNotAllowed},
		"limit below":                   {"GET", "/v1/people?limit=0", "", nil, 400, CodeLimitInvalid},
		"limit above":                   {"GET", "/v1/people?limit=1001", "", nil, 400, CodeLimitInvalid},
		"limit that is no number":       {"GET", "/v1/people?limit=ten", "", nil, 400, CodeLimitInvalid},
		"cursor too long":               {"GET", "/v1/people?after=" + strings.Repeat("x", store.MaxText+1), "", nil, 400, CodeCursorInvalid},
		"cursor with NUL":               {"GET", "/v1/people?after=%00", "", nil, 400, CodeCursorInvalid},
		"cursor that is not UTF-8":      {"GET", "/v1/people?after=%ff", "", nil, 400, CodeCursorInvalid},
		"time without zone":             {"GET", "/v1/standing?at=2026-11-23T08:00:00", "", nil, 400, CodeTimeInvalid},
		"time whose + became a space":   {"GET", person + "/standing?at=2026-11-23T08:00:00+01:00", "", nil, 400, CodeTimeInvalid},
		"time that is a day":            {"GET", "/v1/standing?at=2026-11-23", "", nil, 400, CodeTimeInvalid},
		"the zero time":                 {"GET", "/v1/standing?at=0001-01-01T00:00:00Z", "", nil, 400, CodeTimeInvalid},
		"nobody":                        {"GET", "/v1/people/nobody", "", nil, 404, CodeNotFound},
		"nobody's standing":             {"GET", "/v1/people/nobody/standing", "", nil, 404, CodeNotFound},
		"nobody's badges":               {"GET", "/v1/people/nobody/badges", "", nil, 404, CodeNotFound},
		"a badge for nobody":            {"POST", "/v1/people/nobody/badges", `{"holder_key":` + key + `}`, nil, 404, CodeNotFound},
		"SQL for a name":                {"GET", "/v1/people/'%20OR%201=1--", "", nil, 404, CodeNotFound},
		"no such badge":                 {"GET", "/v1/badges/nothing", "", nil, 404, CodeNotFound},
		"no such badge to revoke":       {"POST", "/v1/badges/nothing/revoke", `{"reason":"x"}`, nil, 404, CodeNotFound},
		"no such badge to reinstate":    {"POST", "/v1/badges/nothing/reinstate", `{"reason":"x"}`, nil, 404, CodeNotFound},
		"no such token":                 {"DELETE", "/v1/tokens/nothing", "", nil, 404, CodeNotFound},
		"no key":                        {"POST", person + "/badges", `{}`, nil, 400, CodeHolderKeyMissing},
		"a key that is null":            {"POST", person + "/badges", `{"holder_key":null}`, nil, 400, "key_type_mismatch"},
		"a private key":                 {"POST", person + "/badges", `{"holder_key":` + private + `}`, nil, 400, "key_type_mismatch"},
		"a key of another type":         {"POST", person + "/badges", `{"holder_key":{"kty":"RSA","n":"AQAB","e":"AQAB"}}`, nil, 400, "key_type_mismatch"},
		"a member nobody knows":         {"POST", person + "/badges", `{"holder_key":` + key + `,"access":["onsite"]}`, nil, 400, "json_unknown_name"},
		"a member in capitals":          {"POST", person + "/badges", `{"Holder_Key":` + key + `}`, nil, 400, "json_unknown_name"},
		"a member twice":                {"POST", issued + "/revoke", `{"reason":"x","reason":"y"}`, nil, 400, "json_duplicate_name"},
		"no JSON":                       {"POST", issued + "/revoke", `reason=x`, nil, 400, "json_invalid"},
		"JSON of another type":          {"POST", issued + "/revoke", `{"reason":1}`, nil, 400, "json_invalid"},
		"an array":                      {"POST", issued + "/revoke", `[]`, nil, 400, "json_invalid"},
		"too deep":                      {"POST", person + "/badges", `{"holder_key":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, nil, 400, "json_too_deep"},
		"no reason":                     {"POST", issued + "/revoke", `{}`, nil, 400, CodeValueInvalid},
		"an empty reason":               {"POST", issued + "/suspend", `{"reason":""}`, nil, 400, CodeValueInvalid},
		"a reason too long":             {"POST", issued + "/revoke", `{"reason":"` + strings.Repeat("x", store.MaxText+1) + `"}`, nil, 400, CodeValueInvalid},
		"another media type":            {"POST", issued + "/revoke", `{"reason":"x"}`, headers{"Content-Type", "text/plain"}, 415, "unsupported_media_type"},
		"another charset":               {"POST", issued + "/revoke", `{"reason":"x"}`, headers{"Content-Type", "application/json; charset=utf-16"}, 415, "unsupported_media_type"},
		"a compressed body":             {"POST", issued + "/revoke", `{"reason":"x"}`, headers{"Content-Type", "application/json", "Content-Encoding", "gzip"}, 415, "unsupported_media_type"},
		"a body too large":              {"POST", issued + "/revoke", padded(`{"reason":"x"}`, MaxBody+1), nil, 413, "request_too_large"},
		"an unknown scope":              {"POST", "/v1/tokens", `{"name":"x","scopes":["admin"]}`, nil, 400, CodeScopeUnknown},
		"no scope":                      {"POST", "/v1/tokens", `{"name":"x","scopes":[]}`, nil, 400, CodeValueInvalid},
		"a scope twice":                 {"POST", "/v1/tokens", `{"name":"x","scopes":["import","import"]}`, nil, 400, CodeValueInvalid},
		"a token without name":          {"POST", "/v1/tokens", `{"scopes":["import"]}`, nil, 400, CodeValueInvalid},
		"a name too long":               {"POST", "/v1/tokens", `{"name":"` + strings.Repeat("x", store.MaxText+1) + `","scopes":["import"]}`, nil, 400, CodeValueInvalid},
		"a token for no time":           {"POST", "/v1/tokens", `{"name":"x","scopes":["import"],"expires_in_days":0}`, nil, 400, CodeValueInvalid},
		"a token for too long":          {"POST", "/v1/tokens", `{"name":"x","scopes":["import"],"expires_in_days":366}`, nil, 400, CodeValueInvalid},
		"a token for part of a day":     {"POST", "/v1/tokens", `{"name":"x","scopes":["import"],"expires_in_days":1.5}`, nil, 400, "json_invalid"},
		"an import that is JSON":        {"POST", "/v1/import", `{}`, nil, 415, "unsupported_media_type"},
		"an import without boundary":    {"POST", "/v1/import", `x`, headers{"Content-Type", "multipart/form-data"}, 415, "unsupported_media_type"},
		"an import of another kind":     {"POST", "/v1/import", `x`, headers{"Content-Type", "multipart/mixed; boundary=x"}, 415, "unsupported_media_type"},
		"a compressed import":           {"POST", "/v1/import", `x`, headers{"Content-Type", "multipart/form-data; boundary=x", "Content-Encoding", "gzip"}, 415, "unsupported_media_type"},
		"an import that is no form":     {"POST", "/v1/import", "--x\r\nno header\r\n\r\n", headers{"Content-Type", "multipart/form-data; boundary=x"}, 400, CodeMultipartInvalid},
		"an import without files":       {"POST", "/v1/import", "--x--\r\n", headers{"Content-Type", "multipart/form-data; boundary=x"}, 400, CodePartMissing},
		"an import with two of a name":  {"POST", "/v1/import", twoParts, headers{"Content-Type", "multipart/form-data; boundary=x"}, 400, CodePartRepeated},
		"an import of something":        {"POST", "/v1/import", strings.ReplaceAll(twoParts, "people", "something"), headers{"Content-Type", "multipart/form-data; boundary=x"}, 400, CodePartUnknown},
		"an import that ends too early": {"POST", "/v1/import", twoParts[:70], headers{"Content-Type", "multipart/form-data; boundary=x"}, 422, CodeImportUnreadable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			with := append(headers{"Authorization", "Bearer " + o.all}, b.headers...)
			if b.body != "" && len(b.headers) == 0 {
				with = append(with, "Content-Type", "application/json")
			}
			f := o.send(t, http.DefaultClient, b.method, b.path, strings.NewReader(b.body), with).problem(t, b.status, b.code)
			if f.Detail == "" {
				t.Error("nothing says what to do")
			}
		})
	}
}

const twoParts = "--x\r\nContent-Disposition: form-data; name=\"people\"\r\n\r\n{\"Resources\":[]}\r\n" +
	"--x\r\nContent-Disposition: form-data; name=\"people\"\r\n\r\n{\"Resources\":[]}\r\n--x--\r\n"

// padded puts spaces before the end of a text until it has that many bytes.
func padded(text string, size int) string {
	end := len(text) - 1
	return text[:end] + strings.Repeat(" ", size-len(text)) + text[end:]
}

func TestCalls_AtTheBoundAreTaken(t *testing.T) {
	t.Parallel()
	o := start(t)
	longest := strings.Repeat("x", store.MaxText)
	id := o.issue(t, eligible(t).ID).ID
	for _, body := range []string{padded(`{"reason":"x"}`, MaxBody), `{"reason":"` + longest + `"}`} {
		if answer := o.post(t, "/v1/badges/"+id+"/revoke", body); answer.status != http.StatusOK {
			t.Errorf("%.60s: %d %s", body, answer.status, answer.body)
		}
	}
	for _, body := range []string{
		`{"name":"` + longest + `","scopes":["import"]}`,
		`{"name":"x","scopes":["import"],"expires_in_days":1}`,
		fmt.Sprintf(`{"name":"x","scopes":["import"],"expires_in_days":%d}`, MaxTokenDays),
	} {
		if answer := o.post(t, "/v1/tokens", body); answer.status != http.StatusCreated {
			t.Errorf("%.60s: %d %s", body, answer.status, answer.body)
		}
	}
	for _, query := range []string{"limit=1", "limit=1000", "after=" + longest} {
		if answer := o.call(t, "GET", "/v1/people?"+query); answer.status != http.StatusOK {
			t.Errorf("%.30s: %d %s", query, answer.status, answer.body)
		}
	}
}

func TestCalls_AnotherMethodIsToldWhichThereAre(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	answer := o.call(t, "DELETE", "/v1/tokens")
	answer.problem(t, http.StatusMethodNotAllowed, "method_not_allowed")
	for _, method := range []string{"GET", "HEAD", "POST"} {
		if !strings.Contains(answer.header.Get("Allow"), method) {
			t.Errorf("Allow is %q", answer.header.Get("Allow"))
		}
	}
}

func TestCalls_AnswersAreNotKept(t *testing.T) {
	t.Parallel()
	o := start(t)
	for _, path := range []string{"/v1/people", "/v1/standing", "/v1/tokens", "/v1/people/" + eligible(t).ID} {
		answer := o.call(t, "GET", path)
		if answer.header.Get("Cache-Control") != "no-store" || answer.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %v", path, answer.header)
		}
		head := o.send(t, http.DefaultClient, "HEAD", path, nil, headers{"Authorization", "Bearer " + o.all})
		if head.status != http.StatusOK || len(head.body) != 0 {
			t.Errorf("HEAD %s: %d", path, head.status)
		}
	}
}

func TestErrors_BecomeTheProblemsThatTheyAre(t *testing.T) {
	t.Parallel()
	wrap := func(err error) error { return fmt.Errorf("store: badge \"x\": %w", err) }
	for name, c := range map[string]struct {
		err    error
		status int
		code   string
	}{
		"not found":        {wrap(store.ErrNotFound), 404, CodeNotFound},
		"final":            {wrap(store.ErrFinal), 409, CodeRevocationFinal},
		"exists":           {wrap(store.ErrAlreadyExists), 409, CodeAlreadyExists},
		"conflict":         {wrap(store.ErrConflict), 409, CodeConflict},
		"invalid":          {wrap(store.ErrInvalid), 400, CodeValueInvalid},
		"list full":        {wrap(store.ErrListFull), 503, CodeStatusListsFull},
		"unavailable":      {wrap(store.ErrUnavailable), 503, CodeStoreUnavailable},
		"closed":           {wrap(store.ErrClosed), 503, CodeStoreUnavailable},
		"uncertain":        {fmt.Errorf("%w: %w", store.ErrUncertain, store.ErrUnavailable), 503, CodeOutcomeUnknown},
		"ends too soon":    {fmt.Errorf("issuer: %w", issuer.ErrEndsTooSoon), 409, CodeStandingEndsTooSoon},
		"record":           {code.Refuse(code.ClaimValueInvalid, "a name of 200 bytes"), 409, "claim_value_invalid"},
		"key":              {code.Refuse(code.KeyTypeMismatch, "not on the curve"), 400, "key_type_mismatch"},
		"list too large":   {code.Refuse(code.StatusTooLarge, "a token of 5 MiB"), 500, problem.CodeInternal},
		"our own mistake":  {errors.New("secret detail"), 500, problem.CodeInternal},
		"file":             {&issuer.FileError{File: "people", Err: errors.New("source: people: line 3, column 1: no")}, 422, CodeImportUnreadable},
		"file cut off":     {&issuer.FileError{File: "people", Err: &http.MaxBytesError{Limit: 1}}, 413, problem.CodeRequestTooLarge},
		"what was decided": {badRequest(CodePartUnknown, "x"), 400, CodePartUnknown},
	} {
		p := problem.From(known(c.err))
		if p.Status != c.status || p.Code != c.code {
			t.Errorf("%s: %d %s, want %d %s", name, p.Status, p.Code, c.status, c.code)
		}
		if strings.Contains(p.Detail, "store: ") || strings.Contains(p.Detail, "secret") || strings.Contains(p.Detail, "source: ") {
			t.Errorf("%s: detail is %q", name, p.Detail)
		}
	}
	if known(nil) != nil {
		t.Error("no error became one")
	}
}

func TestReady_UntilTheStoreIsClosed(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	for _, base := range []string{o.url, o.operations} {
		for _, path := range []string{"/healthz", "/readyz"} {
			if got := status(t, base+path); got != http.StatusOK {
				t.Errorf("%s: %d", path, got)
			}
		}
	}
	if err := o.store.Close(); err != nil {
		t.Fatal(err)
	}
	for _, base := range []string{o.url, o.operations} {
		if got := status(t, base+"/healthz"); got != http.StatusOK {
			t.Errorf("healthz: %d", got)
		}
		if got := status(t, base+"/readyz"); got != http.StatusServiceUnavailable {
			t.Errorf("readyz: %d", got)
		}
	}
}

func status(t *testing.T, url string) int {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

func TestNew_ReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	_, err := New(Config{})
	want := "issuer/server: no Program: there is nothing to serve\nno Tokens: nobody could call"
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}
