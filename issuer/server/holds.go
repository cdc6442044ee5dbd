package server

import (
	"net/http"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// holdView is an officer's exception for one person.
type holdView struct {
	ID       string    `json:"id"`
	PersonID string    `json:"person_id"`
	Reason   string    `json:"reason"`
	By       string    `json:"by"`
	At       time.Time `json:"at"`
	Until    time.Time `json:"until"`
	EndedAt  time.Time `json:"ended_at,omitzero"` // before its time
	EndedBy  string    `json:"ended_by,omitempty"`
}

func newHoldView(h store.Hold) holdView {
	return holdView{h.ID, h.PersonID, h.Reason, h.By, utc(h.At), utc(h.Until), utc(h.EndedAt), h.EndedBy}
}

func sendHolds(w http.ResponseWriter, found []store.Hold) error {
	list := make([]holdView, 0, len(found))
	for _, h := range found {
		list = append(list, newHoldView(h))
	}
	return send(w, http.StatusOK, struct {
		Holds []holdView `json:"holds"`
	}{list})
}

// holds answers with every hold that lasts now.
func (s *Server) holds(w http.ResponseWriter, r *http.Request) error {
	found, err := s.config.Program.Holds(r.Context())
	if err != nil {
		return err
	}
	return sendHolds(w, found)
}

// holdsOf answers with every hold that somebody ever had.
func (s *Server) holdsOf(w http.ResponseWriter, r *http.Request) error {
	found, err := s.config.Program.HoldsOf(r.Context(), r.PathValue("ref"))
	if err != nil {
		return err
	}
	return sendHolds(w, found)
}

func (s *Server) addHold(w http.ResponseWriter, r *http.Request) error {
	var call struct {
		Reason string    `json:"reason"`
		Until  time.Time `json:"until"`
	}
	if err := httpserver.DecodeJSON(w, r, MaxBody, &call); err != nil {
		return err
	}
	added, err := s.config.Program.AddHold(r.Context(), r.PathValue("ref"), call.Reason, call.Until, callerFrom(r.Context()).by)
	if err != nil {
		return err
	}
	return send(w, http.StatusCreated, newHoldView(added))
}

func (s *Server) endHold(w http.ResponseWriter, r *http.Request) error {
	var call struct{}
	if err := httpserver.DecodeJSON(w, r, MaxBody, &call); err != nil {
		return err
	}
	ended, err := s.config.Program.EndHold(r.Context(), r.PathValue("id"), callerFrom(r.Context()).by)
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, newHoldView(ended))
}
