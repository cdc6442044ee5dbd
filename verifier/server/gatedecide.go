package server

import (
	"net/http"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/gate"
)

// decide answers a gate. What is asked of a badge there was settled when the gate
// was paired: the tablet chooses nothing but what it scanned.
func (g *gates) decide(w http.ResponseWriter, r *http.Request, from gate.Gate) error {
	var call struct {
		Presentation string `json:"presentation"`
	}
	if err := httpserver.DecodeJSON(w, r, MaxBody, &call); err != nil {
		return err
	}
	if call.Presentation == "" {
		return badRequest(CodePresentationMissing, "Send what was scanned as the member presentation.")
	}
	policy, err := g.policy(from)
	if err != nil {
		return gateProblem(w, err)
	}
	decision, decided := g.server.decide(r.Context(), gateDecisionsRoute, call.Presentation, verifier.Request{
		Access: from.Access,
		Site:   from.Site,
		Gate:   from.ID,
		Policy: policy,
	})
	if !decided {
		return overloaded(w)
	}
	return answerJSON(w, http.StatusOK, &decision)
}
