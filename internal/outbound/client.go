package outbound

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
)

// Client makes calls. It is safe for concurrent use.
type Client struct {
	cfg       Config
	addresses addressGuard
	transport *http.Transport
	http      *http.Client
	loopback  *Client // nil unless allowed
}

// New checks cfg and reports all that is wrong with it.
func New(cfg Config) (*Client, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	c := newClient(cfg)
	if cfg.InsecureAllowLoopback {
		// One of its own, so that plain http is good for nothing but this machine.
		c.loopback = newClient(cfg.onLoopback())
	}
	return c, nil
}

func newClient(cfg Config) *Client {
	cfg = cfg.withDefaults()
	c := &Client{cfg: cfg, addresses: newAddressGuard(cfg.AllowPrivateNetworks)}
	dialer := &net.Dialer{Timeout: connectTimeout, Resolver: cfg.Resolver}
	if cfg.Proxy == nil {
		dialer.Control = c.control
	}
	// HTTP/1.1 only: a few calls a minute need no second protocol and its attacks.
	c.transport = &http.Transport{
		Proxy:                  http.ProxyURL(cfg.Proxy), // nil means none, whatever the environment says
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: cfg.RootCAs},
		TLSHandshakeTimeout:    connectTimeout,
		ResponseHeaderTimeout:  cfg.Timeout,
		IdleConnTimeout:        idleTimeout,
		MaxIdleConns:           idleConnections,
		MaxResponseHeaderBytes: MaxHeader,
	}
	// What bounds the time is each call's context.
	c.http = &http.Client{Transport: c.transport, CheckRedirect: c.checkRedirect}
	return c
}

// Close closes connections that are kept for the next call.
func (c *Client) Close() {
	c.transport.CloseIdleConnections()
	if c.loopback != nil {
		c.loopback.Close()
	}
}

// to is the client for a URL: this machine has its own, if it is called at all.
func (c *Client) to(raw string) *Client {
	if c.loopback == nil {
		return c
	}
	u, err := url.Parse(raw)
	if err != nil || !slices.Contains(loopbackHosts(), strings.ToLower(u.Hostname())) {
		return c
	}
	return c.loopback
}

// control implements net.Dialer.Control: it sees the very address to which the
// connection is about to be made.
func (c *Client) control(_, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return blocked(address, "not an address")
	}
	if why := c.addresses.refusal(target.Addr()); why != "" {
		return blocked(target.Addr().String(), "the address is not called (%s)", why)
	}
	return nil
}

func (c *Client) checkRedirect(next *http.Request, via []*http.Request) error {
	first := via[0]
	refused := func(format string, args ...any) error {
		return &Error{Code: CodeRedirectRefused, Host: first.URL.Hostname(), Detail: fmt.Sprintf(format, args...)}
	}
	if first.Method != http.MethodGet {
		return refused("a %s is not redirected", first.Method)
	}
	if len(via) > c.cfg.MaxRedirects {
		return refused("more than %d redirects", c.cfg.MaxRedirects)
	}
	if next.URL.Scheme != "https" {
		return refused("the redirect leads away from https")
	}
	if !strings.EqualFold(next.URL.Hostname(), first.URL.Hostname()) {
		return refused("the redirect leads to another host")
	}
	if err := c.judge(next.URL); err != nil {
		return &Error{Code: CodeRedirectRefused, Host: first.URL.Hostname(), Err: err}
	}
	next.Header.Del("Referer")
	return nil
}
