package sourcetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// The application's credential, and its tenant.
const (
	GraphTenant = "vendor.example"
	GraphClient = "badge-program"
	GraphSecret = "opens & shuts"
)

// GraphDevices is the path of the managed devices.
const GraphDevices = "/v1.0/deviceManagement/managedDevices"

const graphTokenLife = time.Hour

// Graph is a tenant of Microsoft Graph with its sign-in service: client
// credentials, managed devices in pages, one by one and as a delta.
type Graph struct {
	faults
	t   testing.TB
	now func() time.Time

	PageSize int
	Circles  bool // the last page names the first one as its successor
	Endless  bool // every page names a new address for itself as its successor
	Sparse   bool // a delta says of a device only what has changed
	Wordy    int  // bytes by which a delta's link is longer

	mu      sync.Mutex
	devices []map[string]any
	log     []string // ids of devices in the order of their changes; a place in it is a delta token
	tokens  map[string]time.Time
	issued  int // tokens
	pages   int
	begins  int // of the log: delta tokens before it are forgotten
}

// NewGraph returns a tenant with the devices of a file.
func NewGraph(t testing.TB, file []byte, now func() time.Time) *Graph {
	t.Helper()
	g := &Graph{t: t, now: now, PageSize: 100, tokens: map[string]time.Time{}}
	var all struct{ Value []map[string]any }
	if len(file) > 0 {
		if err := json.Unmarshal(file, &all); err != nil {
			t.Fatal(err)
		}
	}
	g.devices = all.Value
	return g
}

// Set adds a device or replaces the one with its id.
func (g *Graph) Set(device map[string]any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.drop(device["id"])
	g.devices = append(g.devices, device)
	g.log = append(g.log, device["id"].(string))
}

// Remove deletes a device.
func (g *Graph) Remove(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.drop(id)
	g.log = append(g.log, id)
}

// ForgetDeltas makes the delta links useless, as after some days.
func (g *Graph) ForgetDeltas() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.begins = len(g.log) + 1
	g.log = append(g.log, "nothing")
}

// RevokeTokens makes all tokens useless.
func (g *Graph) RevokeTokens() {
	g.mu.Lock()
	defer g.mu.Unlock()
	clear(g.tokens)
}

func (g *Graph) drop(id any) {
	g.devices = slices.DeleteFunc(g.devices, func(d map[string]any) bool { return d["id"] == id })
}

// ServeHTTP implements http.Handler.
func (g *Graph) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if g.fault(w, r) {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case r.Method == http.MethodPost && r.URL.Path == "/"+GraphTenant+"/oauth2/v2.0/token":
		g.signIn(w, r)
	case !g.authorized(r):
		graphError(w, http.StatusUnauthorized, "InvalidAuthenticationToken")
	case r.Method != http.MethodGet:
		graphError(w, http.StatusMethodNotAllowed, "Request_BadRequest")
	case r.URL.Path == GraphDevices:
		g.list(w, r)
	case r.URL.Path == GraphDevices+"/delta":
		g.delta(w, r)
	case strings.HasPrefix(r.URL.Path, GraphDevices+"/"):
		g.one(w, r, strings.TrimPrefix(r.URL.Path, GraphDevices+"/"))
	default:
		graphError(w, http.StatusNotFound, "ResourceNotFound")
	}
}

func graphError(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"error":{"code":%q,"message":"…"}}`, code)
}

func (g *Graph) signIn(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || r.PostForm.Get("grant_type") != "client_credentials" ||
		r.PostForm.Get("scope") != "https://"+r.Host+"/.default" {
		http.Error(w, `{"error":"invalid_request"}`, http.StatusBadRequest)
		return
	}
	if r.PostForm.Get("client_id") != GraphClient || r.PostForm.Get("client_secret") != GraphSecret {
		http.Error(w, `{"error":"invalid_client"}`, http.StatusUnauthorized)
		return
	}
	g.issued++
	token := "token-" + strconv.Itoa(g.issued)
	g.tokens[token] = g.now().Add(graphTokenLife)
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":%d,"access_token":%q}`, int(graphTokenLife.Seconds()), token)
}

func (g *Graph) authorized(r *http.Request) bool {
	until, known := g.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	return known && g.now().Before(until)
}

// selected returns the members of a device that $select names.
func selected(device map[string]any, query url.Values) map[string]any {
	wanted := map[string]any{}
	for _, name := range strings.Split(query.Get("$select"), ",") {
		value := device[name] // null when it has none
		wanted[name] = value
	}
	return wanted
}

func (g *Graph) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	g.page(w, r, len(g.devices), func(n int) map[string]any { return selected(g.devices[n], query) }, "")
}

func (g *Graph) delta(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	link := func(token int) string {
		return "https://" + r.Host + GraphDevices + "/delta?" + url.Values{
			"$deltatoken": {strconv.Itoa(token)}, "$select": query["$select"],
		}.Encode() + strings.Repeat("&", g.Wordy)
	}
	from, err := strconv.Atoi(query.Get("$deltatoken"))
	if err != nil { // everything
		g.page(w, r, len(g.devices), func(n int) map[string]any { return selected(g.devices[n], query) }, link(len(g.log)))
		return
	}
	if from < g.begins || from > len(g.log) {
		w.Header().Set("Location", "https://"+r.Host+GraphDevices+"/delta")
		graphError(w, http.StatusGone, "syncStateNotFound")
		return
	}
	changed := slices.Clone(g.log[from:])
	slices.Sort(changed)
	changed = slices.Compact(changed)
	g.page(w, r, len(changed), func(n int) map[string]any { return g.change(changed[n], query) }, link(len(g.log)))
}

// change is what a delta says of a device.
func (g *Graph) change(id string, query url.Values) map[string]any {
	for _, device := range g.devices {
		if device["id"] != id {
			continue
		}
		if g.Sparse {
			return map[string]any{"id": id, "complianceState": device["complianceState"]}
		}
		return selected(device, query)
	}
	return map[string]any{"id": id, "@removed": map[string]any{"reason": "deleted"}}
}

func (g *Graph) one(w http.ResponseWriter, r *http.Request, id string) {
	for _, device := range g.devices {
		if device["id"] == id {
			g.send(w, selected(device, r.URL.Query()))
			return
		}
	}
	graphError(w, http.StatusNotFound, "ResourceNotFound")
}

// page answers with the part of all that the skip token names; resume is for the
// last page.
func (g *Graph) page(w http.ResponseWriter, r *http.Request, all int, record func(int) map[string]any, resume string) {
	skip, _ := strconv.Atoi(strings.SplitN(r.URL.Query().Get("$skiptoken"), ".", 2)[0]) // none is 0
	from := min(skip, all)
	to := min(from+g.PageSize, all)
	records := []map[string]any{}
	for n := from; n < to; n++ {
		records = append(records, record(n))
	}
	answer := map[string]any{"@odata.context": "https://" + r.Host + "/v1.0/$metadata", "value": records}
	next := strconv.Itoa(to)
	switch {
	case g.Endless:
		g.pages++
		next = fmt.Sprintf("%d.%d", from, g.pages)
	case to == all && g.Circles:
		next = "0"
	case to == all:
		next = ""
		if resume != "" {
			answer["@odata.deltaLink"] = resume
		}
	}
	if next != "" {
		query := r.URL.Query()
		query.Set("$skiptoken", next)
		answer["@odata.nextLink"] = "https://" + r.Host + r.URL.Path + "?" + query.Encode()
	}
	g.send(w, answer)
}

func (g *Graph) send(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json;odata.metadata=minimal;charset=utf-8")
	if err := json.NewEncoder(w).Encode(body); err != nil {
		g.t.Error(err)
	}
}
