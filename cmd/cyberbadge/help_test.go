package main

import (
	"bytes"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// everyCommand visits the command and all below it, less those that are not for
// people.
func everyCommand(c *cobra.Command, visit func(*cobra.Command)) {
	if c.Hidden {
		return
	}
	visit(c)
	for _, sub := range c.Commands() {
		everyCommand(sub, visit)
	}
}

// ours leaves out what comes with cobra.
func ours(c *cobra.Command) bool {
	return !strings.HasPrefix(c.CommandPath(), "cyberbadge completion") && c.Name() != "help"
}

func TestHelp_EveryCommandSaysWhatItDoesAndHow(t *testing.T) {
	t.Parallel()
	everyCommand(rootCommand(streams{}), func(c *cobra.Command) {
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: Short is %q: one sentence without a full stop", c.CommandPath(), c.Short)
		}
		if !ours(c) {
			return
		}
		flags := 0
		c.Flags().VisitAll(func(f *pflag.Flag) {
			flags++
			if f.Usage == "" {
				t.Errorf("%s --%s: nothing said", c.CommandPath(), f.Name)
			}
		})
		if flags > 0 && c.Example == "" && c.Long == "" {
			t.Errorf("%s has flags but neither an example nor an explanation", c.CommandPath())
		}
	})
}

func TestHelp_PrintsOnStandardOutputAndSucceeds(t *testing.T) {
	t.Parallel()
	everyCommand(rootCommand(streams{}), func(c *cobra.Command) {
		path := strings.Fields(c.CommandPath())[1:]
		for _, args := range [][]string{append(slices.Clone(path), "--help"), append([]string{"help"}, path...)} {
			var out, errs bytes.Buffer
			status := run(t.Context(), args, streams{out: &out, err: &errs})
			if status != statusOK || errs.Len() > 0 {
				t.Errorf("cyberbadge %s: exit status %d, %s", strings.Join(args, " "), status, &errs)
			}
			about := c.Long
			if about == "" {
				about = c.Short
			}
			if !strings.Contains(out.String(), strings.TrimSpace(about)) || !strings.Contains(out.String(), "Usage:") {
				t.Errorf("cyberbadge %s prints\n%s", strings.Join(args, " "), &out)
			}
		}
	})
}

// What an example types must be there.
func TestHelp_ExamplesParse(t *testing.T) {
	t.Parallel()
	var examples []string
	everyCommand(rootCommand(streams{}), func(c *cobra.Command) {
		if ours(c) {
			examples = append(examples, strings.Split(c.Example, "\n")...)
		}
	})
	tried := 0
	for _, line := range examples {
		words, isCommand := strings.CutPrefix(strings.TrimSpace(line), "cyberbadge ")
		if !isCommand {
			continue
		}
		tried++
		words, _, _ = strings.Cut(words, " >> ")
		words, _, _ = strings.Cut(words, " > ")
		words, _, _ = strings.Cut(words, " < ")
		c, rest, err := rootCommand(streams{}).Find(split(words))
		if err != nil || c.HasSubCommands() {
			t.Errorf("%s: no such command: %v", line, err)
			continue
		}
		if err := c.ParseFlags(rest); err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		if err := c.ValidateArgs(c.Flags().Args()); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		if c.PreRunE == nil {
			continue
		}
		if err := c.PreRunE(c, nil); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	if tried < 15 {
		t.Errorf("only %d examples were found", tried)
	}
}

// split takes a line apart as a shell does, as far as examples go.
func split(line string) []string {
	var words []string
	for i, part := range strings.Split(line, `"`) {
		if i%2 == 1 {
			words = append(words, part)
			continue
		}
		words = append(words, strings.Fields(part)...)
	}
	return words
}

func TestCompletion_IsThereForEveryShell(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		var out, errs bytes.Buffer
		if status := run(t.Context(), []string{"completion", shell}, streams{out: &out, err: &errs}); status != statusOK {
			t.Errorf("%s: exit status %d: %s", shell, status, &errs)
		}
		if !strings.Contains(out.String(), "__complete") {
			t.Errorf("%s: this completes nothing:\n%.200s", shell, &out)
		}
		if shell != "bash" {
			continue
		}
		check := exec.CommandContext(t.Context(), "bash", "-n")
		check.Stdin = &out
		if text, err := check.CombinedOutput(); err != nil {
			t.Errorf("bash does not read its script: %v\n%s", err, text)
		}
	}
}

func TestCompletion_KnowsCommandsFlagsAndValues(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string][]string{
		"":                          {"audit", "badge", "bundle", "case", "completion", "demo", "help", "hold", "issuer", "keys", "person", "policy", "program", "signal", "verifier", "verify"},
		"badge ":                    {"issue", "present", "reinstate", "revoke", "show", "suspend"},
		"issuer ":                   {"import", "init", "lists", "officer", "serve", "standing", "token", "trust"},
		"policy ":                   {"activate", "check", "diff", "history", "test"},
		"program ":                  {"advance", "confirm", "forecast", "messages", "resend", "status"},
		"hold ":                     {"add", "end", "list"},
		"audit ":                    {"export", "verify"},
		"person ":                   {"erase", "export", "invitations", "invite", "photo", "reinstate", "suspend"},
		"program messages --state ": {"dead", "delivered", "dropped", "held", "waiting"},
		"verifier ":                 {"gate", "init", "serve", "trust", "visits"},
		"verifier gate ":            {"end", "list", "pair"},
		"verifier visits ":          {"export", "leave", "list", "present"},
		"keys ":                     {"activate", "generate", "list", "prepare", "retire", "revoke", "taint"},
		"verify --access ":          {"onsite", "remote"},
		"badge present --level ":    {"L", "M"},
		"issuer token --scope ":     {"audit:read", "badges:issue", "badges:read", "badges:revoke", "cases", "evidence:write", "import", "officers", "people:erase", "people:read", "program:read", "program:write", "proposals", "scim", "signals", "standing:read", "tokens"},
		"keys generate --insecure":  {"--insecure-plain"},
	} {
		var out, errs bytes.Buffer
		args := append([]string{"__complete"}, strings.Split(typed, " ")...)
		if status := run(t.Context(), args, streams{out: &out, err: &errs}); status != statusOK {
			t.Errorf("%q: exit status %d: %s", typed, status, &errs)
		}
		var got []string
		for line := range strings.Lines(out.String()) {
			if word, _, _ := strings.Cut(strings.TrimSpace(line), "\t"); !strings.HasPrefix(word, ":") {
				got = append(got, word)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%q completes to %q, want %q", typed, got, want)
		}
	}
}
