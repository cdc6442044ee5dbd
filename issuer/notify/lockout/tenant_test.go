package lockout

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/clocktest"
	"github.com/cyberbadge/cyberbadge/internal/outbound/outboundtest"
)

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
	clock *clocktest.Clock

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
		t: t, clock: clocktest.New(now), tokens: map[string]time.Time{}, instead: map[string][]answer{},
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
	address, client := outboundtest.Serve(t, s)
	g, err := NewGraph(GraphConfig{
		Tenant: "vendor.example", ClientID: "client", ClientSecret: "se&cret", GraphURL: address, LoginURL: address + "/", Client: client, Now: s.clock.Now,
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
	if until, ok := s.tokens[token]; !ok || !s.clock.Now().Before(until) {
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
	s.tokens[token] = s.clock.Now().Add(time.Hour)
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
