package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// reported is a badge and how a customer refers to it.
type reported struct {
	issuedBadge
	subject string
}

func (o *office) reported(t testing.TB) reported {
	t.Helper()
	issued := o.issue(t, eligible(t).ID)
	decision := o.show(t, o.gate(t), issued.Text)
	if decision.Badge == nil {
		t.Fatalf("denied: %+v", decision)
	}
	return reported{issued, decision.Badge.Subject}
}

// concern is the body of a call; more is put in front of its end.
func (b reported) concern(more string) string {
	return fmt.Sprintf(`{"badge":{"status_list":%q,"index":%d,"subject":%q}%s}`, b.StatusList, b.Index, b.subject, more)
}

const behaved = `,"category":"behaviour","text":"Opened a cabinet.","reporter":{"name":"Ann","organization":"Plant 7","contact":"gate@customer.example"}`

// raise calls as anybody may.
func (o *office) raise(t testing.TB, body string) reply {
	t.Helper()
	return o.send(t, http.DefaultClient, "POST", "/concerns", strings.NewReader(body), headers{"Content-Type", "application/json"})
}

// accepted insists that a concern was, and returns the receipt.
func (r reply) accepted(t testing.TB) string {
	t.Helper()
	var answer map[string]string
	r.decode(t, http.StatusAccepted, &answer)
	if len(answer) != 1 || len(answer["receipt"]) != 26 {
		t.Fatalf("the answer is %s", r.body)
	}
	return answer["receipt"]
}

func TestConcerns_BecomeACaseWithAnOutcome(t *testing.T) {
	t.Parallel()
	o := start(t)
	b := o.reported(t)
	id := o.raise(t, b.concern(behaved)).accepted(t)

	var found caseView
	answer := o.call(t, "GET", "/v1/cases/"+id)
	answer.decode(t, http.StatusOK, &found)
	conforms(t, "Case", answer.body)
	want := caseView{
		ID: id, State: "open", ReceivedAt: o.Now(), Category: store.Behaviour, Text: "Opened a cabinet.",
		Reporter: reporter{"Ann", "Plant 7", "gate@customer.example"}, PersonID: b.PersonID, BadgeID: b.ID,
	}
	if fmt.Sprint(found) != fmt.Sprint(want) {
		t.Errorf("the case is %+v", found)
	}

	var suspended decidedCase
	answer = o.post(t, "/v1/cases/"+id+"/suspend", `{}`)
	answer.decode(t, http.StatusOK, &suspended)
	conforms(t, "DecidedCase", answer.body)
	if len(suspended.Changed) != 1 || suspended.Changed[0].ID != b.ID || suspended.SuspendedAt.IsZero() {
		t.Errorf("suspended: %s", answer.body)
	}
	if got := o.listed(t, b.badge); got != revocation.Suspended {
		t.Errorf("the list says %v", got)
	}
	o.post(t, "/v1/people/"+b.PersonID+"/badges", fmt.Sprintf(`{"holder_key":%s}`, holderKey(t))).problem(t, http.StatusConflict, CodeNotEligible)

	var closed decidedCase
	o.post(t, "/v1/cases/"+id+"/close", `{"outcome":"not_upheld","note":"It was unlocked."}`).decode(t, http.StatusOK, &closed)
	if closed.State != "closed" || closed.Outcome != store.NotUpheld || closed.Note != "It was unlocked." || !closed.SuspendedAt.IsZero() || len(closed.Changed) != 1 {
		t.Errorf("closed: %+v", closed)
	}
	if got := o.listed(t, b.badge); got != revocation.Valid {
		t.Errorf("the list says %v", got)
	}
	o.post(t, "/v1/cases/"+id+"/close", `{"outcome":"upheld"}`).problem(t, http.StatusConflict, CodeConflict)
	o.post(t, "/v1/cases/"+id+"/suspend", `{}`).problem(t, http.StatusConflict, CodeConflict)

	if got := o.call(t, "DELETE", "/v1/cases/"+id+"/reporter").status; got != http.StatusNoContent {
		t.Errorf("erasing the reporter: %d", got)
	}
	var erased caseView
	o.call(t, "GET", "/v1/cases/"+id).decode(t, http.StatusOK, &erased)
	if erased.Reporter != (reporter{}) || erased.Text == "" {
		t.Errorf("after erasing: %+v", erased)
	}
	if log := o.log.String(); strings.Contains(log, "cabinet") || strings.Contains(log, "Plant 7") || strings.Contains(log, b.subject) {
		t.Error("the log holds what a customer wrote, or a subject")
	}
}

func TestConcerns_UpheldStaysSuspendedUntilReinstated(t *testing.T) {
	t.Parallel()
	o := start(t)
	b := o.reported(t)
	id := o.raise(t, b.concern(behaved)).accepted(t)
	o.post(t, "/v1/cases/"+id+"/suspend", `{}`)
	o.post(t, "/v1/cases/"+id+"/close", `{"outcome":"upheld"}`)
	if got := o.listed(t, b.badge); got != revocation.Suspended {
		t.Errorf("the list says %v", got)
	}
	var back decidedCase
	o.post(t, "/v1/cases/"+id+"/reinstate", `{}`).decode(t, http.StatusOK, &back)
	if got := o.listed(t, b.badge); got != revocation.Valid || len(back.Changed) != 1 {
		t.Errorf("the list says %v", got)
	}
}

func TestConcerns_AboutNobodyGetTheSameAnswer(t *testing.T) {
	t.Parallel()
	o := start(t)
	b := o.reported(t)
	real := o.raise(t, b.concern(behaved))
	real.accepted(t)
	list := strings.TrimSuffix(b.StatusList, fmt.Sprint(b.List))
	for name, body := range map[string]string{
		"another subject": strings.Replace(b.concern(behaved), b.subject, strings.Repeat("A", len(b.subject)), 1),
		"another index":   strings.Replace(b.concern(behaved), fmt.Sprintf(`"index":%d`, b.Index), fmt.Sprintf(`"index":%d`, b.Index^1), 1),
		"no such list":    strings.Replace(b.concern(behaved), b.StatusList, list+"77", 1),
	} {
		answer := o.raise(t, body)
		receipt := answer.accepted(t)
		for _, header := range []string{"Content-Type", "Content-Length", "Cache-Control"} {
			if answer.header.Get(header) != real.header.Get(header) {
				t.Errorf("%s: %s is %q", name, header, answer.header.Get(header))
			}
		}
		o.call(t, "GET", "/v1/cases/"+receipt).problem(t, http.StatusNotFound, CodeNotFound)
	}
	var page casePage
	o.call(t, "GET", "/v1/cases").decode(t, http.StatusOK, &page)
	if len(page.Cases) != 1 {
		t.Errorf("%d cases", len(page.Cases))
	}
}

func TestConcerns_ThatAreWrongAreToldSo(t *testing.T) {
	t.Parallel()
	o := open(t, options{change: func(c *Config) { c.Limits.Concerns = Limit{PerSecond: 1, Burst: 1000} }})
	o.importSample(t)
	b := o.reported(t)
	text := func(size int) string {
		return `,"category":"other","text":"` + strings.Repeat("x", size) + `"`
	}
	for name, c := range map[string]struct {
		body   string
		status int
		code   string
	}{
		"no category":             {b.concern(""), 400, CodeValueInvalid},
		"a category of their own": {b.concern(`,"category":"rude"`), 400, CodeValueInvalid},
		"other without words":     {b.concern(`,"category":"other"`), 400, CodeValueInvalid},
		"too long a text":         {b.concern(text(store.MaxCaseText + 1)), 400, CodeValueInvalid},
		"too long a name":         {b.concern(`,"category":"behaviour","reporter":{"name":"` + strings.Repeat("x", store.MaxReporter+1) + `"}`), 400, CodeValueInvalid},
		"a name of two lines":     {b.concern(`,"category":"behaviour","reporter":{"name":"a\nb"}`), 400, CodeValueInvalid},
		"no badge":                {`{"category":"behaviour"}`, 400, CodeValueInvalid},
		"no index":                {`{"badge":{"status_list":"x","subject":"y"},"category":"behaviour"}`, 400, CodeValueInvalid},
		"no subject":              {`{"badge":{"status_list":"x","index":1},"category":"behaviour"}`, 400, CodeValueInvalid},
		"an index out of range":   {`{"badge":{"status_list":"x","index":4294967296,"subject":"y"},"category":"behaviour"}`, 400, "json_invalid"},
		"an index below zero":     {`{"badge":{"status_list":"x","index":-1,"subject":"y"},"category":"behaviour"}`, 400, "json_invalid"},
		"another issuer's badge":  {`{"badge":{"status_list":"https://other.example/status-lists/1","index":1,"subject":"y"},"category":"behaviour"}`, 400, CodeOtherIssuer},
		"a name of the person":    {b.concern(`,"category":"behaviour","person":"x"`), 400, "json_unknown_name"},
		"no JSON":                 {"category=behaviour", 400, "json_invalid"},
		"a body too large":        {padded(b.concern(behaved), MaxBody+1), 413, "request_too_large"},
	} {
		if f := o.raise(t, c.body).problem(t, c.status, c.code); f.Detail == "" {
			t.Errorf("%s: nothing says what to do", name)
		}
	}
	o.send(t, http.DefaultClient, "POST", "/concerns", strings.NewReader(b.concern(behaved)), headers{"Content-Type", "text/plain"}).
		problem(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
	if answer := o.send(t, http.DefaultClient, "OPTIONS", "/concerns", nil, headers{"Origin", "https://customer.example"}); answer.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("pages of other origins may call")
	}
	o.raise(t, padded(b.concern(text(store.MaxCaseText)), MaxBody)).accepted(t)
}

func TestConcerns_AreLimitedByAddressAndInAll(t *testing.T) {
	t.Parallel()
	o := start(t) // with the limits that hold unless told otherwise
	b := o.reported(t)
	handler := o.service.Handler()
	raise := func(from, body string) int {
		request, _ := http.NewRequest("POST", "http://issuer/concerns", strings.NewReader(body))
		request.RemoteAddr = from + ":1"
		request.Header.Set("Content-Type", "application/json")
		w := &statusWriter{header: http.Header{}}
		handler.ServeHTTP(w, request)
		return w.status
	}
	site := func(n int) string { return fmt.Sprintf("192.0.2.%d", n) }
	total := 0
	for n := range DefaultAllConcerns.Burst / DefaultConcerns.Burst {
		for range DefaultConcerns.Burst {
			if got := raise(site(n), b.concern(behaved)); got != http.StatusAccepted {
				t.Fatalf("call %d: %d", total, got)
			}
			total++
		}
		if got := raise(site(n), b.concern(behaved)); got != http.StatusTooManyRequests {
			t.Fatalf("one more of site %d: %d", n, got)
		}
	}
	if got := raise(site(200), b.concern(behaved)); got != http.StatusTooManyRequests {
		t.Errorf("call %d in all: %d", total+1, got)
	}
	// An address says so by itself, whatever the body; what is malformed costs the others nothing.
	o.Move(10 * time.Second)
	for range DefaultConcerns.Burst {
		if got := raise(site(201), `{}`); got != http.StatusBadRequest {
			t.Fatalf("malformed: %d", got)
		}
	}
	if got := raise(site(201), `{}`); got != http.StatusTooManyRequests {
		t.Errorf("malformed once more: %d", got)
	}
	if got := raise(site(202), b.concern(behaved)); got != http.StatusAccepted {
		t.Errorf("after the wait: %d", got)
	}
	o.raise(t, b.concern(behaved)).busy(t, "10")
	o.Move(5 * time.Minute)
	if got := raise(site(0), b.concern(behaved)); got != http.StatusAccepted {
		t.Errorf("the first site after its wait: %d", got)
	}
}

func TestCases_ComeInPagesForWhoMaySeeThem(t *testing.T) {
	t.Parallel()
	o := start(t)
	b := o.reported(t)
	var ids []string
	for range 3 {
		ids = append(ids, o.raise(t, b.concern(behaved)).accepted(t))
	}
	o.post(t, "/v1/cases/"+ids[1]+"/close", `{"outcome":"duplicate"}`)
	read := func(query string) (found []string, next int64) {
		var page casePage
		o.call(t, "GET", "/v1/cases"+query).decode(t, http.StatusOK, &page)
		for _, c := range page.Cases {
			found = append(found, c.ID)
		}
		return found, page.Next
	}
	for query, want := range map[string][]string{
		"":                                     ids,
		"?state=open":                          {ids[0], ids[2]},
		"?state=closed":                        {ids[1]},
		"?person=" + eligible(t).ExternalID:    ids,
		"?state=open&person=" + eligible(t).ID: {ids[0], ids[2]},
		"?after=1&state=open":                  {ids[2]},
		"?limit=2":                             ids[:2],
	} {
		if got, _ := read(query); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	_, next := read("?limit=2")
	if got, end := read(fmt.Sprintf("?limit=2&after=%d", next)); fmt.Sprint(got) != fmt.Sprint(ids[2:]) || end != 0 {
		t.Errorf("the second page: %v, then %d", got, end)
	}
	for query, want := range map[string]struct {
		status int
		code   string
	}{
		"?state=new":     {400, CodeValueInvalid},
		"?after=-1":      {400, CodeCursorInvalid},
		"?after=x":       {400, CodeCursorInvalid},
		"?limit=0":       {400, CodeLimitInvalid},
		"?person=nobody": {404, CodeNotFound},
		"?text=cabinet":  {400, CodeQueryNotAllowed},
	} {
		o.call(t, "GET", "/v1/cases"+query).problem(t, want.status, want.code)
	}
	o.post(t, "/v1/cases/"+ids[0]+"/close", `{"outcome":"ignored"}`).problem(t, http.StatusBadRequest, CodeValueInvalid)
	o.post(t, "/v1/cases/"+ids[0]+"/suspend", `{"reason":"x"}`).problem(t, http.StatusBadRequest, "json_unknown_name")
	for _, call := range []string{"GET /v1/cases", "GET /v1/cases/" + ids[0], "POST /v1/cases/" + ids[0] + "/suspend", "DELETE /v1/cases/" + ids[0] + "/reporter"} {
		method, path, _ := strings.Cut(call, " ")
		o.send(t, http.DefaultClient, method, path, nil, nil).problem(t, http.StatusUnauthorized, CodeCredentialMissing)
		o.send(t, http.DefaultClient, method, path, nil, headers{"Authorization", "Bearer " + o.token(t, ScopePeopleRead, ScopeBadgesRevoke)}).
			problem(t, http.StatusForbidden, CodeScopeMissing)
	}
}

func TestConcerns_StandBelowTheIssuersPath(t *testing.T) {
	t.Parallel()
	o := open(t, options{path: "/tenant/1234"})
	answer := o.send(t, http.DefaultClient, "POST", "/tenant/1234/concerns", strings.NewReader(`{}`), headers{"Content-Type", "application/json"})
	answer.problem(t, http.StatusBadRequest, CodeValueInvalid)
	var d struct{ Paths map[string]json.RawMessage }
	o.get(t, "/openapi.json").decode(t, http.StatusOK, &d)
	if d.Paths["/tenant/1234/concerns"] == nil || d.Paths["/v1/cases"] == nil {
		t.Error("openapi.json has other paths")
	}
	page := o.get(t, "/tenant/1234/concern")
	if page.status != http.StatusOK && page.status != http.StatusServiceUnavailable {
		t.Errorf("the page: %d", page.status)
	}
	if policy := page.header.Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'self';") || !strings.Contains(policy, "connect-src 'self';") {
		t.Errorf("policy %q", policy)
	}
}
