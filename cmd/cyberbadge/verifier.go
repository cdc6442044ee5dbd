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
		Short: "Make a verifier's folder; then say whom to trust with verifier trust, or import a bundle",
		Long: `Make a verifier's folder. Then say whom to trust with verifier trust.

With --root the program's root key is pinned instead: by the fingerprint, or its
words, that cyberbadge bundle fingerprint shows at the issuer. Trust and status
lists then come in bundles that somebody carries here; nothing is fetched, and a
bundle's own limit says how old its lists may get. With --trust-bundle there is a
network: keys come from that address, and status lists from the issuer.`,
		Example: `  cyberbadge verifier init --dir verifier --site "plant 7"
  cyberbadge verifier trust --dir verifier --add trust-list.json
  cyberbadge verifier init --dir offline --root root.words --customer plant-7`,
		Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			if setup.isAirGapped() && !c.Flags().Changed("max-status-age") {
				setup.maxStatusAge = 0
			}
			if err := initVerifier(setup); err != nil {
				return err
			}
			next := "verifier trust --dir " + setup.dir + " --add trust-list.json"
			switch {
			case setup.isAirGapped():
				next = "bundle import --dir " + setup.dir + " FILE"
			case setup.root != "":
				next = "verifier serve --dir " + setup.dir
			}
			fmt.Fprintf(s.err, "verifier is in %s; next: cyberbadge %s\n", setup.dir, next)
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&setup.dir, "dir", "", "folder to make")
	f.StringVar(&setup.site, "site", "", "name of the site, repeated in decisions")
	f.StringVar(&setup.listen, "listen", "127.0.0.1:8090", "address to serve on")
	f.DurationVar(&setup.maxStatusAge, "max-status-age", revocation.DefaultMaxAge, "the oldest status list that a decision may rest on")
	f.StringVar(&setup.root, "root", "", "the root key to pin: fingerprint, its words, or a file with either or with the key")
	f.StringVar(&setup.customer, "customer", "", "what the issuer calls this customer in bundles; without it only bundles for anybody are taken")
	f.StringVar(&setup.trustBundle, "trust-bundle", "", "where the issuer's trust bundle is, such as https://badge.vendor.example/trust-bundle")
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
		v, err := f.verifier(nil)
		if err != nil {
			return nil, err
		}
		defer v.Close()
		return v.Trust().Issuers(), nil
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
	if b := d.Bundle; b != nil {
		fmt.Fprintf(w, "  bundle %d of %s, %d s old, until %s\n", b.Number, b.IssuedAt.Format(bundleTime), b.AgeSeconds, b.Expires.Format(bundleTime))
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
