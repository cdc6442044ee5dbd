package main

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"
)

// officerInfo is an officer as it is printed and as the API answers it.
type officerInfo struct {
	ID         string    `json:"id"`
	Subject    string    `json:"subject"`
	Name       string    `json:"name"`
	Email      string    `json:"email"`
	Role       string    `json:"role"`
	ChangedBy  string    `json:"changed_by"`
	ChangedAt  time.Time `json:"changed_at,omitzero"`
	SignedInAt time.Time `json:"signed_in_at,omitzero"`
}

// line is one line for a terminal.
func (o officerInfo) line() string {
	role, seen := o.Role, "never signed in"
	if role == "" {
		role = "-"
	}
	if !o.SignedInAt.IsZero() {
		seen = "signed in " + o.SignedInAt.Format(time.RFC3339)
	}
	return plain(fmt.Sprintf("%s  %-8s %-30s %-24s %s", o.ID, role, seen, o.Name, o.Subject))
}

func issuerOfficerCommand(s streams) *cobra.Command {
	c := &cobra.Command{Use: "officer", Short: "Say who may sign in to the office, on the issuer's own machine"}
	c.AddCommand(issuerOfficerListCommand(s), issuerOfficerSetCommand(s), issuerOfficerRemoveCommand(s))
	return c
}

func issuerOfficerListCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	var asJSON bool
	c := &cobra.Command{
		Use:     "list --dir DIR",
		Short:   "List who is an officer, and who has signed in",
		Example: `  cyberbadge issuer officer list --dir issuer`,
		Args:    arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			return r.withAPI(c.Context(), func(a *api) error {
				answer := struct{ Officers []officerInfo }{[]officerInfo{}}
				if err := a.get(c.Context(), "/v1/officers", &answer); err != nil {
					return err
				}
				if asJSON {
					return printJSON(s.out, answer.Officers)
				}
				for _, o := range answer.Officers {
					fmt.Fprintln(s.out, o.line())
				}
				return nil
			})
		},
	}
	r.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func issuerOfficerSetCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	var subject, role string
	c := &cobra.Command{
		Use:   "set --dir DIR --subject SUBJECT --role ROLE",
		Short: "Put an officer on the list, or change the role",
		Long: `Put an officer on the list, or change the role: without a second pair of eyes,
which is for the first admins and for when there is none left. It is recorded.
After that, changes are proposed and approved in the office.

The subject is who it is at the identity provider; a sign-in that is refused
shows it.`,
		Example: `  cyberbadge issuer officer set --dir issuer --subject 00u1a2b3c4 --role admin`,
		Args:    arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			return r.withAPI(c.Context(), func(a *api) error {
				var changed officerInfo
				if err := a.post(c.Context(), "/v1/officers", map[string]string{"subject": subject, "role": role}, &changed); err != nil {
					return err
				}
				_, err := fmt.Fprintln(s.out, changed.line())
				return err
			})
		},
	}
	r.flags(c)
	c.Flags().StringVar(&subject, "subject", "", "who it is at the identity provider")
	c.Flags().StringVar(&role, "role", "", "viewer, officer or admin")
	required(c, "subject", "role")
	oneOf(c, "role", "viewer", "officer", "admin")
	return c
}

func issuerOfficerRemoveCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	c := &cobra.Command{
		Use:     "remove --dir DIR ID",
		Short:   "Take an officer off the list, and end the officer's sessions",
		Example: `  cyberbadge issuer officer remove --dir issuer eW91IGNhbiByZWFkIA`,
		Args:    arguments("ID"),
		RunE: func(c *cobra.Command, given []string) error {
			return r.withAPI(c.Context(), func(a *api) error {
				return a.call(c.Context(), http.MethodDelete, "/v1/officers/"+url.PathEscape(given[0]), "", nil, nil)
			})
		},
	}
	r.flags(c)
	return c
}
