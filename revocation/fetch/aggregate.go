package fetch

import (
	"context"
	"fmt"
	"mime"

	"github.com/cyberbadge/cyberbadge/internal/strictjson"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// Aggregate gets the addresses of an issuer's lists (Token Status List, section
// 9.3). At most revocation.MaxLists are taken.
func (c *Client) Aggregate(ctx context.Context, uri string) ([]string, error) {
	lists, err := c.aggregate(ctx, uri)
	if err != nil {
		return nil, fmt.Errorf("revocation/fetch: aggregation: %w", err)
	}
	return lists, nil
}

func (c *Client) aggregate(ctx context.Context, uri string) ([]string, error) {
	response, err := c.outbound.Get(ctx, uri, "application/json", "")
	if err != nil {
		return nil, err
	}
	if response.Status < 200 || response.Status > 299 {
		return nil, fmt.Errorf("HTTP status %d", response.Status)
	}
	if mediaType, _, err := mime.ParseMediaType(response.ContentType); err != nil || mediaType != "application/json" {
		return nil, fmt.Errorf("content type %.80q instead of application/json", response.ContentType)
	}
	document, err := strictjson.Parse(response.Body)
	if err != nil {
		return nil, err
	}
	found, _ := document.Member("status_lists")
	if found.Kind != strictjson.Array || len(found.Elements) > revocation.MaxLists {
		return nil, fmt.Errorf("status_lists is not an array of at most %d", revocation.MaxLists)
	}
	lists := make([]string, len(found.Elements))
	for i, e := range found.Elements {
		if e.Kind != strictjson.String {
			return nil, fmt.Errorf("status_lists holds something other than strings")
		}
		lists[i] = e.Text
	}
	return lists, nil
}
