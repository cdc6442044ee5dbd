package outbound

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestDoSendsABody(t *testing.T) {
	t.Parallel()
	server, cfg := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %d %s", r.Method, r.Header.Get("Content-Type"), len(body), r.Header.Get("Accept-Encoding"))
	})
	client := mustClient(t, cfg)
	for size, want := range map[int]string{MaxRequestBody: "POST application/json 1048576 gzip", MaxRequestBody + 1: ""} {
		got, err := client.Do(t.Context(), Request{
			Method: "POST", URL: server.URL, Body: make([]byte, size),
			Header: http.Header{"content-type": {"application/json"}, "Accept-Encoding": {"br"}},
		})
		if want == "" && CodeOf(err) != CodeTooLarge || want != "" && (err != nil || string(got.Body) != want) {
			t.Errorf("%d bytes: %v %q", size, err, got.Body)
		}
	}
	if _, err := client.Do(t.Context(), Request{Method: "BAD METHOD", URL: server.URL}); CodeOf(err) != CodeFailed {
		t.Errorf("bad method: %v", err)
	}
}

func TestBodyAtItsBound(t *testing.T) {
	t.Parallel()
	server, cfg := serve(t, func(w http.ResponseWriter, r *http.Request) {
		size, _ := strconv.Atoi(r.URL.Query().Get("size"))
		body := bytes.Repeat([]byte("x"), size)
		switch r.URL.Path {
		case "/plain":
			w.Header().Set("Content-Length", strconv.Itoa(size))
			_, _ = w.Write(body)
		case "/chunked":
			_, _ = w.Write(body[:size/2])
			w.(http.Flusher).Flush()
			_, _ = w.Write(body[size/2:])
		case "/gzip":
			w.Header().Set("Content-Encoding", "gzip")
			packed := gzip.NewWriter(w)
			_, _ = packed.Write(body)
			_ = packed.Close()
		}
	})
	cfg.MaxBody = 10_000
	client := mustClient(t, cfg)
	for _, kind := range []string{"/plain", "/chunked", "/gzip"} {
		got, err := client.Get(t.Context(), fmt.Sprintf("%s%s?size=%d", server.URL, kind, cfg.MaxBody), "", "")
		if err != nil || int64(len(got.Body)) != cfg.MaxBody {
			t.Errorf("%s at the bound: %v, %d bytes", kind, err, len(got.Body))
		}
		got, err = client.Get(t.Context(), fmt.Sprintf("%s%s?size=%d", server.URL, kind, cfg.MaxBody+1), "", "")
		if CodeOf(err) != CodeTooLarge || got.Body != nil {
			t.Errorf("%s one over: %v", kind, err)
		}
	}
	// Twenty megabytes of gzip take 20 kB on the wire.
	if _, err := client.Get(t.Context(), server.URL+"/gzip?size=20000000", "", ""); CodeOf(err) != CodeTooLarge {
		t.Errorf("gzip far over: %v", err)
	}
}

func TestEndlessBodyEnds(t *testing.T) {
	t.Parallel()
	server, cfg := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1024)); err != nil {
				return
			}
		}
	})
	if _, err := mustClient(t, cfg).Get(t.Context(), server.URL, "", ""); CodeOf(err) != CodeTooLarge {
		t.Errorf("%v", err)
	}
}

func TestEncodingsThatWereNotAskedForAreRefused(t *testing.T) {
	t.Parallel()
	server, cfg := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", r.URL.Path[1:])
		_, _ = io.WriteString(w, "x")
	})
	client := mustClient(t, cfg)
	for encoding, want := range map[string]Code{"br": CodeFailed, "gzip,gzip": CodeFailed, "gzip": CodeFailed, "identity": ""} {
		// "gzip" here is a lie: the body is not gzip.
		if _, err := client.Get(t.Context(), server.URL+"/"+encoding, "", ""); CodeOf(err) != want {
			t.Errorf("%s: %v, want %q", encoding, err, want)
		}
	}
}

func TestHeaderBeyondItsBound(t *testing.T) {
	t.Parallel()
	server, cfg := serve(t, func(w http.ResponseWriter, r *http.Request) {
		size, _ := strconv.Atoi(r.URL.Path[1:])
		w.Header().Set("X", strings.Repeat("x", size))
	})
	client := mustClient(t, cfg)
	const rest = 200 // status line and the other headers
	for size, want := range map[int]Code{MaxHeader - rest: "", MaxHeader + 1: CodeFailed} {
		if _, err := client.Get(t.Context(), fmt.Sprintf("%s/%d", server.URL, size), "", ""); CodeOf(err) != want {
			t.Errorf("%d bytes: %v, want %q", size, err, want)
		}
	}
}

func TestRetryAfterIsSecondsOrADate(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		header string
		want   time.Duration
		said   bool
	}{
		{"30", 30 * time.Second, true}, {" 5 ", 5 * time.Second, true}, {"0", 0, true},
		{"2147483647", (1<<31 - 1) * time.Second, true}, {"2147483648", 0, false},
		{"Mon, 23 Nov 2026 08:01:30 GMT", 90 * time.Second, true}, {"Mon, 23 Nov 2026 07:00:00 GMT", 0, true},
		{"", 0, false}, {"-5", 0, false}, {"1.5", 0, false}, {"soon", 0, false},
	} {
		got, said := Response{Header: http.Header{"Retry-After": {c.header}}}.RetryAfter(now)
		if got != c.want || said != c.said {
			t.Errorf("%q: %s, %v", c.header, got, said)
		}
	}
}
