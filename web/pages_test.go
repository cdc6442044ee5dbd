package web

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/cyberbadge/cyberbadge/internal/problem"
)

func zip(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const page = `<link href="./assets/check-1.css"><script src="./assets/check-1.js"></script>`

func built(t *testing.T) fstest.MapFS {
	return fstest.MapFS{
		"dist/check.html":                {Data: []byte(page)},
		"dist/assets/check-1.js":         {Data: []byte("script")},
		"dist/assets/check-1.js.gz":      {Data: zip(t, "script")},
		"dist/assets/check-1.js.br":      {Data: []byte("brotli")},
		"dist/assets/verifier-1.wasm.gz": {Data: zip(t, "wasm")},
		"dist/assets/verifier-1.wasm.br": {Data: []byte("brotli")},
	}
}

func get(t *testing.T, h http.Handler, path string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest("GET", path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestCheck_NamesItsAssetsBelowTheBase(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"", "/tenant/1234"} {
		pages, err := newPages(Config{Base: base, TLS: true}, built(t))
		if err != nil {
			t.Fatal(err)
		}
		r := get(t, pages.Check(), base+"/c")
		want := strings.ReplaceAll(page, "./assets/", base+"/assets/")
		if got := body(t, r); r.StatusCode != http.StatusOK || got != want {
			t.Errorf("%d %s, want %s", r.StatusCode, got, want)
		}
		policy := r.Header.Get("Content-Security-Policy")
		for _, directive := range []string{"default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "connect-src 'self';", "require-trusted-types-for 'script'"} {
			if !strings.Contains(policy, directive) {
				t.Errorf("the policy %q lacks %s", policy, directive)
			}
		}
		if got := r.Header.Get("Cache-Control"); got != "no-cache" {
			t.Errorf("Cache-Control is %q", got)
		}
		if again := get(t, pages.Check(), base+"/c", "If-None-Match", r.Header.Get("Etag")); again.StatusCode != http.StatusNotModified {
			t.Errorf("with its tag: %d", again.StatusCode)
		}
	}
}

func TestConcern_NeedsNothingBeyondItsOwnScripts(t *testing.T) {
	t.Parallel()
	files := built(t)
	files["dist/concern.html"] = &fstest.MapFile{Data: []byte(page)}
	pages, err := newPages(Config{Base: "/tenant/1234"}, files)
	if err != nil {
		t.Fatal(err)
	}
	r := get(t, pages.Concern(), "/tenant/1234/concern")
	if got := body(t, r); r.StatusCode != http.StatusOK || got != strings.ReplaceAll(page, "./assets/", "/tenant/1234/assets/") {
		t.Errorf("%d %s", r.StatusCode, got)
	}
	policy := r.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "script-src 'self';") || !strings.Contains(policy, "connect-src 'self';") || !strings.Contains(r.Header.Get("Permissions-Policy"), "camera=()") {
		t.Errorf("headers %v", r.Header)
	}
}

func TestBadge_HasItsWorkerAndManifestBesideIt(t *testing.T) {
	t.Parallel()
	files := built(t)
	files["dist/badge.html"] = &fstest.MapFile{Data: []byte(page)}
	files["dist/badge-worker.js"] = &fstest.MapFile{Data: []byte("worker")}
	files["dist/badge.webmanifest"] = &fstest.MapFile{Data: []byte("{}")}
	pages, err := newPages(Config{Base: "/tenant/1234"}, files)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		handler         http.Handler
		mediaType, text string
	}{
		"page":     {pages.Badge(), "text/html; charset=utf-8", strings.ReplaceAll(page, "./assets/", "/tenant/1234/assets/")},
		"worker":   {pages.BadgeWorker(), "text/javascript; charset=utf-8", "worker"},
		"manifest": {pages.BadgeManifest(), "application/manifest+json", "{}"},
	} {
		r := get(t, c.handler, "/")
		if got := body(t, r); got != c.text || r.Header.Get("Content-Type") != c.mediaType || r.Header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %q with %v", name, got, r.Header)
		}
		if policy := r.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'self';") || !strings.Contains(policy, "worker-src 'self';") {
			t.Errorf("%s: policy %q", name, policy)
		}
	}
}

func TestGate_MayUseTheCameraAndCompileAndHasItsWorkerAndManifestBesideIt(t *testing.T) {
	t.Parallel()
	files := built(t)
	files["dist/gate.html"] = &fstest.MapFile{Data: []byte(page)}
	files["dist/gate-worker.js"] = &fstest.MapFile{Data: []byte("worker")}
	files["dist/gate.webmanifest"] = &fstest.MapFile{Data: []byte("{}")}
	pages, err := newPages(Config{}, files)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		handler         http.Handler
		mediaType, text string
	}{
		"page":     {pages.Gate(), "text/html; charset=utf-8", strings.ReplaceAll(page, "./assets/", "/assets/")},
		"worker":   {pages.GateWorker(), "text/javascript; charset=utf-8", "worker"},
		"manifest": {pages.GateManifest(), "application/manifest+json", "{}"},
	} {
		r := get(t, c.handler, "/")
		if got := body(t, r); got != c.text || r.Header.Get("Content-Type") != c.mediaType || r.Header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %q with %v", name, got, r.Header)
		}
		if policy := r.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'self' 'wasm-unsafe-eval';") || !strings.Contains(policy, "connect-src 'self';") {
			t.Errorf("%s: policy %q", name, policy)
		}
		if got := r.Header.Get("Permissions-Policy"); !strings.Contains(got, "camera=(self),") {
			t.Errorf("%s: Permissions-Policy %q", name, got)
		}
	}
	// The others may not.
	if got := get(t, pages.Badge(), "/").Header.Get("Permissions-Policy"); !strings.Contains(got, "camera=(),") {
		t.Errorf("badge: Permissions-Policy %q", got)
	}
}

func TestAssets_InTheShortestFormThatTheBrowserTakes(t *testing.T) {
	t.Parallel()
	pages, err := newPages(Config{}, built(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, accept, coding, text string }{
		{"check-1.js", "gzip, deflate, br, zstd", "br", "brotli"},
		{"check-1.js", "gzip;q=1.0, br;q=0", "gzip", string(zip(t, "script"))},
		{"check-1.js", "BR", "br", "brotli"},
		{"check-1.js", "gzip;q=x", "", "script"},
		{"check-1.js", "", "", "script"},
		{"verifier-1.wasm", "", "", "wasm"},
		{"verifier-1.wasm", "br", "br", "brotli"},
	} {
		r := get(t, pages.Assets(), "/tenant/assets/"+c.name, "Accept-Encoding", c.accept)
		if got := body(t, r); r.StatusCode != http.StatusOK || got != c.text || r.Header.Get("Content-Encoding") != c.coding {
			t.Errorf("%s for %q: %d %q in %q", c.name, c.accept, r.StatusCode, got, r.Header.Get("Content-Encoding"))
		}
		if got := r.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
			t.Errorf("Cache-Control is %q", got)
		}
	}
	if got := get(t, pages.Assets(), "/assets/verifier-1.wasm").Header.Get("Content-Type"); got != "application/wasm" {
		t.Errorf("WebAssembly is served as %q, which no browser compiles while it loads", got)
	}
	for _, path := range []string{"/assets/", "/assets/check-1.js.gz", "/assets/..", "/assets/check.html", "/"} {
		if r := get(t, pages.Assets(), path); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, r.StatusCode)
		}
	}
}

func TestPages_ThatWereNotBuiltSaySo(t *testing.T) {
	t.Parallel()
	pages, err := newPages(Config{}, fstest.MapFS{"dist/placeholder.txt": {}})
	if err != nil {
		t.Fatal(err)
	}
	r := get(t, pages.Check(), "/c")
	if got := body(t, r); r.StatusCode != http.StatusServiceUnavailable || !strings.Contains(got, "make web") {
		t.Errorf("%d %s", r.StatusCode, got)
	}
	if r := get(t, pages.Console(Told{}), "/console/"); r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("the console: %d", r.StatusCode)
	}
	if r := get(t, pages.Gate(), "/gate/"); r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("the gate: %d", r.StatusCode)
	}
	if r := get(t, pages.Assets(), "/assets/check-1.js"); r.StatusCode != http.StatusNotFound {
		t.Errorf("an asset: %d", r.StatusCode)
	}
}

func TestNew_RefusesWhatItCannotServe(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"/", "tenant", "/a/", "/a//b", `/"><script>`, "/%2F"} {
		_, err := newPages(Config{Base: base}, built(t))
		if err == nil || !strings.HasPrefix(err.Error(), "web: Base ") {
			t.Errorf("Base %q: %v", base, err)
		}
	}
	for want, file := range map[string]string{
		"web: the asset x-1.wasm was built in a form that not every browser takes": "dist/assets/x-1.wasm.br",
		"web: the asset x-1.nothing is of a type that is not known":                "dist/assets/x-1.nothing",
	} {
		files := built(t)
		files[file] = &fstest.MapFile{Data: []byte("x")}
		if _, err := newPages(Config{}, files); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestAssets_AreBounded(t *testing.T) {
	t.Parallel()
	for size, refused := range map[int]bool{MaxAsset: false, MaxAsset + 1: true} {
		files := built(t)
		files["dist/assets/large-1.js"] = &fstest.MapFile{Data: make([]byte, size)}
		if _, err := newPages(Config{}, files); (err != nil) != refused {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

const consolePage = `<html><body><div id="page"><p>old</p></div><script src="./assets/console-1.js"></script></body></html>`

func TestConsole_IsToldWhetherAnybodyCanSignIn(t *testing.T) {
	t.Parallel()
	files := built(t)
	files["dist/console.html"] = &fstest.MapFile{Data: []byte(consolePage)}
	pages, err := newPages(Config{Base: "/tenant/1234"}, files)
	if err != nil {
		t.Fatal(err)
	}
	for _, signIn := range []bool{true, false} {
		r := get(t, pages.Console(Told{SignIn: signIn}), "/console/")
		want := fmt.Sprintf(`<html><body><div id="page" data-told="{&#34;sign_in&#34;:%t}"><p>old</p></div><script src="/tenant/1234/assets/console-1.js"></script></body></html>`, signIn)
		if got := body(t, r); r.StatusCode != http.StatusOK || got != want {
			t.Errorf("%d %s\nwant %s", r.StatusCode, got, want)
		}
		policy := r.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "script-src 'self';") || !strings.Contains(policy, "connect-src 'self';") || r.Header.Get("Cache-Control") != "no-cache" {
			t.Errorf("headers %v", r.Header)
		}
	}
}

func TestConsole_AnswersASignInThatFailed(t *testing.T) {
	t.Parallel()
	files := built(t)
	files["dist/console.html"] = &fstest.MapFile{Data: []byte(consolePage)}
	pages, err := newPages(Config{}, files)
	if err != nil {
		t.Fatal(err)
	}
	refused := problem.New(http.StatusForbidden, "not_an_officer", `"><script>alert(1)</script>`)
	r := get(t, pages.Console(Told{SignIn: true, Refused: &refused}), "/office/callback")
	text := body(t, r)
	if r.StatusCode != http.StatusForbidden || r.Header.Get("Cache-Control") != "no-store" || r.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("%d %v", r.StatusCode, r.Header)
	}
	if strings.Contains(text, "<script>") || !strings.Contains(text, "&#34;code&#34;:&#34;not_an_officer&#34;") {
		t.Errorf("%s", text)
	}
}

func TestConsole_WithoutItsPlaceIsNoConsole(t *testing.T) {
	t.Parallel()
	files := built(t)
	files["dist/console.html"] = &fstest.MapFile{Data: []byte("<html></html>")}
	if _, err := newPages(Config{}, files); err == nil || err.Error() != `web: console.html has no <div id="page"` {
		t.Errorf("%v", err)
	}
}
