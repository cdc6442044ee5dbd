package secure

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const (
	noPermission = "camera=(), accelerometer=(), autoplay=(self), browsing-topics=(), display-capture=(), " +
		"geolocation=(), gyroscope=(), hid=(), magnetometer=(), microphone=(), midi=(), " +
		"payment=(), serial=(), usb=(), xr-spatial-tracking=()"
	pagePolicy = "default-src 'none'; frame-ancestors 'none'; script-src 'self'; style-src 'self'; " +
		"img-src 'self' data: blob:; font-src 'self'; media-src 'self' blob:; worker-src 'self'; manifest-src 'self'; " +
		"connect-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; " +
		"require-trusted-types-for 'script'; trusted-types cyberbadge"
)

func TestEveryHeaderOfEveryProfile(t *testing.T) {
	t.Parallel()
	common := func(policy, permissions string, more ...string) http.Header {
		h := http.Header{
			"X-Content-Type-Options":       {"nosniff"},
			"Referrer-Policy":              {"no-referrer"},
			"Cross-Origin-Opener-Policy":   {"same-origin"},
			"Cross-Origin-Resource-Policy": {"same-origin"},
			"X-Frame-Options":              {"DENY"},
			"Permissions-Policy":           {permissions},
			"Content-Security-Policy":      {policy},
			"Cache-Control":                {"no-store"},
		}
		for i := 0; i < len(more); i += 2 {
			h.Set(more[i], more[i+1])
		}
		return h
	}
	embedder := []string{"Cross-Origin-Embedder-Policy", "require-corp"}
	strict := []string{"Strict-Transport-Security", "max-age=31536000"}
	cases := []struct {
		name string
		cfg  Config
		want http.Header
	}{
		{"API", Config{}, common("default-src 'none'; frame-ancestors 'none'", noPermission)},
		{"API over TLS", Config{TLS: true}, common("default-src 'none'; frame-ancestors 'none'", noPermission, strict...)},
		{"page", Config{Page: &Page{}}, common(pagePolicy, noPermission, embedder...)},
		{"page over TLS", Config{TLS: true, Page: &Page{}},
			common(pagePolicy+"; upgrade-insecure-requests", noPermission, append(strict, embedder...)...)},
		{"gate", Config{Page: &Page{AllowWasm: true, AllowCamera: true, ConnectTo: []string{"https://issuer.example", "https://[2001:db8::1]:8443"}}},
			common(
				strings.NewReplacer("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'",
					"connect-src 'self'", "connect-src 'self' https://issuer.example https://[2001:db8::1]:8443").Replace(pagePolicy),
				strings.Replace(noPermission, "camera=()", "camera=(self)", 1), embedder...)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			wrap, err := New(c.cfg)
			if err != nil {
				t.Fatal(err)
			}
			w := httptest.NewRecorder()
			nothing := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
			wrap(nothing).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
			for name := range c.want {
				if got := w.Header().Get(name); got != c.want.Get(name) {
					t.Errorf("%s:\n got %q\nwant %q", name, got, c.want.Get(name))
				}
			}
			if len(w.Header()) != len(c.want) {
				t.Errorf("headers %v, want exactly %v", w.Header(), c.want)
			}
		})
	}
}

func TestHandlerMayReplaceAHeader(t *testing.T) {
	t.Parallel()
	wrap, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=60")
	})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if got := w.Header().Values("Cache-Control"); len(got) != 1 || got[0] != "public, max-age=60" {
		t.Errorf("Cache-Control %q", got)
	}
}

func TestNewRefusesWhatIsNoOrigin(t *testing.T) {
	t.Parallel()
	for _, origin := range []string{
		"", "*", "https://*", "https://*.example", "http://issuer.example", "issuer.example", "https://", "https://a.example/",
		"https://a.example/path", "https://a.example?x", "https://u@a.example", "https://a.example; script-src *",
		"https://a.example script-src", "https://a.example,b", "HTTPS://a.example", "https://a.example#", "'self'",
	} {
		_, err := New(Config{Page: &Page{ConnectTo: []string{"https://good.example", origin}}})
		want := fmt.Sprintf("secure: ConnectTo %q is not an origin; write https://host or https://host:port", origin)
		if err == nil || err.Error() != want {
			t.Errorf("%q: error %v, want %q", origin, err, want)
		}
	}
}
