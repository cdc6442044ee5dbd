package server

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/grant"
	"github.com/cyberbadge/cyberbadge/verifier/grant/webhook"
)

// grantsPath is where grants are told to be over; the decision's id follows.
const grantsPath = "/v1/grants/"

// grants are the decisions that allowed something: who was told of them is told when
// the badge is no longer good.
type grants struct {
	register *grant.Register
	webhooks *webhook.Sender // nil: no other system is told
	gates    *gateEvents     // nil: there are none
	ended    *prometheus.CounterVec
	logger   *slog.Logger
}

func (s *Server) newGrants() (*grants, error) {
	g := &grants{webhooks: s.config.Webhooks, logger: s.config.Logger}
	if s.gates != nil {
		g.gates = s.gates.events
	}
	var err error
	g.register, err = grant.New(grant.Config{
		Status: s.config.Verifier.Status, Ended: g.end, Now: s.config.Now, Logger: s.config.Logger,
	})
	if err != nil {
		return nil, err
	}
	g.measure(s.metrics.registry)
	s.config.Verifier.OnList(g.changed) // for as long as the verifier lives
	return g, nil
}

// changed is called when statuses may have changed. Those who were let in come
// before the news that there is a list to be fetched.
func (g *grants) changed(change revocation.ListChange) {
	g.register.Changed(change)
	if g.gates != nil && change.Entries {
		g.gates.tellLists()
	}
}

// end tells of one grant. Fetching lists waits for it.
func (g *grants) end(e grant.Ending) {
	g.ended.WithLabelValues(string(e.Reason)).Inc()
	g.logger.LogAttrs(context.Background(), slog.LevelInfo, "grant ended",
		slog.String("decision", e.Decision), slog.String("reason", string(e.Reason)), slog.String("gate", e.Gate),
		slog.String("list", e.List), slog.Uint64("index", e.Index))
	if g.gates != nil && e.Gate != "" {
		g.gates.tellEnded(e)
	}
	if g.webhooks != nil {
		g.webhooks.Ended(e)
	}
}

func (g *grants) measure(registry *prometheus.Registry) {
	g.ended = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "cyberbadge_verifier_grants_ended_total",
		Help: "Decisions that allowed something and were ended, because the badge was revoked or suspended.",
	}, []string{"reason"})
	for _, reason := range []verifier.Reason{verifier.Revoked, verifier.Suspended} {
		g.ended.WithLabelValues(string(reason))
	}
	registry.MustRegister(g.ended, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "cyberbadge_verifier_grants",
		Help: "Decisions that allowed something and would be ended.",
	}, func() float64 { return float64(g.register.Len()) }))
	if g.webhooks == nil {
		return
	}
	registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "cyberbadge_verifier_grant_webhooks_waiting",
		Help: "Webhooks of ended grants that are not delivered yet.",
	}, func() float64 { return float64(g.webhooks.Waiting()) }))
	for _, outcome := range webhook.Outcomes() {
		registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name:        "cyberbadge_verifier_grant_webhooks_total",
			Help:        "What came of webhooks of ended grants: each attempt, and each message that was not delivered.",
			ConstLabels: prometheus.Labels{"outcome": string(outcome)},
		}, func() float64 { return float64(g.webhooks.Count(outcome)) }))
	}
}

// forget is told that what a decision allowed is over. It says nothing of whether
// there was such a decision.
func (g *grants) forget(w http.ResponseWriter, r *http.Request) error {
	if r.URL.RawQuery != "" {
		return badRequest(CodeQueryNotAllowed, "This call takes no query.")
	}
	g.register.Forget(strings.TrimPrefix(r.URL.Path, grantsPath))
	w.WriteHeader(http.StatusNoContent)
	return nil
}
