package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

func programCommand(s streams) *cobra.Command {
	c := &cobra.Command{Use: "program", Short: "See how the program is doing and what is ahead, and work off what is due"}
	c.AddCommand(programForecastCommand(s), programStatusCommand(s), programAdvanceCommand(s),
		programMessagesCommand(s), programAgainCommand(s, "resend"), programAgainCommand(s, "confirm"))
	return c
}

// foreseen is a lapse ahead, as the API tells it.
type foreseen struct {
	PersonID   string      `json:"person_id"`
	ExternalID string      `json:"external_id"`
	At         time.Time   `json:"at"`
	Reasons    []string    `json:"reasons"`
	Loses      []string    `json:"loses"`
	Ends       bool        `json:"ends"`
	HeldUntil  time.Time   `json:"held_until"`
	Reminders  []time.Time `json:"reminders"`
	SuspendsAt time.Time   `json:"suspends_at"`
	LocksAt    time.Time   `json:"locks_at"`
}

func programForecastCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	var days int
	var asJSON bool
	c := &cobra.Command{
		Use:   "forecast --dir DIR [--days N]",
		Short: "Tell who will lose what if nothing comes, when, why, and what follows",
		Long: `Tell who will lose what if nothing comes, when, why, and what follows: reminders,
suspension, and the end of the grace, at which devices are locked where that is
configured. Each lapse is told as if what is lost before it were renewed. What
renews itself, such as a laptop's reports, is left out as long as more than half of
its time is ahead.`,
		Example: `  cyberbadge program forecast --dir issuer
  cyberbadge program forecast --dir issuer --days 90 --json`,
		Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			return r.withAPI(c.Context(), func(a *api) error {
				var raw json.RawMessage
				if err := a.get(c.Context(), "/v1/program/forecast?days="+strconv.Itoa(days), &raw); err != nil {
					return err
				}
				if asJSON {
					return printJSON(s.out, raw)
				}
				var list []foreseen
				if err := json.Unmarshal(raw, &list); err != nil {
					return err
				}
				return printForecast(s.out, list, days)
			})
		},
	}
	r.flags(c)
	c.Flags().IntVar(&days, "days", 30, "how many days ahead")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func printForecast(w io.Writer, list []foreseen, days int) error {
	people, ending := map[string]bool{}, 0
	for _, f := range list {
		people[f.PersonID] = true
		if f.Ends {
			ending++
		}
		fmt.Fprintf(w, "%s  %-10s loses %s: %s\n", stamp(f.At), plain(f.ExternalID), strings.Join(f.Loses, ", "), strings.Join(f.Reasons, ", "))
		if follows := f.follows(); follows != "" {
			fmt.Fprintf(w, "%22s%-10s %s\n", "", "", follows)
		}
	}
	_, err := fmt.Fprintf(w, "%d lapses of %d people in %d days, %d of them end a standing\n", len(list), len(people), days, ending)
	return err
}

// follows says what a lapse sets off, in days.
func (f foreseen) follows() string {
	var parts []string
	if len(f.Reminders) > 0 {
		parts = append(parts, "reminded "+strings.Join(datesOf(f.Reminders), ", "))
	}
	if !f.HeldUntil.IsZero() {
		parts = append(parts, "held until "+f.HeldUntil.Format(time.DateOnly))
	}
	if f.Ends {
		parts = append(parts, "suspended "+f.SuspendsAt.Format(time.DateOnly), "grace until "+f.LocksAt.Format(time.DateOnly))
	}
	return strings.Join(parts, "; ")
}

func datesOf(times []time.Time) []string {
	dates := make([]string, len(times))
	for i, at := range times {
		dates[i] = at.Format(time.DateOnly)
	}
	return dates
}

// stamp writes an instant to the second, in UTC.
func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// stampOrNever is stamp for an instant that may not come.
func stampOrNever(at time.Time) string {
	if at.IsZero() {
		return "never"
	}
	return stamp(at)
}

// programState is how the program is doing, as the API tells it.
type programState struct {
	NextDue        time.Time      `json:"next_due"`
	Policy         string         `json:"policy"`
	People         int            `json:"people"`
	Phases         map[string]int `json:"phases"`
	WithoutManager int            `json:"without_manager"`
	Holds          int            `json:"holds"`
	Messages       struct {
		Waiting int `json:"waiting"`
		Held    int `json:"held"`
		Dead    int `json:"dead"`
	} `json:"messages"`
	Fallback struct {
		Since    time.Time      `json:"since"`
		Messages int            `json:"messages"`
		Reasons  map[string]int `json:"reasons"`
	} `json:"fallback"`
}

func programStatusCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	var asJSON bool
	c := &cobra.Command{
		Use:   "status --dir DIR",
		Short: "Tell what is due next, who is where on the ladder, and what is stuck",
		Long: `Tell what is due next, how many people are where on the ladder, how many of them
have no manager who could be told, what is stuck in the outbox, and what went to
the fallback address within the last 30 days.`,
		Example: `  cyberbadge program status --dir issuer`,
		Args:    arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			return r.withAPI(c.Context(), func(a *api) error {
				var raw json.RawMessage
				if err := a.get(c.Context(), "/v1/program/status", &raw); err != nil {
					return err
				}
				if asJSON {
					return printJSON(s.out, raw)
				}
				var state programState
				if err := json.Unmarshal(raw, &state); err != nil {
					return err
				}
				return state.print(s.out)
			})
		},
	}
	r.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (p programState) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "next due\t%s\n", stampOrNever(p.NextDue))
	fmt.Fprintf(t, "policy\t%s\n", plain(p.Policy))
	fmt.Fprintf(t, "people\t%d%s\n", p.People, counted(p.Phases))
	fmt.Fprintf(t, "without manager\t%d\n", p.WithoutManager)
	fmt.Fprintf(t, "holds\t%d\n", p.Holds)
	fmt.Fprintf(t, "messages\t%d waiting, %d held, %d dead\n", p.Messages.Waiting, p.Messages.Held, p.Messages.Dead)
	fmt.Fprintf(t, "fallback\t%d since %s%s\n", p.Fallback.Messages, p.Fallback.Since.Format(time.DateOnly), counted(p.Fallback.Reasons))
	return t.Flush()
}

// counted lists what there is any of, in the order of the names.
func counted(numbers map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(numbers)) {
		if n := numbers[name]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, plain(name)))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, ", ")
}

// ownCourier delivers where no server runs. It is made when it is needed, because
// other commands have no use for what it takes.
type ownCourier struct {
	folder   *issuerFolder
	program  *issuer.Program
	messages store.MessageReader
	logger   *slog.Logger
}

// Drain implements server.Courier.
func (o ownCourier) Drain(ctx context.Context) (int, error) {
	courier, err := o.folder.courier(ctx, o.program, o.messages, o.logger, nil)
	if err != nil || courier == nil {
		return 0, err
	}
	return courier.Drain(ctx)
}

func programAdvanceCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	var confirm, asJSON bool
	c := &cobra.Command{
		Use:   "advance --dir DIR",
		Short: "Work off what is due now, where no server runs",
		Long: `Work off what is due now: reminders, suspensions, lock-outs and restorations, and
a policy that has come into force. A running server does so by itself, on time;
without one, run this often. Running it again does nothing.

If the program stood still, or a source does, and nothing was heard of many people's
devices for too long, they get no badge, but nobody is suspended for it. See whether
the sources answer; if the devices really are silent, suspend them with --confirm, on
the issuer's own machine, whether or not a server runs.`,
		Example: `  cyberbadge program advance --dir issuer`,
		Args:    arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			return r.withAPI(c.Context(), func(a *api) error {
				var raw json.RawMessage
				if err := a.post(c.Context(), "/v1/program/advance", map[string]bool{"confirm": confirm}, &raw); err != nil {
					return err
				}
				if asJSON {
					return printJSON(s.out, raw)
				}
				var done struct {
					Judged    int       `json:"judged"`
					Changed   int       `json:"changed"`
					Messages  int       `json:"messages"`
					Delivered int       `json:"delivered"`
					NextDue   time.Time `json:"next_due"`
				}
				if err := json.Unmarshal(raw, &done); err != nil {
					return err
				}
				_, err := fmt.Fprintf(s.out, "%d people judged, %d changed, %d messages queued, %d deliveries tried; next due %s\n",
					done.Judged, done.Changed, done.Messages, done.Delivered, stampOrNever(done.NextDue))
				return err
			})
		},
	}
	r.flags(c)
	c.Flags().BoolVar(&confirm, "confirm", false, "suspend those of whom nothing is heard, however many they are")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
