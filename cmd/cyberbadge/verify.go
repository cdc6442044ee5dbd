package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/verifier"
)

// maxPresentation bounds what is read as a presentation: a gate code is longer
// in digits than the text it restores is in bytes.
const maxPresentation = 4 * credential.MaxSize

// verifying is what verify is asked for.
type verifying struct {
	dir, server     string
	access, site    string
	nonce, audience string
	lists           []string
	asJSON          bool
}

func verifyCommand(s streams) *cobra.Command {
	var v verifying
	c := &cobra.Command{
		Use:   "verify --dir DIR | --server URL [PRESENTATION | FILE | -]",
		Short: "Decide about one presentation: exit status 0 allow, 1 deny, 2 misuse",
		Long: `Decide about one presentation, an SD-JWT or a gate code: given as it is, as the
name of a file, or on standard input. With --dir the decision is made here, by
the rules in the verifier's folder; with --server a verifier service is asked.
The exit status is 0 for allow, 1 for deny and 2 for misuse.

With --dir every run begins without memory: a presentation that was shown before
is only noticed by a service.`,
		Example: `  cyberbadge verify --dir verifier --access remote presentation.txt
  cyberbadge verify --server http://127.0.0.1:8090 - < presentation.txt`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			presentation, err := readPresentation(s.in, args)
			if err != nil {
				return misuseError{err}
			}
			decision, err := v.decide(c.Context(), presentation, s)
			if err != nil {
				// Not being able to decide must never look like a decision.
				return misuseError{err}
			}
			if err := printDecision(s.out, decision, v.asJSON); err != nil {
				return err
			}
			if !decision.Allow {
				return errDenied
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&v.dir, "dir", "", "the verifier's folder")
	f.StringVar(&v.server, "server", "", "URL of a verifier service, in place of --dir")
	f.StringVar(&v.access, "access", string(credential.Onsite), "what the badge must grant: onsite or remote")
	f.StringVar(&v.site, "site", "", "repeated in the decision")
	f.StringVar(&v.nonce, "nonce", "", "the nonce that was sent to the holder")
	f.StringVar(&v.audience, "audience", "", "the audience that was sent to the holder")
	f.StringArrayVar(&v.lists, "list", nil, "ISSUER,URI,FILE: a status list that came another way")
	f.BoolVar(&v.asJSON, "json", false, "print the decision as JSON")
	oneOf(c, "access", string(credential.Onsite), string(credential.Remote))
	return c
}

func readPresentation(in io.Reader, args []string) (string, error) {
	switch {
	case len(args) == 0 || args[0] == "-":
		text, err := readInput(in, "-", maxPresentation)
		return string(text), err
	case len(args[0]) < 256 && !strings.Contains(args[0], "~") && exists(args[0]):
		text, err := readBounded(args[0], maxPresentation)
		return string(text), err
	case len(args[0]) < 256 && !strings.ContainsAny(args[0], "~#"):
		return "", fmt.Errorf("%q is neither a file nor a presentation; give - for standard input", args[0])
	}
	return args[0], nil
}

func (v *verifying) decide(ctx context.Context, presentation string, s streams) (verifier.Decision, error) {
	access := credential.Access(v.access)
	if !access.Known() {
		return verifier.Decision{}, fmt.Errorf("--access %q; ask for onsite or remote", v.access)
	}
	if (v.nonce == "") != (v.audience == "") {
		return verifier.Decision{}, errors.New("--nonce and --audience come together")
	}
	switch {
	case (v.server == "") == (v.dir == ""):
		return verifier.Decision{}, errors.New("give --dir, the verifier's folder, or --server")
	case v.server != "":
		return v.ask(ctx, presentation)
	}
	folder, err := openVerifierFolder(v.dir, s)
	if err != nil {
		return verifier.Decision{}, err
	}
	gate, err := folder.verifier(nil)
	if err != nil {
		return verifier.Decision{}, err
	}
	defer gate.Close()
	if err := v.loadLists(gate); err != nil {
		return verifier.Decision{}, err
	}
	site := v.site
	if site == "" {
		site = folder.config.Site
	}
	return gate.Verify(ctx, presentation, verifier.Request{
		Access: access, Site: site, Nonce: v.nonce, Audience: v.audience,
	}), nil
}

func (v *verifying) loadLists(gate *verifier.Verifier) error {
	for _, text := range v.lists {
		parts := strings.SplitN(text, ",", 3)
		if len(parts) != 3 {
			return fmt.Errorf("--list %q is not ISSUER,URI,FILE", text)
		}
		token, err := readBounded(parts[2], revocation.MaxTokenSize)
		if err != nil {
			return err
		}
		if err := gate.LoadList(parts[0], parts[1], strings.TrimSpace(string(token))); err != nil {
			return err
		}
	}
	return nil
}

// ask lets a verifier service decide.
func (v *verifying) ask(ctx context.Context, presentation string) (verifier.Decision, error) {
	body, err := json.Marshal(verifyBody{
		Presentation: strings.TrimSpace(presentation), Access: v.access, Site: v.site, Nonce: v.nonce, Audience: v.audience,
	})
	if err != nil {
		return verifier.Decision{}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(v.server, "/")+"/v1/verify", bytes.NewReader(body))
	if err != nil {
		return verifier.Decision{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	client := &http.Client{Timeout: 30 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		return verifier.Decision{}, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
		if err != nil {
			return verifier.Decision{}, err
		}
		return verifier.Decision{}, problemError(response.StatusCode, text)
	}
	return decodeDecision(response.Body)
}

type verifyBody struct {
	Presentation string `json:"presentation"`
	Access       string `json:"access"`
	Site         string `json:"site,omitempty"`
	Nonce        string `json:"nonce,omitempty"`
	Audience     string `json:"audience,omitempty"`
}
