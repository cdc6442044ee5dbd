package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

func caseCommand(s streams) *cobra.Command {
	c := &cobra.Command{Use: "case", Short: "See and decide on the concerns that customers raise"}
	c.AddCommand(caseListCommand(s), caseShowCommand(s), caseCloseCommand(s),
		caseDecideCommand(s, "suspend", "Suspend the person of a case at once", `Suspend the person that an open case is about: every live badge of theirs at once,
and no new one is issued. It ends with "case reinstate", and by closing the case as
not upheld. It can be repeated.`),
		caseDecideCommand(s, "reinstate", "End the suspension on a case", `End the suspension on a case, open or closed. Badges that are suspended on another
case, or for another reason, stay so. It can be repeated.`),
		caseForgetCommand(s))
	return c
}

// concernCase is a case, as the API tells it.
type concernCase struct {
	ID         string    `json:"id"`
	State      string    `json:"state"`
	ReceivedAt time.Time `json:"received_at"`
	Category   string    `json:"category"`
	Text       string    `json:"text"`
	Reporter   struct {
		Name         string `json:"name"`
		Organization string `json:"organization"`
		Contact      string `json:"contact"`
	} `json:"reporter"`
	PersonID    string     `json:"person_id"`
	BadgeID     string     `json:"badge_id"`
	SuspendedAt time.Time  `json:"suspended_at"`
	SuspendedBy string     `json:"suspended_by"`
	Outcome     string     `json:"outcome"`
	Note        string     `json:"note"`
	ClosedAt    time.Time  `json:"closed_at"`
	ClosedBy    string     `json:"closed_by"`
	Changed     []struct{} `json:"changed_badges"` // after a decision
}

// line is a case in a list: none of it was written by a customer.
func (c concernCase) line() string {
	line := fmt.Sprintf("%s  %s  %-20s  person %s  %s", stamp(c.ReceivedAt), c.ID, c.Category, c.PersonID, cmp.Or(c.Outcome, c.State))
	if !c.SuspendedAt.IsZero() {
		line += ", suspended"
	}
	return plain(line)
}

// print writes a case. What people wrote stands behind a bar, so that no line of it
// passes for one of the program's.
func (c concernCase) print(w io.Writer) {
	field := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%-13s %s\n", name, plain(value))
		}
	}
	field("case", c.ID)
	field("received", stamp(c.ReceivedAt))
	field("about", c.Category)
	field("person", c.PersonID)
	field("badge", c.BadgeID)
	field("reporter", c.Reporter.Name)
	field("organization", c.Reporter.Organization)
	field("contact", c.Reporter.Contact)
	if !c.SuspendedAt.IsZero() {
		field("suspended", stamp(c.SuspendedAt)+" by "+c.SuspendedBy)
	}
	field("state", c.State)
	if c.Outcome != "" {
		field("outcome", c.Outcome+", "+stamp(c.ClosedAt)+" by "+c.ClosedBy)
	}
	quote(w, c.Text)
	if c.Note != "" {
		field("note", "of the office")
		quote(w, c.Note)
	}
}

func quote(w io.Writer, text string) {
	if text == "" {
		return
	}
	for line := range strings.SplitSeq(text, "\n") {
		fmt.Fprintf(w, "  | %s\n", plain(line))
	}
}

func caseListCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	var state, person string
	var asJSON bool
	c := &cobra.Command{
		Use:   "list --dir DIR",
		Short: "List the concerns that nobody decided on yet, the oldest first",
		Example: `  cyberbadge case list --dir issuer
  cyberbadge case list --dir issuer --state all --person 0700004 --json`,
		Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			query := url.Values{"limit": {strconv.Itoa(store.MaxPage)}}
			if person != "" {
				query.Set("person", person)
			}
			switch state {
			case "all":
			case string(store.StateOpen), string(store.StateClosed):
				query.Set("state", state)
			default:
				return misuse("--state is open, closed or all")
			}
			return r.withAPI(c.Context(), func(a *api) error {
				found, err := casesOf(c.Context(), a, query)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(s.out, found)
				}
				return printCases(s.out, found)
			})
		},
	}
	r.flags(c)
	c.Flags().StringVar(&state, "state", string(store.StateOpen), "open, closed or all")
	c.Flags().StringVar(&person, "person", "", "about this person alone: id or external id")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	oneOf(c, "state", string(store.StateOpen), string(store.StateClosed), "all")
	return c
}

// casesOf reads page after page.
func casesOf(ctx context.Context, a *api, query url.Values) ([]json.RawMessage, error) {
	all := []json.RawMessage{}
	for {
		var page struct {
			Cases []json.RawMessage `json:"cases"`
			Next  int64             `json:"next"`
		}
		if err := a.get(ctx, "/v1/cases?"+query.Encode(), &page); err != nil {
			return nil, err
		}
		all = append(all, page.Cases...)
		if page.Next == 0 {
			return all, nil
		}
		query.Set("after", strconv.FormatInt(page.Next, 10))
	}
}

func printCases(w io.Writer, found []json.RawMessage) error {
	for _, raw := range found {
		var c concernCase
		if err := json.Unmarshal(raw, &c); err != nil {
			return err
		}
		fmt.Fprintln(w, c.line())
	}
	_, err := fmt.Fprintf(w, "%d cases\n", len(found))
	return err
}

func caseShowCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	var asJSON bool
	c := &cobra.Command{
		Use:     "show --dir DIR ID",
		Short:   "Show a concern: what it is about, and what the customer wrote",
		Example: `  cyberbadge case show --dir issuer 7N2C4TSGKXQJ3VUDHB6A5W4E2M`,
		Args:    arguments("the case's id"),
		RunE: func(c *cobra.Command, args []string) error {
			return r.withAPI(c.Context(), func(a *api) error {
				var raw json.RawMessage
				if err := a.get(c.Context(), casePath(args[0]), &raw); err != nil {
					return err
				}
				if asJSON {
					return printJSON(s.out, raw)
				}
				var found concernCase
				if err := json.Unmarshal(raw, &found); err != nil {
					return err
				}
				found.print(s.out)
				return nil
			})
		},
	}
	r.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func casePath(id string) string { return "/v1/cases/" + url.PathEscape(id) }

func caseCloseCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	var outcome, note string
	var asJSON bool
	c := &cobra.Command{
		Use:   "close --dir DIR ID --outcome OUTCOME",
		Short: "Give a concern its outcome",
		Long: `Give a concern its outcome: upheld, not_upheld or duplicate. It is final.

What is not upheld ends the suspension on the case, if there is one. What is upheld
leaves it, until "case reinstate" or until the badges are revoked. A duplicate hands
it to the oldest other open case about the person.`,
		Example: `  cyberbadge case close --dir issuer 7N2C4TSGKXQJ3VUDHB6A5W4E2M --outcome not_upheld --note "it was a new haircut"`,
		Args:    arguments("the case's id"),
		RunE: func(c *cobra.Command, args []string) error {
			body := map[string]string{"outcome": outcome, "note": note}
			return r.withAPI(c.Context(), func(a *api) error {
				var raw json.RawMessage
				if err := a.post(c.Context(), casePath(args[0])+"/close", body, &raw); err != nil {
					return err
				}
				return printDecided(s, raw, asJSON)
			})
		},
	}
	r.flags(c)
	c.Flags().StringVar(&outcome, "outcome", "", "upheld, not_upheld or duplicate")
	c.Flags().StringVar(&note, "note", "", "what was found, for the office alone")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	oneOf(c, "outcome", string(store.Upheld), string(store.NotUpheld), string(store.Duplicate))
	required(c, "outcome")
	return c
}

func caseDecideCommand(s streams, verb, short, long string) *cobra.Command {
	r := reach{streams: s}
	var asJSON bool
	c := &cobra.Command{
		Use:     verb + " --dir DIR ID",
		Short:   short,
		Long:    long,
		Example: `  cyberbadge case ` + verb + ` --dir issuer 7N2C4TSGKXQJ3VUDHB6A5W4E2M`,
		Args:    arguments("the case's id"),
		RunE: func(c *cobra.Command, args []string) error {
			return r.withAPI(c.Context(), func(a *api) error {
				var raw json.RawMessage
				if err := a.post(c.Context(), casePath(args[0])+"/"+verb, struct{}{}, &raw); err != nil {
					return err
				}
				return printDecided(s, raw, asJSON)
			})
		},
	}
	r.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func printDecided(s streams, raw json.RawMessage, asJSON bool) error {
	if asJSON {
		return printJSON(s.out, raw)
	}
	var c concernCase
	if err := json.Unmarshal(raw, &c); err != nil {
		return err
	}
	_, err := fmt.Fprintf(s.out, "%s; %d badges changed\n", c.line(), len(c.Changed))
	return err
}

func caseForgetCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	c := &cobra.Command{
		Use:     "forget --dir DIR ID",
		Short:   "Forget who raised a concern, and keep the case",
		Example: `  cyberbadge case forget --dir issuer 7N2C4TSGKXQJ3VUDHB6A5W4E2M`,
		Args:    arguments("the case's id"),
		RunE: func(c *cobra.Command, args []string) error {
			return r.withAPI(c.Context(), func(a *api) error {
				if err := a.call(c.Context(), http.MethodDelete, casePath(args[0])+"/reporter", "", nil, nil); err != nil {
					return err
				}
				_, err := fmt.Fprintf(s.out, "case %s names no reporter any more\n", plain(args[0]))
				return err
			})
		},
	}
	r.flags(c)
	return c
}
