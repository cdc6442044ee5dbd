package office_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/clocktest"
	"github.com/cyberbadge/cyberbadge/issuer/office"
	"github.com/cyberbadge/cyberbadge/issuer/office/officetest"
)

var start = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// room is an office with its provider.
type room struct {
	*clocktest.Clock
	*office.Office
	provider *officetest.Provider
	records  *officetest.Records
	log      *bytes.Buffer
	config   office.Config
}

const address = "https://badges.vendor.example"

// groups is what most tests take for the roles.
var groups = map[string]office.Role{"g-view": office.RoleViewer, "g-office": office.RoleOfficer, "g-admin": office.RoleAdmin}

// furnish makes an office whose roles come from the claim groups, unless change
// says otherwise.
func furnish(t *testing.T, change func(*office.Config)) *room {
	t.Helper()
	r := &room{Clock: clocktest.New(start), records: new(officetest.Records), log: new(bytes.Buffer)}
	r.provider = officetest.NewProvider(t, r.Now)
	r.config = office.Config{
		Issuer: r.provider.URL, ClientID: officetest.ClientID, ClientSecret: officetest.ClientSecret, Address: address,
		RoleClaim: "groups", Roles: groups, HTTP: r.provider.Client, Records: r.records,
		Now: r.Now, Logger: slog.New(slog.NewTextHandler(r.log, nil)),
	}
	if change != nil {
		change(&r.config)
	}
	var err error
	if r.Office, err = office.New(r.config); err != nil {
		t.Fatal(err)
	}
	return r
}

// lists has the list decide.
func lists(c *office.Config) { c.RoleClaim, c.Roles = "", nil }

// says has the provider say this about who signs in next.
func (r *room) says(claims map[string]any) {
	r.provider.Claims = func(all map[string]any) {
		for name, value := range claims {
			if value == nil {
				delete(all, name)
				continue
			}
			all[name] = value
		}
	}
}

// begin begins a sign-in and lets the provider answer it.
func (r *room) begin(t *testing.T, fresh bool) (office.Begun, url.Values) {
	t.Helper()
	begun, err := r.Begin(t.Context(), fresh, "")
	if err != nil {
		t.Fatal(err)
	}
	return begun, r.provider.Authorize(t, begun.URL)
}

// signIn signs somebody in whose groups are these.
func (r *room) signIn(t *testing.T, subject string, groups ...string) (string, office.Identity) {
	t.Helper()
	r.says(map[string]any{"sub": subject, "groups": groups})
	begun, answer := r.begin(t, false)
	secret, who, err := r.Finish(t.Context(), begun.Flow, answer)
	if err != nil {
		t.Fatal(err)
	}
	return secret, who
}

// refused insists on a refusal for that reason.
func refused(t *testing.T, err error, reason office.Reason) *office.RefusedError {
	t.Helper()
	got, ok := office.IsRefused(err)
	if !ok || got.Reason != reason {
		t.Fatalf("got %v, want %s", err, reason)
	}
	if got.Detail == "" {
		t.Errorf("%s: nothing says what to do", reason)
	}
	return got
}

// why insists on a refusal whose cause, for the log, has those words.
func why(t *testing.T, err error, reason office.Reason, words string) {
	t.Helper()
	if got := refused(t, err, reason); got.Err == nil || !strings.Contains(got.Err.Error(), words) {
		t.Errorf("the cause is %v, not %q", got.Err, words)
	}
}

// action is what a test proposes.
type action struct {
	mu     sync.Mutex
	done   []string
	check  error
	do     func(office.Proposal) error
	inside func()
}

func (a *action) Check(context.Context, json.RawMessage) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return "does a thing", a.check
}

func (a *action) Do(_ context.Context, p office.Proposal) error {
	if a.inside != nil {
		a.inside()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.do != nil {
		if err := a.do(p); err != nil {
			return err
		}
	}
	a.done = append(a.done, p.ID)
	return nil
}

func (a *action) times() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.done)
}

var errBroken = errors.New("broken")
