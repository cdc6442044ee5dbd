// Command embed decides about one presentation with the verifier in its own
// process: no service is asked, and nothing but the issuer's status list is
// fetched.
//
//	embed TRUST-LIST [PRESENTATION]
//
// The presentation, an SD-JWT or a gate code, is the second argument or comes on
// standard input. The exit status is 0 for allow, 1 for everything else.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/revocation/fetch"
	"github.com/cyberbadge/cyberbadge/verifier"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) (status int) {
	flags := flag.NewFlagSet("embed", flag.ContinueOnError)
	flags.SetOutput(errs)
	port := flags.Uint("loopback-port", 0, "for trying it out: fetch status lists from this `port` of this machine")
	if err := flags.Parse(args); err != nil {
		return 1
	}
	presentation, err := read(flags.Arg(1), in)
	if err != nil {
		fmt.Fprintln(errs, "embed:", err)
		return 1
	}
	decision, err := decide(ctx, flags.Arg(0), presentation, lists(*port))
	if err != nil {
		fmt.Fprintln(errs, "embed:", err)
		return 1
	}
	if !decision.Allow {
		fmt.Fprintln(out, "deny", decision.Reason, decision.Code)
		return 1
	}
	fmt.Fprintln(out, "allow", decision.Reason)
	return 0
}

// decide is what a program of yours would do, the first three steps once when it
// starts: a verifier remembers status lists, signatures and spent proofs.
func decide(ctx context.Context, trustList, presentation string, lists fetch.Config) (verifier.Decision, error) {
	trust, err := verifier.LoadTrust(trustList)
	if err != nil {
		return verifier.Decision{}, err
	}
	fetcher, err := fetch.New(lists)
	if err != nil {
		return verifier.Decision{}, err
	}
	defer fetcher.Close()
	gate, err := verifier.New(verifier.Config{Trust: trust, Fetcher: fetcher})
	if err != nil {
		return verifier.Decision{}, err
	}
	defer gate.Close()
	return gate.Verify(ctx, presentation, verifier.Request{Access: credential.Onsite}), nil
}

// lists says where status lists may be fetched from. The zero value, which is
// what a program in earnest wants, is any public host over https.
func lists(loopbackPort uint) fetch.Config {
	if loopbackPort == 0 {
		return fetch.Config{}
	}
	return fetch.Config{InsecureAllowLoopback: true, AllowPorts: []uint16{uint16(loopbackPort)}}
}

func read(argument string, in io.Reader) (string, error) {
	if argument != "" {
		return argument, nil
	}
	// What is longer than a presentation can be is refused as such.
	text, err := io.ReadAll(io.LimitReader(in, 2*credential.MaxSize))
	return strings.TrimSpace(string(text)), err
}
