package sourcetest

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
)

// FleetToken is the token of the API-only user.
const FleetToken = "opens fleet"

// FleetHost is a host as Fleet lists it.
type FleetHost map[string]any

// ID is the host's id.
func (h FleetHost) ID() int { return h["id"].(int) }

// Fleet is a Fleet server: hosts in pages behind an id.
type Fleet struct {
	faults
	t testing.TB

	Deaf bool // after is not heeded

	mu    sync.Mutex
	hosts []FleetHost
}

// NewFleet returns a server with hosts.
func NewFleet(t testing.TB, hosts ...FleetHost) *Fleet {
	f := &Fleet{t: t}
	for _, host := range hosts {
		f.Set(host)
	}
	return f
}

// Set adds a host or replaces the one with its id.
func (f *Fleet) Set(host FleetHost) {
	f.Remove(host.ID())
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hosts = append(f.hosts, host)
	slices.SortFunc(f.hosts, func(a, b FleetHost) int { return cmp.Compare(a.ID(), b.ID()) })
}

// Remove deletes a host.
func (f *Fleet) Remove(id int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hosts = slices.DeleteFunc(f.hosts, func(h FleetHost) bool { return h.ID() == id })
}

// ServeHTTP implements http.Handler.
func (f *Fleet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.fault(w, r) {
		return
	}
	query := r.URL.Query()
	after, err := strconv.Atoi(query.Get("after"))
	size, sizeErr := strconv.Atoi(query.Get("per_page"))
	switch {
	case r.Header.Get("Authorization") != "Bearer "+FleetToken:
		http.Error(w, `{"message":"Authentication required"}`, http.StatusUnauthorized)
		return
	case r.Method != http.MethodGet || r.URL.Path != "/api/v1/fleet/hosts":
		http.NotFound(w, r)
		return
	case query.Get("order_key") != "id" || err != nil || sizeErr != nil:
		http.Error(w, `{"message":"the tests list by id"}`, http.StatusUnprocessableEntity)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	answer := struct {
		Hosts []FleetHost `json:"hosts"`
	}{[]FleetHost{}}
	for _, host := range f.hosts {
		if (f.Deaf || host.ID() > after) && len(answer.Hosts) < size {
			answer.Hosts = append(answer.Hosts, host)
		}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		f.t.Error(err)
	}
}
