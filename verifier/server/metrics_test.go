package server

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

// scrape returns the lines of /metrics that are samples of ours.
func (g *running) scrape(t testing.TB) []string {
	t.Helper()
	r := do(t, newRequest(t, http.MethodGet, g.metrics+"/metrics", ""))
	if r.status != http.StatusOK {
		t.Fatalf("metrics: %d %s", r.status, r.body)
	}
	lines := strings.Split(string(r.body), "\n")
	return slices.DeleteFunc(lines, func(line string) bool { return !strings.HasPrefix(line, "cyberbadge_") })
}

// sample returns the value of a series by its name and labels.
func (g *running) sample(t testing.TB, series string) float64 {
	t.Helper()
	for _, line := range g.scrape(t) {
		if text, found := strings.CutPrefix(line, series+" "); found {
			value, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatal(err)
			}
			return value
		}
	}
	t.Fatalf("no series %s", series)
	return 0
}

func TestMetrics_CountDecisionsByReasonAndAccess(t *testing.T) {
	t.Parallel()
	g := start(t, options{})
	call := ask(fresh(t, "a"), "onsite")
	g.post(t, call)
	g.post(t, call)
	g.authorize(t, "Authorization", "Bearer x~")
	for series, want := range map[string]float64{
		`cyberbadge_verifier_decisions_total{access="onsite",reason="ok"}`:            1,
		`cyberbadge_verifier_decisions_total{access="onsite",reason="replayed"}`:      1,
		`cyberbadge_verifier_decisions_total{access="remote",reason="malformed"}`:     1,
		`cyberbadge_verifier_decisions_total{access="remote",reason="policy_denied"}`: 0,
		`cyberbadge_verifier_verify_duration_seconds_count`:                           3,
		`cyberbadge_verifier_status_list_age_seconds_count`:                           1,
		`cyberbadge_verifier_status_list_age_seconds_sum`:                             10,
	} {
		if got := g.sample(t, series); got != want {
			t.Errorf("%s is %v, want %v", series, got, want)
		}
	}
}

// Callers choose paths, methods, headers, sites, request ids and presentations:
// none of them may make a series.
func TestMetrics_CallersCannotAddSeries(t *testing.T) {
	t.Parallel()
	g := start(t, options{})
	before := len(g.scrape(t))
	handler := g.service.Handler()
	for i := range 10_000 {
		r := newRequest(t, http.MethodPost, g.url+"/v1/verify", fmt.Sprintf(`{"presentation":"x%d~","access":"onsite","site":"%d"}`, i, i))
		r.Header.Set("User-Agent", fmt.Sprint("agent-", i))
		r.Header.Set("X-Request-Id", fmt.Sprint("request-", i))
		switch i % 4 {
		case 1:
			r.URL.Path = fmt.Sprint("/v1/", i)
		case 2:
			r.Method = fmt.Sprint("METHOD", i)
		case 3:
			r.Body = http.NoBody
		}
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	g.post(t, ask(fresh(t, "a"), "onsite"))
	if after := len(g.scrape(t)); after != before {
		t.Errorf("%d series before, %d after", before, after)
	}
}

func TestMetrics_AreOnTheOperatorsListenerOnly(t *testing.T) {
	t.Parallel()
	g := start(t, options{})
	if r := do(t, newRequest(t, http.MethodGet, g.url+"/metrics", "")); r.status != 404 {
		t.Errorf("public: %d", r.status)
	}
	for path, want := range map[string]int{"/metrics": 200, "/healthz": 200, "/readyz": 200, "/v1/verify": 404, "/debug/pprof/": 404} {
		r := newRequest(t, http.MethodGet, "http://operator"+path, "")
		w := httptest.NewRecorder()
		g.service.Operations().ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
}

func TestMetrics_AreNamedAsPrometheusAsks(t *testing.T) {
	t.Parallel()
	families, err := startGates(t, nil).service.metrics.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}
