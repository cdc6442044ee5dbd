// Package outboundtest serves handlers on this machine for tests of what calls
// out, with the certificate and the client that go with them.
package outboundtest

import (
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"testing"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
)

// Loopback is what a client must be allowed to call this machine.
func Loopback() []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }

// Serve serves a handler over TLS until the test ends. It returns the address, an
// https URL without a slash at its end, and a client that may call it.
func Serve(t testing.TB, handler http.Handler) (string, *outbound.Client) {
	t.Helper()
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	return server.URL, Client(t, Reach(t, server))
}

// Reach is what a client needs to call one server: its network, port and, if it
// has one, certificate. Everything else is refused.
func Reach(t testing.TB, server *httptest.Server) outbound.Config {
	t.Helper()
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	config := outbound.Config{AllowPrivateNetworks: Loopback(), AllowPorts: []uint16{uint16(port)}}
	if certificate := server.Certificate(); certificate != nil {
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AddCert(certificate)
	}
	return config
}

// Client is a client that closes with the test.
func Client(t testing.TB, config outbound.Config) *outbound.Client {
	t.Helper()
	client, err := outbound.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}
