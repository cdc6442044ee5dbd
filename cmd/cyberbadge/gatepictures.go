package main

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	verifierserver "github.com/cyberbadge/cyberbadge/verifier/server"
)

// pictureClient fetches pictures for gates, by the rules that status lists are
// fetched by.
type pictureClient struct {
	public   *outbound.Client
	loopback *outbound.Client // nil unless allowed
}

var _ verifierserver.PictureFetcher = (*pictureClient)(nil)

// loopbackHosts are this machine.
func loopbackHosts() []string { return []string{"localhost", "127.0.0.1", "::1"} }

func (s *fetchSection) pictureClient() (*pictureClient, error) {
	rules, err := s.settings()
	if err != nil {
		return nil, err
	}
	bounds := outbound.Config{
		AllowHosts:           rules.AllowHosts,
		AllowPorts:           rules.AllowPorts,
		AllowPrivateNetworks: rules.AllowPrivateNetworks,
		Timeout:              verifierserver.MaxPictureWait,
		MaxBody:              verifierserver.MaxPicture,
	}
	c := &pictureClient{}
	if c.public, err = outbound.New(bounds); err != nil || !rules.InsecureAllowLoopback {
		return c, err
	}
	// A client of its own, so that plain http is good for nothing but this machine.
	bounds.AllowHosts = loopbackHosts()
	bounds.AllowPrivateNetworks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	bounds.InsecureAllowHTTP = true
	c.loopback, err = outbound.New(bounds)
	return c, err
}

// FetchPicture implements [verifierserver.PictureFetcher].
func (c *pictureClient) FetchPicture(ctx context.Context, address string) ([]byte, error) {
	response, err := c.clientFor(address).Get(ctx, address, "image/jpeg, image/png, image/webp", "")
	if err != nil {
		return nil, err
	}
	if response.Status != http.StatusOK {
		return nil, fmt.Errorf("HTTP status %d", response.Status)
	}
	return response.Body, nil
}

func (c *pictureClient) clientFor(address string) *outbound.Client {
	u, err := url.Parse(address)
	if c.loopback == nil || err != nil || !slices.Contains(loopbackHosts(), u.Hostname()) {
		return c.public
	}
	return c.loopback
}
