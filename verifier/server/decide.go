package server

import (
	"context"
	"log/slog"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/verifier"
)

// decide asks the verifier, unless as many decisions are under way as may be:
// then it returns false at once. Queueing instead would only make everybody
// wait for answers that come too late.
func (s *Server) decide(ctx context.Context, route, presentation string, request verifier.Request) (verifier.Decision, bool) {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		s.metrics.overloaded.Inc()
		return verifier.Decision{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, MaxWait)
	defer cancel()
	if request.Site == "" {
		request.Site = s.config.Site
	}
	started := s.config.Now()
	decision := s.config.Verifier.Verify(ctx, presentation, request)
	s.metrics.observe(&decision, s.config.Now().Sub(started))
	s.grants.register.Note(decision)
	s.log(ctx, route, &decision)
	return decision, true
}

// log ties the request to the decision, which the verifier logs under its id.
func (s *Server) log(ctx context.Context, route string, d *verifier.Decision) {
	s.config.Logger.LogAttrs(ctx, slog.LevelInfo, "verified",
		slog.String("request_id", httpserver.RequestIDFrom(ctx)),
		slog.String("route", route),
		slog.String("decision", d.ID),
		slog.String("reason", string(d.Reason)),
	)
}
