package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	verifierserver "github.com/cyberbadge/cyberbadge/verifier/server"
)

// pictureClient fetches pictures for gates, by the rules that status lists are
// fetched by.
type pictureClient struct{ outbound *outbound.Client }

var _ verifierserver.PictureFetcher = (*pictureClient)(nil)

// pictureClient is nil where nothing is to be fetched.
func (s *fetchSection) pictureClient() (verifierserver.PictureFetcher, error) {
	if s.Off {
		return nil, nil
	}
	rules, err := s.settings()
	if err != nil {
		return nil, err
	}
	client, err := outbound.New(outbound.Config{
		AllowHosts:            rules.AllowHosts,
		AllowPorts:            rules.AllowPorts,
		AllowPrivateNetworks:  rules.AllowPrivateNetworks,
		InsecureAllowLoopback: rules.InsecureAllowLoopback,
		Timeout:               verifierserver.MaxPictureWait,
		MaxBody:               verifierserver.MaxPicture,
	})
	return &pictureClient{client}, err
}

// FetchPicture implements [verifierserver.PictureFetcher].
func (c *pictureClient) FetchPicture(ctx context.Context, address string) ([]byte, error) {
	response, err := c.outbound.Get(ctx, address, "image/jpeg, image/png, image/webp", "")
	if err != nil {
		return nil, err
	}
	if response.Status != http.StatusOK {
		return nil, fmt.Errorf("HTTP status %d", response.Status)
	}
	return response.Body, nil
}
