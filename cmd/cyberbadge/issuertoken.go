package main

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// tokenInfo is an API token as it is printed and as the API answers it.
type tokenInfo struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Scopes     []string  `json:"scopes"`
	CreatedBy  string    `json:"created_by"`
	CreatedAt  time.Time `json:"created_at"`
	ExpiresAt  time.Time `json:"expires_at"`
	RevokedAt  time.Time `json:"revoked_at,omitzero"`
	LastUsedAt time.Time `json:"last_used_at,omitzero"`
}

func issuerTokenListCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	var all, asJSON bool
	c := &cobra.Command{
		Use:   "list --dir DIR",
		Short: "List the API tokens, with when each was last used",
		Long: `List the API tokens that are good, with when each was last used, to within a
minute. Of one name there are two at most: the one in use and the one that is to
take its place.`,
		Example: `  cyberbadge issuer token list --dir issuer
  cyberbadge issuer token list --dir issuer --all --json`,
		Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			return r.withAPI(c.Context(), func(a *api) error {
				var answer struct{ Tokens []tokenInfo }
				if err := a.get(c.Context(), "/v1/tokens", &answer); err != nil {
					return err
				}
				now := s.now()
				shown := []tokenInfo{}
				for _, token := range answer.Tokens {
					if all || token.isGood(now) {
						shown = append(shown, token)
					}
				}
				if asJSON {
					return printJSON(s.out, shown)
				}
				for _, token := range shown {
					fmt.Fprintln(s.out, token.line(now))
				}
				return nil
			})
		},
	}
	r.flags(c)
	c.Flags().BoolVar(&all, "all", false, "those that are revoked or have expired, too")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (t tokenInfo) isGood(now time.Time) bool { return t.RevokedAt.IsZero() && now.Before(t.ExpiresAt) }

// line is one line for a terminal.
func (t tokenInfo) line(now time.Time) string {
	used := "never used"
	if !t.LastUsedAt.IsZero() {
		used = "used " + t.LastUsedAt.Format(time.RFC3339)
	}
	until := "until " + t.ExpiresAt.Format(time.DateOnly)
	if !t.isGood(now) {
		until = "ended " + cmp.Or(t.RevokedAt, t.ExpiresAt).Format(time.DateOnly)
	}
	return plain(fmt.Sprintf("%s  %-24s %s  %-25s %s", t.ID, t.Name, until, used, strings.Join(t.Scopes, ",")))
}

func issuerTokenRevokeCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	c := &cobra.Command{
		Use:     "revoke --dir DIR ID",
		Short:   "End an API token at once and for good",
		Example: `  cyberbadge issuer token revoke --dir issuer 3QKXBMCQZ6VZBCPHVY4CCXWPHW`,
		Args:    arguments("ID"),
		RunE: func(c *cobra.Command, given []string) error {
			return r.withAPI(c.Context(), func(a *api) error {
				return a.call(c.Context(), http.MethodDelete, "/v1/tokens/"+url.PathEscape(given[0]), "", nil, nil)
			})
		},
	}
	r.flags(c)
	return c
}
