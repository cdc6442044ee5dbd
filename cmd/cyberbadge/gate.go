package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/verifier/gate"
	verifierserver "github.com/cyberbadge/cyberbadge/verifier/server"
)

func gateCommand(s streams) *cobra.Command {
	c := &cobra.Command{Use: "gate", Short: "Pair tablets as gates, list and end them"}
	c.AddCommand(gatePairCommand(s), gateListCommand(s), gateEndCommand(s))
	return c
}

// withGates opens a folder's gates for the time of one command. The service may
// run on the same folder: both see at once what the other does.
func withGates(ctx context.Context, dir string, s streams, do func(*verifierFolder, *gateSide) error) (err error) {
	folder, err := openVerifierFolder(dir, s)
	if err != nil {
		return err
	}
	side, err := folder.openGates(ctx, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, side.database.Close()) }()
	return do(folder, side)
}

// pairingCode is what is printed about an invitation.
type pairingCode struct {
	Code    string    `json:"code"`
	Expires time.Time `json:"expires_at"`
	Link    string    `json:"link,omitempty"`
}

func gatePairCommand(s streams) *cobra.Command {
	var dir, access string
	var invitation gate.Invitation
	var asJSON bool
	c := &cobra.Command{
		Use:   "pair --dir DIR --name NAME",
		Short: "Make a code that makes one tablet a gate",
		Long: `Make a code that makes one tablet a gate.

Open the link on the tablet, or the gate's page and type the code there, within 15
minutes. The code is good once. What the gate asks for is settled here: the
access, the site, and one of the policies below gates in verifier.yaml.`,
		Example: `  cyberbadge verifier gate pair --dir verifier --name "North gate" --access onsite`,
		Args:    arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := beginGates(c.Context(), dir, s); err != nil {
				return err
			}
			return withGates(c.Context(), dir, s, func(folder *verifierFolder, side *gateSide) error {
				invitation.Access, invitation.By = credential.Access(access), operator()
				if !c.Flags().Changed("site") {
					invitation.Site = folder.config.Site
				}
				made, err := invite(c.Context(), folder, side, invitation)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(s.out, made)
				}
				return made.print(s)
			})
		},
	}
	f := c.Flags()
	f.StringVar(&dir, "dir", "", "the verifier's folder")
	f.StringVar(&invitation.Name, "name", "", "what people call the gate")
	f.StringVar(&invitation.Site, "site", "", "where it is; the verifier's own site when not given")
	f.StringVar(&access, "access", string(credential.Onsite), "what a badge must grant there: onsite or remote")
	f.StringVar(&invitation.Policy, "policy", "", "policy of that name in verifier.yaml, on top of the verifier's own")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	oneOf(c, "access", string(credential.Onsite), string(credential.Remote))
	required(c, "dir", "name")
	return c
}

// beginGates makes the database if none is there yet: to pair a gate is what
// begins one.
func beginGates(ctx context.Context, dir string, s streams) error {
	folder, err := openVerifierFolder(dir, s)
	if err != nil || !folder.hasGates() {
		return err
	}
	path := folder.file(folder.gates.Database)
	if exists(path) {
		return nil
	}
	fmt.Fprintf(s.err, "%s is new: it has no gates and no visits yet\n", path)
	return makeGateDatabase(ctx, path)
}

func invite(ctx context.Context, folder *verifierFolder, side *gateSide, invitation gate.Invitation) (pairingCode, error) {
	code, expires, err := side.desk.Invite(ctx, invitation)
	if err != nil {
		return pairingCode{}, misuseError{err}
	}
	made := pairingCode{Code: code, Expires: expires}
	if address := folder.address(); address != "" {
		made.Link = address + verifierserver.GatePath + "#pair=" + code
	}
	return made, nil
}

func (p pairingCode) print(s streams) error {
	if p.Link == "" {
		fmt.Fprintf(s.err, "no link: set address below verifier in %s to the https address that tablets reach the service at\n", verifierConfigFile)
	}
	_, err := fmt.Fprintf(s.out, "code        %s\ngood until  %s\n", p.Code, p.Expires.Format(time.RFC3339))
	if err == nil && p.Link != "" {
		_, err = fmt.Fprintf(s.out, "link        %s\n", p.Link)
	}
	return err
}

// gateInfo is what is printed about a gate.
type gateInfo struct {
	gate.Gate
	InvitedBy string    `json:"invited_by"`
	PairedAt  time.Time `json:"paired_at"`
	SeenAt    time.Time `json:"seen_at,omitzero"`
	EndedAt   time.Time `json:"ended_at,omitzero"`
}

func gateListCommand(s streams) *cobra.Command {
	var dir string
	var asJSON bool
	c := &cobra.Command{
		Use:     "list --dir DIR",
		Short:   "List the gates, ended ones too",
		Example: `  cyberbadge verifier gate list --dir verifier`,
		Args:    arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			return withGates(c.Context(), dir, s, func(_ *verifierFolder, side *gateSide) error {
				found, err := side.desk.Gates(c.Context())
				if err != nil {
					return err
				}
				gates := make([]gateInfo, len(found))
				for i, g := range found {
					gates[i] = gateInfo{g, g.InvitedBy, g.PairedAt, g.SeenAt, g.EndedAt}
				}
				if asJSON {
					return printJSON(s.out, gates)
				}
				for _, g := range gates {
					fmt.Fprintln(s.out, plain(g.String()))
				}
				return nil
			})
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "the verifier's folder")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	required(c, "dir")
	return c
}

// String is one line for a terminal.
func (g gateInfo) String() string {
	state := "never seen"
	switch {
	case !g.EndedAt.IsZero():
		state = "ended " + g.EndedAt.Format(time.RFC3339)
	case !g.SeenAt.IsZero():
		state = "seen " + g.SeenAt.Format(time.RFC3339)
	}
	asks := string(g.Access)
	if g.Policy != "" {
		asks += ", " + g.Policy
	}
	return fmt.Sprintf("%s  %-20s %-20s %-20s %s", g.ID, g.Name, g.Site, asks, state)
}

func gateEndCommand(s streams) *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:   "end --dir DIR ID",
		Short: "End a gate that is lost, stolen or retired, for good",
		Long: `End a gate that is lost, stolen or retired, for good. From this instant the
service answers it no more; what it was given to decide without a connection stays
on it until its lists are too old.`,
		Example: `  cyberbadge verifier gate end --dir verifier 4k9x0c2mzt7b`,
		Args:    arguments("the gate's id, as verifier gate list prints it"),
		RunE: func(c *cobra.Command, args []string) error {
			return withGates(c.Context(), dir, s, func(_ *verifierFolder, side *gateSide) error {
				if err := side.desk.End(c.Context(), args[0]); err != nil {
					return fmt.Errorf("gate %q: %w", args[0], err)
				}
				fmt.Fprintf(s.err, "gate %s has ended\n", args[0])
				return nil
			})
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "the verifier's folder")
	required(c, "dir")
	return c
}
