package httpserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/problem"
)

func TestRequestIDIsOursUnlessTheCallersIsWellFormed(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, sent string
		kept       bool
	}{
		{"none", "", false},
		{"shortest", "a", true},
		{"all characters", "azAZ09-_", true},
		{"longest", strings.Repeat("a", MaxRequestID), true},
		{"one too long", strings.Repeat("a", MaxRequestID+1), false},
		{"line break", "a\nb", false},
		{"escape", "a\x1b[31m", false},
		{"dots, as a token has", "a.b.c", false},
		{"not ASCII", "é", false},
		{"space", "a b", false},
	}
	own := regexp.MustCompile(`^[A-Z2-7]{26}$`)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var seen string
			handler := RequestID(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = RequestIDFrom(r.Context()) }))
			r := httptest.NewRequest("GET", "/", nil)
			if c.sent != "" {
				r.Header.Set("X-Request-Id", c.sent)
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if seen != w.Header().Get("X-Request-Id") {
				t.Errorf("context %q, header %q", seen, w.Header().Get("X-Request-Id"))
			}
			if c.kept != (seen == c.sent) || !c.kept && !own.MatchString(seen) {
				t.Errorf("sent %q, got %q", c.sent, seen)
			}
		})
	}
}

func TestRequestIDFromElsewhereIsEmpty(t *testing.T) {
	t.Parallel()
	if got := RequestIDFrom(t.Context()); got != "" {
		t.Error(got)
	}
	SetRoute(t.Context(), "/x") // does nothing, and does not fail
}

// entries runs requests through the whole chain of a server and returns what
// was logged.
func entries(t *testing.T, handler http.Handler, requests ...*http.Request) []map[string]any {
	t.Helper()
	var log bytes.Buffer
	now := time.Unix(1_000_000, 0)
	server, err := New(Config{
		Addr: "127.0.0.1:0", Handler: handler,
		Logger: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Now: func() time.Time {
			now = now.Add(time.Second)
			return now
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range requests {
		func() {
			defer func() { _ = recover() }()
			server.public.Handler.ServeHTTP(httptest.NewRecorder(), r)
		}()
	}
	var list []map[string]any
	decoder := json.NewDecoder(&log)
	for {
		var entry map[string]any
		if err := decoder.Decode(&entry); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		delete(entry, "time")
		list = append(list, entry)
	}
}

func TestAccessLogHasExactlyWhatItMayHave(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /people/{id}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /early", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusTeapot)
	})
	mux.HandleFunc("GET /other/{id}", func(w http.ResponseWriter, r *http.Request) {
		SetRoute(r.Context(), "/other/:id")
		SetRoute(r.Context(), "")
		_, _ = io.WriteString(w, "x")
		w.WriteHeader(http.StatusTeapot) // too late
	})
	cases := []struct {
		method, target string
		level, route   string
		status         float64
		wantMethod     string
	}{
		{"GET", "/people/Ada?token=secret", "INFO", "GET /people/{id}", 204, "GET"},
		{"GET", "/early", "INFO", "GET /early", 418, "GET"},
		{"GET", "/other/secret", "INFO", "/other/:id", 200, "GET"},
		{"GET", "/eyJhbGciOi.secret", "INFO", "unmatched", 404, "GET"},
		{"SECRET", "/people/Ada", "INFO", "unmatched", 405, "other"},
		{"GET", "/healthz?secret", "DEBUG", "GET /healthz", 200, "GET"},
		{"POST", "/healthz", "INFO", "/healthz", 405, "POST"},
	}
	for _, c := range cases {
		r := httptest.NewRequest(c.method, c.target, strings.NewReader("secret"))
		r.Header.Set("X-Request-Id", "id1")
		r.Header.Set("Authorization", "secret")
		got := entries(t, mux, r)
		want := map[string]any{"msg": "request", "level": c.level, "method": c.wantMethod, "route": c.route,
			"status": c.status, "duration": float64(time.Second), "request_id": "id1"}
		if len(got) != 1 {
			t.Fatalf("%s %s: %d entries: %v", c.method, c.target, len(got), got)
		}
		if !equal(got[0], want) {
			t.Errorf("%s %s:\n got %v\nwant %v", c.method, c.target, got[0], want)
		}
	}
}

func equal(a, b map[string]any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return bytes.Equal(x, y)
}

func TestPanicBecomesAProblemAndALogEntry(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	handler := RequestID(Recover(slog.New(slog.NewJSONHandler(&log, nil)))(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", `"x"`)
		panic("lost my way " + strings.Repeat("y", 2*maxPanicText))
	})))
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != 500 || problemCode(t, w.Body.String()) != "internal_error" || w.Header().Get("ETag") != "" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	if strings.Contains(w.Body.String(), "lost my way") {
		t.Error("the caller was told the panic")
	}
	var entry map[string]string
	if err := json.Unmarshal(log.Bytes(), &entry); err != nil {
		t.Fatal(err)
	}
	if len(entry["panic"]) != maxPanicText || !strings.HasPrefix(entry["panic"], "lost my way") ||
		!strings.Contains(entry["stack"], "middleware_test.go") || entry["request_id"] != w.Header().Get(problem.RequestIDHeader) {
		t.Errorf("log %s", log.String())
	}
}

func TestPanicInTheMiddleOfAnAnswerBreaksTheConnection(t *testing.T) {
	t.Parallel()
	s := start(t, Config{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"decision":"al`)
		w.(http.Flusher).Flush()
		panic("lost")
	})})
	response, err := http.Get(s.url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.ReadAll(response.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("reading half an answer: %v", err)
	}
}

func TestAbortedAnswerIsNoPanicButIsInTheAccessLog(t *testing.T) {
	t.Parallel()
	got := entries(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), httptest.NewRequest("GET", "/", nil))
	if len(got) != 1 || got[0]["msg"] != "request" {
		t.Errorf("%v", got)
	}
}

func TestHandlerReachesTheConnectionThroughTheMiddleware(t *testing.T) {
	t.Parallel()
	s := start(t, Config{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Hour)); err != nil {
			t.Error(err)
		}
		answerOK(w)
	})})
	if status, _, _ := call(t, "GET", s.url, nil); status != 200 {
		t.Error(status)
	}
}
