// Command airgap decides where there is no network: in a substation, on a ship,
// behind a one-way diode. It pins the program's root key, and everything else comes
// in a bundle that somebody carries there.
//
//	airgap -root FINGERPRINT [-customer NAME] -keep FILE [NEW-BUNDLE]
//
// Presentations, SD-JWTs or gate codes, come on standard input, one a line; for each
// a line says allow or deny, why, and how old the bundle is. A new bundle is taken
// first, if one is given, and kept in FILE for the next start.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/revocation/bundle"
	"github.com/cyberbadge/cyberbadge/verifier"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "airgap:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) error {
	flags := flag.NewFlagSet("airgap", flag.ContinueOnError)
	flags.SetOutput(errs)
	root := flags.String("root", "", "the root key's `fingerprint`, or its words")
	customer := flags.String("customer", "", "what the issuer calls us in bundles")
	keep := flags.String("keep", "", "`file` that holds the bundle over restarts")
	if err := flags.Parse(args); err != nil {
		return err
	}
	gate, err := open(*root, *customer, *keep)
	if err != nil {
		return err
	}
	defer gate.Close()
	if path := flags.Arg(0); path != "" {
		if err := take(gate, path, *keep); err != nil {
			return err
		}
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 2*credential.MaxSize) // what is longer than a presentation can be ends the program
	for lines.Scan() {
		fmt.Fprintln(out, describe(gate.Verify(ctx, lines.Text(), verifier.Request{Access: credential.Onsite})))
	}
	return lines.Err()
}

// open makes a verifier without a network, of the root key and the bundle that was
// kept. One that is past its time is held all the same: every decision denies then and
// says so, until a newer one is taken.
func open(root, customer, keep string) (*verifier.Verifier, error) {
	pin, err := bundle.ParseFingerprint(root)
	if err != nil {
		return nil, err
	}
	held, err := os.ReadFile(keep)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return verifier.New(verifier.Config{
		Roots: []verifier.Root{{Key: pin, Customer: customer, Held: string(held)}},
	})
}

// take has decisions rest on a new bundle, and keeps it. An older one is refused, so
// what is kept is also what nobody can go back behind.
func take(gate *verifier.Verifier, path, keep string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if _, err := gate.UseBundle(string(text)); err != nil {
		return err
	}
	// Written whole or not at all: power may go at any time.
	next := keep + ".new"
	if err := os.WriteFile(next, text, 0o600); err != nil {
		return err
	}
	return os.Rename(next, keep)
}

// describe says what a guard has to know, freshness included.
func describe(d verifier.Decision) string {
	verdict := "deny " + string(d.Reason)
	if d.Allow {
		verdict = "allow " + string(d.Reason)
	}
	if d.Bundle == nil {
		return verdict + ", no bundle"
	}
	age := time.Duration(d.Bundle.AgeSeconds) * time.Second
	return fmt.Sprintf("%s, bundle %d, %v old", verdict, d.Bundle.Number, age)
}
