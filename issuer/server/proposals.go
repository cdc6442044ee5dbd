package server

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	officers "github.com/cyberbadge/cyberbadge/issuer/office"
)

// MaxProposal is the most bytes of a call that proposes: the payload, and what is
// around it.
const MaxProposal = officers.MaxPayload + 4<<10

// proposalView is a proposal in a list.
type proposalView struct {
	ID         string    `json:"id"`
	Kind       string    `json:"kind"`
	Summary    string    `json:"summary"`
	Reason     string    `json:"reason"`
	ProposedBy string    `json:"proposed_by"`
	Officer    string    `json:"officer,omitempty"` // whose it is: who must not approve it
	CreatedAt  time.Time `json:"created_at"`
	ExpiresAt  time.Time `json:"expires_at"`
	State      string    `json:"state"`
	DecidedBy  string    `json:"decided_by,omitempty"`
	DecidedAt  time.Time `json:"decided_at,omitzero"`
	Note       string    `json:"note,omitempty"`
	FinishedAt time.Time `json:"finished_at,omitzero"`
	Failure    string    `json:"failure,omitempty"`
}

// wholeProposal is one with all that whoever approves it must see.
type wholeProposal struct {
	proposalView
	Payload json.RawMessage `json:"payload"`
}

func newProposalView(p officers.Proposal) proposalView {
	return proposalView{
		p.ID, string(p.Kind), p.Summary, p.Reason, p.By, p.OfficerID, p.CreatedAt, p.ExpiresAt,
		string(p.State), p.DecidedBy, p.DecidedAt, p.Note, p.FinishedAt, p.Failure,
	}
}

func (s *Server) proposals(w http.ResponseWriter, r *http.Request) error {
	limit, err := pageLimit(r)
	if err != nil {
		return err
	}
	all, err := s.config.Office.Proposals(r.Context(), limit)
	if err != nil {
		return err
	}
	list := make([]proposalView, 0, len(all))
	for _, p := range all {
		list = append(list, newProposalView(p))
	}
	return send(w, http.StatusOK, struct {
		Proposals []proposalView `json:"proposals"`
	}{list})
}

func (s *Server) proposal(w http.ResponseWriter, r *http.Request) error {
	p, err := s.config.Office.Proposal(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, wholeProposal{newProposalView(p), p.Payload})
}

func (s *Server) propose(w http.ResponseWriter, r *http.Request) error {
	var call struct {
		Kind    officers.Kind   `json:"kind"`
		Payload json.RawMessage `json:"payload"`
		Reason  string          `json:"reason"`
	}
	if err := httpserver.DecodeJSON(w, r, MaxProposal, &call); err != nil {
		return err
	}
	who, err := s.actor(r.Context())
	if err != nil {
		return err
	}
	p, err := s.config.Office.Propose(r.Context(), who, call.Kind, call.Payload, call.Reason)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/v1/proposals/"+p.ID)
	return send(w, http.StatusCreated, wholeProposal{newProposalView(p), p.Payload})
}

func (s *Server) approve(w http.ResponseWriter, r *http.Request) error {
	var call struct{}
	return s.decide(w, r, &call, func(who officers.Actor, id string) (officers.Proposal, error) {
		return s.config.Office.Approve(r.Context(), who, id)
	})
}

func (s *Server) reject(w http.ResponseWriter, r *http.Request) error {
	var call struct {
		Note string `json:"note"`
	}
	return s.decide(w, r, &call, func(who officers.Actor, id string) (officers.Proposal, error) {
		return s.config.Office.Reject(r.Context(), who, id, call.Note)
	})
}

func (s *Server) withdraw(w http.ResponseWriter, r *http.Request) error {
	var call struct{}
	return s.decide(w, r, &call, func(who officers.Actor, id string) (officers.Proposal, error) {
		return s.config.Office.Withdraw(r.Context(), who, id)
	})
}

// decide reads a call, which is JSON even if it says nothing, and answers with
// what became of the proposal.
func (s *Server) decide(w http.ResponseWriter, r *http.Request, call any, do func(officers.Actor, string) (officers.Proposal, error)) error {
	if err := httpserver.DecodeJSON(w, r, MaxBody, call); err != nil {
		return err
	}
	who, err := s.actor(r.Context())
	if err != nil {
		return err
	}
	p, err := do(who, r.PathValue("id"))
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, wholeProposal{newProposalView(p), p.Payload})
}
