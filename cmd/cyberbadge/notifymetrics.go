package main

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/cyberbadge/cyberbadge/issuer/ladder"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// measureUntil is how long counting may take: what takes longer is left out of the
// answer.
const measureUntil = 5 * time.Second

// consequenceMetrics tell how the scheduler and the courier come along. Labels take
// values from closed sets only, and every series is there from the start.
type consequenceMetrics struct {
	of       *consequences
	outcomes *prometheus.CounterVec
	queued   *prometheus.Desc
	waiting  *prometheus.Desc
	late     *prometheus.Desc
	people   *prometheus.Desc
	cases    *prometheus.Desc
}

var _ prometheus.Collector = (*consequenceMetrics)(nil)

// webhookLabel stands for every webhook: their names are the operator's.
const webhookLabel = "webhook"

func newConsequenceMetrics(of *consequences) *consequenceMetrics {
	m := &consequenceMetrics{
		of: of,
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "cyberbadge_issuer_deliveries_total",
			Help: "Attempts to deliver a message, by channel and by the state that came of it.",
		}, []string{"channel", "state"}),
		queued: prometheus.NewDesc("cyberbadge_issuer_messages",
			"Messages that are not done: waiting, dead or held.", []string{"state"}, nil),
		waiting: prometheus.NewDesc("cyberbadge_issuer_message_waiting_seconds",
			"For how long the oldest message that waits has been queued.", nil, nil),
		late: prometheus.NewDesc("cyberbadge_issuer_due_lag_seconds",
			"For how long something has been due that the scheduler has not done.", nil, nil),
		people: prometheus.NewDesc("cyberbadge_issuer_people",
			"People, by where they are on the ladder.", []string{"phase"}, nil),
		cases: prometheus.NewDesc("cyberbadge_issuer_cases_open",
			"Concerns of customers that nobody has decided.", nil, nil),
	}
	for _, channel := range []string{string(notify.Mail), string(notify.Teams), string(notify.Slack), string(notify.LockOut), webhookLabel} {
		for _, state := range []notify.State{notify.Waiting, notify.Delivered, notify.Dropped, notify.Dead, notify.HeldBack} {
			m.outcomes.WithLabelValues(channel, string(state))
		}
	}
	return m
}

// observe counts an attempt. It is called by the courier.
func (m *consequenceMetrics) observe(message notify.Message, outcome notify.Outcome) {
	channel := string(message.Channel)
	if strings.HasPrefix(channel, string(notify.Webhook(""))) {
		channel = webhookLabel
	}
	m.outcomes.WithLabelValues(channel, string(outcome.State)).Inc()
}

// Describe implements prometheus.Collector.
func (m *consequenceMetrics) Describe(to chan<- *prometheus.Desc) {
	m.outcomes.Describe(to)
	for _, desc := range []*prometheus.Desc{m.queued, m.waiting, m.late, m.people, m.cases} {
		to <- desc
	}
}

// Collect implements prometheus.Collector. What can't be read is left out: a gap
// says more than a zero.
func (m *consequenceMetrics) Collect(to chan<- prometheus.Metric) {
	m.outcomes.Collect(to)
	ctx, cancel := context.WithTimeout(context.Background(), measureUntil)
	defer cancel()
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	if lag, err := m.of.dueLag(ctx); err == nil {
		gauge(m.late, lag.Seconds())
	}
	if numbers, err := m.of.program.Counts().CountMessages(ctx); err == nil {
		for state, count := range numbers {
			gauge(m.queued, float64(count), string(state))
		}
	}
	if oldest, err := m.oldest(ctx); err == nil {
		gauge(m.waiting, oldest.Seconds())
	}
	if count, err := m.of.program.Counts().CountCases(ctx); err == nil {
		gauge(m.cases, float64(count.Open))
	}
	if count, err := m.of.program.Counts().CountStandings(ctx); err == nil {
		for _, phase := range []ladder.Phase{ladder.New, ladder.Good, ladder.Suspended, ladder.Locked, ladder.Left} {
			gauge(m.people, float64(count.Phases[string(phase)]), string(phase))
		}
		gauge(m.people, float64(count.Unjudged), "unjudged")
	}
}

// oldest is how long the first message that waits has been queued.
func (m *consequenceMetrics) oldest(ctx context.Context) (time.Duration, error) {
	page, err := m.of.messages.Messages(ctx, store.MessageQuery{States: []notify.State{notify.Waiting}, Limit: 1})
	if err != nil || len(page) == 0 {
		return 0, err
	}
	return max(0, m.of.now().Sub(page[0].Created)), nil
}

// handler answers with the server's metrics and then with these.
func (m *consequenceMetrics) handler(server http.Handler) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(m)
	own := promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Asked without preferences both answer in the plain text format, in which one
		// after the other is well-formed.
		plain := r.Clone(r.Context())
		plain.Header = http.Header{}
		server.ServeHTTP(w, plain)
		own.ServeHTTP(w, plain)
	})
}
