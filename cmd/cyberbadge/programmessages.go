package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
)

// outboxMessage is a message and what became of it, as the API tells it.
type outboxMessage struct {
	ID       string    `json:"id"`
	PersonID string    `json:"person_id"`
	Kind     string    `json:"kind"`
	Channel  string    `json:"channel"`
	To       string    `json:"to"`
	Created  time.Time `json:"created_at"`
	State    string    `json:"state"`
	Instead  string    `json:"instead"`
	Note     string    `json:"note"`
}

// String is one line for a terminal.
func (m outboxMessage) String() string {
	line := fmt.Sprintf("%s  %s  %s to %s by %s, about %s: %s", m.ID, stamp(m.Created), m.Kind, m.To, m.Channel, m.PersonID, m.State)
	if m.Instead != "" {
		line += " at the fallback address (" + m.Instead + ")"
	}
	if m.Note != "" {
		line += ": " + m.Note
	}
	return plain(line)
}

func programMessagesCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	var state, person string
	var asJSON bool
	states := []string{string(notify.Waiting), string(notify.Delivered), string(notify.Dropped), string(notify.Dead), string(notify.HeldBack)}
	c := &cobra.Command{
		Use:   "messages --dir DIR [--state STATE] [--person ID]",
		Short: "List what was queued for people and devices, and what became of it",
		Example: `  cyberbadge program messages --dir issuer --state dead
  cyberbadge program messages --dir issuer --person 0700004 --json`,
		Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			asked := url.Values{}
			if state != "" {
				asked.Set("state", state)
			}
			if person != "" {
				asked.Set("person", person)
			}
			return r.withAPI(c.Context(), func(a *api) error {
				all, err := pages(c.Context(), a, "/v1/messages", asked, "messages")
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(s.out, all)
				}
				return printMessages(s.out, all)
			})
		},
	}
	r.flags(c)
	c.Flags().StringVar(&state, "state", "", "only those in this state: waiting, delivered, dropped, dead or held")
	c.Flags().StringVar(&person, "person", "", "only those about this person: id or external id")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	oneOf(c, "state", states...)
	return c
}

func printMessages(w io.Writer, all []json.RawMessage) error {
	for _, raw := range all {
		var m outboxMessage
		if err := json.Unmarshal(raw, &m); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(w, m); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%d messages\n", len(all))
	return err
}

// pages reads a list to its end; member is what the API calls it.
func pages(ctx context.Context, a *api, path string, asked url.Values, member string) ([]json.RawMessage, error) {
	all := []json.RawMessage{}
	err := eachPage(ctx, a, path, asked, member, func(page []json.RawMessage) error {
		all = append(all, page...)
		return nil
	})
	return all, err
}

// eachPage hands a list over page by page.
func eachPage(ctx context.Context, a *api, path string, asked url.Values, member string, use func([]json.RawMessage) error) error {
	asked.Set("limit", "1000")
	for {
		var answer map[string]json.RawMessage
		if err := a.get(ctx, path+"?"+asked.Encode(), &answer); err != nil {
			return err
		}
		var page []json.RawMessage
		if err := json.Unmarshal(answer[member], &page); err != nil {
			return err
		}
		if err := use(page); err != nil {
			return err
		}
		next, more := answer["next"]
		if !more {
			return nil
		}
		var after string
		if err := json.Unmarshal(next, &after); err != nil {
			return err
		}
		asked.Set("after", after)
	}
}

// programAgainCommand is for a message that is dead, and for one that is held.
func programAgainCommand(s streams, verb string) *cobra.Command {
	r := reach{streams: s}
	var asJSON bool
	c := &cobra.Command{
		Use: verb + " --dir DIR ID",
		Short: map[string]string{
			"resend":  "Send a message that is dead again",
			"confirm": "Confirm a lock-out that was held because there were too many",
		}[verb],
		Long: map[string]string{
			"resend": `Send a message that was given up again. What is wrong with its address or its
channel has to be mended first.`,
			"confirm": `Confirm a lock-out that was held because there were more in an hour than the
program does by itself. Look first whether a broken source is behind it: a laptop
that is locked is locked. It takes the issuer's own machine, or an officer who is
signed in; an API token can't.`,
		}[verb],
		Example: "  cyberbadge program " + verb + " --dir issuer 7N2C4TSGKXQJ3VUDHB6A5W4E2M",
		Args:    arguments("the message's id"),
		RunE: func(c *cobra.Command, args []string) error {
			return r.withAPI(c.Context(), func(a *api) error {
				var raw json.RawMessage
				if err := a.post(c.Context(), "/v1/messages/"+url.PathEscape(args[0])+"/"+verb, struct{}{}, &raw); err != nil {
					return err
				}
				if asJSON {
					return printJSON(s.out, raw)
				}
				var m outboxMessage
				if err := json.Unmarshal(raw, &m); err != nil {
					return err
				}
				_, err := fmt.Fprintln(s.out, m)
				return err
			})
		},
	}
	r.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
