//go:build pages

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// customer is a customer's site, serving gates until it is stopped.
type customer struct {
	*service
	address string // host and port
}

// customerSettings are what an operator would add to what init wrote.
const customerSettings = `gates:
  database: gates.db
  policies:
    switchgear:
      courses: [CB-101, CB-102]
      name: true
  help:
    text: Ask the person to wait in the visitors' room.
    phone: "+49 30 5550100"
`

func newCustomer(t *testing.T, f *fixture) *customer {
	t.Helper()
	c := &customer{newService(t, "verifier"), freeAddress(t)}
	issuerAddress, err := url.Parse(f.url)
	if err != nil {
		t.Fatal(err)
	}
	c.must(t, "verifier", "init", "--site", "Plant 7", "--listen", c.address,
		"--insecure-allow-loopback", "--allow-port", issuerAddress.Port(), "--gates", "--visits", "720h")
	settings := filepath.Join(c.folder, "verifier.yaml")
	text, err := os.ReadFile(settings)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("gates:\n  database: gates.db\n"), []byte(customerSettings), 1)
	if err := os.WriteFile(settings, text, 0o600); err != nil {
		t.Fatal(err)
	}
	trust := filepath.Join(t.TempDir(), "trust-list.json")
	if err := os.WriteFile(trust, f.get(t, "/trust-list.json"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.must(t, "verifier", "trust", "--add", trust)
	if err := c.start(); err != nil {
		t.Fatal(err)
	}
	return c
}

func (f *fixture) get(t *testing.T, path string) []byte {
	t.Helper()
	answer, err := http.Get(f.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// atCustomer adds a customer's site.
func (f *fixture) atCustomer(t *testing.T) *fixture {
	t.Helper()
	// Before the first badge there is no status list, and a gate has nothing to keep.
	if _, err := f.both(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.customer = newCustomer(t, f)
	return f
}

// gates adds what the tests of the gate's page need.
func (f *fixture) gates(mux *http.ServeMux) {
	c := f.customer
	answer := func(pattern string, work func(r *http.Request) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			result, err := work(r)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			_ = json.NewEncoder(w).Encode(result)
		})
	}
	raw := func(args ...string) func(*http.Request) (any, error) {
		return func(r *http.Request) (any, error) {
			output, err := c.run(r.Context(), args...)
			return json.RawMessage(output), err
		}
	}
	answer("POST /gates/invitation/{name}", func(r *http.Request) (any, error) {
		args := []string{"verifier", "gate", "pair", "--name", r.PathValue("name"), "--json"}
		if policy := r.URL.Query().Get("policy"); policy != "" {
			args = append(args, "--policy", policy)
		}
		return raw(args...)(r)
	})
	answer("POST /gates/list", raw("verifier", "gate", "list", "--json"))
	answer("POST /gates/present", raw("verifier", "visits", "present", "--json"))
	answer("POST /gates/visits", raw("verifier", "visits", "list", "--json"))
	answer("POST /gates/end/{id}", func(r *http.Request) (any, error) {
		_, err := c.run(r.Context(), "verifier", "gate", "end", r.PathValue("id"))
		return nil, err
	})
	answer("POST /gates/start", func(*http.Request) (any, error) { return nil, c.start() })
	answer("POST /gates/stop", func(*http.Request) (any, error) { return nil, c.stop() })
	if f.sticks != "" {
		answer("POST /gates/bundle/export", f.exportBundle)
		answer("POST /gates/bundle/import", f.importBundle)
	}
	answer("POST /gates/badge", func(r *http.Request) (any, error) {
		person, err := f.nextPerson(r.Context())
		if err == nil && !r.URL.Query().Has("faceless") {
			_, err = f.program.SetPortrait(r.Context(), person, f.picture, "test")
		}
		if err != nil {
			return nil, err
		}
		badge, err := f.program.Issue(r.Context(), issuer.IssueRequest{Person: person, HolderKey: credentialtest.HolderKey.PublicKey(), By: "test"})
		f.kept.Store(badge.ID, badge.Text)
		return map[string]string{"id": badge.ID}, err
	})
	// A proof of this instant, or of so many seconds ago.
	answer("POST /gates/badge/{id}/code", func(r *http.Request) (any, error) {
		text, known := f.kept.Load(r.PathValue("id"))
		if !known {
			return nil, fmt.Errorf("no badge %q", r.PathValue("id"))
		}
		age, err := strconv.Atoi(r.URL.Query().Get("age"))
		if err != nil {
			return nil, err
		}
		return f.show(text.(string), time.Duration(age)*time.Second)
	})
	answer("POST /gates/badge/{id}/revoke", func(r *http.Request) (any, error) {
		status := store.Invalid
		if r.URL.Query().Has("suspend") {
			status = store.Suspended
		}
		_, err := f.program.SetStatus(r.Context(), r.PathValue("id"), status, "test", "test")
		return nil, err
	})
}

// nextPerson is another eligible one each time.
func (f *fixture) nextPerson(ctx context.Context) (string, error) {
	return f.eligible(ctx, int(f.invited.Add(1)))
}
