package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/server"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
)

func issuerCommand(s streams) *cobra.Command {
	c := &cobra.Command{Use: "issuer", Short: "Set up, feed and serve the program that issues badges"}
	c.AddCommand(issuerInitCommand(s), issuerImportCommand(s), issuerStandingCommand(s),
		issuerServeCommand(s), issuerTrustCommand(s), issuerTokenCommand(s), issuerOfficerCommand(s), issuerListsCommand(s))
	return c
}

func issuerInitCommand(s streams) *cobra.Command {
	var setup issuerSetup
	c := &cobra.Command{
		Use:   "init --dir DIR --url URL",
		Short: "Make an issuer's folder: configuration, keys, policy and database",
		Long: `Make an issuer's folder: configuration, keys, policy and database.

The keys are encrypted. Without --passphrase-file a passphrase is made up and
written into the folder: move it to where you keep secrets, and write into
issuer.yaml where that is.`,
		Example: `  cyberbadge issuer init --dir issuer --url https://badge.vendor.example`,
		Args:    arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := initIssuer(c.Context(), setup, s); err != nil {
				return err
			}
			fmt.Fprintf(s.err, "issuer %s is in %s\n", setup.url, setup.dir)
			if setup.passphraseFile == "" && !setup.insecurePlain {
				fmt.Fprintf(s.err, "its keys' passphrase is in %s/%s/%s: keep it apart from the keys\n", setup.dir, keysFolder, passphraseFile)
			}
			fmt.Fprintf(s.err, "customers pin its root key, and only bundles are signed with it: take %s offline, on two media, and leave %s where it is\n",
				rootFile(setup), filepath.Join(setup.dir, keysFolder, keyNames[store.ForRoot]+publicEnding))
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&setup.dir, "dir", "", "folder to make")
	f.StringVar(&setup.url, "url", "", "the issuer's public HTTPS URL; badges name it, so it can't change later")
	f.StringVar(&setup.listen, "listen", "127.0.0.1:8080", "address to serve on")
	f.StringVar(&setup.passphraseFile, "passphrase-file", "", "file with the passphrase for the keys")
	f.BoolVar(&setup.insecurePlain, "insecure-plain-keys", false, "write the keys unencrypted; for development only")
	f.DurationVar(&setup.listTTL, "list-ttl", issuer.DefaultListTTL, "after which verifiers look for a newer status list")
	f.Uint32Var(&setup.listSize, "list-size", sqlite.DefaultListSize, "entries of a status list")
	required(c, "dir", "url")
	return c
}

func issuerImportCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	var people, training, devices string
	var asking importing
	var asJSON bool
	c := &cobra.Command{
		Use:   "import --dir DIR [--people FILE] [--training FILE] [--devices FILE]",
		Short: "Take in people, training and devices as other systems export them",
		Long: `Take in people (SCIM 2.0), training (xAPI 1.0.3 statements) and devices
(Microsoft Graph managedDevice). A bad record is reported with its place and the
rest goes in. Importing the same files again changes nothing.

An import by which many people would lose their good standing at once is refused
whole, because a source that broke must not lock out a company. Look at the source;
if it is right, repeat the import with --confirm, on the issuer's own machine.`,
		Example: `  cyberbadge issuer import --dir issuer --people people.json --training training.json`,
		Args:    arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			files, closeAll, err := openAll(map[string]string{"people": people, "training": training, "devices": devices})
			if err != nil {
				return err
			}
			defer closeAll()
			if len(files) == 0 {
				return misuse("nothing to import: give --people, --training or --devices")
			}
			return r.withAPI(c.Context(), func(a *api) error {
				var report importReport
				if err := asking.send(c.Context(), a, asReaders(files), &report); err != nil {
					return explainMassChange(err)
				}
				if asJSON {
					return printJSON(s.out, report)
				}
				printReport(s.out, report.ImportReport)
				report.printMeaning(s.out)
				return nil
			})
		},
	}
	r.flags(c)
	c.Flags().BoolVar(&asking.confirm, "confirm", false, "let it through however many lose their good standing by it")
	c.Flags().BoolVar(&asking.dryRun, "dry-run", false, "take nothing in, and say what it would have done")
	c.Flags().StringVar(&people, "people", "", "SCIM 2.0 ListResponse of User")
	c.Flags().StringVar(&training, "training", "", "xAPI statements")
	c.Flags().StringVar(&devices, "devices", "", "Microsoft Graph managedDevice collection")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// importFiles streams the files as one multipart request.
func importFiles(ctx context.Context, a *api, files map[string]io.Reader, report *issuer.ImportReport) error {
	return importing{}.send(ctx, a, files, report)
}

// importing is what is asked for beside the files.
type importing struct{ confirm, dryRun bool }

func (i importing) send(ctx context.Context, a *api, files map[string]io.Reader, report any) error {
	asked := url.Values{}
	if i.confirm {
		asked.Set("confirm", "true")
	}
	if i.dryRun {
		asked.Set("dry_run", "true")
	}
	reading, writing := io.Pipe()
	form := multipart.NewWriter(writing)
	go func() {
		writing.CloseWithError(writeParts(form, files))
	}()
	defer reading.Close()
	path := "/v1/import"
	if len(asked) > 0 {
		path += "?" + asked.Encode()
	}
	return a.call(ctx, http.MethodPost, path, form.FormDataContentType(), reading, report)
}

// importReport is the API's answer to an import.
type importReport struct {
	issuer.ImportReport
	WithoutManager int  `json:"without_manager"`
	DryRun         bool `json:"dry_run"`
}

// printMeaning prints what an import means for people, as far as there is anything
// to look at.
func (r importReport) printMeaning(w io.Writer) {
	if r.Losing > 0 {
		fmt.Fprintf(w, "%d people lose their good standing by it\n", r.Losing)
	}
	if r.WithoutManager > 0 {
		fmt.Fprintf(w, "%d people have no manager who could be told: that goes to the fallback address\n", r.WithoutManager)
	}
	if r.DryRun {
		fmt.Fprintln(w, "nothing was taken in")
	}
}

// explainMassChange adds what to type.
func explainMassChange(err error) error {
	var refused *refusal
	if !errors.As(err, &refused) || refused.code != server.CodeMassChange {
		return err
	}
	return fmt.Errorf("%w; if the source is right, repeat the import with --confirm", err)
}

func asReaders(files map[string]*os.File) map[string]io.Reader {
	readers := make(map[string]io.Reader, len(files))
	for part, f := range files {
		readers[part] = f
	}
	return readers
}

func writeParts(form *multipart.Writer, files map[string]io.Reader) error {
	for part, file := range files {
		w, err := form.CreateFormFile(part, part+".json")
		if err != nil {
			return err
		}
		if _, err := io.Copy(w, file); err != nil {
			return err
		}
	}
	return form.Close()
}

func printReport(w io.Writer, report issuer.ImportReport) {
	for _, file := range []struct {
		name string
		issuer.FileReport
	}{{"people", report.People}, {"training", report.Training}, {"devices", report.Devices}} {
		fmt.Fprintf(w, "%-9s %d added, %d changed, %d unchanged, %d repeated, %d removed\n",
			file.name, file.Added, file.Changed, file.Unchanged, file.Repeated, file.Removed)
		if file.Erased > 0 {
			fmt.Fprintf(w, "  %d are of people who were erased, and were left out\n", file.Erased)
		}
		for _, p := range file.Problems {
			fmt.Fprintf(w, "  %s\n", describe(p))
		}
	}
	for _, p := range report.Notices {
		fmt.Fprintf(w, "notice: %s\n", p.Message)
	}
}

func describe(p issuer.ImportProblem) string {
	verdict := "notice"
	if p.Refused {
		verdict = "refused"
	}
	place := fmt.Sprintf("record %d", p.Position)
	if p.Line > 0 {
		place += fmt.Sprintf(", line %d", p.Line)
	}
	if p.ID != "" {
		place += fmt.Sprintf(", id %q", p.ID)
	}
	return place + ": " + verdict + ": " + p.Message
}

// standing is one person's standing as it is printed and as the API answers it.
type standing struct {
	ID         string   `json:"id"`
	ExternalID string   `json:"externalId"`
	Eligible   bool     `json:"eligible"`
	Access     []string `json:"access"`
	Reasons    []string `json:"reasons"`
	// ChangesAt is when it will be another with no new evidence.
	ChangesAt time.Time `json:"changes_at,omitzero"`
}

func issuerStandingCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	var at, person string
	var asJSON bool
	c := &cobra.Command{
		Use:   "standing --dir DIR [--at TIME] [--person ID]",
		Short: "Tell who is in good standing, for which access, and every reason why not",
		Example: `  cyberbadge issuer standing --dir issuer --person 0700004
  cyberbadge issuer standing --dir issuer --at 2026-12-24T08:00:00Z --json`,
		Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			query := ""
			if at != "" {
				if _, err := time.Parse(time.RFC3339, at); err != nil {
					return misuse("--at %q is not a time like 2026-11-23T08:00:00Z", at)
				}
				query = "?at=" + url.QueryEscape(at)
			}
			return r.withAPI(c.Context(), func(a *api) error {
				all, err := standings(c, a, person, query)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(s.out, all)
				}
				for _, one := range all {
					fmt.Fprintln(s.out, one)
				}
				return nil
			})
		},
	}
	r.flags(c)
	c.Flags().StringVar(&at, "at", "", "the instant, RFC 3339; now when not given")
	c.Flags().StringVar(&person, "person", "", "only this person: id or external id")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func standings(c *cobra.Command, a *api, person, query string) ([]standing, error) {
	all := []standing{}
	if person == "" {
		return all, a.get(c.Context(), "/v1/standing"+query, &all)
	}
	var one standing
	err := a.get(c.Context(), "/v1/people/"+url.PathEscape(person)+"/standing"+query, &one)
	return append(all, one), err
}

// String is one line for a terminal.
func (s standing) String() string {
	if s.Eligible {
		return fmt.Sprintf("%-10s eligible      %s", s.ExternalID, strings.Join(s.Access, ", "))
	}
	return fmt.Sprintf("%-10s not eligible  %s", s.ExternalID, strings.Join(s.Reasons, ", "))
}

func issuerTrustCommand(s streams) *cobra.Command {
	r := reach{streams: s, public: true}
	c := &cobra.Command{
		Use:     "trust --dir DIR",
		Short:   "Print the trust list that a customer's verifier pins",
		Example: `  cyberbadge issuer trust --dir issuer > trust-list.json`,
		Args:    arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			return r.withAPI(c.Context(), func(a *api) error {
				var list issuer.TrustList
				if err := a.get(c.Context(), "/trust-list.json", &list); err != nil {
					return err
				}
				return printJSON(s.out, list)
			})
		},
	}
	r.flags(c)
	return c
}

func issuerTokenCommand(s streams) *cobra.Command {
	r := reach{streams: s}
	var name string
	var scopes []string
	var days int
	var asJSON bool
	c := &cobra.Command{
		Use:   "token --dir DIR --name NAME --scope SCOPE…",
		Short: "Make an API token; it is shown once",
		Long: `Make an API token; it is shown once. Of one name two may be good at a time, so
that one can take the place of the other:

  umask 077
  cyberbadge issuer token --dir issuer --name "HR export" --scope import > token
  cyberbadge issuer token list --dir issuer
  cyberbadge issuer token revoke --dir issuer ID`,
		Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			return r.withAPI(c.Context(), func(a *api) error {
				var made struct {
					Secret string `json:"token"`
				}
				var raw json.RawMessage
				body := map[string]any{"name": name, "scopes": scopes, "expires_in_days": days}
				if err := a.post(c.Context(), "/v1/tokens", body, &raw); err != nil {
					return err
				}
				if asJSON {
					return printJSON(s.out, raw)
				}
				if err := json.Unmarshal(raw, &made); err != nil {
					return err
				}
				_, err := fmt.Fprintln(s.out, made.Secret)
				return err
			})
		},
	}
	r.flags(c)
	c.Flags().StringVar(&name, "name", "", "what it is for")
	c.Flags().StringSliceVar(&scopes, "scope", nil, "what it may do, once or several times: "+strings.Join(scopeNames(), ", "))
	c.Flags().IntVar(&days, "days", 90, "how long it is good for")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	required(c, "name", "scope")
	oneOf(c, "scope", scopeNames()...)
	c.AddCommand(issuerTokenListCommand(s), issuerTokenRevokeCommand(s))
	return c
}

func scopeNames() []string {
	var names []string
	for _, scope := range server.Scopes() {
		names = append(names, string(scope))
	}
	return names
}
