package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cyberbadge/cyberbadge/revocation/bundle"
	"github.com/cyberbadge/cyberbadge/verifier"
)

func bundleImportCommand(s streams) *cobra.Command {
	var dir string
	var asJSON bool
	c := &cobra.Command{
		Use:   "import FILE --dir VERIFIER",
		Short: "Have a verifier rest on a bundle from now on, or on a delta to the one it has",
		Long: `Have a verifier rest on a bundle from now on, or on a delta to the one it has. -
reads standard input, for what comes through a diode. A bundle of another root
key, for another customer, past its time or older than the newest that was ever
imported is refused, and nothing changes. A service that runs on the folder
notices within a second or two.`,
		Example: `  cyberbadge bundle import --dir verifier /media/stick/plant-7.bundle
  receive-from-diode | cyberbadge bundle import --dir verifier -`,
		Args: arguments("the bundle's file, or -"),
		RunE: func(c *cobra.Command, args []string) error {
			text, err := readInput(s.in, args[0], bundle.MaxSize)
			if err != nil {
				return misuseError{err}
			}
			folder, err := openVerifierFolder(dir, s)
			if err != nil {
				return err
			}
			view, err := folder.importBundle(string(text))
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(s.out, view)
			}
			view.print(s.out)
			return nil
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "the verifier's folder")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	required(c, "dir")
	return c
}

// importBundle takes a bundle as the service would, and puts it where the service
// finds it: portraits first, so that all of a bundle is there when it is noticed.
func (f *verifierFolder) importBundle(text string) (*bundleView, error) {
	roots, err := f.pinned()
	if err != nil {
		return nil, err
	}
	if len(roots) == 0 {
		return nil, misuse("%s pins no root key; make a verifier with: cyberbadge verifier init --dir DIR --root FINGERPRINT", f.path)
	}
	if bundle.IsDelta(text) {
		if text, err = applyToHeld(text, roots); err != nil {
			return nil, err
		}
	}
	trust, err := f.trustList()
	if err != nil {
		return nil, err
	}
	v, err := verifier.New(verifier.Config{Trust: trust, Roots: roots, Now: f.now})
	if err != nil {
		return nil, err
	}
	defer v.Close()
	held, err := v.UseBundle(text)
	if err != nil {
		return nil, err
	}
	opened, err := bundle.Inspect(text)
	if err != nil {
		return nil, err
	}
	if f.config.Fetch.Off && len(opened.Lists) == 0 {
		return nil, errors.New("it holds no status lists, and this verifier fetches none: nobody would come in; export one without --trust-only")
	}
	if err := f.keepPortraits(opened); err != nil {
		return nil, err
	}
	view := newBundleView(opened, len(text), f.now())
	view.Verified = true
	return view, f.shelf(held.Root).keep(held.Number, text)
}

// applyToHeld makes a whole bundle of a delta and whichever held bundle it builds on.
func applyToHeld(delta string, roots []verifier.Root) (string, error) {
	var problems []error
	for _, root := range roots {
		if root.Held == "" {
			continue
		}
		whole, err := bundle.Apply(delta, root.Held)
		if err == nil {
			return whole, nil
		}
		problems = append(problems, err)
	}
	if len(problems) == 0 {
		return "", fmt.Errorf("it is a delta, and no bundle was imported yet that it could build on; get the whole bundle")
	}
	return "", errors.Join(problems...)
}
