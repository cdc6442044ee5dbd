package main

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/revocation"
)

func issuerListsCommand(s streams) *cobra.Command {
	c := &cobra.Command{Use: "lists", Short: "Show the status lists, and write them as files for a web server"}
	c.AddCommand(issuerListsShowCommand(s), issuerListsExportCommand(s))
	return c
}

func issuerListsShowCommand(s streams) *cobra.Command {
	r := reach{streams: s, public: true}
	var asJSON bool
	c := &cobra.Command{
		Use:     "show --dir DIR",
		Short:   "Tell which status lists there are, how old they are and what is in them",
		Example: `  cyberbadge issuer lists show --dir issuer`,
		Args:    arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			return r.withAPI(c.Context(), func(a *api) error {
				lists, failures := publishedLists(c.Context(), a)
				shown := []shownList{}
				for _, list := range lists.all {
					shown = append(shown, show(list))
				}
				if asJSON {
					return errors.Join(printJSON(s.out, shown), failures)
				}
				return errors.Join(printLists(s.out, shown), failures)
			})
		},
	}
	r.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func issuerListsExportCommand(s streams) *cobra.Command {
	r := reach{streams: s, public: true}
	var out string
	var zip bool
	c := &cobra.Command{
		Use:   "export --dir DIR --out FOLDER [--gzip]",
		Short: "Write the status lists as files, for a web server or a CDN",
		Long: `Write the status lists as files, for a web server or a CDN: each under its own
address, which lists there are, the trust list, and how nginx serves all that.
Whoever reads a file meanwhile gets all of one list or all of another.

The files are right for half of the lists' time to live: run this as often, or set
lists.export_folder in issuer.yaml, and a running server writes them on each change.`,
		Example: `  cyberbadge issuer lists export --dir issuer --out /srv/lists --gzip
  cyberbadge issuer lists export --server https://badge.vendor.example --out /srv/lists`,
		Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			return r.withAPI(c.Context(), func(a *api) error {
				lists, failures := publishedLists(c.Context(), a)
				if lists == nil {
					return failures
				}
				folder, err := issuer.OpenListFolder(out, lists.trust.Issuers[0].Issuer, zip)
				if err != nil {
					return misuseError{err}
				}
				failures = errors.Join(failures, lists.write(folder))
				fmt.Fprintf(s.err, "%d status lists are in %s\n", len(lists.all), out)
				return failures
			})
		},
	}
	r.flags(c)
	c.Flags().StringVar(&out, "out", "", "folder to write to; it is made if it is not there")
	c.Flags().BoolVar(&zip, "gzip", false, "write each list compressed, too")
	required(c, "out")
	return c
}

// fetchedLists is what an issuer publishes.
type fetchedLists struct {
	trust issuer.TrustList
	all   []fetchedList
}

type fetchedList struct {
	revocation.Token
	text string
}

// publishedLists fetches all lists and verifies them. One that can't be had keeps no
// other from being returned. The lists are nil if none can be had.
func publishedLists(ctx context.Context, a *api) (*fetchedLists, error) {
	lists := new(fetchedLists)
	if err := a.get(ctx, "/trust-list.json", &lists.trust); err != nil {
		return nil, err
	}
	if len(lists.trust.Issuers) != 1 {
		return nil, fmt.Errorf("the trust list names %d issuers, and must name one", len(lists.trust.Issuers))
	}
	entry := lists.trust.Issuers[0]
	keys, err := keysByID(entry.Lists.Keys)
	if err != nil {
		return nil, err
	}
	var index struct {
		Lists []string `json:"status_lists"`
	}
	path, err := pathOf(entry.Lists.Aggregation)
	if err != nil {
		return nil, err
	}
	if err := a.get(ctx, path, &index); err != nil {
		return nil, err
	}
	var failures []error
	for _, uri := range index.Lists {
		list, err := fetchList(ctx, a, uri, keys)
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", uri, err))
			continue
		}
		lists.all = append(lists.all, list)
	}
	return lists, errors.Join(failures...)
}

func fetchList(ctx context.Context, a *api, uri string, keys revocation.KeyFor) (fetchedList, error) {
	path, err := pathOf(uri)
	if err != nil {
		return fetchedList{}, err
	}
	text, err := a.read(ctx, http.MethodGet, path, "", nil)
	if err != nil {
		return fetchedList{}, err
	}
	return openList(string(text), uri, keys)
}

func openList(text, uri string, keys revocation.KeyFor) (fetchedList, error) {
	token, err := revocation.Open(text, uri, keys)
	return fetchedList{token, text}, err
}

// pathOf is what an address is called by, whichever way the issuer is reached.
func pathOf(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	return u.EscapedPath(), nil
}

func keysByID(jwks []json.RawMessage) (revocation.KeyFor, error) {
	keys := make(map[string]*ecdsa.PublicKey)
	for _, jwk := range jwks {
		var named struct {
			ID string `json:"kid"`
		}
		if err := json.Unmarshal(jwk, &named); err != nil {
			return nil, err
		}
		key, err := credential.ParseJWK(jwk)
		if err != nil {
			return nil, err
		}
		keys[named.ID] = key
	}
	return func(id string) (*ecdsa.PublicKey, error) {
		if key := keys[id]; key != nil {
			return key, nil
		}
		return nil, code.Refuse(code.KeyUnknown, "kid %q", id)
	}, nil
}

// write puts all of it into a folder, the names of the lists when they are there.
func (l *fetchedLists) write(folder *issuer.ListFolder) error {
	ttl := issuer.DefaultListTTL
	uris := []string{}
	var failures []error
	for _, list := range l.all {
		if err := folder.WriteList(list.URI, list.text); err != nil {
			failures = append(failures, err)
			continue
		}
		ttl, uris = list.TTL, append(uris, list.URI)
	}
	return errors.Join(append(failures, folder.WriteIndex(uris), folder.WriteTrustList(l.trust), folder.WriteGuide(ttl))...)
}

// shownList is a list as it is shown.
type shownList struct {
	URI       string    `json:"uri"`
	Seq       uint64    `json:"seq"`
	IssuedAt  time.Time `json:"issued_at"`
	ExpiresAt time.Time `json:"expires_at"`
	Entries   uint64    `json:"entries"`
	Revoked   int       `json:"revoked"`
	Suspended int       `json:"suspended"`
	Bytes     int       `json:"bytes"` // of the token
}

func show(list fetchedList) shownList {
	shown := shownList{
		URI: list.URI, Seq: list.Seq, IssuedAt: list.IssuedAt, ExpiresAt: list.Expires,
		Entries: list.List.Len(), Bytes: len(list.text),
	}
	for index := range shown.Entries {
		switch status, _ := list.List.Status(index); status {
		case revocation.Invalid:
			shown.Revoked++
		case revocation.Suspended:
			shown.Suspended++
		}
	}
	return shown
}

func printLists(w io.Writer, lists []shownList) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "LIST\tSEQ\tISSUED\tEXPIRES\tENTRIES\tREVOKED\tSUSPENDED\tBYTES")
	for _, l := range lists {
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%d\t%d\t%d\t%d\n", plain(l.URI), l.Seq, stamp(l.IssuedAt), stamp(l.ExpiresAt), l.Entries, l.Revoked, l.Suspended, l.Bytes)
	}
	return t.Flush()
}
