package fetch

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// Config says where lists may be fetched from and how far to go. The zero value
// calls any public host over https on port 443 and follows no redirect.
type Config struct {
	// AllowHosts, if not empty, are the only hosts called: names or addresses,
	// without port.
	AllowHosts []string
	// AllowPorts are ports beside the standard one that may be called.
	AllowPorts []uint16
	// AllowPrivateNetworks are networks that may be called although they are not
	// public: for an issuer in the same company. Networks from which machines get
	// their credentials MUST NOT be among them.
	AllowPrivateNetworks []netip.Prefix
	// InsecureAllowLoopback fetches from this machine, over plain http too, for
	// trying things out. It MUST NOT be set where the verifier shares a machine
	// with a service that trusts whoever can reach it.
	InsecureAllowLoopback bool

	Timeout      time.Duration // of one fetch; 10 seconds when zero
	MaxRedirects int           // to the same host, over https; zero refuses every redirect
	RootCAs      *x509.CertPool
	Proxy        *url.URL // which must itself refuse internal addresses; nil for none
}

// Client fetches status lists. It is safe for concurrent use.
type Client struct {
	public   *outbound.Client
	loopback *outbound.Client // nil unless allowed
}

var (
	_ revocation.Fetcher    = (*Client)(nil)
	_ revocation.Aggregator = (*Client)(nil)
)

// New checks the configuration and reports all that is wrong with it.
func New(config Config) (*Client, error) {
	bounds := outbound.Config{
		AllowHosts:           config.AllowHosts,
		AllowPorts:           config.AllowPorts,
		AllowPrivateNetworks: config.AllowPrivateNetworks,
		Timeout:              config.Timeout,
		MaxRedirects:         config.MaxRedirects,
		MaxBody:              revocation.MaxTokenSize,
		RootCAs:              config.RootCAs,
		Proxy:                config.Proxy,
	}
	public, err := outbound.New(bounds)
	if err != nil {
		return nil, fmt.Errorf("revocation/fetch: %w", err)
	}
	if !config.InsecureAllowLoopback {
		return &Client{public: public}, nil
	}
	// A client of its own, so that plain http is good for nothing but this machine.
	bounds.AllowHosts = loopbackHosts()
	bounds.AllowPrivateNetworks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	bounds.InsecureAllowHTTP = true
	bounds.Proxy = nil
	loopback, err := outbound.New(bounds)
	if err != nil {
		return nil, fmt.Errorf("revocation/fetch: %w", err)
	}
	return &Client{public: public, loopback: loopback}, nil
}

func loopbackHosts() []string { return []string{"localhost", "127.0.0.1", "::1"} }

// Fetch gets the list token at uri. An answer is only taken with a 2xx status
// and the media type of a list, spelled exactly so: an error page or a login page
// of whatever stands in between is not a list. Every error means that there is no
// list; one for a body over revocation.MaxTokenSize is an *code.Error with
// status_too_large.
func (c *Client) Fetch(ctx context.Context, uri string) (string, error) {
	response, err := c.clientFor(uri).Get(ctx, uri, revocation.MediaType, "")
	if outbound.CodeOf(err) == outbound.CodeTooLarge {
		return "", code.Refuse(code.StatusTooLarge, "%v", err)
	}
	if err != nil {
		return "", fmt.Errorf("revocation/fetch: %w", err)
	}
	if response.Status < 200 || response.Status > 299 {
		return "", fmt.Errorf("revocation/fetch: HTTP status %d", response.Status)
	}
	if response.ContentType != revocation.MediaType {
		return "", fmt.Errorf("revocation/fetch: content type %.80q instead of %q", response.ContentType, revocation.MediaType)
	}
	return string(response.Body), nil
}

func (c *Client) clientFor(uri string) *outbound.Client {
	if c.loopback == nil {
		return c.public
	}
	u, err := url.Parse(uri)
	if err != nil {
		return c.public
	}
	for _, host := range loopbackHosts() {
		if strings.EqualFold(u.Hostname(), host) {
			return c.loopback
		}
	}
	return c.public
}

// Close closes connections that are kept for the next fetch.
func (c *Client) Close() error {
	c.public.Close()
	if c.loopback != nil {
		c.loopback.Close()
	}
	return nil
}
