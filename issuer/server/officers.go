package server

import (
	"cmp"
	"net/http"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	officers "github.com/cyberbadge/cyberbadge/issuer/office"
)

// officerView is an officer as the office sees them.
type officerView struct {
	ID         string    `json:"id"`
	Subject    string    `json:"subject"`
	Name       string    `json:"name"`
	Email      string    `json:"email"`
	Role       string    `json:"role"` // of the list; empty where the provider gives the roles
	ChangedBy  string    `json:"changed_by"`
	ChangedAt  time.Time `json:"changed_at,omitzero"`
	SignedInAt time.Time `json:"signed_in_at,omitzero"`
}

func newOfficerView(o officers.Officer) officerView {
	return officerView{o.ID, o.Subject, o.Name, o.Email, string(o.Role), o.By, o.ChangedAt, o.SignedInAt}
}

func (s *Server) officerList(w http.ResponseWriter, r *http.Request) error {
	all, err := s.config.Office.Officers(r.Context())
	if err != nil {
		return err
	}
	list := make([]officerView, 0, len(all))
	for _, o := range all {
		list = append(list, newOfficerView(o))
	}
	return send(w, http.StatusOK, struct {
		RolesFrom string        `json:"roles_from"`
		Officers  []officerView `json:"officers"`
	}{map[bool]string{true: "list", false: "provider"}[s.config.Office.Lists()], list})
}

// appoint puts somebody on the list. It is the operator's way; for everybody else
// the answer is proposal_required.
func (s *Server) appoint(w http.ResponseWriter, r *http.Request) error {
	var call struct {
		Subject string        `json:"subject"`
		Role    officers.Role `json:"role"`
	}
	if err := httpserver.DecodeJSON(w, r, MaxBody, &call); err != nil {
		return err
	}
	// Without a role somebody would be taken off, which has another method.
	return s.changeOfficer(w, r, call.Subject, cmp.Or(call.Role, "none"))
}

// dismiss takes somebody off the list, as appoint puts them on it.
func (s *Server) dismiss(w http.ResponseWriter, r *http.Request) error {
	all, err := s.config.Office.Officers(r.Context())
	if err != nil {
		return err
	}
	for _, o := range all {
		if o.ID == r.PathValue("id") {
			return s.changeOfficer(w, r, o.Subject, "")
		}
	}
	return refuse(http.StatusNotFound, CodeNotFound, "No officer has that id.")
}

func (s *Server) changeOfficer(w http.ResponseWriter, r *http.Request, subject string, role officers.Role) error {
	who, err := s.actor(r.Context())
	if err != nil {
		return err
	}
	changed, err := s.config.Office.Appoint(r.Context(), who, subject, role)
	if err != nil {
		return err
	}
	s.config.Logger.InfoContext(r.Context(), "officer changed", "officer", changed.ID, "role", role, "by", who.By)
	return send(w, http.StatusOK, newOfficerView(changed))
}
