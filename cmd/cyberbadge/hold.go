package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"github.com/spf13/cobra"
)

func holdCommand(s streams) *cobra.Command {
	c := &cobra.Command{Use: "hold", Short: "Make exceptions for people, for a time: no suspension and no lock-out by a lapse"}
	c.AddCommand(holdAddCommand(s), holdEndCommand(s), holdListCommand(s))
	return c
}

// exception is a hold, as the API tells it.
type exception struct {
	ID       string    `json:"id"`
	PersonID string    `json:"person_id"`
	Reason   string    `json:"reason"`
	By       string    `json:"by"`
	Until    time.Time `json:"until"`
	EndedAt  time.Time `json:"ended_at"`
}

// String is one line for a terminal.
func (e exception) String() string {
	line := fmt.Sprintf("hold %s covers %s until %s: %s (%s)", e.ID, e.PersonID, stamp(e.Until), e.Reason, e.By)
	if !e.EndedAt.IsZero() {
		line += "; ended " + stamp(e.EndedAt)
	}
	return plain(line)
}

func holdAddCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	var until, reason string
	var asJSON bool
	c := &cobra.Command{
		Use:   "add --dir DIR PERSON --until DATE --reason TEXT",
		Short: "Make an exception for a person until a day",
		Long: `Make an exception for a person. While it lasts, a lapse suspends no badge and locks
nobody out, and who was suspended or locked out by one is restored at once.
Reminders go on. It issues no badge, and covers nobody who left.

A day is covered to its end, in UTC; an instant such as 2026-12-24T17:00:00+01:00
may stand in its place. A hold lasts 90 days at most.`,
		Example: `  cyberbadge hold add --dir issuer 0700004 --until 2026-12-24 --reason "course was cancelled"`,
		Args:    arguments("the person's id or external id"),
		RunE: func(c *cobra.Command, args []string) error {
			end, err := endOf(until)
			if err != nil {
				return err
			}
			return r.withAPI(c.Context(), func(a *api) error {
				var raw json.RawMessage
				body := map[string]any{"reason": reason, "until": end}
				if err := a.post(c.Context(), "/v1/people/"+url.PathEscape(args[0])+"/holds", body, &raw); err != nil {
					return err
				}
				return printHold(s, raw, asJSON)
			})
		},
	}
	r.flags(c)
	c.Flags().StringVar(&until, "until", "", "the last day that it covers, or the instant at which it ends")
	c.Flags().StringVar(&reason, "reason", "", "why, for the office alone")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	required(c, "until", "reason")
	return c
}

// endOf reads a day, which is meant to its end, or an instant.
func endOf(text string) (time.Time, error) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day.AddDate(0, 0, 1), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, misuse("--until %q is not a day like 2026-12-24 and not a time like 2026-12-24T17:00:00Z", text)
	}
	return at, nil
}

func printHold(s streams, raw json.RawMessage, asJSON bool) error {
	if asJSON {
		return printJSON(s.out, raw)
	}
	var e exception
	if err := json.Unmarshal(raw, &e); err != nil {
		return err
	}
	_, err := fmt.Fprintln(s.out, e)
	return err
}

func holdEndCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	var asJSON bool
	c := &cobra.Command{
		Use:   "end --dir DIR ID",
		Short: "End an exception before its time",
		Long: `End an exception before its time. What it kept from happening happens at once. It
can be repeated.`,
		Example: `  cyberbadge hold end --dir issuer 7N2C4TSGKXQJ3VUDHB6A5W4E2M`,
		Args:    arguments("the hold's id"),
		RunE: func(c *cobra.Command, args []string) error {
			return r.withAPI(c.Context(), func(a *api) error {
				var raw json.RawMessage
				if err := a.post(c.Context(), "/v1/holds/"+url.PathEscape(args[0])+"/end", struct{}{}, &raw); err != nil {
					return err
				}
				return printHold(s, raw, asJSON)
			})
		},
	}
	r.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func holdListCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	var person string
	var asJSON bool
	c := &cobra.Command{
		Use:   "list --dir DIR [--person ID]",
		Short: "List the exceptions that last, or all that a person ever had",
		Example: `  cyberbadge hold list --dir issuer
  cyberbadge hold list --dir issuer --person 0700004`,
		Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			path := "/v1/holds"
			if person != "" {
				path = "/v1/people/" + url.PathEscape(person) + "/holds"
			}
			return r.withAPI(c.Context(), func(a *api) error {
				var list struct {
					Holds []json.RawMessage `json:"holds"`
				}
				if err := a.get(c.Context(), path, &list); err != nil {
					return err
				}
				if asJSON {
					return printJSON(s.out, list.Holds)
				}
				for _, raw := range list.Holds {
					if err := printHold(s, raw, false); err != nil {
						return err
					}
				}
				_, err := fmt.Fprintf(s.out, "%d holds\n", len(list.Holds))
				return err
			})
		},
	}
	r.flags(c)
	c.Flags().StringVar(&person, "person", "", "all that this person ever had: id or external id")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
