package problem

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

func TestFromGivesEachErrorItsAnswer(t *testing.T) {
	t.Parallel()
	refused := &Error{Status: 409, Code: "conflict", Detail: "Somebody else changed it.", Err: errors.New("row 7")}
	cases := []struct {
		name   string
		err    error
		status int
		code   string
		detail string
	}{
		{"own error", refused, 409, "conflict", "Somebody else changed it."},
		{"own error, wrapped", fmt.Errorf("office: %w", refused), 409, "conflict", "Somebody else changed it."},
		{"formatted", Errorf(400, "cursor_invalid", "cursor %q", "x"), 400, "cursor_invalid", `cursor "x"`},
		{"body too large", fmt.Errorf("read: %w", &http.MaxBytesError{Limit: 10}), 413, "request_too_large", "The body may be at most 10 bytes long."},
		{"slow caller", fmt.Errorf("read: %w", os.ErrDeadlineExceeded), 408, "request_timeout", ""},
		{"out of time", fmt.Errorf("store: %w", context.DeadlineExceeded), 503, "unavailable", ""},
		{"cancelled", context.Canceled, 503, "unavailable", ""},
		{"unknown", errors.New("secret path /var/keys"), 500, "internal_error", ""},
		{"status below the errors", &Error{Status: 399, Code: "odd"}, 500, "internal_error", ""},
		{"lowest status", &Error{Status: 400, Code: "odd"}, 400, "odd", ""},
		{"highest status", &Error{Status: 599, Code: "odd"}, 599, "odd", ""},
		{"status above the errors", &Error{Status: 600, Code: "odd"}, 500, "internal_error", ""},
		{"nil", nil, 500, "internal_error", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := From(c.err)
			if p.Status != c.status || p.Code != c.code {
				t.Fatalf("From(%v) = %d %s, want %d %s", c.err, p.Status, p.Code, c.status, c.code)
			}
			if c.detail != "" && p.Detail != c.detail {
				t.Errorf("detail %q, want %q", p.Detail, c.detail)
			}
			if p.Type != "urn:cyberbadge:problem:"+c.code {
				t.Errorf("type %q", p.Type)
			}
			if strings.Contains(p.Detail, "secret") || strings.Contains(p.Detail, "row 7") {
				t.Errorf("detail %q tells the cause", p.Detail)
			}
		})
	}
}

func TestErrorTextHasTheCauseForTheLog(t *testing.T) {
	t.Parallel()
	cause := errors.New("row 7")
	err := &Error{Status: 409, Code: "conflict", Detail: "Changed.", Err: cause}
	if err.Error() != "conflict: Changed.: row 7" || !errors.Is(err, cause) {
		t.Errorf("error %q", err)
	}
}

func TestWriteSendsOneProblemAndDropsHeadersOfTheAnswerMeant(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	for _, name := range []string{"Content-Encoding", "Content-Length", "Content-Disposition", "ETag", "Last-Modified"} {
		w.Header().Set(name, "9")
	}
	w.Header().Set("Retry-After", "30")
	w.Header().Set(RequestIDHeader, "abc")
	Write(w, httptest.NewRequest("GET", "/", nil), New(429, "too_many_requests", `<script>`))

	want := `{"type":"urn:cyberbadge:problem:too_many_requests","title":"Too many requests","status":429,` +
		`"detail":"\u003cscript\u003e","code":"too_many_requests","instance":"urn:cyberbadge:request:abc"}` + "\n"
	if w.Code != 429 || w.Body.String() != want {
		t.Errorf("%d\n got %s\nwant %s", w.Code, w.Body, want)
	}
	wantHeader := http.Header{
		"Content-Type":           {"application/problem+json"},
		"Cache-Control":          {"no-store"},
		"X-Content-Type-Options": {"nosniff"},
		"Retry-After":            {"30"},
		"X-Request-Id":           {"abc"},
	}
	if fmt.Sprint(w.Header()) != fmt.Sprint(wantHeader) {
		t.Errorf("header %v, want %v", w.Header(), wantHeader)
	}
}

func TestWriteToHeadHasNoBody(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	Write(w, httptest.NewRequest("HEAD", "/", nil), New(404, "not_found", ""))
	if w.Code != 404 || w.Body.Len() != 0 {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}

func TestDetailIsCutAtItsBound(t *testing.T) {
	t.Parallel()
	if got := New(400, "c", strings.Repeat("x", MaxDetail)).Detail; len(got) != MaxDetail {
		t.Errorf("at the bound: %d bytes", len(got))
	}
	if got := New(400, "c", strings.Repeat("x", MaxDetail+1)).Detail; len(got) != MaxDetail {
		t.Errorf("one over: %d bytes", len(got))
	}
	// The cut falls inside the two bytes of é, and half a character is not sent.
	if got := New(400, "c", strings.Repeat("x", MaxDetail-1)+"é").Detail; len(got) != MaxDetail-1 {
		t.Errorf("cut in a character: %d bytes", len(got))
	}
}

func TestWriteErrorLogsTheCauseOnlyWhenTheFaultIsOurs(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		err    error
		status int
		logged string
	}{
		{"ours", errors.New("disk gone"), 500, "disk gone"},
		{"ours and typed", &Error{Status: 503, Code: "store_unavailable", Err: errors.New("locked")}, 503, "locked"},
		{"theirs", &Error{Status: 400, Code: "json_invalid", Err: errors.New("bad")}, 400, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			w := httptest.NewRecorder()
			WriteError(w, httptest.NewRequest("GET", "/x?token=s", nil), slog.New(slog.NewJSONHandler(&log, nil)), c.err)
			if w.Code != c.status {
				t.Errorf("status %d, want %d", w.Code, c.status)
			}
			if (c.logged == "") != (log.Len() == 0) || !strings.Contains(log.String(), c.logged) {
				t.Errorf("log %q, want %q in it", log.String(), c.logged)
			}
			if strings.Contains(log.String(), "token") {
				t.Errorf("log %q has the query", log.String())
			}
		})
	}
}

func TestHelperHandlers(t *testing.T) {
	t.Parallel()
	routerSetAllow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", "PUT")
		MethodNotAllowed().ServeHTTP(w, r)
	})
	cases := []struct {
		name    string
		handler http.Handler
		status  int
		code    string
		allow   string
	}{
		{"not found", NotFound(), 404, "not_found", ""},
		{"method", MethodNotAllowed("GET", "HEAD"), 405, "method_not_allowed", "GET, HEAD"},
		{"method, allow set by a router", routerSetAllow, 405, "method_not_allowed", "PUT"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			c.handler.ServeHTTP(w, httptest.NewRequest("TRACE", "/secret-in-path", nil))
			body, _ := io.ReadAll(w.Body)
			var p Problem
			if err := json.Unmarshal(body, &p); err != nil {
				t.Fatal(err)
			}
			if w.Code != c.status || p.Status != c.status || p.Code != c.code || w.Header().Get("Allow") != c.allow {
				t.Errorf("%d %+v Allow %q", w.Code, p, w.Header().Get("Allow"))
			}
			if bytes.Contains(body, []byte("secret")) {
				t.Errorf("body %s repeats the path", body)
			}
		})
	}
}
