package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/cyberbadge/cyberbadge/internal/config"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/revocation/bundle"
)

// trustBundleFile is the trust bundle in an issuer's folder that its service hands
// out.
const trustBundleFile = "trust.bundle"

// deltaEnding follows the name of the bundle that a delta makes.
const deltaEnding = ".delta"

func bundleCommand(s streams) *cobra.Command {
	c := &cobra.Command{Use: "bundle", Short: "Carry trust and status lists to where there is no network"}
	c.AddCommand(bundleExportCommand(s), bundleFingerprintCommand(s), bundleInspectCommand(s), bundleVerifyCommand(s), bundleImportCommand(s))
	return c
}

// bundleExport is what bundle export is asked for.
type bundleExport struct {
	dir, out, since, rootKey string
	customer                 string
	life, maxStatusAge       string
	trustOnly, portraits     bool
	publish                  bool
	asJSON                   bool
}

func bundleExportCommand(s streams) *cobra.Command {
	var e bundleExport
	c := &cobra.Command{
		Use:   "export --dir ISSUER --out FILE",
		Short: "Write one signed file from which a verifier works without a network",
		Long: `Write one signed file from which a verifier works without a network: the trust
list with its keys, all status lists, and how old they may get there.

It is signed with the root key, which is not needed for anything else: keep it on
a medium of its own, and name its file with --root-key while you export. Each
bundle has a higher number than those before, and is an event.

With --since OLD the difference is written beside it, as FILE.delta, for a site
behind a slow link: whoever imported OLD can import that.

With --trust-only there are no lists in it: verifiers that have a network learn
of new keys by such a bundle, which --publish has the issuer hand out under
/trust-bundle.`,
		Example: `  cyberbadge bundle export --dir issuer --for plant-7 --out plant-7.bundle
  cyberbadge bundle export --dir issuer --trust-only --publish --root-key /media/stick/root.key.age`,
		Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			made, err := e.run(c.Context(), s)
			if err != nil {
				return err
			}
			if e.asJSON {
				return printJSON(s.out, made)
			}
			made.print(s.out)
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&e.dir, "dir", "", "the issuer's folder")
	f.StringVar(&e.out, "out", "", "file to write")
	f.StringVar(&e.customer, "for", "", "the customer that it is for, by the name that the customer pinned; anybody when not given")
	f.StringVar(&e.life, "life", "30d", "until verifiers let go of it and deny")
	f.StringVar(&e.maxStatusAge, "max-status-age", "", "how old its status lists may get before verifiers deny; 7d, or --life if that is shorter")
	f.StringVar(&e.since, "since", "", "a bundle that the site has: write the difference as well")
	f.BoolVar(&e.portraits, "portraits", false, "with the portraits of everybody who is active")
	f.BoolVar(&e.trustOnly, "trust-only", false, "keys alone, for verifiers that fetch their lists")
	f.BoolVar(&e.publish, "publish", false, "have the issuer hand it out; with --trust-only")
	f.StringVar(&e.rootKey, "root-key", "", "the root key's file; the one in the issuer's folder when not given")
	f.BoolVar(&e.asJSON, "json", false, "print JSON")
	required(c, "dir")
	return c
}

func (e *bundleExport) check() error {
	switch {
	case e.out == "" && !e.publish:
		return misuse("--out is missing: the file to write")
	case e.publish && (!e.trustOnly || e.customer != ""):
		return misuse("--publish hands a bundle out to anybody: it goes with --trust-only and without --for")
	case e.trustOnly && (e.portraits || e.maxStatusAge != ""):
		return misuse("--trust-only: there are no portraits and no lists in it, so --portraits and --max-status-age have no meaning")
	case e.since != "" && e.out == "":
		return misuse("--since needs --out: the difference is written beside it")
	}
	return nil
}

func (e *bundleExport) run(ctx context.Context, s streams) (*bundleView, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	asked, err := e.body()
	if err != nil {
		return nil, err
	}
	var old []byte
	if e.since != "" {
		if old, err = readBounded(e.since, bundle.MaxSize); err != nil {
			return nil, misuseError{err}
		}
	}
	folder, err := openIssuerFolder(e.dir, s)
	if err != nil {
		return nil, err
	}
	root, err := folder.openRootKey(e.rootKey)
	if err != nil {
		return nil, err
	}
	// Before a number is used up for nothing.
	if err := root.Unlock(); err != nil {
		return nil, err
	}
	var draft []byte
	r := reach{dir: e.dir, streams: s}
	if err := r.withAPI(ctx, func(a *api) error {
		draft, err = a.read(ctx, http.MethodPost, "/v1/bundles", "application/json", bytes.NewReader(asked))
		return err
	}); err != nil {
		return nil, err
	}
	text, err := bundle.Sign(root, string(draft))
	if err != nil {
		return nil, err
	}
	return e.write(folder, text, string(old), s.now())
}

// body is the call.
func (e *bundleExport) body() ([]byte, error) {
	seconds := func(flag, text string) (int64, error) {
		if text == "" {
			return 0, nil
		}
		d, err := config.ParseDuration(text)
		if err == nil && d < time.Second {
			err = fmt.Errorf("%s is no time", text)
		}
		if err != nil {
			return 0, misuse("%s: %w", flag, err)
		}
		return int64(d / time.Second), nil
	}
	life, err := seconds("--life", e.life)
	if err != nil {
		return nil, err
	}
	maxAge, err := seconds("--max-status-age", e.maxStatusAge)
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{
		"customer": e.customer, "life_seconds": life, "max_status_age_seconds": maxAge,
		"trust_only": e.trustOnly, "portraits": e.portraits,
	})
}

// write puts the bundle where it is to be, the delta first: who finds the bundle has
// all of it.
func (e *bundleExport) write(folder *issuerFolder, text, old string, now time.Time) (*bundleView, error) {
	opened, err := bundle.Inspect(text)
	if err != nil {
		return nil, err
	}
	made := newBundleView(opened, len(text), now)
	if e.since != "" {
		delta, err := bundle.Delta(old, text)
		if err != nil {
			return nil, misuse("--since %s: %w", e.since, err)
		}
		made.Delta, made.DeltaSize = e.out+deltaEnding, len(delta)
		if err := replaceFile(made.Delta, []byte(delta)); err != nil {
			return nil, err
		}
	}
	if e.out != "" {
		made.File = e.out
		if err := replaceFile(e.out, []byte(text)); err != nil {
			return nil, err
		}
	}
	if e.publish {
		made.Published = true
		return made, replaceFile(folder.file(trustBundleFile), []byte(text))
	}
	return made, nil
}

// trustBundle reads what is published.
func (f *issuerFolder) trustBundle() (string, error) {
	text, err := readBounded(f.file(trustBundleFile), bundle.MaxManifest)
	if os.IsNotExist(err) {
		return "", nil
	}
	return string(text), err
}

// parseNotBefore reads the oldest time of issue of badges that count.
func parseNotBefore(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.Unix() < 1 {
		return time.Time{}, misuse("issuer.not_before is %.40q; write a time like 2026-11-23T08:00:00Z", text)
	}
	return at, nil
}

// trustOf is what a bundle says of keys and of what is over.
func trustOf(b *bundle.Bundle) (issuer.TrustedIssuer, error) {
	var entry issuer.TrustedIssuer
	err := json.Unmarshal(b.Trust, &entry)
	return entry, err
}

func writeTo(w io.Writer, path string, write func(io.Writer) error) error {
	if path == "" {
		return write(w)
	}
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	return replaceFile(filepath.Clean(path), b.Bytes())
}
