package sourcetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// The credential of the record store.
const (
	LRSUser     = "badge"
	LRSPassword = "opens the record store"
)

// LRSPath is below the record store's address.
const LRSPath = "/xapi"

const lrsVoided = "http://adlnet.gov/expapi/verbs/voided"

// LRS is a record store (xAPI 1.0.3, Communication 2.1.3): it answers
// GET /xapi/statements by verb and since, in pages, without statements that were
// voided.
type LRS struct {
	faults
	t testing.TB

	// What it does otherwise than it should. Set before it is called.
	Descending bool // ascending=true is not heeded
	Circles    bool // the last page names the first one as its successor
	Endless    bool // every page names a new address for itself as its successor

	PageSize int

	mu         sync.Mutex
	statements []lrsStatement
	queries    map[string][]lrsStatement // what is left, by token
	consistent time.Time
}

type lrsStatement struct {
	raw    json.RawMessage
	id     string
	verb   string
	ref    string // the statement that a voiding one names
	stored time.Time
}

// NewLRS returns a store with the statements of a file.
func NewLRS(t testing.TB, file []byte) *LRS {
	t.Helper()
	l := &LRS{t: t, PageSize: 100, queries: map[string][]lrsStatement{}}
	var all struct{ Statements []json.RawMessage }
	if len(file) > 0 {
		if err := json.Unmarshal(file, &all); err != nil {
			t.Fatal(err)
		}
	}
	for _, raw := range all.Statements {
		l.Add(raw)
	}
	return l
}

// Add stores a statement, at the time it says in "stored".
func (l *LRS) Add(raw json.RawMessage) {
	l.t.Helper()
	var s struct {
		ID     string
		Verb   struct{ ID string }
		Object struct{ ObjectType, ID string }
		Stored time.Time
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		l.t.Fatal(err)
	}
	one := lrsStatement{raw: raw, id: s.ID, verb: s.Verb.ID, stored: s.Stored}
	if s.Object.ObjectType == "StatementRef" {
		one.ref = s.Object.ID
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.statements = append(l.statements, one)
	slices.SortStableFunc(l.statements, func(a, b lrsStatement) int { return a.stored.Compare(b.stored) })
}

// SetConsistentThrough sets the header of that name.
func (l *LRS) SetConsistentThrough(at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.consistent = at
}

// ForgetPages makes the addresses of pages useless, as after a day.
func (l *LRS) ForgetPages() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.queries)
}

// ServeHTTP implements http.Handler.
func (l *LRS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if l.fault(w, r) {
		return
	}
	user, password, _ := r.BasicAuth()
	switch {
	case user != LRSUser || password != LRSPassword:
		http.Error(w, "who are you?", http.StatusUnauthorized)
	case r.Header.Get("X-Experience-API-Version") != "1.0.3":
		http.Error(w, "which version?", http.StatusBadRequest)
	case r.Method == http.MethodGet && r.URL.Path == LRSPath+"/statements":
		l.query(w, r)
	case r.Method == http.MethodGet && r.URL.Path == LRSPath+"/more":
		l.more(w, r.URL.Query().Get("token"))
	default:
		http.NotFound(w, r)
	}
}

func (l *LRS) query(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if query.Get("ascending") != "true" {
		http.Error(w, "the tests ask in ascending order", http.StatusBadRequest)
		return
	}
	var since time.Time
	if text := query.Get("since"); text != "" {
		var err error
		if since, err = time.Parse(time.RFC3339Nano, text); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.page(w, l.matching(query.Get("verb"), since), "")
}

// matching applies the filters. A statement that refers to one which the verb
// matches is matched, too; what was voided is left out.
func (l *LRS) matching(verb string, since time.Time) []lrsStatement {
	voided, wanted := map[string]bool{}, map[string]bool{}
	for _, s := range l.statements {
		if s.verb == lrsVoided {
			voided[s.ref] = true
		}
		if s.verb == verb {
			wanted[s.id] = true
		}
	}
	var found []lrsStatement
	for _, s := range l.statements {
		if !voided[s.id] && s.stored.After(since) && (verb == "" || s.verb == verb || wanted[s.ref]) {
			found = append(found, s)
		}
	}
	if l.Descending {
		slices.Reverse(found)
	}
	return found
}

func (l *LRS) more(w http.ResponseWriter, token string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	left, ok := l.queries[token]
	if !ok {
		http.Error(w, "this page is no more", http.StatusNotFound)
		return
	}
	l.page(w, left, token)
}

// page answers with the first of what is left. The caller holds the lock.
func (l *LRS) page(w http.ResponseWriter, left []lrsStatement, token string) {
	answer := struct {
		Statements []json.RawMessage `json:"statements"`
		More       string            `json:"more"`
	}{Statements: []json.RawMessage{}}
	n := min(l.PageSize, len(left))
	for _, s := range left[:n] {
		answer.Statements = append(answer.Statements, s.raw)
	}
	rest := left[n:]
	if l.Endless {
		rest = left
	}
	if l.Circles && len(rest) == 0 {
		rest = left
	} else {
		token = strconv.Itoa(len(l.queries) + 1)
	}
	if len(rest) > 0 {
		l.queries[token] = rest
		answer.More = LRSPath + "/more?token=" + token
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Experience-API-Version", "1.0.3")
	if !l.consistent.IsZero() {
		w.Header().Set("X-Experience-API-Consistent-Through", l.consistent.Format(time.RFC3339Nano))
	}
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		l.t.Error(err)
	}
}

// Statement writes a statement of the sample's learning system.
func Statement(id, account, verb, course string, at, stored time.Time) json.RawMessage {
	return fmt.Appendf(nil, `{"id":%q,"actor":{"objectType":"Agent","account":{"homePage":"https://hr.vendor.example","name":%q}},
		"verb":{"id":"http://adlnet.gov/expapi/verbs/%s"},"object":{"objectType":"Activity","id":"https://learning.vendor.example/courses/%s"},
		"timestamp":%q,"stored":%q}`, id, account, verb, course, at.Format(time.RFC3339Nano), stored.Format(time.RFC3339Nano))
}

// Voiding writes a statement that voids another one.
func Voiding(id, target string, stored time.Time) json.RawMessage {
	return fmt.Appendf(nil, `{"id":%q,"actor":{"objectType":"Agent","account":{"homePage":"https://hr.vendor.example","name":"admin"}},
		"verb":{"id":"http://adlnet.gov/expapi/verbs/voided"},"object":{"objectType":"StatementRef","id":%q},
		"timestamp":%q,"stored":%q}`, id, target, stored.Format(time.RFC3339Nano), stored.Format(time.RFC3339Nano))
}
