package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/verifier"
)

func verifierCommand(s streams) *cobra.Command {
	c := &cobra.Command{Use: "verifier", Short: "Set up and serve a verifier at a customer's"}
	c.AddCommand(verifierInitCommand(s), verifierTrustCommand(s), verifierServeCommand(s), gateCommand(s), visitsCommand(s))
	return c
}

func verifierInitCommand(s streams) *cobra.Command {
	var setup verifierSetup
	c := &cobra.Command{
		Use:   "init --dir DIR",
		Short: "Make a verifier's folder; then say whom to trust with verifier trust",
		Example: `  cyberbadge verifier init --dir verifier --site "plant 7"
  cyberbadge verifier trust --dir verifier --add trust-list.json`,
		Args: arguments(),
		RunE: func(*cobra.Command, []string) error {
			if err := initVerifier(setup); err != nil {
				return err
			}
			fmt.Fprintf(s.err, "verifier is in %s; next: cyberbadge verifier trust --dir %s --add trust-list.json\n", setup.dir, setup.dir)
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&setup.dir, "dir", "", "folder to make")
	f.StringVar(&setup.site, "site", "", "name of the site, repeated in decisions")
	f.StringVar(&setup.listen, "listen", "127.0.0.1:8090", "address to serve on")
	f.DurationVar(&setup.maxStatusAge, "max-status-age", revocation.DefaultMaxAge, "the oldest status list that a decision may rest on")
	f.BoolVar(&setup.gates, "gates", false, "serve the guards' page, for tablets that are paired with verifier gate pair")
	f.DurationVar(&setup.visits, "visits", 0, "keep a register of the gates' visits, each for so long; none when 0")
	f.UintSliceVar(&setup.allowPorts, "allow-port", nil, "port beside 443 that status lists may be fetched from")
	f.BoolVar(&setup.insecureLoopback, "insecure-allow-loopback", false, "fetch status lists from this machine over plain HTTP; for development only")
	required(c, "dir")
	return c
}

func verifierTrustCommand(s streams) *cobra.Command {
	var dir, add string
	var asJSON bool
	c := &cobra.Command{
		Use:   "trust --dir DIR [--add FILE]",
		Short: "List the trusted issuers, or trust those in a trust list",
		Long: `List the trusted issuers, or trust those in a trust list.

A trust list says whose badges open doors. Take it from the issuer by a way that
you trust, and compare its key ids with the issuer over another.`,
		Example: `  cyberbadge verifier trust --dir verifier --add trust-list.json`,
		Args:    arguments(),
		RunE: func(*cobra.Command, []string) error {
			folder, err := openVerifierFolder(dir, s)
			if err != nil {
				return err
			}
			issuers, err := folder.trusted(s.in, add)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(s.out, issuers)
			}
			for _, url := range issuers {
				fmt.Fprintln(s.out, url)
			}
			return nil
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "the verifier's folder")
	c.Flags().StringVar(&add, "add", "", "trust list to add, - for standard input")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	required(c, "dir")
	return c
}

func (f *verifierFolder) trusted(in io.Reader, add string) ([]string, error) {
	if add == "" {
		trust, err := f.trust()
		if err != nil {
			return nil, err
		}
		return trust.Issuers(), nil
	}
	text, err := readInput(in, add, verifier.MaxTrustSize)
	if err != nil {
		return nil, misuseError{err}
	}
	issuers, err := f.addTrust(text)
	if err != nil {
		return nil, misuseError{err}
	}
	return issuers, nil
}

// readInput reads a file, or standard input for "-".
func readInput(in io.Reader, path string, limit int64) ([]byte, error) {
	if path != "-" {
		return readBounded(path, limit)
	}
	text, err := io.ReadAll(io.LimitReader(in, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("standard input is larger than %d bytes", limit)
	}
	return text, err
}

// printDecision prints a decision for people or as JSON.
func printDecision(w io.Writer, d verifier.Decision, asJSON bool) error {
	if asJSON {
		return printJSON(w, d)
	}
	verdict := "DENY"
	if d.Allow {
		verdict = "ALLOW"
	}
	fmt.Fprintf(w, "%s  %s", verdict, d.Reason)
	if d.Code != "" {
		fmt.Fprintf(w, "  (%s: %s)", d.Code, plain(d.Detail))
	}
	fmt.Fprintln(w)
	if b := d.Badge; b != nil {
		who := fmt.Sprintf("%s %s, %s, %s", b.GivenName, b.FamilyName, b.Role, b.Organization)
		fmt.Fprintf(w, "  %s, until %s\n", plain(who), b.Expires.Format("2006-01-02 15:04 MST"))
	}
	if d.Status != nil {
		fmt.Fprintf(w, "  status list of %s, %d s old\n", d.Status.IssuedAt.Format("15:04:05 MST"), d.Status.AgeSeconds)
	}
	return nil
}

// decodeDecision reads a decision as the endpoint answers it.
func decodeDecision(r io.Reader) (verifier.Decision, error) {
	var d verifier.Decision
	err := json.NewDecoder(io.LimitReader(r, maxAnswer)).Decode(&d)
	return d, err
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
