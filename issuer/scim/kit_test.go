package scim

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/source"
)

// memory is a Directory and Groups.
type memory struct {
	mu        sync.Mutex
	people    map[string]evidence.Person
	portraits map[string]int
	groups    map[string]Group
	writes    int
	walks     int
	failing   error
}

func newMemory() *memory {
	return &memory{people: map[string]evidence.Person{}, portraits: map[string]int{}, groups: map[string]Group{}}
}

func (m *memory) those(are func(evidence.Person) bool) (found []evidence.Person) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.people {
		if are(p) {
			found = append(found, p)
		}
	}
	slices.SortFunc(found, func(a, b evidence.Person) int { return cmp.Compare(a.ExternalID, b.ExternalID) })
	return found
}

func (m *memory) one(are func(evidence.Person) bool) (evidence.Person, error) {
	found := m.those(are)
	if len(found) == 0 {
		return evidence.Person{}, ErrNotFound
	}
	return found[0], m.failing
}

func (m *memory) Person(_ context.Context, id string) (evidence.Person, error) {
	return m.one(func(p evidence.Person) bool { return p.ID == id })
}

func (m *memory) PersonByExternalID(_ context.Context, id string) (evidence.Person, error) {
	return m.one(func(p evidence.Person) bool { return p.ExternalID == id })
}

func (m *memory) PeopleNamed(_ context.Context, name string) ([]evidence.Person, error) {
	return m.those(func(p evidence.Person) bool { return strings.EqualFold(p.UserName, name) }), m.failing
}

func (m *memory) People(_ context.Context, after string, limit int) ([]evidence.Person, error) {
	m.walks++
	found := m.those(func(p evidence.Person) bool { return p.ExternalID > after })
	return found[:min(limit, len(found))], m.failing
}

func (m *memory) Provision(_ context.Context, person evidence.Person, portraits []source.Portrait) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.people[person.ID] = person
	m.portraits[person.ID] += len(portraits)
	m.writes++
	return m.failing
}

func (m *memory) Group(_ context.Context, id string) (Group, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if g, known := m.groups[id]; known {
		return g, nil
	}
	return Group{}, ErrNotFound
}

func (m *memory) Groups(_ context.Context, after string, limit int) ([]Group, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var page []Group
	for _, id := range slices.Sorted(maps.Keys(m.groups)) {
		if id > after && len(page) < limit {
			page = append(page, m.groups[id])
		}
	}
	return page, nil
}

func (m *memory) PutGroup(_ context.Context, g Group) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.groups[g.ID] = g
	m.writes++
	return nil
}

func (m *memory) RemoveGroup(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.groups, id)
	return nil
}

const base = "https://badge.vendor.example/scim/v2"

// provider is a running service.
type provider struct {
	*memory
	t       testing.TB
	handler http.Handler
	service *Service
	now     time.Time
}

func start(t testing.TB) *provider {
	t.Helper()
	p := &provider{memory: newMemory(), t: t, now: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)}
	p.mount(Config{URL: base, Directory: p.memory, Groups: p.memory, Now: func() time.Time { return p.now }})
	return p
}

func (p *provider) mount(config Config) {
	service, err := New(config)
	if err != nil {
		p.t.Fatal(err)
	}
	mux := http.NewServeMux()
	for _, r := range service.Routes() {
		mux.HandleFunc(r.Method+" /scim/v2"+r.Path, func(w http.ResponseWriter, request *http.Request) {
			if err := r.Answer(w, request); err != nil {
				WriteError(w, request, slog.New(slog.DiscardHandler), err)
			}
		})
	}
	p.handler, p.service = mux, service
}

// answer is what came back.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   []byte
}

// call sends a request; headers are pairs of name and value.
func (p *provider) call(method, path, body string, headers ...string) answer {
	p.t.Helper()
	r := httptest.NewRequestWithContext(p.t.Context(), method, "/scim/v2"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/scim+json; charset=utf-8")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	raw, err := io.ReadAll(w.Result().Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer{p.t, w.Code, w.Header(), raw}
}

func (a answer) is(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	if len(a.body) > 0 && a.header.Get("Content-Type") != ContentType {
		a.t.Errorf("the answer came as %q", a.header.Get("Content-Type"))
	}
	return a
}

func (a answer) object() object {
	a.t.Helper()
	var o object
	if err := json.Unmarshal(a.body, &o); err != nil {
		a.t.Fatalf("%v in %s", err, a.body)
	}
	return o
}

// refused insists on that error, and returns its detail.
func (a answer) refused(status int, kind Type) string {
	a.t.Helper()
	var e errorBody
	if err := json.Unmarshal(a.is(status).body, &e); err != nil {
		a.t.Fatalf("%v in %s", err, a.body)
	}
	if e.Type != kind || len(e.Schemas) != 1 || e.Schemas[0] != errorMessage || e.Detail == "" {
		a.t.Fatalf("got %s, want %s", a.body, kind)
	}
	return e.Detail
}

// person creates a user and returns their id.
func (p *provider) person(body string) string {
	p.t.Helper()
	return p.call("POST", "/Users", body).is(http.StatusCreated).object()["id"].(string)
}

// patch sends operations, written as a JSON list without its brackets.
func (p *provider) patch(id, operations string) answer {
	p.t.Helper()
	return p.call("PATCH", "/Users/"+id, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[`+operations+`]}`)
}

// found returns the externalIds that a filter finds.
func (p *provider) found(filter string) []string {
	p.t.Helper()
	o := p.call("GET", "/Users?filter="+url.QueryEscape(filter), "").is(http.StatusOK).object()
	found := []string{}
	for _, one := range o["Resources"].([]any) {
		found = append(found, one.(object)["externalId"].(string))
	}
	if int(o["totalResults"].(float64)) != len(found) {
		p.t.Errorf("%s: %v of %d", filter, o["totalResults"], len(found))
	}
	return found
}

const ursula = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
	"userName":"Ursula@vendor.example","externalId":"0700000","active":true,"displayName":"Ursula Eriksen","userType":"service-manager",
	"preferredLanguage":"nb-NO","name":{"givenName":"Ursula","familyName":"Eriksen"},
	"emails":[{"value":"ursula@vendor.example","type":"work","primary":true}],
	"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"0700000","organization":"Vendor","department":"Grid","manager":{"value":"m-1"}}}`

// minimal is the least that makes a user.
func minimal(number string) string {
	return `{"userName":"u` + number + `@vendor.example","externalId":"` + number + `"}`
}
