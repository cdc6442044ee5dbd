package outbound

import (
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

func mustClient(t *testing.T, cfg Config) *Client {
	t.Helper()
	client, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// serve starts a TLS server here and returns what a client needs to reach it.
func serve(t *testing.T, handler http.HandlerFunc) (*httptest.Server, Config) {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server, reach(t, server)
}

func reach(t *testing.T, server *httptest.Server) Config {
	t.Helper()
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{
		AllowPrivateNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		AllowPorts:           []uint16{uint16(port)},
	}
	if certificate := server.Certificate(); certificate != nil {
		cfg.RootCAs = x509.NewCertPool()
		cfg.RootCAs.AddCert(certificate)
	}
	return cfg
}

func TestNewReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	_, err := New(Config{
		AllowHosts: []string{"good.example", "::1", "1.2.3.4", "https://a.example", "a.example:443", "*.example", ""},
		Timeout:    -1, MaxRedirects: MaxRedirects + 1, MaxBody: -1,
		AllowPrivateNetworks: []netip.Prefix{{}},
		Proxy:                &url.URL{Scheme: "socks5", Host: "x"},
	})
	want := `outbound: AllowHosts: "https://a.example" is not a host name or address without port
outbound: AllowHosts: "a.example:443" is not a host name or address without port
outbound: AllowHosts: "*.example" is not a host name or address without port
outbound: AllowHosts: "" is not a host name or address without port
outbound: AllowPrivateNetworks: a prefix is not valid
outbound: Timeout is negative (-1ns)
outbound: MaxRedirects is 6; it must be from 0 to 5
outbound: MaxBody is negative (-1)
outbound: Proxy must be an http or https URL with a host`
	if err == nil || err.Error() != want {
		t.Errorf("got:\n%v\nwant:\n%s", err, want)
	}
	if _, err := New(Config{MaxRedirects: MaxRedirects}); err != nil {
		t.Errorf("at the bound: %v", err)
	}
}

func TestGetReturnsWhatWasServed(t *testing.T) {
	t.Parallel()
	server, cfg := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") == `"v1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("Content-Type", "application/statuslist+jwt")
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Retry-After", "9")
		fmt.Fprintf(w, "%s %s %s %s %v", r.Method, r.URL, r.Header.Get("Accept"), r.Header.Get("User-Agent"), r.Header["Cookie"])
	})
	cfg.UserAgent = "gate/1"
	client := mustClient(t, cfg)
	got, err := client.Get(t.Context(), server.URL+"/list?x=1", "application/statuslist+jwt", "")
	if err != nil {
		t.Fatal(err)
	}
	if got.Status != 200 || got.ContentType != "application/statuslist+jwt" || got.ETag != `"v1"` || got.Header.Get("Retry-After") != "9" ||
		string(got.Body) != "GET /list?x=1 application/statuslist+jwt gate/1 []" {
		t.Errorf("%+v %s", got, got.Body)
	}
	got, err = client.Get(t.Context(), server.URL, "", `"v1"`)
	if err != nil || got.Status != 304 || len(got.Body) != 0 {
		t.Errorf("%v %+v", err, got)
	}
}

func TestAnyStatusIsAnAnswer(t *testing.T) {
	t.Parallel()
	server, cfg := serve(t, func(w http.ResponseWriter, r *http.Request) {
		status, _ := strconv.Atoi(r.URL.Path[1:])
		w.WriteHeader(status)
	})
	client := mustClient(t, cfg)
	for _, status := range []int{204, 300, 400, 404, 500, 503} {
		got, err := client.Get(t.Context(), fmt.Sprintf("%s/%d", server.URL, status), "", "")
		if err != nil || got.Status != status {
			t.Errorf("%d: %v %d", status, err, got.Status)
		}
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	reached := new(atomic.Int32)
	other, _ := serve(t, func(http.ResponseWriter, *http.Request) { reached.Add(1) })
	var here string
	server, cfg := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if left, ok := strings.CutPrefix(r.URL.Path, "/hops/"); ok {
			n, _ := strconv.Atoi(left)
			if n > 0 {
				http.Redirect(w, r, fmt.Sprintf("/hops/%d", n-1), http.StatusFound)
				return
			}
			fmt.Fprintf(w, "arrived, referer %q, authorization %q", r.Header.Get("Referer"), r.Header.Get("Authorization"))
			return
		}
		w.Header().Set("Location", strings.ReplaceAll(r.URL.Query().Get("to"), "HERE", here))
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	here = strings.TrimPrefix(server.URL, "https://")
	cfg.AllowPorts = append(cfg.AllowPorts, reach(t, other).AllowPorts...)
	cfg.MaxRedirects = 3
	client := mustClient(t, cfg)

	got, err := client.Do(t.Context(), Request{URL: server.URL + "/hops/3", Header: http.Header{"Authorization": {"secret"}}})
	if err != nil || string(got.Body) != `arrived, referer "", authorization "secret"` {
		t.Errorf("at the bound: %v %s", err, got.Body)
	}
	cases := []struct{ name, path, detail string }{
		{"one too many", "/hops/4", "more than 3 redirects"},
		{"to http", "/?to=http://HERE/hops/0", "the redirect leads away from https"},
		{"to another scheme", "/?to=file:///etc/passwd", "the redirect leads away from https"},
		{"to another name of this machine", "/?to=" + strings.Replace(other.URL, "127.0.0.1", "localhost", 1), "the redirect leads to another host"},
		{"to metadata", "/?to=https://169.254.169.254/", "the redirect leads to another host"},
		{"to the same host by another number", "/?to=https://127.0.0.2/", "the redirect leads to another host"},
		{"to a port that is not allowed", "/?to=https://127.0.0.1:22/", "port 22 is not allowed"},
		{"with a user", "/?to=https://u:p@HERE/hops/0", "the URL has a user name or password in it"},
		{"with a fragment", "/?to=/hops/0%23x", "the URL has a fragment"},
	}
	for _, c := range cases {
		_, err := client.Get(t.Context(), server.URL+c.path, "", "")
		if CodeOf(err) != CodeRedirectRefused || !strings.Contains(err.Error(), c.detail) {
			t.Errorf("%s: %v, want %s: %s", c.name, err, CodeRedirectRefused, c.detail)
		}
	}
	_, err = client.Do(t.Context(), Request{Method: "POST", URL: server.URL + "/?to=/hops/0", Body: []byte("x")})
	if CodeOf(err) != CodeRedirectRefused || !strings.Contains(err.Error(), "a POST is not redirected") {
		t.Errorf("POST: %v", err)
	}
	cfg.MaxRedirects = 0
	if _, err := mustClient(t, cfg).Get(t.Context(), server.URL+"/hops/1", "", ""); CodeOf(err) != CodeRedirectRefused {
		t.Errorf("not configured: %v", err)
	}
	if reached.Load() != 0 {
		t.Error("a redirect reached another server")
	}
}

func TestPlainHTTPOnlyWhenAllowed(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "plain") }))
	t.Cleanup(server.Close)
	cfg := reach(t, server)
	if _, err := mustClient(t, cfg).Get(t.Context(), server.URL, "", ""); CodeOf(err) != CodeBlocked {
		t.Errorf("not allowed: %v", err)
	}
	cfg.InsecureAllowHTTP = true
	if got, err := mustClient(t, cfg).Get(t.Context(), server.URL, "", ""); err != nil || string(got.Body) != "plain" {
		t.Errorf("allowed: %v %s", err, got.Body)
	}
}

func TestProxyIsTakenFromTheConfigurationAndNotFromTheEnvironment(t *testing.T) {
	asked := new(atomic.Int32)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		fmt.Fprintf(w, "proxy saw %s", r.URL)
	}))
	t.Cleanup(proxy.Close)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "direct") }))
	t.Cleanup(server.Close)
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		t.Setenv(name, proxy.URL)
	}
	cfg := reach(t, server)
	cfg.InsecureAllowHTTP = true
	if got, err := mustClient(t, cfg).Get(t.Context(), server.URL, "", ""); err != nil || string(got.Body) != "direct" || asked.Load() != 0 {
		t.Errorf("from the environment: %v %s", err, got.Body)
	}
	via, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	behind := mustClient(t, Config{InsecureAllowHTTP: true, Proxy: via})
	if got, err := behind.Get(t.Context(), "http://vendor.example/x", "", ""); err != nil || string(got.Body) != "proxy saw http://vendor.example/x" {
		t.Errorf("from the configuration: %v %s", err, got.Body)
	}
	if _, err := behind.Get(t.Context(), "http://127.0.0.1/", "", ""); CodeOf(err) != CodeBlocked {
		t.Errorf("an address spelled out: %v", err)
	}
}

func TestLoopbackIsCalledOverPlainHTTPAndNothingElseIs(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "plain") }))
	t.Cleanup(server.Close)
	cfg := reach(t, server)
	cfg.AllowPrivateNetworks, cfg.InsecureAllowLoopback = nil, true
	cfg.AllowHosts = []string{"issuer.example"} // holds for the others
	cfg.Proxy = &url.URL{Scheme: "http", Host: "proxy.example:3128"}
	client := mustClient(t, cfg)
	for _, address := range []string{server.URL, strings.Replace(server.URL, "127.0.0.1", "LocalHost", 1)} {
		if got, err := client.Get(t.Context(), address, "", ""); err != nil || string(got.Body) != "plain" {
			t.Errorf("%s: %v %s", address, err, got.Body)
		}
	}
	port := fmt.Sprint(cfg.AllowPorts[0])
	for _, address := range []string{
		"http://issuer.example:" + port, "https://other.example:" + port, "http://127.0.0.1:1/",
		"http://127.0.0.2:" + port, "http://localhost.example:" + port, "http://[::1",
	} {
		if _, err := client.Get(t.Context(), address, "", ""); CodeOf(err) != CodeBlocked {
			t.Errorf("%s: %v", address, err)
		}
	}
	cfg.InsecureAllowLoopback, cfg.AllowHosts, cfg.Proxy = false, nil, nil
	if _, err := mustClient(t, cfg).Get(t.Context(), server.URL, "", ""); CodeOf(err) != CodeBlocked {
		t.Errorf("not allowed: %v", err)
	}
}
