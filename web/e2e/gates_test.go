//go:build pages

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// customer is a customer's site: the program as it is built, in a folder of its
// own, serving gates until it is stopped.
type customer struct {
	program string // the binary
	folder  string
	address string // host and port

	mu      sync.Mutex
	serving *exec.Cmd // nil while it is stopped
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
	c := &customer{program: filepath.Join(t.TempDir(), "cyberbadge"), folder: filepath.Join(t.TempDir(), "verifier"), address: freeAddress(t)}
	if output, err := exec.CommandContext(t.Context(), "go", "build", "-o", c.program, "../../cmd/cyberbadge").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	issuerAddress, err := url.Parse(f.url)
	if err != nil {
		t.Fatal(err)
	}
	c.must(t, "verifier", "init", "--dir", c.folder, "--site", "Plant 7", "--listen", c.address,
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
	c.must(t, "verifier", "trust", "--dir", c.folder, "--add", trust)
	if err := c.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.stop() })
	return c
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
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

func (c *customer) must(t *testing.T, args ...string) {
	t.Helper()
	if _, err := c.run(t.Context(), args...); err != nil {
		t.Fatal(err)
	}
}

// run returns what a command prints.
func (c *customer) run(ctx context.Context, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, c.program, args...)
	var problems bytes.Buffer
	command.Stderr = &problems
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("cyberbadge %s: %w: %s", strings.Join(args, " "), err, &problems)
	}
	return output, nil
}

// start returns once the service listens.
func (c *customer) start() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.serving != nil {
		return nil
	}
	command := exec.Command(c.program, "verifier", "serve", "--dir", c.folder)
	said, err := command.StderrPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "listens on") {
			c.serving = command
			go func() { _, _ = io.Copy(io.Discard, said) }()
			return nil
		}
	}
	return fmt.Errorf("the verifier did not start: %w", command.Wait())
}

// stop returns once nothing listens any more.
func (c *customer) stop() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.serving == nil {
		return nil
	}
	command := c.serving
	c.serving = nil
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return command.Wait()
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
			output, err := c.run(r.Context(), append(args, "--dir", c.folder)...)
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
		_, err := c.run(r.Context(), "verifier", "gate", "end", "--dir", c.folder, r.PathValue("id"))
		return nil, err
	})
	answer("POST /gates/start", func(*http.Request) (any, error) { return nil, c.start() })
	answer("POST /gates/stop", func(*http.Request) (any, error) { return nil, c.stop() })
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
		_, err := f.program.SetStatus(r.Context(), r.PathValue("id"), store.Invalid, "test", "test")
		return nil, err
	})
}

// nextPerson is another eligible one each time.
func (f *fixture) nextPerson(ctx context.Context) (string, error) {
	return f.eligible(ctx, int(f.invited.Add(1)))
}
