package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/cyberbadge/cyberbadge/issuer/policy"
)

// policyVersion is a policy that was activated, as the API tells it.
type policyVersion struct {
	Digest      string    `json:"digest"`
	Effective   time.Time `json:"effective"`
	ActivatedAt time.Time `json:"activated_at"`
	ActivatedBy string    `json:"activated_by"`
}

func policyActivateCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	var at string
	var asJSON bool
	c := &cobra.Command{
		Use:   "activate --dir DIR FILE [--at TIME]",
		Short: "Put a policy in force, now or from an instant on",
		Long: `Put a policy in force, now or from an instant on. It is kept in the database and
outlasts a restart: the file that the configuration names is the one before the
first. If it takes effect now, everybody is judged by it at once. Look at policy
diff first.

It takes the issuer's own machine. Where officers sign in, two of them agree on a
policy in the office instead.`,
		Example: `  cyberbadge policy activate --dir issuer new.yaml
  cyberbadge policy activate --dir issuer new.yaml --at 2027-01-01T00:00:00Z`,
		Args: arguments("the policy file"),
		RunE: func(c *cobra.Command, args []string) error {
			// Its problems are told by line, before anything is asked.
			if _, err := readPolicy(args[0]); err != nil {
				return err
			}
			text, err := readBounded(args[0], policy.MaxFileSize)
			if err != nil {
				return misuseError{err}
			}
			call := map[string]any{"policy": string(text)}
			if at != "" {
				if call["effective"], err = instantOrNow(at, s.now); err != nil {
					return err
				}
			}
			return r.withAPI(c.Context(), func(a *api) error {
				var raw json.RawMessage
				if err := a.post(c.Context(), "/v1/policies", call, &raw); err != nil {
					return err
				}
				if asJSON {
					return printJSON(s.out, raw)
				}
				var v policyVersion
				if err := json.Unmarshal(raw, &v); err != nil {
					return err
				}
				_, err := fmt.Fprintf(s.out, "policy %s takes effect %s\n", plain(v.Digest), stamp(v.Effective))
				return err
			})
		},
	}
	r.flags(c)
	c.Flags().StringVar(&at, "at", "", "the instant, RFC 3339; now when not given")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func policyHistoryCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	var asJSON bool
	c := &cobra.Command{
		Use:     "history --dir DIR",
		Short:   "List the policies that were put in force, and tell which is",
		Example: `  cyberbadge policy history --dir issuer`,
		Args:    arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			return r.withAPI(c.Context(), func(a *api) error {
				var raw json.RawMessage
				if err := a.get(c.Context(), "/v1/policies", &raw); err != nil {
					return err
				}
				if asJSON {
					return printJSON(s.out, raw)
				}
				var history struct {
					InForce  string          `json:"in_force"`
					Policies []policyVersion `json:"policies"`
				}
				if err := json.Unmarshal(raw, &history); err != nil {
					return err
				}
				for _, v := range history.Policies {
					fmt.Fprintf(s.out, "%s  %s  activated %s by %s\n", stamp(v.Effective), plain(v.Digest), stamp(v.ActivatedAt), plain(v.ActivatedBy))
				}
				_, err := fmt.Fprintf(s.out, "in force: %s\n", plain(history.InForce))
				return err
			})
		},
	}
	r.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
