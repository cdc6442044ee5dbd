package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/cyberbadge/cyberbadge/revocation/bundle"
	"github.com/cyberbadge/cyberbadge/verifier"
)

func bundleInspectCommand(s streams) *cobra.Command {
	var root string
	var asJSON bool
	c := &cobra.Command{
		Use:   "inspect FILE",
		Short: "Say what a bundle holds, without a pin and without judging it",
		Long: `Say what a bundle holds, without a pin and without judging it. Anybody can make a
bundle that looks like this: with --root it says whether that root key signed it.`,
		Example: `  cyberbadge bundle inspect plant-7.bundle`,
		Args:    arguments("the bundle's file"),
		RunE: func(c *cobra.Command, args []string) error {
			text, err := readInput(s.in, args[0], bundle.MaxSize)
			if err != nil {
				return misuseError{err}
			}
			if bundle.IsDelta(string(text)) {
				return describeDelta(s.out, string(text), asJSON)
			}
			view, err := inspect(string(text), root, s.now())
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(s.out, view)
			}
			view.print(s.out)
			if view.Verified {
				fmt.Fprintln(s.out, "signed by the root key that you gave")
			} else {
				fmt.Fprintln(s.out, "NOT VERIFIED: anybody can make a bundle that says this; give --root, or use bundle verify")
			}
			return nil
		},
	}
	c.Flags().StringVar(&root, "root", "", "the root key: fingerprint, its words, or a file with either or with the key")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func inspect(text, root string, now time.Time) (*bundleView, error) {
	opened, err := bundle.Inspect(text)
	if err != nil {
		return nil, err
	}
	view := newBundleView(opened, len(text), now)
	if root == "" {
		return view, nil
	}
	pin, err := readRoot(root)
	if err != nil {
		return nil, err
	}
	if pin != opened.Root {
		return nil, fmt.Errorf("the root key %s signed it, not %s", opened.Root, pin)
	}
	view.Verified = true
	return view, nil
}

func describeDelta(w io.Writer, text string, asJSON bool) error {
	base, err := bundle.DeltaBase(text)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(w, map[string]any{"delta_on": base, "size": len(text)})
	}
	_, err = fmt.Fprintf(w, "a delta of %d bytes, for whoever has imported bundle %d; import it there\n", len(text), base)
	return err
}

// readRoot reads a root key's fingerprint however it is given: as text, as words, or
// in a file with one of them or with the public key.
func readRoot(given string) (bundle.Fingerprint, error) {
	if !exists(given) {
		pin, err := bundle.ParseFingerprint(given)
		if err != nil {
			return pin, misuse("--root: %w", err)
		}
		return pin, nil
	}
	text, err := readBounded(given, maxRootFile)
	if err != nil {
		return bundle.Fingerprint{}, misuseError{err}
	}
	if pin, err := bundle.ParseFingerprint(string(text)); err == nil {
		return pin, nil
	}
	key, err := readJWK(given)
	if err != nil {
		return bundle.Fingerprint{}, misuse("--root: %s holds neither a fingerprint nor its words nor a public key", given)
	}
	return bundle.FingerprintOf(key)
}

// maxRootFile bounds a file with a fingerprint.
const maxRootFile = 4096

func bundleVerifyCommand(s streams) *cobra.Command {
	var root, customer, issuer string
	var asJSON bool
	c := &cobra.Command{
		Use:   "verify FILE --root FINGERPRINT",
		Short: "Say whether a verifier would take a bundle now: exit status 0 yes, 1 no",
		Example: `  cyberbadge bundle verify plant-7.bundle --root root.jwk --for plant-7
  cyberbadge bundle verify plant-7.bundle --root "$(cat root.words)" --for plant-7`,
		Args: arguments("the bundle's file"),
		RunE: func(c *cobra.Command, args []string) error {
			text, err := readInput(s.in, args[0], bundle.MaxSize)
			if err != nil {
				return misuseError{err}
			}
			pin, err := readRoot(root)
			if err != nil {
				return err
			}
			v, err := verifier.New(verifier.Config{Now: s.now, Roots: []verifier.Root{{Key: pin, Customer: customer, Issuer: issuer}}})
			if err != nil {
				return misuseError{err}
			}
			defer v.Close()
			if _, err := v.UseBundle(string(text)); err != nil {
				return err
			}
			view, err := inspect(string(text), pin.String(), s.now())
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(s.out, view)
			}
			view.print(s.out)
			fmt.Fprintln(s.out, "good: signed by that root key, for this customer, in its time, its lists signed by its keys")
			return nil
		},
	}
	c.Flags().StringVar(&root, "root", "", "the root key: fingerprint, its words, or a file with either or with the key")
	c.Flags().StringVar(&customer, "for", "", "the customer's name; without it only a bundle for anybody is good")
	c.Flags().StringVar(&issuer, "issuer", "", "the issuer that it must be about; any when not given")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	required(c, "root")
	return c
}
