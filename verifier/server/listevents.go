package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/cyberbadge/cyberbadge/revocation"
)

// ListEvents counts what becomes of status lists and of the clock. Its Observe goes
// into the verifier.Config of the verifier that the server is given.
type ListEvents struct{ total *prometheus.CounterVec }

// NewListEvents returns a count of nothing yet.
func NewListEvents() *ListEvents {
	e := &ListEvents{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "cyberbadge_verifier_list_events_total",
		Help: "What became of status lists, signals and the clock, by kind.",
	}, []string{"kind"})}
	for _, kind := range revocation.EventKinds() {
		e.total.WithLabelValues(string(kind))
	}
	return e
}

// Observe counts an event. It is safe for concurrent use.
func (e *ListEvents) Observe(event revocation.Event) {
	e.total.WithLabelValues(string(event.Kind)).Inc()
}
