package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

func auditCommand(s streams) *cobra.Command {
	c := &cobra.Command{Use: "audit", Short: "Verify and export the record of who did what"}
	c.AddCommand(auditVerifyCommand(s), auditExportCommand(s))
	return c
}

// chainHead is a place on the chain of events.
type chainHead struct {
	Number int64  `json:"number"`
	Chain  string `json:"chain"`
}

// String is the form in which a head is kept and given back.
func (h chainHead) String() string { return fmt.Sprintf("%d:%s", h.Number, h.Chain) }

func parseHead(text string) (chainHead, error) {
	number, chain, found := strings.Cut(text, ":")
	n, err := strconv.ParseInt(number, 10, 64)
	if !found || err != nil || chain == "" {
		return chainHead{}, misuse("--head %q is not a head as audit verify prints it: a number, a colon and 64 characters in hex", text)
	}
	return chainHead{n, chain}, nil
}

func auditVerifyCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	var heads []string
	var asJSON bool
	c := &cobra.Command{
		Use:   "verify --dir DIR [--head HEAD…]",
		Short: "Work out the chain of events, and print its head",
		Long: `Work out the chain of events, and print its head. The exit status is 1 where an
event was changed, moved, left out or put in, and where the newest are missing.

Keep the head somewhere that the issuer's machine can't write to, and give those
that you have with --head: who writes to the database could work out another
chain from the beginning, and no head of the old one is on it.`,
		Example: `  cyberbadge audit verify --dir issuer
  cyberbadge audit verify --dir issuer --head 4711:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08`,
		Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			known := make([]chainHead, 0, len(heads))
			for _, text := range heads {
				head, err := parseHead(text)
				if err != nil {
					return err
				}
				known = append(known, head)
			}
			return r.withAPI(c.Context(), func(a *api) error {
				var raw json.RawMessage
				if err := a.post(c.Context(), "/v1/audit/verify", map[string]any{"heads": known}, &raw); err != nil {
					return err
				}
				return printVerdict(s, raw, asJSON)
			})
		},
	}
	r.flags(c)
	c.Flags().StringSliceVar(&heads, "head", nil, "a head that was kept, once or several times")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func printVerdict(s streams, raw json.RawMessage, asJSON bool) error {
	var verdict struct {
		Intact bool      `json:"intact"`
		Head   chainHead `json:"head"`
		Number int64     `json:"number"`
		Why    string    `json:"why"`
	}
	if err := json.Unmarshal(raw, &verdict); err != nil {
		return err
	}
	switch {
	case asJSON:
		if err := printJSON(s.out, raw); err != nil {
			return err
		}
	case verdict.Intact:
		fmt.Fprintln(s.out, plain(verdict.Head.String()))
		fmt.Fprintf(s.err, "%d events are as they were written; keep the head elsewhere\n", verdict.Head.Number)
	default:
		fmt.Fprintf(s.err, "cyberbadge: the record can't be trusted from event %d on: %s\n", verdict.Number, plain(verdict.Why))
	}
	if !verdict.Intact {
		return errDenied
	}
	return nil
}

func auditExportCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	var after int64
	c := &cobra.Command{
		Use:   "export --dir DIR [--after N]",
		Short: "Print the record of who did what as JSON lines",
		Long: `Print the record of who did what as JSON lines, the oldest first. Each event has
its place on the chain, so that whoever has the lines can work the chain out:
SHA-256 over the 32 bytes of the chain before, zero for the first, and then over
number, microseconds since 1970, by, kind, subject and detail as netstrings.`,
		Example: `  cyberbadge audit export --dir issuer > events.jsonl
  cyberbadge audit export --dir issuer --after 4711 >> events.jsonl`,
		Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			asked := url.Values{"after": {strconv.FormatInt(after, 10)}}
			return r.withAPI(c.Context(), func(a *api) error {
				return eachPage(c.Context(), a, "/v1/audit/events", asked, "events", func(events []json.RawMessage) error {
					return printLines(s, events)
				})
			})
		},
	}
	r.flags(c)
	c.Flags().Int64Var(&after, "after", 0, "only events behind the one with this number")
	c.Flags().Bool("json", true, "print JSON lines; there is no other form")
	return c
}

// printLines prints each as it came: its detail is part of the chain.
func printLines(s streams, events []json.RawMessage) error {
	var lines bytes.Buffer
	for _, event := range events {
		if err := json.Compact(&lines, event); err != nil {
			return err
		}
		lines.WriteByte('\n')
	}
	_, err := s.out.Write(lines.Bytes())
	return err
}
