package httpserver

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/problem"
	"github.com/cyberbadge/cyberbadge/internal/strictjson"
)

type embedded struct {
	Site string `json:"site"`
}

type question struct {
	embedded
	Presentation string            `json:"presentation"`
	Count        int               `json:"count,omitempty"`
	Wanted       bool              `json:"wanted"`
	Nested       *question         `json:"nested"`
	List         []question        `json:"list"`
	Named        map[string]nested `json:"named"`
	When         time.Time         `json:"when"`
	From         netip.Addr        `json:"from"`
	Raw          json.RawMessage   `json:"raw"`
	Any          any               `json:"any"`
	Share        float64           `json:"share"`
	Plain        string
	Hidden       string `json:"-"`
	private      string
}

type nested struct {
	Level int8 `json:"level"`
}

const bodyLimit = 4096

func decode(body string, headers ...string) problem.Problem {
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Del(headers[i])
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] != "" {
			r.Header.Add(headers[i], headers[i+1])
		}
	}
	var q question
	if err := DecodeJSON(httptest.NewRecorder(), r, bodyLimit, &q, "application/scim+json"); err != nil {
		return problem.From(err)
	}
	return problem.Problem{Status: 200}
}

func TestDecodeJSONTakesOneTextOneWay(t *testing.T) {
	t.Parallel()
	deep := func(levels int) string {
		return `{"any":` + strings.Repeat("[", levels-1) + strings.Repeat("]", levels-1) + "}"
	}
	manyUnknown := func(n int) string {
		var names []string
		for i := range n {
			names = append(names, fmt.Sprintf(`"n%02d":0`, i))
		}
		return "{" + strings.Join(names, ",") + "}"
	}
	cases := []struct {
		name, body string
		status     int
		code       string
		detail     string // contained in the detail
	}{
		{"empty object", `{}`, 200, "", ""},
		{"everything", `{"site":"s","presentation":"x","count":1,"wanted":true,"nested":{"count":2},"list":[{"count":3}],
			"named":{"Any Name":{"level":1}},"when":"2026-01-02T03:04:05Z","from":"::1","raw":{"Free":1},"any":{"Free":{"x":1}},"share":0.5,"Plain":"x"}`, 200, "", ""},
		{"empty", ``, 400, "json_invalid", "the body is empty"},
		{"null", `null`, 400, "json_invalid", "the body is null"},
		{"array", `[]`, 400, "json_invalid", "the body must be an object, not array"},
		{"cut off", `{"count":1`, 400, "json_invalid", "not strict JSON"},
		{"two values", `{}{}`, 400, "json_invalid", "data after the value"},
		{"not UTF-8", "{\"presentation\":\"\xff\"}", 400, "json_invalid", "not strict JSON"},
		{"lone surrogate", `{"presentation":"\ud800"}`, 400, "json_invalid", "not strict JSON"},
		{"name twice", `{"count":1,"count":2}`, 400, "json_duplicate_name", ""},
		{"name twice, once escaped", `{"count":1,"c\u006funt":2}`, 400, "json_duplicate_name", ""},
		{"name twice, deep inside", `{"any":[{"a":1,"a":2}]}`, 400, "json_duplicate_name", ""},
		{"deepest", deep(strictjson.MaxDepth), 200, "", ""},
		{"one too deep", deep(strictjson.MaxDepth + 1), 400, "json_too_deep", ""},
		{"unknown", `{"presentation":"x","acces":"onsite"}`, 400, "json_unknown_name", `"acces"`},
		{"other case", `{"Count":1}`, 400, "json_unknown_name", `"Count"`},
		{"other case of no tag", `{"plain":"x"}`, 400, "json_unknown_name", `"plain"`},
		{"long s for s", `{"pre\u017fentation":"x"}`, 400, "json_unknown_name", "entation"},
		{"field without a name", `{"Hidden":"x"}`, 400, "json_unknown_name", `"Hidden"`},
		{"unexported field", `{"private":"x"}`, 400, "json_unknown_name", `"private"`},
		{"the embedded type itself", `{"embedded":{}}`, 400, "json_unknown_name", `"embedded"`},
		{"unknown ones all at once, with their places", `{"a":1,"nested":{"b":1},"list":[{},{"c":1}],"named":{"k":{"d":1}}}`,
			400, "json_unknown_name", `"a", "nested.b", "list.1.c", "named.k.d"`},
		{"as many unknown as are listed", manyUnknown(maxNamesInDetail), 400, "json_unknown_name", `"n08", "n09";`},
		{"one more unknown than are listed", manyUnknown(maxNamesInDetail + 1), 400, "json_unknown_name", `"n08", "n09" and 1 more;`},
		{"string for a number", `{"count":"1"}`, 400, "json_invalid", `the member "count" must be a whole number within range, not string`},
		{"fraction for a whole number", `{"count":1.5}`, 400, "json_invalid", `the member "count" must be a whole number within range, not number 1.5`},
		{"number out of range", `{"named":{"k":{"level":128}}}`, 400, "json_invalid", `must be a whole number within range`},
		{"number for a string", `{"nested":{"presentation":1}}`, 400, "json_invalid", `the member "nested.presentation" must be a string, not number`},
		{"string for a truth", `{"wanted":"yes"}`, 400, "json_invalid", `must be true or false, not string`},
		{"object for a list", `{"list":{}}`, 400, "json_invalid", `must be an array, not object`},
		{"string for a fraction", `{"share":"x"}`, 400, "json_invalid", `must be a number, not string`},
		{"no time", `{"when":"yesterday"}`, 400, "json_invalid", `a value could not be read: `},
		{"no address", `{"from":"here"}`, 400, "json_invalid", `a value could not be read: `},
		{"at the bound", `{"presentation":"` + strings.Repeat("x", bodyLimit-19) + `"}`, 200, "", ""},
		{"over the bound", `{"presentation":"` + strings.Repeat("x", bodyLimit-18) + `"}`, 413, "request_too_large", "at most 4096 bytes"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := decode(c.body)
			if got.Status != c.status || got.Code != c.code || !strings.Contains(got.Detail, c.detail) {
				t.Errorf("%.200s:\n got %d %s %q\nwant %d %s %q", c.body, got.Status, got.Code, got.Detail, c.status, c.code, c.detail)
			}
		})
	}
}

func TestDecodeJSONLooksAtTheHeaders(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		headers []string
		status  int
	}{
		{"plain", []string{"Content-Type", "application/json"}, 200},
		{"utf-8", []string{"Content-Type", "application/json; charset=utf-8"}, 200},
		{"UTF-8 in quotes", []string{"Content-Type", `Application/JSON; Charset="UTF-8"`}, 200},
		{"also accepted", []string{"Content-Type", "application/scim+json"}, 200},
		{"none", []string{"Content-Type", ""}, 415},
		{"two", []string{"Content-Type", "application/json", "Content-Type", "text/plain"}, 415},
		{"text, as a form could send", []string{"Content-Type", "text/plain"}, 415},
		{"form", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415},
		{"multipart", []string{"Content-Type", "multipart/form-data; boundary=x"}, 415},
		{"other JSON", []string{"Content-Type", "application/ld+json"}, 415},
		{"utf-16", []string{"Content-Type", "application/json; charset=utf-16"}, 415},
		{"other parameter", []string{"Content-Type", "application/json; profile=x"}, 415},
		{"utf-8 and another parameter", []string{"Content-Type", "application/json; charset=utf-8; profile=x"}, 415},
		{"broken", []string{"Content-Type", "application/json; charset"}, 415},
		{"gzip", []string{"Content-Encoding", "gzip"}, 415},
		{"identity", []string{"Content-Encoding", "identity"}, 415},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := decode(`{}`, c.headers...)
			if got.Status != c.status || c.status != 200 && got.Code != "unsupported_media_type" {
				t.Errorf("got %d %s %q, want %d", got.Status, got.Code, got.Detail, c.status)
			}
		})
	}
}

func TestDecodeJSONFillsTheTarget(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("POST", "/", strings.NewReader(`{"site":"gate 1","list":[{"count":3}]}`))
	r.Header.Set("Content-Type", "application/json")
	var q question
	if err := DecodeJSON(httptest.NewRecorder(), r, bodyLimit, &q); err != nil {
		t.Fatal(err)
	}
	if q.Site != "gate 1" || len(q.List) != 1 || q.List[0].Count != 3 || q.private != "" {
		t.Errorf("%+v", q)
	}
}

func TestReadBodyOfAnotherType(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("POST", "/", strings.NewReader("a,b\n"))
	r.Header.Set("Content-Type", "text/csv; charset=utf-8")
	body, err := ReadBody(httptest.NewRecorder(), r, 4, "text/csv", "text/tab-separated-values")
	if err != nil || string(body) != "a,b\n" {
		t.Errorf("%q %v", body, err)
	}
	r.Header.Set("Content-Type", "image/png")
	_, err = ReadBody(httptest.NewRecorder(), r, 4, "text/csv", "text/tab-separated-values")
	want := "Send the body as Content-Type: text/csv or text/tab-separated-values, in UTF-8."
	if p := problem.From(err); p.Status != http.StatusUnsupportedMediaType || p.Detail != want {
		t.Errorf("%+v", p)
	}
}
