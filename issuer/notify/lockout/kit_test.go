package lockout

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
)

var now = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// clock is a time that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: now} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func serve(t *testing.T, handler http.Handler) (string, *outbound.Client) {
	t.Helper()
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	client, err := outbound.New(outbound.Config{
		AllowPrivateNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, AllowPorts: []uint16{uint16(port)}, RootCAs: roots,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return server.URL, client
}

// answer is what a server says instead of the usual, once for each in a row.
type answer struct {
	status int
	after  string // Retry-After
	body   string
}

// tenant behaves as Microsoft's sign-in service and Graph are documented to, for
// a few devices.
type tenant struct {
	t     *testing.T
	clock *clock

	mu      sync.Mutex
	devices map[string]map[string]string // managed device by id
	enabled map[string]bool              // by Entra's device id
	locked  []string                     // managed devices, each time
	revoked []string                     // users, each time
	calls   []string
	tokens  map[string]time.Time // until when
	issued  int
	instead map[string][]answer // by "METHOD path-prefix"
}

func newTenant(t *testing.T) (*tenant, *Graph) {
	t.Helper()
	s := &tenant{
		t: t, clock: newClock(), tokens: map[string]time.Time{}, instead: map[string][]answer{},
		devices: map[string]map[string]string{
			"win-1": {"id": "win-1", "userId": "person-1", "azureADDeviceId": "entra-1", "operatingSystem": "Windows"},
			"mac-1": {"id": "mac-1", "userId": "person-1", "azureADDeviceId": "entra-2", "operatingSystem": "macOS"},
			"tel-1": {"id": "tel-1", "userId": "person-1", "azureADDeviceId": "entra-3", "operatingSystem": "iOS"},
			"box-1": {"id": "box-1", "userId": "person-1", "azureADDeviceId": "entra-4", "operatingSystem": "Linux (ubuntu)"},
			"win-2": {"id": "win-2", "userId": "person-2", "azureADDeviceId": "entra-5", "operatingSystem": "Windows"},
			"win-3": {"id": "win-3", "userId": "person-1", "azureADDeviceId": "x')/../users('y", "operatingSystem": "Windows"},
		},
		enabled: map[string]bool{"entra-1": true, "entra-5": true},
	}
	address, client := serve(t, s)
	g, err := NewGraph(GraphConfig{
		Tenant: "vendor.example", ClientID: "client", ClientSecret: "se&cret", GraphURL: address, LoginURL: address + "/", Client: client, Now: s.clock.now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, g
}

func (s *tenant) fail(call string, answers ...answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.instead[call] = answers
}

func (s *tenant) made() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.calls
	s.calls = nil
	return calls
}

func (s *tenant) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	call := r.Method + " " + r.URL.Path
	s.calls = append(s.calls, call)
	for prefix, answers := range s.instead {
		if strings.HasPrefix(call, prefix) && len(answers) > 0 {
			s.instead[prefix] = answers[1:]
			if answers[0].status == 0 {
				break // the usual one
			}
			w.Header().Set("Retry-After", answers[0].after)
			w.WriteHeader(answers[0].status)
			_, _ = io.WriteString(w, answers[0].body)
			return
		}
	}
	if r.URL.Path == "/vendor.example/oauth2/v2.0/token" {
		s.token(w, r)
		return
	}
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if until, ok := s.tokens[token]; !ok || !s.clock.now().Before(until) {
		problem(w, http.StatusUnauthorized, "InvalidAuthenticationToken")
		return
	}
	s.graph(w, r)
}

func problem(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"error":{"code":%q,"message":"person-1 and other details","innerError":{}}}`, code)
}

func (s *tenant) token(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.FormValue("grant_type") != "client_credentials" || r.FormValue("client_id") != "client" || !strings.HasSuffix(r.FormValue("scope"), "/.default") {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"error":"invalid_request"}`)
		return
	}
	if r.FormValue("client_secret") != "se&cret" {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided."}`)
		return
	}
	s.issued++
	token := fmt.Sprint("token-", s.issued)
	s.tokens[token] = s.clock.now().Add(time.Hour)
	fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":3600,"ext_expires_in":3600,"access_token":%q}`, token)
}

func (s *tenant) graph(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/v1.0")
	if id, ok := strings.CutPrefix(path, "/deviceManagement/managedDevices/"); ok {
		id, lock := strings.CutSuffix(id, "/remoteLock")
		device, found := s.devices[id]
		switch {
		case !found:
			problem(w, http.StatusNotFound, "ResourceNotFound")
		case lock && r.Method == http.MethodPost && device["operatingSystem"] == "Windows":
			problem(w, http.StatusBadRequest, "BadRequest")
		case lock && r.Method == http.MethodPost:
			s.locked = append(s.locked, id)
			w.WriteHeader(http.StatusNoContent)
		case r.Method == http.MethodGet && r.URL.Query().Get("$select") == "id,userId,azureADDeviceId,operatingSystem":
			_ = json.NewEncoder(w).Encode(device)
		default:
			problem(w, http.StatusMethodNotAllowed, "MethodNotAllowed")
		}
		return
	}
	if id, ok := strings.CutPrefix(path, "/devices(deviceId='"); ok && r.Method == http.MethodPatch {
		id = strings.TrimSuffix(id, "')")
		var change struct{ AccountEnabled *bool }
		if err := json.NewDecoder(r.Body).Decode(&change); err != nil || change.AccountEnabled == nil || r.Header.Get("Content-Type") != "application/json" {
			problem(w, http.StatusBadRequest, "Request_BadRequest")
			return
		}
		if _, found := s.enabled[id]; !found {
			problem(w, http.StatusNotFound, "Request_ResourceNotFound")
			return
		}
		s.enabled[id] = *change.AccountEnabled
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if user, ok := strings.CutPrefix(path, "/users/"); ok && strings.HasSuffix(user, "/revokeSignInSessions") && r.Method == http.MethodPost {
		s.revoked = append(s.revoked, strings.TrimSuffix(user, "/revokeSignInSessions"))
		_, _ = io.WriteString(w, `{"@odata.context":"…","value":true}`)
		return
	}
	problem(w, http.StatusNotFound, "ResourceNotFound")
}

func order(id string) Order {
	return Order{ID: "m-1", Person: "person-1", Device: notify.Device{Source: "graph", ID: id}, OS: "Windows"}
}

func isPermanent(err error) bool {
	var permanent *notify.PermanentError
	return errors.As(err, &permanent)
}

// program is a Program that a test sets.
type program struct {
	due     bool
	locked  map[string]bool
	devices map[string]evidence.Device
	down    error
}

func newProgram() *program {
	return &program{due: true, locked: map[string]bool{}, devices: map[string]evidence.Device{
		"win-1": {PersonID: "person-1", OS: "Windows"}, "mac-1": {PersonID: "person-1", OS: "macOS"}, "win-2": {PersonID: "person-2", OS: "Windows"},
	}}
}

func (p *program) LockDue(context.Context, string) (bool, error) { return p.due, p.down }

func (p *program) LockedHere(_ context.Context, d notify.Device) (bool, error) {
	return p.locked[d.ID], p.down
}

func (p *program) Device(_ context.Context, d notify.Device) (evidence.Device, error) {
	device, ok := p.devices[d.ID]
	if !ok {
		return evidence.Device{}, notify.ErrUnknown
	}
	return device, nil
}

// ledger is a Locker that only writes down what it is asked for.
type ledger struct {
	mu    sync.Mutex
	asked []string
	err   error
}

func (l *ledger) note(what string, o Order) (Receipt, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = append(l.asked, what+" "+o.Device.ID)
	return Receipt{Did: []string{what}}, l.err
}

func (l *ledger) Lock(_ context.Context, o Order) (Receipt, error)   { return l.note("lock", o) }
func (l *ledger) Unlock(_ context.Context, o Order) (Receipt, error) { return l.note("unlock", o) }
func (l *ledger) Plan(kind notify.Kind, _ Order) []string            { return []string{string(kind) + " it"} }

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// letterbox is a carrier that counts.
type letterbox struct {
	mu    sync.Mutex
	kinds []notify.Kind
}

func (l *letterbox) Carry(_ context.Context, d notify.Delivery) (notify.Receipt, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kinds = append(l.kinds, d.Message.Kind)
	return notify.Receipt{}, nil
}

func (l *letterbox) count(kind notify.Kind) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, k := range l.kinds {
		if k == kind {
			n++
		}
	}
	return n
}
