package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestServersThatCannotProveWhoTheyAre(t *testing.T) {
	t.Parallel()
	server, good := serve(t, func(http.ResponseWriter, *http.Request) {})
	unknown := good
	unknown.RootCAs = x509.NewCertPool()
	// The test certificate is for example.com and this address, not for localhost.
	otherName := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)

	old := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	old.Config.ErrorLog = log.New(io.Discard, "", 0)
	old.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	old.StartTLS()
	t.Cleanup(old.Close)

	withoutTLS := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(withoutTLS.Close)

	cases := []struct {
		name string
		cfg  Config
		url  string
	}{
		{"unknown authority", unknown, server.URL},
		{"other name", good, otherName},
		{"TLS 1.1", reach(t, old), old.URL},
		{"no TLS at all", reach(t, withoutTLS), strings.Replace(withoutTLS.URL, "http:", "https:", 1)},
	}
	for _, c := range cases {
		if _, err := mustClient(t, c.cfg).Get(t.Context(), c.url, "", ""); CodeOf(err) != CodeTLS {
			t.Errorf("%s: %v, want %s", c.name, err, CodeTLS)
		}
	}
	if _, err := mustClient(t, good).Get(t.Context(), server.URL, "", ""); err != nil {
		t.Errorf("the right one: %v", err)
	}
}

func TestCallsAreBoundedInTime(t *testing.T) {
	t.Parallel()
	wait := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	noHeader, cfg := serve(t, wait)
	noEnd, endCfg := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "half")
		w.(http.Flusher).Flush()
		wait(w, r)
	})
	// Accepts connections and says nothing, not even a handshake.
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	silentCfg := cfg
	silentCfg.AllowPorts = []uint16{uint16(silent.Addr().(*net.TCPAddr).Port)}
	for name, c := range map[string]struct {
		cfg Config
		url string
	}{"no header": {cfg, noHeader.URL}, "no end": {endCfg, noEnd.URL}, "no handshake": {silentCfg, "https://" + silent.Addr().String()}} {
		c.cfg.Timeout = 200 * time.Millisecond
		_, err := mustClient(t, c.cfg).Get(t.Context(), c.url, "", "")
		var timeout net.Error
		if CodeOf(err) != CodeFailed || !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := mustClient(t, cfg).Get(ctx, noHeader.URL, "", ""); CodeOf(err) != CodeFailed || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestNobodyListening(t *testing.T) {
	t.Parallel()
	server, cfg := serve(t, func(http.ResponseWriter, *http.Request) {})
	server.Close()
	_, err := mustClient(t, cfg).Get(t.Context(), server.URL+"/secret?token=secret", "", "")
	if CodeOf(err) != CodeFailed || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}

func TestCodeOf(t *testing.T) {
	t.Parallel()
	if CodeOf(nil) != "" || CodeOf(io.EOF) != CodeFailed || CodeOf(fmt.Errorf("x: %w", &Error{Code: CodeTLS})) != CodeTLS {
		t.Error("wrong code")
	}
}
