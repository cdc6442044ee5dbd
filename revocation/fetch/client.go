package fetch

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
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
	Proxy        *url.URL      // which must itself refuse internal addresses; nil for none
	Resolver     *net.Resolver // looks up names; nil means the system's
}

// Client fetches status lists. It is safe for concurrent use.
type Client struct{ outbound *outbound.Client }

var (
	_ revocation.ConditionalFetcher = (*Client)(nil)
	_ revocation.Aggregator         = (*Client)(nil)
	_ revocation.Follower           = (*Client)(nil)
)

// New checks the configuration and reports all that is wrong with it.
func New(config Config) (*Client, error) {
	client, err := outbound.New(outbound.Config{
		AllowHosts:            config.AllowHosts,
		AllowPorts:            config.AllowPorts,
		AllowPrivateNetworks:  config.AllowPrivateNetworks,
		InsecureAllowLoopback: config.InsecureAllowLoopback,
		Timeout:               config.Timeout,
		MaxRedirects:          config.MaxRedirects,
		MaxBody:               revocation.MaxTokenSize,
		RootCAs:               config.RootCAs,
		Proxy:                 config.Proxy,
		Resolver:              config.Resolver,
	})
	if err != nil {
		return nil, fmt.Errorf("revocation/fetch: %w", err)
	}
	return &Client{client}, nil
}

// maxETag bounds, in bytes, what is sent back with the next fetch.
const maxETag = 256

// Fetch gets the list token at uri. An answer is only taken with a 2xx status
// and the media type of a list, spelled exactly so: an error page or a login page
// of whatever stands in between is not a list. Every error means that there is no
// list; one for a body over revocation.MaxTokenSize is an *code.Error with
// status_too_large.
func (c *Client) Fetch(ctx context.Context, uri string) (string, error) {
	fetched, err := c.FetchIfChanged(ctx, uri, revocation.Known{})
	return fetched.Token, err
}

// FetchIfChanged is Fetch for who has a copy: see revocation.ConditionalFetcher.
func (c *Client) FetchIfChanged(ctx context.Context, uri string, known revocation.Known) (revocation.Fetched, error) {
	header := http.Header{"Accept": {revocation.MediaType}}
	if known.ETag != "" {
		header.Set("If-None-Match", known.ETag)
	}
	if known.Changed {
		header.Set("Cache-Control", "no-cache") // RFC 9111, section 5.2.1.4
	}
	response, err := c.outbound.Do(ctx, outbound.Request{URL: uri, Header: header})
	if outbound.CodeOf(err) == outbound.CodeTooLarge {
		return revocation.Fetched{}, code.Refuse(code.StatusTooLarge, "%v", err)
	}
	if err != nil {
		return revocation.Fetched{}, fmt.Errorf("revocation/fetch: %w", err)
	}
	if response.Status == http.StatusNotModified && known.ETag != "" {
		return revocation.Fetched{NotModified: true, ETag: known.ETag}, nil
	}
	if response.Status < 200 || response.Status > 299 {
		return revocation.Fetched{}, fmt.Errorf("revocation/fetch: HTTP status %d", response.Status)
	}
	if response.ContentType != revocation.MediaType {
		return revocation.Fetched{}, fmt.Errorf("revocation/fetch: content type %.80q instead of %q", response.ContentType, revocation.MediaType)
	}
	fetched := revocation.Fetched{Token: string(response.Body)}
	if len(response.ETag) <= maxETag {
		fetched.ETag = response.ETag
	}
	return fetched, nil
}

// Close closes connections that are kept for the next fetch.
func (c *Client) Close() error {
	c.outbound.Close()
	return nil
}

// Call makes any call within the bounds of the configuration, for packages beside
// this one that speak to the issuer, such as verifier/signal. Any status is an
// answer.
func (c *Client) Call(ctx context.Context, method, uri string, header http.Header, body []byte) (status int, answer []byte, err error) {
	response, err := c.outbound.Do(ctx, outbound.Request{Method: method, URL: uri, Header: header, Body: body})
	if err != nil {
		return 0, nil, fmt.Errorf("revocation/fetch: %w", err)
	}
	return response.Status, response.Body, nil
}
