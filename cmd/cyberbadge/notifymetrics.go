package main

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// Bounds of reading the outbox for the metrics.
const (
	maxCounted   = 10 * store.MaxPage // messages; a longer queue shows as this many
	measureUntil = 5 * time.Second    // what takes longer is left out of the answer
)

// consequenceMetrics tell how the scheduler and the courier come along. Labels take
// values from closed sets only, and every series is there from the start.
type consequenceMetrics struct {
	of       *consequences
	outcomes *prometheus.CounterVec
	queued   *prometheus.Desc
	waiting  *prometheus.Desc
	late     *prometheus.Desc
}

var _ prometheus.Collector = (*consequenceMetrics)(nil)

// webhookLabel stands for every webhook: their names are the operator's.
const webhookLabel = "webhook"

// queuedStates are those in which something is left to do.
func queuedStates() []notify.State {
	return []notify.State{notify.Waiting, notify.Dead, notify.HeldBack}
}

func newConsequenceMetrics(of *consequences) *consequenceMetrics {
	m := &consequenceMetrics{
		of: of,
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "cyberbadge_issuer_deliveries_total",
			Help: "Attempts to deliver a message, by channel and by the state that came of it.",
		}, []string{"channel", "state"}),
		queued: prometheus.NewDesc("cyberbadge_issuer_messages",
			"Messages that are not done: waiting, dead or held; 10000 stands for more.", []string{"state"}, nil),
		waiting: prometheus.NewDesc("cyberbadge_issuer_message_waiting_seconds",
			"For how long the oldest message that waits has been queued.", nil, nil),
		late: prometheus.NewDesc("cyberbadge_issuer_due_lag_seconds",
			"For how long something has been due that the scheduler has not done.", nil, nil),
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
	for _, desc := range []*prometheus.Desc{m.queued, m.waiting, m.late} {
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
	for _, state := range queuedStates() {
		count, oldest, err := m.queue(ctx, state)
		if err != nil {
			continue
		}
		gauge(m.queued, float64(count), string(state))
		if state == notify.Waiting {
			gauge(m.waiting, oldest.Seconds())
		}
	}
}

// queue counts the messages of a state, and says how old the first is.
func (m *consequenceMetrics) queue(ctx context.Context, state notify.State) (count int, oldest time.Duration, err error) {
	query := store.MessageQuery{States: []notify.State{state}, Limit: store.MaxPage}
	for count < maxCounted {
		page, err := m.of.messages.Messages(ctx, query)
		if err != nil {
			return 0, 0, err
		}
		if count == 0 && len(page) > 0 {
			oldest = max(0, m.of.now().Sub(page[0].Created))
		}
		count += len(page)
		if len(page) < query.Limit {
			break
		}
		query.After = page[len(page)-1].Number
	}
	return count, oldest, nil
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
