package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/spf13/cobra"
)

func personCommand(s streams) *cobra.Command {
	c := &cobra.Command{Use: "person", Short: "Invite people's phones, set portraits, suspend people, export and erase what is kept"}
	c.AddCommand(personInviteCommand(s), personInvitationsCommand(s), personPhotoCommand(s),
		personSuspendCommand(s), personReinstateCommand(s), personExportCommand(s), personEraseCommand(s))
	return c
}

// invitation is the API's answer to inviting.
type invitation struct {
	Link      string    `json:"link"`
	WalletURI string    `json:"wallet_link"`
	TxCode    string    `json:"tx_code"`
	ExpiresAt time.Time `json:"expires_at"`
	Revoked   []string  `json:"revoked_badges"`
}

func personInviteCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	var asJSON bool
	c := &cobra.Command{
		Use:   "invite --dir DIR ID",
		Short: "Invite a person's phone: a link, and a code for another channel",
		Long: `Invite a person's phone to fetch badges by OpenID4VCI, and go on fetching them.

The link is good for one phone. Send the code by another channel than the link:
whoever has both has the badge. A new invitation ends those before it and revokes
the badges of the phone that was lost.`,
		Example: `  cyberbadge person invite --dir issuer 0700004`,
		Args:    arguments("the person's id or external id"),
		RunE: func(c *cobra.Command, args []string) error {
			return r.withAPI(c.Context(), func(a *api) error {
				var raw json.RawMessage
				path := "/v1/people/" + url.PathEscape(args[0]) + "/invitations"
				if err := a.post(c.Context(), path, struct{}{}, &raw); err != nil {
					return err
				}
				if asJSON {
					return printJSON(s.out, raw)
				}
				var made invitation
				if err := json.Unmarshal(raw, &made); err != nil {
					return err
				}
				return made.print(s.out)
			})
		},
	}
	r.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (i invitation) print(w io.Writer) error {
	_, err := fmt.Fprintf(w, "phone link   %s\nwallet link  %s\ncode         %s\ngood until   %s\nrevoked      %d badges\n",
		i.Link, i.WalletURI, i.TxCode, i.ExpiresAt.Format(time.RFC3339), len(i.Revoked))
	return err
}

func personInvitationsCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	c := &cobra.Command{
		Use:     "invitations --dir DIR ID",
		Short:   "List a person's invitations and the phones that took them",
		Example: `  cyberbadge person invitations --dir issuer 0700004`,
		Args:    arguments("the person's id or external id"),
		RunE: func(c *cobra.Command, args []string) error {
			return r.withAPI(c.Context(), func(a *api) error {
				var record any
				if err := a.get(c.Context(), "/v1/people/"+url.PathEscape(args[0])+"/invitations", &record); err != nil {
					return err
				}
				return printJSON(s.out, record)
			})
		},
	}
	r.flags(c)
	c.Flags().Bool("json", true, "print JSON; there is no other form")
	return c
}
