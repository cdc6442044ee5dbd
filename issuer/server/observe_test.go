package server

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/issuer"
)

// measured reads the operator's metrics: series and value.
func (o *office) measured(t *testing.T) map[string]string {
	t.Helper()
	response, err := http.Get(o.operations + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	got := map[string]string{}
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		series, value, _ := strings.Cut(lines.Text(), " ")
		if strings.HasPrefix(series, "cyberbadge_") {
			// A route has a space in it.
			if at := strings.LastIndex(lines.Text(), " "); at > 0 {
				series, value = lines.Text()[:at], lines.Text()[at+1:]
			}
			got[series] = value
		}
	}
	return got
}

func TestMetrics_CountWhatWasDone(t *testing.T) {
	t.Parallel()
	o := start(t)
	issued := o.issue(t, eligible(t).ID)
	for range 3 {
		o.get(t, "/status-lists/1") // signed once
	}
	o.setStatus(t, issued.ID, "revoke", "key lost")
	o.get(t, "/status-lists/1")
	o.Move(issuer.DefaultListTTL)
	o.get(t, "/status-lists/1")
	o.get(t, "/v1/people")
	o.get(t, "/nothing")
	got := o.measured(t)
	for series, want := range map[string]string{
		"cyberbadge_issuer_badges_issued_total":                                             "1",
		"cyberbadge_issuer_list_tokens_signed_total":                                        "3",
		`cyberbadge_issuer_requests_total{class="2xx",route="GET /status-lists/:id"}`:       "5",
		`cyberbadge_issuer_requests_total{class="2xx",route="POST /v1/people/:ref/badges"}`: "1",
		`cyberbadge_issuer_requests_total{class="4xx",route="GET /v1/people"}`:              "1",
		`cyberbadge_issuer_requests_total{class="4xx",route="unmatched"}`:                   "1",
		`cyberbadge_issuer_requests_total{class="5xx",route="POST /v1/badges/:id/revoke"}`:  "0",
		`cyberbadge_issuer_request_duration_seconds_bucket{le="+Inf"}`:                      got["cyberbadge_issuer_request_duration_seconds_count"],
	} {
		if got[series] != want || want == "" {
			t.Errorf("%s is %q, want %q", series, got[series], want)
		}
	}
}

func TestMetrics_NoCallerCanAddASeries(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	before := len(o.measured(t))
	for i := range 50 {
		o.send(t, http.DefaultClient, fmt.Sprint("METHOD", i), fmt.Sprint("/v1/people/", i), nil, nil)
		o.get(t, fmt.Sprint("/v1/people/", i, "?x=", i), "User-Agent", fmt.Sprint("agent ", i))
		o.get(t, fmt.Sprint("/", i))
		o.get(t, "/v1/people?access_token=x")
	}
	if after := len(o.measured(t)); after != before {
		t.Errorf("%d series became %d", before, after)
	}
}

func TestOperations_AreNotForThePublic(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/vars", "/setup", "/console"} {
		o.get(t, path).problem(t, http.StatusNotFound, "not_found")
	}
	for _, path := range []string{"/v1/people", "/trust-list.json", "/"} {
		if got := status(t, o.operations+path); got != http.StatusNotFound {
			t.Errorf("%s on the operator's listener: %d", path, got)
		}
	}
	response, err := http.Post(o.operations+"/metrics", "text/plain", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if text, _ := io.ReadAll(response.Body); response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST /metrics: %d %s", response.StatusCode, text)
	}
}

func TestLog_HasNoNameTokenOrBadge(t *testing.T) {
	t.Parallel()
	o := start(t)
	v := eligible(t)
	issued := o.issue(t, v.ExternalID)
	o.show(t, o.gate(t), issued.Text)
	o.setStatus(t, issued.ID, "revoke", "reason with a secret-word")
	o.call(t, "GET", "/v1/people/"+v.ExternalID+"/standing?at=2026-11-23T08:00:00Z")
	o.call(t, "GET", "/v1/standing")
	o.post(t, "/v1/people/"+verdicts(t)[0].ExternalID+"/badges", fmt.Sprintf(`{"holder_key":%s}`, holderKey(t)))
	o.get(t, "/v1/people", "Authorization", "Bearer "+newToken())
	o.importParts(t, part{"people", "{\"Resources\":[{\"id\":\"secret-word\","})
	var p person
	o.call(t, "GET", "/v1/people/"+v.ID).decode(t, http.StatusOK, &p)
	log := o.log.String()
	if !strings.Contains(log, `"route":"POST /v1/people/:ref/badges"`) || !strings.Contains(log, issued.ID) {
		t.Errorf("the log lacks what it is for:\n%.2000s", log)
	}
	for what, text := range map[string]string{
		"a token": o.all, "the beginning of a token": "cb_", "a badge": issued.Text[:40], "a given name": p.GivenName, "a family name": p.FamilyName,
		"an address": p.Email, "a person in a path": "/" + v.ExternalID, "a query": "?at=", "a reason or a file": "secret-word",
	} {
		if strings.Contains(log, text) {
			t.Errorf("the log has %s: %q", what, text)
		}
	}
}
