package server

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/verifier"
)

// metrics are what Prometheus is told. Their labels take values from closed sets
// only, and every series is there from the start, so that a caller can neither
// add one nor be the first to make one appear.
type metrics struct {
	registry   *prometheus.Registry
	decisions  *prometheus.CounterVec
	duration   prometheus.Histogram
	statusAge  prometheus.Histogram
	overloaded prometheus.Counter
}

var (
	reasons = []verifier.Reason{
		verifier.OK, verifier.Malformed, verifier.Unsupported, verifier.UntrustedIssuer, verifier.UnknownKey,
		verifier.BadSignature, verifier.BadDisclosure, verifier.Expired, verifier.NotYetValid,
		verifier.HolderBindingMissing, verifier.HolderBindingInvalid, verifier.StalePresentation, verifier.Replayed,
		verifier.Revoked, verifier.Suspended, verifier.StatusUnavailable, verifier.StatusStale,
		verifier.AccessNotGranted, verifier.PolicyDenied, verifier.InternalError,
	}
	accesses = []credential.Access{credential.Onsite, credential.Remote}

	// A decision takes a fraction of a millisecond, or as long as a status list.
	durationBuckets = []float64{.0001, .0002, .0005, .001, .0025, .005, .01, .025, .1, .5, 2.5, 5}
	// A list is fetched each minute; fifteen minutes is the default limit.
	ageBuckets = []float64{15, 30, 60, 120, 300, 600, 900, 3600, 4 * 3600, 24 * 3600}
)

func newMetrics(underWay func() float64) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		decisions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "cyberbadge_verifier_decisions_total",
			Help: "Decisions made, by reason (ok is an allow, all others are denials) and by the access asked for.",
		}, []string{"reason", "access"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "cyberbadge_verifier_verify_duration_seconds",
			Help:    "Time that a decision took, the wait for a status list included.",
			Buckets: durationBuckets,
		}),
		statusAge: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "cyberbadge_verifier_status_list_age_seconds",
			Help:    "Age of the status list that a decision rested on, by the list's own signed time.",
			Buckets: ageBuckets,
		}),
		overloaded: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "cyberbadge_verifier_overloaded_total",
			Help: "Calls turned away because too many decisions were under way.",
		}),
	}
	m.registry.MustRegister(m.decisions, m.duration, m.statusAge, m.overloaded,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "cyberbadge_verifier_decisions_under_way",
			Help: "Decisions being made now.",
		}, underWay),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	for _, reason := range reasons {
		for _, access := range accesses {
			m.decisions.WithLabelValues(string(reason), string(access))
		}
	}
	return m
}

func (m *metrics) observe(d *verifier.Decision, took time.Duration) {
	m.decisions.WithLabelValues(string(d.Reason), string(d.Access)).Inc()
	m.duration.Observe(took.Seconds())
	if d.Status != nil {
		m.statusAge.Observe(float64(d.Status.AgeSeconds))
	}
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
