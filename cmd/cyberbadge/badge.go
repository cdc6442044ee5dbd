package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/qr"
	"github.com/cyberbadge/cyberbadge/credential/qr/draw"
	"github.com/cyberbadge/cyberbadge/internal/keyfile"
)

func badgeCommand(s streams) *cobra.Command {
	c := &cobra.Command{Use: "badge", Short: "Issue, present, show and revoke badges"}
	c.AddCommand(
		badgeIssueCommand(s), badgePresentCommand(s), badgeShowCommand(s),
		badgeStatusCommand(s, "revoke", "Revoke a badge, for good"),
		badgeStatusCommand(s, "suspend", "Suspend a badge until it is reinstated"),
		badgeStatusCommand(s, "reinstate", "Reinstate a suspended badge of a person in good standing"),
	)
	return c
}

// issuedBadge is the API's answer to issuing.
type issuedBadge struct {
	ID        string    `json:"id"`
	Badge     string    `json:"badge"`
	ExpiresAt time.Time `json:"expires_at"`
}

func badgeIssueCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	var person, holderKey, out string
	var asJSON bool
	c := &cobra.Command{
		Use:   "issue --dir DIR --person ID --holder-key FILE",
		Short: "Issue a badge for an eligible person's key",
		Long: `Issue a badge for an eligible person's key.

The holder key is the public half of a P-256 key as a JWK, as keys generate
writes it. The badge is printed, or written to --out; it is kept nowhere else.`,
		Example: `  cyberbadge badge issue --dir issuer --person 0700004 --holder-key holder.jwk --out badge.txt`,
		Args:    arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			holder, err := readJWK(holderKey)
			if err != nil {
				return misuseError{err}
			}
			return r.withAPI(c.Context(), func(a *api) error {
				issued, raw, err := issue(c.Context(), a, person, holder)
				if err != nil {
					return err
				}
				fmt.Fprintf(s.err, "badge %s expires %s\n", issued.ID, issued.ExpiresAt.Format(time.RFC3339))
				if out != "" {
					if err := os.WriteFile(out, []byte(issued.Badge+"\n"), 0o600); err != nil {
						return err
					}
				}
				switch {
				case asJSON:
					return printJSON(s.out, raw)
				case out == "":
					_, err = fmt.Fprintln(s.out, issued.Badge)
				}
				return err
			})
		},
	}
	r.flags(c)
	c.Flags().StringVar(&person, "person", "", "id or external id")
	c.Flags().StringVar(&holderKey, "holder-key", "", "file with the holder's public key (JWK)")
	c.Flags().StringVar(&out, "out", "", "file to write the badge to")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	required(c, "person", "holder-key")
	return c
}

func issue(ctx context.Context, a *api, person string, holder *ecdsa.PublicKey) (issuedBadge, json.RawMessage, error) {
	jwk, err := credential.MarshalJWK(holder)
	if err != nil {
		return issuedBadge{}, nil, err
	}
	var raw json.RawMessage
	body := map[string]json.RawMessage{"holder_key": jwk}
	if err := a.post(ctx, "/v1/people/"+url.PathEscape(person)+"/badges", body, &raw); err != nil {
		return issuedBadge{}, nil, err
	}
	var issued issuedBadge
	return issued, raw, json.Unmarshal(raw, &issued)
}

func badgeShowCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	var person string
	c := &cobra.Command{
		Use:   "show --dir DIR [ID | --person ID]",
		Short: "Show what is on record about a badge, or about all badges of a person",
		Example: `  cyberbadge badge show --dir issuer WGNIN2JG6HRBFJVIFKZJBILQBQ
  cyberbadge badge show --dir issuer --person 0700004`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			var path string
			switch {
			case len(args) == 1 && person == "":
				path = "/v1/badges/" + url.PathEscape(args[0])
			case len(args) == 0 && person != "":
				path = "/v1/people/" + url.PathEscape(person) + "/badges"
			default:
				return misuse("give the id of a badge, or --person")
			}
			return r.withAPI(c.Context(), func(a *api) error {
				var record any
				if err := a.get(c.Context(), path, &record); err != nil {
					return err
				}
				return printJSON(s.out, record)
			})
		},
	}
	r.flags(c)
	c.Flags().StringVar(&person, "person", "", "all badges of this person")
	c.Flags().Bool("json", true, "print JSON; there is no other form")
	return c
}

func badgeStatusCommand(s streams, verb, short string) *cobra.Command {
	r := reach{streams: s}
	var reason, person string
	var asJSON bool
	c := &cobra.Command{
		Use:   verb + " --dir DIR --reason TEXT [ID | --person ID]",
		Short: short,
		Example: "  cyberbadge badge " + verb + ` --dir issuer --reason "phone lost" WGNIN2JG6HRBFJVIFKZJBILQBQ
  cyberbadge badge ` + verb + ` --dir issuer --reason "phone lost" --person 0700004`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return arguments("the id of a badge")(c, args)
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 == (person != "") {
				return misuse("give the id of a badge, or --person")
			}
			return r.withAPI(c.Context(), func(a *api) error {
				ids := args
				if person != "" {
					var err error
					if ids, err = liveBadges(c.Context(), a, person, s.now()); err != nil {
						return err
					}
				}
				var changed []json.RawMessage
				for _, id := range ids {
					raw, err := setBadgeStatus(c.Context(), a, id, verb, reason)
					if err != nil {
						return err
					}
					changed = append(changed, raw)
				}
				return printStatuses(s.out, changed, asJSON, person == "")
			})
		},
	}
	r.flags(c)
	c.Flags().StringVar(&person, "person", "", "all badges of this person that are still good for something")
	c.Flags().StringVar(&reason, "reason", verb+" by an operator", "why, for the record; no names")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// badgeStatus is what a change of status is told by.
type badgeStatus struct {
	ID        string    `json:"id"`
	Status    string    `json:"status"`
	ExpiresAt time.Time `json:"expires_at"`
}

// liveBadges returns the ids of a person's badges that have not expired and are
// not revoked.
func liveBadges(ctx context.Context, a *api, person string, now time.Time) ([]string, error) {
	var all struct {
		Badges []badgeStatus `json:"badges"`
	}
	if err := a.get(ctx, "/v1/people/"+url.PathEscape(person)+"/badges", &all); err != nil {
		return nil, err
	}
	var ids []string
	for _, b := range all.Badges {
		if b.Status != "invalid" && now.Before(b.ExpiresAt) {
			ids = append(ids, b.ID)
		}
	}
	return ids, nil
}

func setBadgeStatus(ctx context.Context, a *api, id, verb, reason string) (json.RawMessage, error) {
	var raw json.RawMessage
	err := a.post(ctx, "/v1/badges/"+url.PathEscape(id)+"/"+verb, map[string]string{"reason": reason}, &raw)
	return raw, err
}

// printStatuses prints what became of badges; one that was asked for by its id
// stands alone.
func printStatuses(w io.Writer, changed []json.RawMessage, asJSON, alone bool) error {
	if asJSON && alone {
		return printJSON(w, changed[0])
	}
	if asJSON {
		return printJSON(w, append([]json.RawMessage{}, changed...))
	}
	for _, raw := range changed {
		var b badgeStatus
		if err := json.Unmarshal(raw, &b); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "badge %s is %s\n", b.ID, b.Status); err != nil {
			return err
		}
	}
	if len(changed) == 0 {
		_, err := fmt.Fprintln(w, "there is no badge to change")
		return err
	}
	return nil
}

// presenting is what badge present is asked for.
type presenting struct {
	badge, holderKey, passphraseFile string
	disclose                         []string
	png, svg, level                  string
	code, terminal                   bool
	audience, nonce                  string
}

func badgePresentCommand(s streams) *cobra.Command {
	var p presenting
	c := &cobra.Command{
		Use:   "present --badge FILE --holder-key FILE [--png FILE] [--svg FILE] [--terminal]",
		Short: "Prove possession of a badge and print it, pack it or draw its gate code",
		Long: `Do what a phone does: sign a fresh proof with the holder's key and present the
badge. The proof is good for 90 seconds and for one gate. Without further flags
the presentation is printed as text; --code prints the gate code.`,
		Example: `  cyberbadge badge present --badge badge.txt --holder-key holder.key --terminal
  cyberbadge badge present --badge badge.txt --holder-key holder.key --png code.png --disclose role`,
		Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			level, err := p.errorCorrection()
			if err != nil {
				return err
			}
			text, err := readBounded(p.badge, credential.MaxSize+1)
			if err != nil {
				return misuseError{err}
			}
			protection := keyfile.Protection{InsecurePlain: true, Passphrase: passphraseFrom(p.passphraseFile)}
			holder, err := keyfile.Load(p.holderKey, protection)
			if err != nil {
				return explainKey(err)
			}
			badge := strings.TrimSpace(string(text))
			if len(p.disclose) > 0 {
				if badge, err = credential.Disclose(badge, p.disclose...); err != nil {
					return notBadge(p.badge, err)
				}
			}
			if p.nonce == "" {
				p.nonce = gateNonce()
			}
			proof := credential.Proof{Audience: p.audience, Nonce: p.nonce, IssuedAt: s.now()}
			presentation, err := credential.Bind(badge, holder, proof)
			if err != nil {
				return notBadge(p.badge, err)
			}
			return p.output(s.out, presentation, level)
		},
	}
	f := c.Flags()
	f.StringVar(&p.badge, "badge", "", "file with the badge, as badge issue wrote it")
	f.StringVar(&p.holderKey, "holder-key", "", "file with the holder's private key")
	f.StringVar(&p.passphraseFile, "passphrase-file", "", "file with the passphrase of the holder's key")
	f.StringSliceVar(&p.disclose, "disclose", nil, "claims to disclose; all when not given")
	f.StringVar(&p.png, "png", "", "draw the gate code into this file")
	f.StringVar(&p.svg, "svg", "", "draw the gate code into this file")
	f.StringVar(&p.level, "level", "L", "error correction of the drawing: L or M")
	f.BoolVar(&p.code, "code", false, "print the gate code as text")
	f.BoolVar(&p.terminal, "terminal", false, "draw the gate code in the terminal")
	f.StringVar(&p.audience, "audience", credential.GateAudience, "who the proof is for")
	f.StringVar(&p.nonce, "nonce", "", "the nonce that the verifier sent; random when not given")
	required(c, "badge", "holder-key")
	oneOf(c, "level", "L", "M")
	return c
}

func notBadge(path string, err error) error {
	return misuse("%s: %w; give the file that badge issue wrote", path, err)
}

func (p *presenting) errorCorrection() (draw.Level, error) {
	switch p.level {
	case "L":
		return draw.Low, nil
	case "M":
		return draw.Medium, nil
	}
	return 0, misuse("--level %q; give L or M", p.level)
}

func (p *presenting) output(w io.Writer, presentation string, level draw.Level) error {
	if !p.code && !p.terminal && p.png == "" && p.svg == "" {
		_, err := fmt.Fprintln(w, presentation)
		return err
	}
	packed, err := packForGate(presentation)
	if err != nil {
		return err
	}
	return errors.Join(p.draw(w, packed, level), p.print(w, packed))
}

func (p *presenting) print(w io.Writer, packed string) error {
	if !p.code {
		return nil
	}
	_, err := fmt.Fprintln(w, packed)
	return err
}

func (p *presenting) draw(w io.Writer, packed string, level draw.Level) error {
	options := draw.Options{Level: level}
	if p.png != "" {
		if err := drawFile(p.png, func(w io.Writer) error { return draw.PNG(w, packed, options) }); err != nil {
			return err
		}
	}
	if p.svg != "" {
		if err := drawFile(p.svg, func(w io.Writer) error { return draw.SVG(w, packed, options) }); err != nil {
			return err
		}
	}
	if p.terminal {
		return draw.Terminal(w, packed, options)
	}
	return nil
}

func drawFile(path string, to func(io.Writer) error) error {
	var b bytes.Buffer
	if err := to(&b); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}

// packForGate packs a presentation under the URL of the issuer that it names.
// The name is only a place to send a stock camera to, so it needs no proof.
func packForGate(presentation string) (string, error) {
	_, rest, _ := strings.Cut(presentation, ".")
	segment, _, _ := strings.Cut(rest, ".")
	payload, err := base64.RawURLEncoding.DecodeString(segment)
	if err != nil {
		return "", errors.New("this is not a badge")
	}
	var claimed struct {
		Issuer string `json:"iss"`
	}
	if err := json.Unmarshal(payload, &claimed); err != nil {
		return "", errors.New("this is not a badge")
	}
	return qr.Pack(claimed.Issuer, presentation)
}
