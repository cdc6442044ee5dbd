package server

import (
	"context"
	"net/http"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/issuer"
)

// The scopes of running the program.
const (
	ScopeProgramRead  Scope = "program:read"  // forecast, status, ladder, holds, messages, policies
	ScopeProgramWrite Scope = "program:write" // holds, working off what is due, messages again
	ScopePeopleErase  Scope = "people:erase"  // hand out all that is kept of somebody, and erase it
	ScopeAuditRead    Scope = "audit:read"    // who did what
)

// CodePersonRequired is the problem of a token that calls where a person has to.
const CodePersonRequired = "person_required" // 403

// Courier works off messages that are due. A *notify.Courier is one.
type Courier interface {
	Drain(ctx context.Context) (attempts int, err error)
}

func (s *Server) programRoutes() []route {
	return []route{
		{"GET", "/v1/program/status", ScopeProgramRead, nil, s.programStatus},
		{"GET", "/v1/program/forecast", ScopeProgramRead, []string{"days"}, s.forecast},
		{"POST", "/v1/program/advance", ScopeProgramWrite, nil, s.advance},
		{"GET", "/v1/people/:ref/program", ScopeProgramRead, nil, s.programOf},
		{"POST", "/v1/people/:ref/suspend", ScopeBadgesRevoke, nil, s.suspendPerson},
		{"POST", "/v1/people/:ref/reinstate", ScopeBadgesRevoke, nil, s.reinstatePerson},
		{"GET", "/v1/people/:ref/export", ScopePeopleErase, []string{"reason"}, s.exportPerson},
		{"DELETE", "/v1/people/:ref", ScopePeopleErase, nil, s.erasePerson},
		{"GET", "/v1/people/:ref/holds", ScopeProgramRead, nil, s.holdsOf},
		{"POST", "/v1/people/:ref/holds", ScopeProgramWrite, nil, s.addHold},
		{"GET", "/v1/holds", ScopeProgramRead, nil, s.holds},
		{"POST", "/v1/holds/:id/end", ScopeProgramWrite, nil, s.endHold},
		{"GET", "/v1/messages", ScopeProgramRead, []string{"state", "person", "after", "limit"}, s.messages},
		{"GET", "/v1/messages/:id", ScopeProgramRead, nil, s.message},
		{"POST", "/v1/messages/:id/resend", ScopeProgramWrite, nil, s.resend},
		{"POST", "/v1/messages/:id/confirm", ScopeProgramWrite, nil, s.confirm},
		{"GET", "/v1/policies", ScopeProgramRead, nil, s.policies},
		{"POST", "/v1/policies", ScopeProgramWrite, nil, s.activatePolicy},
		{"GET", "/v1/audit/events", ScopeAuditRead, []string{"after", "limit"}, s.events},
		{"POST", "/v1/audit/verify", ScopeAuditRead, nil, s.verifyEvents},
	}
}

// inPerson refuses API tokens: a change of the rules, and what looks like a mistake
// of a machine, are not for a machine to decide on.
func (c caller) inPerson() error {
	if c.operator || c.session != nil {
		return nil
	}
	return refuse(http.StatusForbidden, CodePersonRequired,
		"This takes a person: an officer who is signed in, or the operator on the issuer's own machine. A token can't.")
}

// advanced is what working off came to.
type advanced struct {
	Judged    int       `json:"judged"`
	Changed   int       `json:"changed"`
	Messages  int       `json:"messages"`  // that were queued
	Delivered int       `json:"delivered"` // attempts to deliver one
	NextDue   time.Time `json:"next_due,omitzero"`
}

func (s *Server) advanceProgram(ctx context.Context, confirm bool) (issuer.Advanced, error) {
	if !confirm {
		return s.config.Program.Advance(ctx)
	}
	who := callerFrom(ctx)
	if err := who.inPerson(); err != nil {
		return issuer.Advanced{}, err
	}
	return s.config.Program.ConfirmSilence(ctx, who.by)
}

// advance works off what is due, for a service that has no scheduler running.
func (s *Server) advance(w http.ResponseWriter, r *http.Request) error {
	var call struct {
		Confirm bool `json:"confirm"` // that those of whom nothing is heard, as of many, are to be suspended
	}
	if err := httpserver.DecodeJSON(w, r, MaxBody, &call); err != nil {
		return err
	}
	done, err := s.advanceProgram(r.Context(), call.Confirm)
	if err != nil {
		return err
	}
	answer := advanced{Judged: done.Judged, Changed: done.Changed, Messages: done.Messages}
	if s.config.Courier != nil {
		if answer.Delivered, err = s.config.Courier.Drain(r.Context()); err != nil {
			return err
		}
	}
	next, err := s.config.Program.NextDue(r.Context())
	if err != nil {
		return err
	}
	answer.NextDue = utc(next)
	return send(w, http.StatusOK, answer)
}
