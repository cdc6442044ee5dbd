package fetch

import (
	"context"
	"fmt"
	"net/http"

	"github.com/cyberbadge/cyberbadge/revocation/bundle"
)

// FetchBundle gets the trust bundle at uri, for a verifier that pins the root key:
// see verifier.UseBundle, which verifies it. etag names the copy at hand, empty when
// there is none; when it is still the one to be had, the text is empty.
func (c *Client) FetchBundle(ctx context.Context, uri, etag string) (text, newETag string, err error) {
	response, err := c.outbound.Get(ctx, uri, bundle.MediaType, etag)
	if err != nil {
		return "", "", fmt.Errorf("revocation/fetch: %w", err)
	}
	if response.Status == http.StatusNotModified && etag != "" {
		return "", etag, nil
	}
	if response.Status != http.StatusOK {
		return "", "", fmt.Errorf("revocation/fetch: HTTP status %d", response.Status)
	}
	if response.ContentType != bundle.MediaType {
		return "", "", fmt.Errorf("revocation/fetch: content type %.80q instead of %q", response.ContentType, bundle.MediaType)
	}
	if len(response.ETag) <= maxETag {
		newETag = response.ETag
	}
	return string(response.Body), newETag, nil
}
