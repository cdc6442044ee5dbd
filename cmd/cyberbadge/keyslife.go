package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"github.com/spf13/cobra"
)

// keyStep is one command that takes a key a step on.
type keyStep struct {
	name, short, long, example string
	needsReason                bool
	now, withoutSuccessor      bool // which switches it has
}

// twoNeeded ends the help of what takes two officers.
const twoNeeded = `

It takes the issuer's own machine. Where officers sign in, two of them agree on it
in the office instead, as key.change.`

func keysPrepareCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	var purpose, reason string
	var asJSON bool
	c := &cobra.Command{
		Use:   "prepare --dir DIR [--for PURPOSE]",
		Short: "Make the key that follows, and publish its public half",
		Long: `Make the key that follows, and publish its public half: in the issuer's metadata and
in its trust list. It signs nothing until it is activated, so that verifiers know it
by then. The private half lies in the issuer's folder, protected like the others.` + twoNeeded,
		Example: `  cyberbadge keys prepare --dir issuer
  cyberbadge keys prepare --dir issuer --for list`,
		Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			return r.withAPI(c.Context(), func(a *api) error {
				var raw json.RawMessage
				call := map[string]any{"purpose": purpose, "reason": reason}
				if err := a.post(c.Context(), "/v1/keys", call, &raw); err != nil {
					return err
				}
				if asJSON {
					return printJSON(s.out, raw)
				}
				var made keyState
				if err := json.Unmarshal(raw, &made); err != nil {
					return err
				}
				_, err := fmt.Fprintf(s.out, "%s key %s is published, and may sign from %s on\n", plain(made.Purpose), plain(made.ID), stamp(made.UsableAt))
				return err
			})
		},
	}
	r.flags(c)
	c.Flags().StringVar(&purpose, "for", "badge", "what it is to sign: badge, list or signal")
	c.Flags().StringVar(&reason, "reason", "", "why, for the record: without names of people")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	oneOf(c, "for", "badge", "list", "signal")
	return c
}

func keysActivateCommand(s streams) *cobra.Command {
	return keyStepCommand(s, keyStep{
		name: "activate", now: true,
		short: "Have a prepared key sign from now on, and retire the one before it",
		long: `Have a prepared key sign from now on. The one that was active is retired: what it
signed is good until it expires, and then the key is dropped by itself. A running
server changes over without a restart.

A key must have been published for issuer.key_wait, a day unless set otherwise.
With --now and a --reason it need not; verifiers that do not know it yet then deny
what it signs, until they have the new trust list.` + twoNeeded,
		example: `  cyberbadge keys activate --dir issuer 7wq2rTzBPO2AD0w4ka5M1g
  cyberbadge keys activate --dir issuer --now --reason "the disk with the old one broke" 7wq2rTzBPO2AD0w4ka5M1g`,
	})
}

func keysRetireCommand(s streams) *cobra.Command {
	return keyStepCommand(s, keyStep{
		name:    "retire",
		short:   "Give a prepared key up",
		long:    `Give a prepared key up. The key that signs is retired by activating another.` + twoNeeded,
		example: `  cyberbadge keys retire --dir issuer 7wq2rTzBPO2AD0w4ka5M1g`,
	})
}

func keysTaintCommand(s streams) *cobra.Command {
	return keyStepCommand(s, keyStep{
		name: "taint", needsReason: true, withoutSuccessor: true,
		short: "Stop a key at once that somebody else may have",
		long: `Stop a key at once that somebody else may have: it signs nothing any more, the key
that was prepared the longest takes over, and all badges that it signed are revoked.
Phones get others when they renew. Where no key is prepared it is refused: prepare
one first, or stop issuing altogether with --without-successor.

It does not help against badges that a thief makes: hand out a bundle or a trust list
in which the key is revoked. Stopping takes one person, here or in the office.`,
		example: `  cyberbadge keys taint --dir issuer --reason "laptop with a backup stolen" 7wq2rTzBPO2AD0w4ka5M1g`,
	})
}

func keysRevokeCommand(s streams) *cobra.Command {
	return keyStepCommand(s, keyStep{
		name: "revoke", needsReason: true,
		short: "Have verifiers refuse all that a key ever signed",
		long: `Have verifiers refuse all that a key ever signed: it is taken out of the metadata and
named as revoked in the trust list, and badges under it are refused although they
have not expired. It is final. Taint the key that signs first.` + twoNeeded,
		example: `  cyberbadge keys revoke --dir issuer --reason "laptop with a backup stolen" 7wq2rTzBPO2AD0w4ka5M1g`,
	})
}

func keyStepCommand(s streams, step keyStep) *cobra.Command {
	r := reach{streams: s}
	var reason string
	var now, withoutSuccessor, asJSON bool
	c := &cobra.Command{
		Use: step.name + " --dir DIR KID", Short: step.short, Long: step.long, Example: step.example,
		Args: arguments("the key's id, as keys list prints it"),
		RunE: func(c *cobra.Command, args []string) error {
			if now && reason == "" {
				return misuse("--now takes a --reason: it is kept for good")
			}
			call := map[string]any{"reason": reason}
			if step.now {
				call["now"] = now
			}
			if step.withoutSuccessor {
				call["without_successor"] = withoutSuccessor
			}
			return r.withAPI(c.Context(), func(a *api) error {
				early, err := r.tooNew(c, a, args[0], now)
				if err != nil {
					return err
				}
				var raw json.RawMessage
				if err := a.post(c.Context(), "/v1/keys/"+url.PathEscape(args[0])+"/"+step.name, call, &raw); err != nil {
					return err
				}
				if early != "" {
					fmt.Fprintln(s.err, early)
				}
				return printChange(s, raw, asJSON)
			})
		},
	}
	r.flags(c)
	c.Flags().StringVar(&reason, "reason", "", "why, for the record: without names of people")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	if step.needsReason {
		required(c, "reason")
	}
	if step.now {
		c.Flags().BoolVar(&now, "now", false, "although it was not published for long enough; for emergencies")
	}
	if step.withoutSuccessor {
		c.Flags().BoolVar(&withoutSuccessor, "without-successor", false, "although no key can take over: nothing is signed until one is active")
	}
	return c
}

// tooNew says aloud what --now does, if it does anything.
func (r *reach) tooNew(c *cobra.Command, a *api, id string, now bool) (string, error) {
	if !now {
		return "", nil
	}
	keys, err := r.keys(c.Context(), a)
	if err != nil {
		return "", err
	}
	for _, k := range keys {
		if k.ID == id && r.streams.now().Before(k.UsableAt) {
			return fmt.Sprintf("cyberbadge: activated %s before its time: verifiers that do not have the trust list from %s or later deny what it signs. Have every site confirm that it has",
				k.UsableAt.Sub(r.streams.now()).Round(time.Minute), stamp(k.PreparedAt)), nil
		}
	}
	return "", nil
}
