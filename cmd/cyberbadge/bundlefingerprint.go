package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cyberbadge/cyberbadge/credential/qr/draw"
	"github.com/cyberbadge/cyberbadge/revocation/bundle"
)

// wordsInLine is how many words of a fingerprint stand in a line: people read three
// at a time.
const wordsInLine = 3

func bundleFingerprintCommand(s streams) *cobra.Command {
	var dir, png string
	var asJSON, noCode bool
	c := &cobra.Command{
		Use:   "fingerprint --dir ISSUER",
		Short: "Show the root key's fingerprint, which customers pin: as text, as words and as a QR code",
		Long: `Show the root key's fingerprint, which customers pin once: as text, as words to
read to each other, and as a QR code. It is no secret, but it must reach the
customer by a way that the customer trusts: on paper, or over the telephone.`,
		Example: `  cyberbadge bundle fingerprint --dir issuer
  cyberbadge bundle fingerprint --dir issuer --png root.png`,
		Args: arguments(),
		RunE: func(*cobra.Command, []string) error {
			folder, err := openIssuerFolder(dir, s)
			if err != nil {
				return err
			}
			key, err := folder.keys().rootPublic()
			if err != nil {
				return misuseError{err}
			}
			if key == nil {
				return misuse("%s has no root key: its public half, %s, is missing from %s", dir, "root"+publicEnding, folder.file(keysFolder))
			}
			pin, err := bundle.FingerprintOf(key)
			if err != nil {
				return err
			}
			if png != "" {
				err := writeTo(s.out, png, func(w io.Writer) error { return draw.PNG(w, pin.String(), draw.Options{Level: draw.Medium}) })
				if err != nil {
					return err
				}
			}
			if asJSON {
				return printJSON(s.out, map[string]any{"fingerprint": pin.String(), "words": pin.Words()})
			}
			printFingerprint(s.out, pin)
			if noCode || png != "" {
				return nil
			}
			return draw.Terminal(s.out, pin.String(), draw.Options{Level: draw.Medium})
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "the issuer's folder")
	c.Flags().StringVar(&png, "png", "", "write the QR code to this file as a picture")
	c.Flags().BoolVar(&noCode, "no-code", false, "without the QR code")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	required(c, "dir")
	return c
}

func printFingerprint(w io.Writer, pin bundle.Fingerprint) {
	fmt.Fprintf(w, "%s\n\n", pin)
	for line, three := range slices.Collect(slices.Chunk(pin.Words(), wordsInLine)) {
		for i, word := range three {
			three[i] = fmt.Sprintf("%2d. %-7s", line*wordsInLine+i+1, word)
		}
		fmt.Fprintln(w, strings.TrimRight(strings.Join(three, "  "), " "))
	}
	fmt.Fprintln(w)
}
