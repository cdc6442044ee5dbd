package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// keyState is a key, as the API tells it, and what this machine has of it.
type keyState struct {
	ID          string    `json:"kid"`
	Purpose     string    `json:"purpose"`
	State       string    `json:"state"`
	LiveBadges  int       `json:"live_badges"`
	PreparedAt  time.Time `json:"prepared_at"`
	UsableAt    time.Time `json:"usable_at,omitzero"`
	ActivatedAt time.Time `json:"activated_at,omitzero"`
	RetiredAt   time.Time `json:"retired_at,omitzero"`
	RemovedAt   time.Time `json:"removed_at,omitzero"`
	TaintedAt   time.Time `json:"tainted_at,omitzero"`
	RevokedAt   time.Time `json:"revoked_at,omitzero"`
	By          string    `json:"by"`
	Reason      string    `json:"reason,omitempty"`
	// Of a folder on this machine.
	File      string `json:"file,omitempty"`
	Encrypted bool   `json:"encrypted"`
}

func keysListCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	var asJSON bool
	c := &cobra.Command{
		Use:   "list --dir DIR",
		Short: "List the keys of an issuer, what they are for, how far they have come, and what rests on them",
		Example: `  cyberbadge keys list --dir issuer
  cyberbadge keys list --dir issuer --json`,
		Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			return r.withAPI(c.Context(), func(a *api) error {
				keys, err := r.keys(c.Context(), a)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(s.out, keys)
				}
				return printKeys(s.out, keys)
			})
		},
	}
	r.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// keys asks the issuer, and looks for the files where they can be seen.
func (r *reach) keys(ctx context.Context, a *api) ([]keyState, error) {
	var list struct {
		Keys []keyState `json:"keys"`
	}
	if err := a.get(ctx, "/v1/keys", &list); err != nil || r.dir == "" {
		return list.Keys, err
	}
	folder, err := openIssuerFolder(r.dir, r.streams)
	if err != nil {
		return nil, err
	}
	files, err := folder.keys().list()
	if err != nil {
		return nil, misuseError{err}
	}
	for i := range list.Keys {
		for _, file := range files {
			if file.ID == list.Keys[i].ID {
				list.Keys[i].File, list.Keys[i].Encrypted = file.private, file.encrypted
			}
		}
	}
	return list.Keys, nil
}

func printKeys(w io.Writer, keys []keyState) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, k := range keys {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", plain(k.Purpose), plain(k.State), plain(k.ID), plain(k.what()), plain(k.where()))
	}
	return t.Flush()
}

// what says what is to be known of a key in its state.
func (k keyState) what() string {
	text := map[string]string{
		"prepared": "since " + stamp(k.PreparedAt) + ", may sign from " + stamp(k.UsableAt),
		"active":   "since " + stamp(k.ActivatedAt),
		"retired":  "since " + stamp(k.RetiredAt),
		"removed":  "since " + stamp(k.RemovedAt),
		"tainted":  "since " + stamp(k.TaintedAt),
		"revoked":  "since " + stamp(k.RevokedAt),
	}[k.State]
	if k.Purpose == "badge" {
		text += fmt.Sprintf(", %d live badges", k.LiveBadges)
	}
	return text
}

func (k keyState) where() string {
	switch {
	case k.File != "":
		return k.File
	case k.Purpose == "root":
		return "offline"
	}
	return "no file here"
}

// changedKeys is what a step in the life of a key came to, as the API tells it.
type changedKeys struct {
	Keys          []keyState `json:"keys"`
	BadgesRevoked int        `json:"badges_revoked"`
}

// printChange prints what the API answered to a step.
func printChange(s streams, raw json.RawMessage, asJSON bool) error {
	if asJSON {
		return printJSON(s.out, raw)
	}
	var done changedKeys
	if err := json.Unmarshal(raw, &done); err != nil {
		return err
	}
	for _, k := range done.Keys {
		fmt.Fprintf(s.out, "%s key %s is %s\n", plain(k.Purpose), plain(k.ID), plain(k.State))
	}
	if done.BadgesRevoked > 0 {
		fmt.Fprintf(s.out, "%d badges revoked; phones get others when they renew\n", done.BadgesRevoked)
	}
	return nil
}
