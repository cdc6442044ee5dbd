package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// personStatus is what suspending or reinstating somebody came to.
type personStatus struct {
	PersonID    string        `json:"person_id"`
	Badges      []badgeStatus `json:"badges"`
	Suspensions []struct {
		Cause string `json:"cause"`
	} `json:"suspensions"`
}

// String is one line for a terminal.
func (p personStatus) String() string {
	var causes []string
	for _, suspension := range p.Suspensions {
		causes = append(causes, suspension.Cause)
	}
	says := "gets badges by their standing"
	if len(causes) > 0 {
		says = "gets no badge (" + strings.Join(causes, ", ") + ")"
	}
	return plain(fmt.Sprintf("person %s %s; %d badges changed", p.PersonID, says, len(p.Badges)))
}

func personStatusCommand(s streams, verb, short, long string) *cobra.Command {
	r := reach{streams: s}
	var reason string
	var asJSON bool
	c := &cobra.Command{
		Use:     verb + " --dir DIR PERSON --reason TEXT",
		Short:   short,
		Long:    long,
		Example: "  cyberbadge person " + verb + ` --dir issuer 0700004 --reason "laptop lost"`,
		Args:    arguments("the person's id or external id"),
		RunE: func(c *cobra.Command, args []string) error {
			return r.withAPI(c.Context(), func(a *api) error {
				var raw json.RawMessage
				path := "/v1/people/" + url.PathEscape(args[0]) + "/" + verb
				if err := a.post(c.Context(), path, map[string]string{"reason": reason}, &raw); err != nil {
					return err
				}
				if asJSON {
					return printJSON(s.out, raw)
				}
				var p personStatus
				if err := json.Unmarshal(raw, &p); err != nil {
					return err
				}
				_, err := fmt.Fprintln(s.out, p)
				return err
			})
		},
	}
	r.flags(c)
	c.Flags().StringVar(&reason, "reason", "", "why, for the record; no names")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	required(c, "reason")
	return c
}

func personSuspendCommand(s streams) *cobra.Command {
	return personStatusCommand(s, "suspend", "Suspend all badges of a person, and issue no more",
		`Suspend all badges of a person, and issue no more until they are reinstated. It
says nothing about their standing. It can be repeated.`)
}

func personReinstateCommand(s streams) *cobra.Command {
	return personStatusCommand(s, "reinstate", "Take the suspension of a person back",
		`Take the suspension of a person back. Badges that are suspended for another cause,
such as the standing or a customer's concern, stay so. It can be repeated.`)
}

func personExportCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	var out, reason string
	c := &cobra.Command{
		Use:   "export --dir DIR PERSON [--out FILE] [--reason TEXT]",
		Short: "Print all that is kept of a person, for them to have",
		Long: `Print all that is kept of a person, for them to have. Of somebody who was erased,
by their id, it is what stayed. That it was printed is on record, for good.`,
		Example: `  cyberbadge person export --dir issuer 0700004 --out person.json --reason "asked for it"`,
		Args:    arguments("the person's id or external id"),
		RunE: func(c *cobra.Command, args []string) error {
			return r.withAPI(c.Context(), func(a *api) error {
				path := "/v1/people/" + url.PathEscape(args[0]) + "/export"
				if reason != "" {
					path += "?" + url.Values{"reason": {reason}}.Encode()
				}
				text, err := a.read(c.Context(), http.MethodGet, path, "", nil)
				if err != nil {
					return err
				}
				if out != "" {
					return os.WriteFile(out, text, 0o600)
				}
				_, err = s.out.Write(text)
				return err
			})
		},
	}
	r.flags(c)
	c.Flags().StringVar(&out, "out", "", "file to write it to, for its owner alone")
	c.Flags().StringVar(&reason, "reason", "", "why, for the record; no names")
	c.Flags().Bool("json", true, "print JSON; there is no other form")
	return c
}

func personEraseCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	var yes bool
	c := &cobra.Command{
		Use:   "erase --dir DIR PERSON --yes",
		Short: "Erase all that is kept of a person, for good",
		Long: `Erase all that is kept of a person: names, contact data, portrait, training,
standing, holds and what messages said. Their badges are revoked. What stays, under
an opaque id alone, are badges and events, whose chain stays whole. It can't be
undone. What a source sends of them again is left out, but a directory that has them
as active begins anew: take them out there first.`,
		Example: `  cyberbadge person erase --dir issuer 0700004 --yes`,
		Args:    arguments("the person's id or external id"),
		RunE: func(c *cobra.Command, args []string) error {
			if !yes {
				return misuse("--yes is missing: erasing %s can't be undone", args[0])
			}
			return r.withAPI(c.Context(), func(a *api) error {
				if err := a.call(c.Context(), http.MethodDelete, "/v1/people/"+url.PathEscape(args[0]), "", nil, nil); err != nil {
					return err
				}
				_, err := fmt.Fprintf(s.err, "person %s is erased\n", plain(args[0]))
				return err
			})
		},
	}
	r.flags(c)
	c.Flags().BoolVar(&yes, "yes", false, "I mean it")
	return c
}
