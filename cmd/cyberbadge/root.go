package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"
)

// Exit statuses.
const (
	statusOK     = 0
	statusDenied = 1 // a denial, or work that failed
	statusMisuse = 2 // the command line or a configuration is wrong
)

// streams are what a command has of the world outside its folder.
type streams struct {
	in       io.Reader
	out, err io.Writer
	environ  []string
	now      func() time.Time
}

// errDenied ends a command with statusDenied and no message: it has been printed.
var errDenied = errors.New("denied")

// misuseError is an error that the person typing can mend on the command line.
type misuseError struct{ error }

func misuse(format string, args ...any) error {
	return misuseError{fmt.Errorf(format, args...)}
}

func run(ctx context.Context, args []string, s streams) int {
	root := rootCommand(s)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return statusOK
	}
	if errors.Is(err, errDenied) {
		return statusDenied
	}
	fmt.Fprintln(s.err, "cyberbadge: "+plain(strings.TrimSuffix(err.Error(), "\n")))
	var wrong misuseError
	if errors.As(err, &wrong) {
		return statusMisuse
	}
	return statusDenied
}

func rootCommand(s streams) *cobra.Command {
	root := &cobra.Command{
		Use:           "cyberbadge",
		Short:         "Issue and verify badges for field service people",
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return misuse("%w; see %s --help", err, c.CommandPath())
	})
	root.AddCommand(
		demoCommand(s), issuerCommand(s), personCommand(s), badgeCommand(s), verifierCommand(s), verifyCommand(s), keysCommand(s),
		bundleCommand(s), policyCommand(s), programCommand(s), holdCommand(s), caseCommand(s), auditCommand(s), signalCommand(s),
	)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	misuseOnUnknown(root)
	return root
}

// arguments takes exactly the words that are named.
func arguments(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, given []string) error {
		switch {
		case len(given) < len(names):
			return misuse("give %s; see %s --help", names[len(given)], c.CommandPath())
		case len(given) > len(names):
			return misuse("%q is one word too many; see %s --help", given[len(names)], c.CommandPath())
		}
		return nil
	}
}

// misuseOnUnknown makes a group of commands called with a word that it does not
// have, or with none, a misuse; cobra by itself would print help and succeed.
func misuseOnUnknown(c *cobra.Command) {
	for _, sub := range c.Commands() {
		misuseOnUnknown(sub)
	}
	if c.Name() == "help" {
		c.Args = knownTopic
	}
	if args := c.Args; args != nil {
		c.Args = func(c *cobra.Command, given []string) error {
			err := args(c, given)
			var told misuseError
			if err == nil || errors.As(err, &told) {
				return err
			}
			return misuse("%w; see %s --help", err, c.CommandPath())
		}
	}
	if c.HasSubCommands() && c.RunE == nil {
		c.Args = cobra.ArbitraryArgs
		c.RunE = func(c *cobra.Command, given []string) error {
			if len(given) > 0 {
				return misuse("unknown command %q; see %s --help", given[0], c.CommandPath())
			}
			if err := c.Help(); err != nil {
				return err
			}
			return misuse("say what to do; the commands are above")
		}
	}
}

// knownTopic refuses what help has nothing to say about.
func knownTopic(c *cobra.Command, given []string) error {
	if _, rest, err := c.Root().Find(given); err != nil || len(rest) > 0 {
		return misuse("no help about %q; see %s --help", strings.Join(given, " "), c.Root().Name())
	}
	return nil
}

// required marks flags without which a command can't work.
func required(c *cobra.Command, names ...string) {
	c.PreRunE = func(c *cobra.Command, _ []string) error {
		for _, name := range names {
			if !c.Flags().Changed(name) {
				return misuse("--%s is missing; see %s --help", name, c.CommandPath())
			}
		}
		return nil
	}
}

func printJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// plain takes out of a text that others wrote what would steer a terminal.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

// oneOf completes a flag's value.
func oneOf(c *cobra.Command, flag string, values ...string) {
	complete := cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
	if err := c.RegisterFlagCompletionFunc(flag, complete); err != nil {
		panic(err) // no such flag
	}
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "unknown"
	}
	return info.Main.Version
}
