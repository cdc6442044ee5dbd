package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cyberbadge/cyberbadge/verifier/visit"
)

// officeOrigin is the gate of check-outs that were not made at one.
const officeOrigin = "office"

// visitsPage is how many records are read from the register at once.
const visitsPage = 500

// lastYear is later than every record's.
const lastYear = 10000

func visitsCommand(s streams) *cobra.Command {
	c := &cobra.Command{Use: "visits", Short: "The register of visits: who is on site, and who was"}
	c.AddCommand(visitsPresentCommand(s), visitsListCommand(s), visitsExportCommand(s), visitsLeaveCommand(s))
	return c
}

// registerReach says which part of which register a command is about.
type registerReach struct {
	dir, site string
	from, to  string
}

func (r *registerReach) flags(c *cobra.Command) {
	c.Flags().StringVar(&r.dir, "dir", "", "the verifier's folder")
	c.Flags().StringVar(&r.site, "site", "", "the site; the verifier's own when not given")
	required(c, "dir")
}

func (r *registerReach) times(c *cobra.Command) {
	c.Flags().StringVar(&r.from, "from", "", "the first instant, RFC 3339; the beginning when not given")
	c.Flags().StringVar(&r.to, "to", "", "the instant after the last, RFC 3339; no end when not given")
}

// open opens the register for the time of one command.
func (r *registerReach) open(c *cobra.Command, s streams, do func(*gateSide) error) error {
	return withGates(c.Context(), r.dir, s, func(folder *verifierFolder, side *gateSide) error {
		if side.register == nil {
			return misuse("no visits are kept here; add to %s, for example: visits: {retention: 30d}", folder.file(verifierConfigFile))
		}
		if !c.Flags().Changed("site") {
			r.site = folder.config.Site
		}
		return do(side)
	})
}

func (r *registerReach) between() (from, to time.Time, err error) {
	for _, bound := range []struct {
		flag, text string
		at         *time.Time
	}{{"--from", r.from, &from}, {"--to", r.to, &to}} {
		if bound.text == "" {
			continue
		}
		if *bound.at, err = time.Parse(time.RFC3339, bound.text); err != nil {
			return from, to, misuse("%s %q is not a time like 2026-11-23T08:00:00Z", bound.flag, bound.text)
		}
	}
	return from, to, nil
}

func visitsPresentCommand(s streams) *cobra.Command {
	var r registerReach
	var asJSON bool
	c := &cobra.Command{
		Use:     "present --dir DIR",
		Short:   "List who is on site now",
		Example: `  cyberbadge verifier visits present --dir verifier`,
		Args:    arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			return r.open(c, s, func(side *gateSide) error {
				people, err := side.register.Present(c.Context(), r.site)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(s.out, people)
				}
				for _, p := range people {
					fmt.Fprintln(s.out, presenceLine(p))
				}
				fmt.Fprintf(s.err, "%d on site %q\n", len(people), r.site)
				return nil
			})
		},
	}
	r.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func presenceLine(p visit.Presence) string {
	line := fmt.Sprintf("%s  %s  %-24s %-24s %s", p.Visit, p.Since.Format(time.RFC3339), who(&p.Badge), p.Badge.Organization, p.GateName)
	if p.Overdue {
		line += "  OVERDUE: the badge has expired"
	}
	return plain(line)
}

// who is a person by name, or by subject for one who showed none.
func who(b *visit.Badge) string {
	if b == nil {
		return ""
	}
	if name := strings.TrimSpace(b.GivenName + " " + b.FamilyName); name != "" {
		return name
	}
	return b.Subject
}

func visitsListCommand(s streams) *cobra.Command {
	var r registerReach
	var asJSON bool
	c := &cobra.Command{
		Use:     "list --dir DIR",
		Short:   "List the records of a site, oldest first",
		Example: `  cyberbadge verifier visits list --dir verifier --from 2026-11-23T00:00:00Z`,
		Args:    arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			from, to, err := r.between()
			if err != nil {
				return err
			}
			return r.open(c, s, func(side *gateSide) error {
				records := []recordInfo{}
				err := eachRecord(c.Context(), side.database, r.site, from, to, func(record recordInfo) error {
					if asJSON {
						records = append(records, record)
						return nil
					}
					_, err := fmt.Fprintln(s.out, plain(record.String()))
					return err
				})
				if err != nil || !asJSON {
					return err
				}
				return printJSON(s.out, records)
			})
		},
	}
	r.flags(c)
	r.times(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// recordInfo is what is printed about a record.
type recordInfo struct {
	visit.Record
	Gate     string `json:"gate"`
	GateName string `json:"gate_name"`
	Site     string `json:"site"`
}

func eachRecord(ctx context.Context, store visit.Store, site string, from, to time.Time, do func(recordInfo) error) error {
	if to.IsZero() {
		to = time.Date(lastYear, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	var after visit.Cursor
	for {
		entries, err := store.RecordsBetween(ctx, site, from, to, after, visitsPage)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := do(recordInfo{e.Record, e.Gate, e.GateName, e.Site}); err != nil {
				return err
			}
			after = visit.Cursor{At: e.At, ID: e.ID}
		}
		if len(entries) < visitsPage {
			return nil
		}
	}
}

// String is one line for a terminal.
func (r recordInfo) String() string {
	why := r.Reason
	if r.Offline {
		why += " (offline)"
	}
	where := r.GateName
	if where == "" {
		where = r.Gate
	}
	line := fmt.Sprintf("%s  %-8s  %-20s %-24s %s", r.At.Format(time.RFC3339), r.Event, where, who(r.Badge), why)
	return strings.TrimRight(line, " ")
}

func visitsExportCommand(s streams) *cobra.Command {
	var r registerReach
	c := &cobra.Command{
		Use:   "export --dir DIR",
		Short: "Print the records of a site as CSV, oldest first",
		Example: `  cyberbadge verifier visits export --dir verifier > visits.csv
  cyberbadge verifier visits export --dir verifier --from 2026-11-01T00:00:00Z --to 2026-12-01T00:00:00Z > visits.csv`,
		Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			from, to, err := r.between()
			if err != nil {
				return err
			}
			return r.open(c, s, func(side *gateSide) error {
				return side.register.Export(c.Context(), s.out, r.site, from, to)
			})
		},
	}
	r.flags(c)
	r.times(c)
	return c
}

func visitsLeaveCommand(s streams) *cobra.Command {
	var r registerReach
	c := &cobra.Command{
		Use:   "leave --dir DIR VISIT",
		Short: "Note that somebody has left who was not seen going",
		Long: `Note that somebody has left who was not seen going. VISIT is what visits present
prints in front of the person.`,
		Example: `  cyberbadge verifier visits leave --dir verifier n3Yk0b1VQWqfT2m7cQ0jXw`,
		Args:    arguments("the visit, as verifier visits present prints it"),
		RunE: func(c *cobra.Command, args []string) error {
			return r.open(c, s, func(side *gateSide) error {
				person, err := leave(c.Context(), side.register, r.site, args[0], s.now())
				if err != nil {
					return err
				}
				fmt.Fprintln(s.err, plain(person+" has left"))
				return nil
			})
		},
	}
	r.flags(c)
	return c
}

// leave checks a visit out by hand and returns whose it was.
func leave(ctx context.Context, register *visit.Register, site, id string, now time.Time) (person string, err error) {
	people, err := register.Present(ctx, site)
	if err != nil {
		return "", err
	}
	// The register takes a check-out before the visit that it ends: an offline gate
	// may still bring it. Somebody who types an id means one that is there.
	i := slices.IndexFunc(people, func(p visit.Presence) bool { return p.Visit == id })
	if i < 0 {
		return "", fmt.Errorf("nobody is on site %q by the visit %q; see who is with: cyberbadge verifier visits present", site, id)
	}
	record := visit.Record{ID: rand.Text(), At: now, Event: visit.Left, Visit: id}
	origin := visit.Origin{Gate: officeOrigin, GateName: operator(), Site: site}
	outcomes, err := register.Keep(ctx, origin, []visit.Record{record})
	if err != nil {
		return "", err
	}
	if outcome := outcomes[0]; outcome.Result != visit.Kept {
		return "", fmt.Errorf("not noted: %s", outcome.Detail)
	}
	return who(&people[i].Badge), nil
}
