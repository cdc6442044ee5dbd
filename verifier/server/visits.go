package server

import (
	"net/http"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/verifier/gate"
	"github.com/cyberbadge/cyberbadge/verifier/visit"
)

// MaxVisitsBody bounds a call that brings visit.MaxRecords records, in bytes.
const MaxVisitsBody = 512 << 10

// keepVisits takes records out of a tablet's outbox, each as often as it comes.
func (g *gates) keepVisits(w http.ResponseWriter, r *http.Request, from gate.Gate) error {
	if g.register == nil {
		return registerOff()
	}
	var call struct {
		Records []visit.Record `json:"records"`
	}
	if err := httpserver.DecodeJSON(w, r, MaxVisitsBody, &call); err != nil {
		return err
	}
	if len(call.Records) > visit.MaxRecords {
		return badRequest(CodeTooManyRecords, "Send at most %d records in one call.", visit.MaxRecords)
	}
	outcomes, err := g.register.Keep(r.Context(), visit.Origin{Gate: from.ID, GateName: from.Name, Site: from.Site}, call.Records)
	if err != nil {
		return err
	}
	return answerJSON(w, http.StatusOK, struct {
		Outcomes []visit.Outcome `json:"outcomes"`
	}{outcomes})
}

// present answers with who is on the gate's site.
func (g *gates) present(w http.ResponseWriter, r *http.Request, from gate.Gate) error {
	if g.register == nil {
		return registerOff()
	}
	people, err := g.register.Present(r.Context(), from.Site)
	if err != nil {
		return err
	}
	return answerJSON(w, http.StatusOK, struct {
		At      time.Time        `json:"at"`
		Present []visit.Presence `json:"present"`
	}{g.server.config.Now().UTC(), people})
}

func registerOff() error {
	return refuse(http.StatusConflict, CodeRegisterOff, "This service keeps no visits.")
}
