package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/cyberbadge/cyberbadge/issuer/signal"
)

func signalCommand(s streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "signal",
		Short: "Have other systems told at once when a badge is not good any more",
		Long: `Have other systems told at once when a badge is not good any more: with signed
events of the OpenID Shared Signals Framework (SSF 1.0, CAEP 1.0), pushed or polled.
Each system is registered here and gets a token; with that it sets its stream up by
itself, at the address of the issuer's /.well-known/ssf-configuration.`,
	}
	c.AddCommand(signalListCommand(s), signalShowCommand(s), signalAddCommand(s), signalPauseCommand(s), signalResumeCommand(s),
		signalResendCommand(s), signalRemoveCommand(s), signalKeyCommand(s))
	return c
}

// receiverInfo is a receiver as the API tells it.
type receiverInfo struct {
	Name      string   `json:"name"`
	Audience  string   `json:"audience"`
	Algorithm string   `json:"algorithm"`
	Events    []string `json:"events"`
	Badges    bool     `json:"badges"`
	Chosen    bool     `json:"chosen_only"`
	Stream    *struct {
		Method   string    `json:"method"`
		Endpoint string    `json:"endpoint_url"`
		Status   string    `json:"status"`
		Reason   string    `json:"reason"`
		ByOffice bool      `json:"by_office"`
		Events   []string  `json:"events_delivered"`
		Waiting  int       `json:"waiting"`
		Since    time.Time `json:"waiting_since"`
		Refused  int       `json:"refused"`
		GivenUp  int       `json:"given_up"`
		TakenAt  time.Time `json:"taken_at"`
		RetryAt  time.Time `json:"retry_at"`
		Failures int       `json:"failures"`
		Trouble  string    `json:"trouble"`
	} `json:"stream"`
	Refused []struct {
		ID       string    `json:"jti"`
		Type     string    `json:"type"`
		QueuedAt time.Time `json:"queued_at"`
		Note     string    `json:"note"`
	} `json:"refused"`
}

// eventName is the end of an event's type, by which people know it.
func eventName(eventType string) string { return eventType[strings.LastIndex(eventType, "/")+1:] }

func eventNames(types []string) string {
	names := make([]string, len(types))
	for i, eventType := range types {
		names[i] = eventName(eventType)
	}
	return strings.Join(names, ", ")
}

// line is one line for a terminal.
func (r receiverInfo) line() string {
	state := "no stream yet"
	if r.Stream != nil {
		state = fmt.Sprintf("%s, %d waiting, %d refused", r.Stream.Status, r.Stream.Waiting, r.Stream.Refused)
		if r.Stream.Trouble != "" {
			state += ", " + r.Stream.Trouble
		}
	}
	return plain(fmt.Sprintf("%-20s %-40s %s  %s", r.Name, r.Audience, r.Algorithm, state))
}

func signalListCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	var asJSON bool
	c := &cobra.Command{
		Use:     "list --dir DIR",
		Short:   "List the receivers and how their streams are doing",
		Example: `  cyberbadge signal list --dir issuer`,
		Args:    arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			return r.withAPI(c.Context(), func(a *api) error {
				var raw json.RawMessage
				if err := a.get(c.Context(), "/v1/signals", &raw); err != nil {
					return err
				}
				if asJSON {
					return printJSON(s.out, raw)
				}
				var list struct{ Receivers []receiverInfo }
				if err := json.Unmarshal(raw, &list); err != nil {
					return err
				}
				for _, one := range list.Receivers {
					fmt.Fprintln(s.out, one.line())
				}
				return nil
			})
		},
	}
	r.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func signalShowCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	var asJSON bool
	c := &cobra.Command{
		Use:     "show --dir DIR NAME",
		Short:   "Show one receiver, what waits for it, and what it refused",
		Example: `  cyberbadge signal show --dir issuer plant-7`,
		Args:    arguments("the receiver's name"),
		RunE: func(c *cobra.Command, given []string) error {
			return r.withAPI(c.Context(), func(a *api) error {
				var raw json.RawMessage
				if err := a.get(c.Context(), "/v1/signals/"+url.PathEscape(given[0]), &raw); err != nil {
					return err
				}
				if asJSON {
					return printJSON(s.out, raw)
				}
				var one receiverInfo
				if err := json.Unmarshal(raw, &one); err != nil {
					return err
				}
				return one.print(s)
			})
		},
	}
	r.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (r receiverInfo) print(s streams) error {
	t := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(t, "%s\t%s\n", name, plain(fmt.Sprintf(format, args...)))
	}
	row("receiver", "%s, %s", r.Name, r.Audience)
	row("may have", "%s", eventNames(r.Events))
	row("signed", "%s", r.Algorithm)
	who := "everybody but whom it removes"
	if r.Chosen {
		who = "whom it adds"
	}
	row("about", "%s%s", who, map[bool]string{true: ", with the badge"}[r.Badges])
	if stream := r.Stream; stream == nil {
		row("stream", "none yet: the receiver makes it with its token")
	} else {
		way := "polled"
		if stream.Method == signal.Push {
			way = "pushed to " + stream.Endpoint
		}
		row("stream", "%s, %s", stream.Status, way)
		if stream.Reason != "" {
			row("reason", "%s%s", stream.Reason, map[bool]string{true: " (the office)"}[stream.ByOffice])
		}
		row("has", "%s", eventNames(stream.Events))
		row("taken last", "%s", stampOrNever(stream.TakenAt))
		row("waiting", "%d%s", stream.Waiting, waitingSince(stream.Since))
		row("refused", "%d", stream.Refused)
		row("given up", "%d", stream.GivenUp)
		if stream.Failures > 0 {
			row("trouble", "%s, %d times in a row; again at %s", stream.Trouble, stream.Failures, stamp(stream.RetryAt))
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, refused := range r.Refused {
		fmt.Fprintln(s.out, plain(fmt.Sprintf("refused %s  %s of %s: %s", refused.ID, eventName(refused.Type), stamp(refused.QueuedAt), refused.Note)))
	}
	return nil
}

func waitingSince(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return " since " + stamp(at)
}

func signalAddCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	var name, audience, algorithm, subjects string
	var events []string
	var badges, chosen, asJSON bool
	known := make(map[string]string)
	var names []string
	for _, eventType := range signal.Types() {
		known[eventName(eventType)] = eventType
		names = append(names, eventName(eventType))
	}
	c := &cobra.Command{
		Use:   "add --dir DIR --name NAME --audience URL",
		Short: "Register a system and make its token; the token is shown once",
		Long: `Register a system and make its token; the token is shown once. It is good for a year;
make the next one, of the same name, with:

  cyberbadge issuer token --dir issuer --name plant-7 --scope signals

What is sent says whom it is about by the subject that is in their badges, and nothing
else of them. With --badge it says which badge, too: a verifier needs that.`,
		Example: `  cyberbadge signal add --dir issuer --name plant-7 --audience https://gate.plant-7.example --badge
  cyberbadge signal add --dir issuer --name idp --audience https://idp.customer.example --algorithm RS256 --event session-revoked`,
		Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			body := map[string]any{
				"name": name, "audience": audience, "algorithm": algorithm, "subject_format": subjects, "badges": badges, "chosen_only": chosen,
			}
			var types []string
			for _, event := range events {
				if known[event] == "" {
					return misuse("--event is one of %s, not %q", strings.Join(names, ", "), event)
				}
				types = append(types, known[event])
			}
			body["events"] = types
			return r.withAPI(c.Context(), func(a *api) error {
				var raw json.RawMessage
				if err := a.post(c.Context(), "/v1/signals", body, &raw); err != nil {
					return err
				}
				if asJSON {
					return printJSON(s.out, raw)
				}
				var made struct {
					Secret string `json:"token"`
				}
				if err := json.Unmarshal(raw, &made); err != nil {
					return err
				}
				_, err := fmt.Fprintln(s.out, made.Secret)
				return err
			})
		},
	}
	r.flags(c)
	f := c.Flags()
	f.StringVar(&name, "name", "", "what it is called here: small letters, digits and hyphens")
	f.StringVar(&audience, "audience", "", "the URL by which it knows that an event is for it")
	f.StringVar(&algorithm, "algorithm", "ES256", "of the signatures: ES256, or RS256 for systems that take nothing else")
	f.StringVar(&subjects, "subject", "iss_sub", "how people are named: iss_sub or opaque")
	f.StringSliceVar(&events, "event", nil, "what it may have, once or several times: "+strings.Join(names, ", ")+"; the first two when left out")
	f.BoolVar(&badges, "badge", false, "tell it which badge an event is about")
	f.BoolVar(&chosen, "chosen-only", false, "tell it of nobody but whom it asks for")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	required(c, "name", "audience")
	oneOf(c, "algorithm", "ES256", "RS256")
	oneOf(c, "subject", "iss_sub", "opaque")
	oneOf(c, "event", names...)
	return c
}
