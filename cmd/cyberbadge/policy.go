package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cyberbadge/cyberbadge/issuer/policy"
)

func policyCommand(s streams) *cobra.Command {
	c := &cobra.Command{Use: "policy", Short: "Check a policy file, hold it to cases, see what it would change, and put it in force"}
	c.AddCommand(policyCheckCommand(s), policyTestCommand(s), policyDiffCommand(s), policyActivateCommand(s), policyHistoryCommand(s))
	return c
}

func readPolicy(path string) (*policy.Policy, error) {
	text, err := readBounded(path, policy.MaxFileSize)
	if err != nil {
		return nil, misuseError{err}
	}
	rules, err := policy.Parse(text)
	if err != nil {
		return nil, misuse("%s: %w", path, err)
	}
	return rules, nil
}

func policyCheckCommand(s streams) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "check FILE",
		Short:   "Check a policy file and tell all that is wrong with it, by line",
		Example: `  cyberbadge policy check issuer/policy.yaml`,
		Args:    arguments("the policy file"),
		RunE: func(_ *cobra.Command, args []string) error {
			rules, err := readPolicy(args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(s.out, map[string]any{
					"name": rules.Name, "digest": rules.Digest(), "courses": len(rules.Courses), "rules": len(rules.Rules),
				})
			}
			fmt.Fprintf(s.out, "%s is sound: %d courses, %d rules, digest %s\n", plain(rules.Name), len(rules.Courses), len(rules.Rules), rules.Digest())
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// tried is how a case went.
type tried struct {
	File        string   `json:"file"`
	Line        int      `json:"line"`
	Name        string   `json:"name"`
	Passed      bool     `json:"passed"`
	Differences []string `json:"differences"`
}

func policyTestCommand(s streams) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "test FILE FOLDER",
		Short: "Hold a policy to a folder of cases",
		Long: `Hold a policy to a folder of cases: YAML files, each a list of people with
their evidence and the standing that they have to get. The exit status is 1 if a
case fails. A case looks like this:

  - name: a course expires at its instant
    at: 2026-11-23T08:00:00Z
    person: {role: technician}
    training:
      - {course: CB-101, at: 2025-11-23T08:00:00Z}
    devices:
      - {id: laptop, os: Windows, os_version: 10.0.22631, compliance: compliant, encrypted: true, last_seen: 2026-11-23T07:00:00Z}
    expect: {eligible: false, reasons: [training-expired:CB-101, training-missing:CB-102]}`,
		Example: `  cyberbadge policy test issuer/policy.yaml cases`,
		Args:    arguments("the policy file", "the folder of cases"),
		RunE: func(_ *cobra.Command, args []string) error {
			rules, err := readPolicy(args[0])
			if err != nil {
				return err
			}
			cases, err := policy.Cases(os.DirFS(args[1]))
			if err != nil {
				return misuse("%s: %w", args[1], err)
			}
			results, failed := tryAll(rules, cases)
			if asJSON {
				err = printJSON(s.out, results)
			} else {
				printTried(s.out, results, failed)
			}
			if failed > 0 {
				err = errors.Join(err, errDenied)
			}
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func tryAll(rules *policy.Policy, cases []policy.Case) (results []tried, failed int) {
	for _, one := range cases {
		_, differences := rules.Try(one)
		if len(differences) > 0 {
			failed++
		}
		results = append(results, tried{one.File, one.Line, one.Name, len(differences) == 0, append([]string{}, differences...)})
	}
	return results, failed
}

func printTried(w io.Writer, results []tried, failed int) {
	for _, result := range results {
		if result.Passed {
			continue
		}
		fmt.Fprintf(w, "%s line %d: %s\n", plain(result.File), result.Line, plain(result.Name))
		for _, difference := range result.Differences {
			fmt.Fprintf(w, "  %s\n", plain(difference))
		}
	}
	fmt.Fprintf(w, "%d cases, %d failed\n", len(results), failed)
}

func policyDiffCommand(s streams) *cobra.Command {
	var from everybody
	var at string
	var asJSON bool
	c := &cobra.Command{
		Use:   "diff OLD NEW (--dir DIR | --people FILE --training FILE --devices FILE)",
		Short: "See who would gain or lose what under another policy",
		Long: `See who would gain or lose what under another policy, before it is put in
force. The people are those of an issuer's folder, whether or not it is being
served, or of files as other systems export them. Nothing is changed.`,
		Example: `  cyberbadge policy diff issuer/policy.yaml new.yaml --dir issuer
  cyberbadge policy diff old.yaml new.yaml --people people.json --training training.json --devices devices.json --at 2026-12-24T08:00:00Z`,
		Args: arguments("the old policy file", "the new policy file"),
		RunE: func(c *cobra.Command, args []string) error {
			instant, err := instantOrNow(at, s.now)
			if err != nil {
				return err
			}
			difference, err := diffPolicies(c.Context(), args[0], args[1], from, instant, s)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(s.out, asDifference(difference))
			}
			printDifference(s.out, difference)
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&from.dir, "dir", "", "the issuer's folder, on this machine")
	f.StringVar(&from.people, "people", "", "SCIM 2.0 ListResponse of User")
	f.StringVar(&from.training, "training", "", "xAPI statements")
	f.StringVar(&from.devices, "devices", "", "Microsoft Graph managedDevice collection")
	f.StringVar(&at, "at", "", "the instant, RFC 3339; now when not given")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func instantOrNow(text string, now func() time.Time) (time.Time, error) {
	if text == "" {
		return now(), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, misuse("--at %q is not a time like 2026-11-23T08:00:00Z", text)
	}
	return at, nil
}

func diffPolicies(ctx context.Context, before, after string, from everybody, at time.Time, s streams) (policy.Difference, error) {
	old, err := readPolicy(before)
	if err != nil {
		return policy.Difference{}, err
	}
	changed, err := readPolicy(after)
	if err != nil {
		return policy.Difference{}, err
	}
	var difference policy.Difference
	err = from.read(ctx, s, func(people policySubjects) {
		difference = policy.Diff(old, changed, people, at)
	})
	return difference, err
}

func printDifference(w io.Writer, d policy.Difference) {
	for _, c := range d.Changes {
		fmt.Fprintf(w, "%-10s %s\n", plain(c.Person.ExternalID), plain(describeChange(c)))
	}
	fmt.Fprintf(w, "%d people: %d would gain, %d would lose, %d of them everything\n", d.People, d.Gain, d.Lose, d.LoseAll)
}

func describeChange(c policy.Change) string {
	var parts []string
	if len(c.Gains) > 0 {
		parts = append(parts, "gains "+strings.Join(textsOf(c.Gains), ", "))
	}
	if len(c.Loses) > 0 {
		parts = append(parts, "loses "+strings.Join(textsOf(c.Loses), ", "))
	}
	if len(parts) == 0 {
		parts = []string{"stays refused"}
	}
	said := strings.Join(parts, ", ")
	if len(c.New.Reasons) > 0 {
		said += ": " + strings.Join(reasonTexts(c.New.Reasons), ", ")
	}
	return said
}
