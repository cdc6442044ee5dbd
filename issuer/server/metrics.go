package server

import (
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/cyberbadge/cyberbadge/internal/eventstream"
	"github.com/cyberbadge/cyberbadge/issuer"
)

// metrics are what Prometheus is told. Their labels take values from closed sets
// only, and every series is there from the start, so that a caller can neither
// add one nor be the first to make one appear.
type metrics struct {
	registry     *prometheus.Registry
	requests     *prometheus.CounterVec
	duration     prometheus.Histogram
	badgesIssued prometheus.Counter
}

// unmatched is the route of requests that matched none.
const unmatched = "unmatched"

// From a cached list to an import.
var durationBuckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

func newMetrics(routes []route) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "cyberbadge_issuer_requests_total",
			Help: "Requests answered, by route and by class of status.",
		}, []string{"route", "class"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "cyberbadge_issuer_request_duration_seconds",
			Help:    "Time from a request's header to the end of its answer.",
			Buckets: durationBuckets,
		}),
		badgesIssued: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "cyberbadge_issuer_badges_issued_total",
			Help: "Badges signed, recorded and handed out.",
		}),
	}
	m.registry.MustRegister(m.requests, m.duration, m.badgesIssued,
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	names := []string{unmatched}
	for _, r := range routes {
		names = append(names, r.String())
	}
	for _, name := range names {
		for class := 2; class <= 5; class++ {
			m.requests.WithLabelValues(name, statusClass(class*100))
		}
	}
	return m
}

// watch has the publishing of lists and the event streams read when Prometheus asks.
func (m *metrics) watch(program *issuer.Program, streams *eventstream.Desk) {
	counter := func(name, help string, read func() uint64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "cyberbadge_issuer_" + name, Help: help},
			func() float64 { return float64(read()) })
	}
	gauge := func(name, help string, read func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "cyberbadge_issuer_" + name, Help: help}, read)
	}
	m.registry.MustRegister(
		counter("list_tokens_signed_total", "Status list tokens signed.",
			func() uint64 { return program.Publishing().Signed }),
		counter("list_publish_failures_total", "Failures to read, compress or sign a status list.",
			func() uint64 { return program.Publishing().Failures }),
		counter("list_file_failures_total", "Failures to write a status list into the export folder.",
			func() uint64 { return program.Publishing().FileFailures }),
		gauge("list_oldest_issued_timestamp_seconds", "When the oldest of the status list tokens was issued; 0 without any.",
			func() float64 {
				if oldest := program.Publishing().Oldest; !oldest.IsZero() {
					return float64(oldest.Unix())
				}
				return 0
			}),
		gauge("event_streams", "Readers of the event stream.", func() float64 { return float64(streams.Open()) }),
		counter("events_sent_total", "Events sent to readers of the event stream, greetings aside.", streams.Sent),
		counter("event_streams_dropped_total", "Event streams that ended because their reader was too slow.", streams.Dropped),
	)
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// statusClass is 2xx to 5xx; no handler here answers with another.
func statusClass(status int) string { return strconv.Itoa(status/100) + "xx" }

// observe counts a request, one that panics as a failure of ours.
func (s *Server) observe(c *gin.Context) {
	started := s.config.Now()
	status := http.StatusInternalServerError
	defer func() {
		name := unmatched
		if path := c.FullPath(); path != "" {
			name = c.Request.Method + " " + path
		}
		s.metrics.requests.WithLabelValues(name, statusClass(status)).Inc()
		if c.FullPath() != s.base+issuer.EventsPath { // which lasts as long as its reader likes
			s.metrics.duration.Observe(s.config.Now().Sub(started).Seconds())
		}
	}()
	c.Next()
	status = c.Writer.Status()
}
