package fetch_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/revocation/fetch"
)

func serve(t *testing.T, handler http.HandlerFunc) (*httptest.Server, uint16) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server, portOf(t, server.URL)
}

func portOf(t *testing.T, text string) uint16 {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	return uint16(port)
}

func mustClient(t *testing.T, config fetch.Config) *fetch.Client {
	t.Helper()
	client, err := fetch.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

func answer(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = []string{contentType}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestFetchTakesAListAsItIs(t *testing.T) {
	t.Parallel()
	var asked *http.Request
	server, port := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r
		answer(http.StatusOK, revocation.MediaType, "a.b.c")(w, r)
	})
	client := mustClient(t, fetch.Config{InsecureAllowLoopback: true, AllowPorts: []uint16{port}})
	token, err := client.Fetch(t.Context(), server.URL+"/status-lists/1")
	if err != nil || token != "a.b.c" {
		t.Fatalf("got %q, %v", token, err)
	}
	if asked.URL.Path != "/status-lists/1" || asked.Method != http.MethodGet || asked.Header.Get("Accept") != revocation.MediaType {
		t.Errorf("asked %s %s for %q", asked.Method, asked.URL, asked.Header.Get("Accept"))
	}
	for _, name := range []string{"Cookie", "Authorization", "Referer"} {
		if asked.Header.Get(name) != "" {
			t.Errorf("sent %s", name)
		}
	}
}

func TestFetchUnpacksGzip(t *testing.T) {
	t.Parallel()
	packed := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", revocation.MediaType)
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			defer z.Close()
			_, _ = io.WriteString(z, body)
		}
	}
	server, port := serve(t, packed("a.b.c"))
	client := mustClient(t, fetch.Config{InsecureAllowLoopback: true, AllowPorts: []uint16{port}})
	if token, err := client.Fetch(t.Context(), server.URL); err != nil || token != "a.b.c" {
		t.Errorf("got %q, %v", token, err)
	}
	bomb, port := serve(t, packed(strings.Repeat("A", revocation.MaxTokenSize+1)))
	client = mustClient(t, fetch.Config{InsecureAllowLoopback: true, AllowPorts: []uint16{port}})
	if _, err := client.Fetch(t.Context(), bomb.URL); code.Of(err) != code.StatusTooLarge {
		t.Errorf("a bomb: %v", err)
	}
}

func TestFetchSizeBound(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]code.Code{revocation.MaxTokenSize: "", revocation.MaxTokenSize + 1: code.StatusTooLarge} {
		server, port := serve(t, answer(http.StatusOK, revocation.MediaType, strings.Repeat("A", size)))
		client := mustClient(t, fetch.Config{InsecureAllowLoopback: true, AllowPorts: []uint16{port}})
		token, err := client.Fetch(t.Context(), server.URL)
		if got := code.Of(err); got != want || err == nil && len(token) != size {
			t.Errorf("%d bytes: got %d bytes, %q (%v)", size, len(token), got, err)
		}
	}
}

func TestFetchRefusesWhatIsNotServedAsAList(t *testing.T) {
	t.Parallel()
	for _, contentType := range []string{
		"", "text/html", "application/jwt", "application/statuslist+cwt", "application/statuslist",
		"application/statuslist+jwt; charset=utf-8", "application/statuslist+jwt ,text/html", "APPLICATION/STATUSLIST+JWT",
	} {
		server, port := serve(t, answer(http.StatusOK, contentType, "a.b.c"))
		client := mustClient(t, fetch.Config{InsecureAllowLoopback: true, AllowPorts: []uint16{port}})
		token, err := client.Fetch(t.Context(), server.URL)
		if token != "" || err == nil || !strings.Contains(err.Error(), "content type") {
			t.Errorf("%q: got %q, %v", contentType, token, err)
		}
	}
}

func TestFetchTakesSuccessOnly(t *testing.T) {
	t.Parallel()
	for status, good := range map[int]bool{200: true, 203: true, 299: true, 300: false, 304: false, 400: false, 404: false, 500: false, 503: false} {
		server, port := serve(t, answer(status, revocation.MediaType, "a.b.c"))
		client := mustClient(t, fetch.Config{InsecureAllowLoopback: true, AllowPorts: []uint16{port}})
		token, err := client.Fetch(t.Context(), server.URL)
		if (err == nil) != good || (token != "") != good {
			t.Errorf("%d: got %q, %v", status, token, err)
		}
		if !good && !strings.Contains(err.Error(), fmt.Sprint("HTTP status ", status)) {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestFetchRefusesAddressesByDefault(t *testing.T) {
	t.Parallel()
	server, port := serve(t, answer(http.StatusOK, revocation.MediaType, "a.b.c"))
	for name, test := range map[string]struct {
		config fetch.Config
		url    string
	}{
		"loopback":             {fetch.Config{AllowPorts: []uint16{port}}, server.URL},
		"loopback over https":  {fetch.Config{AllowPorts: []uint16{port}}, fmt.Sprintf("https://127.0.0.1:%d/", port)},
		"a port not named":     {fetch.Config{InsecureAllowLoopback: true}, server.URL},
		"private":              {fetch.Config{}, "https://10.0.0.1/"},
		"metadata":             {fetch.Config{}, "https://169.254.169.254/"},
		"mapped":               {fetch.Config{}, "https://[::ffff:127.0.0.1]/"},
		"http":                 {fetch.Config{InsecureAllowLoopback: true}, "http://issuer.example/"},
		"http to the public":   {fetch.Config{InsecureAllowLoopback: true}, "http://8.8.8.8/"},
		"file":                 {fetch.Config{}, "file:///etc/passwd"},
		"credentials":          {fetch.Config{}, "https://user:password@issuer.example/"},
		"a host not named":     {fetch.Config{AllowHosts: []string{"issuer.example"}}, "https://attacker.example/"},
		"private, loopback on": {fetch.Config{InsecureAllowLoopback: true}, "https://10.0.0.1/"},
		"not a URL":            {fetch.Config{InsecureAllowLoopback: true}, "http://[::1"},
	} {
		_, err := mustClient(t, test.config).Fetch(t.Context(), test.url)
		if got := outbound.CodeOf(err); got != outbound.CodeBlocked {
			t.Errorf("%s: got %q (%v)", name, got, err)
		}
	}
}

func TestFetchReachesAPrivateNetworkThatIsNamed(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(answer(http.StatusOK, revocation.MediaType, "a.b.c"))
	t.Cleanup(server.Close)
	client := mustClient(t, fetch.Config{
		AllowPorts:           []uint16{portOf(t, server.URL)},
		AllowPrivateNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		RootCAs:              server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs,
	})
	if token, err := client.Fetch(t.Context(), server.URL); err != nil || token != "a.b.c" {
		t.Errorf("got %q, %v", token, err)
	}
	stranger := mustClient(t, fetch.Config{
		AllowPorts:           []uint16{portOf(t, server.URL)},
		AllowPrivateNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})
	if _, err := stranger.Fetch(t.Context(), server.URL); outbound.CodeOf(err) != outbound.CodeTLS {
		t.Errorf("an unknown certificate: %v", err)
	}
}

func TestFetchReachesLoopbackBesideTheHostsThatAreNamed(t *testing.T) {
	t.Parallel()
	server, port := serve(t, answer(http.StatusOK, revocation.MediaType, "a.b.c"))
	client := mustClient(t, fetch.Config{
		InsecureAllowLoopback: true, AllowPorts: []uint16{port}, AllowHosts: []string{"issuer.example"},
	})
	if token, err := client.Fetch(t.Context(), server.URL); err != nil || token != "a.b.c" {
		t.Errorf("got %q, %v", token, err)
	}
}

func TestFetchFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"/elsewhere", "http://169.254.169.254/", "https://attacker.example/"} {
		server, port := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/elsewhere" {
				t.Error("followed")
			}
			http.Redirect(w, r, target, http.StatusFound)
		})
		client := mustClient(t, fetch.Config{InsecureAllowLoopback: true, AllowPorts: []uint16{port}})
		if _, err := client.Fetch(t.Context(), server.URL); outbound.CodeOf(err) != outbound.CodeRedirectRefused {
			t.Errorf("%s: %v", target, err)
		}
	}
}

func TestFetchEndsInTime(t *testing.T) {
	t.Parallel()
	server, port := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	client := mustClient(t, fetch.Config{InsecureAllowLoopback: true, AllowPorts: []uint16{port}, Timeout: 50 * time.Millisecond})
	if _, err := client.Fetch(t.Context(), server.URL); outbound.CodeOf(err) != outbound.CodeFailed {
		t.Errorf("timeout: %v", err)
	}
	patient := mustClient(t, fetch.Config{InsecureAllowLoopback: true, AllowPorts: []uint16{port}})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := patient.Fetch(ctx, server.URL); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the caller's own: %v", err)
	}
}

func TestNewReportsBadConfiguration(t *testing.T) {
	t.Parallel()
	_, err := fetch.New(fetch.Config{Timeout: -1, MaxRedirects: outbound.MaxRedirects + 1, AllowHosts: []string{"a:b"}})
	for _, want := range []string{"Timeout", "MaxRedirects", "AllowHosts"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", want, err)
		}
	}
}
