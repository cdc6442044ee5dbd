package server

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// badge is what is on record about one. Its text is kept nowhere.
type badge struct {
	ID           string       `json:"id"`
	PersonID     string       `json:"person_id"`
	Type         string       `json:"type"`
	Access       []string     `json:"access"`
	HolderKey    string       `json:"holder_key_thumbprint"` // RFC 7638
	List         int64        `json:"list"`
	Index        uint32       `json:"index"`
	StatusList   string       `json:"status_list"` // where the list is published
	State        store.State  `json:"state"`       // prepared, issued
	Status       store.Status `json:"status"`      // valid, suspended, invalid
	StatusReason string       `json:"status_reason,omitempty"`
	StatusAt     time.Time    `json:"status_at,omitzero"`
	IssuedAt     time.Time    `json:"issued_at"`
	ExpiresAt    time.Time    `json:"expires_at"`
	PreparedAt   time.Time    `json:"prepared_at"`
	IssuedBy     string       `json:"issued_by"`
}

// issuedBadge is a badge as its holder gets it.
type issuedBadge struct {
	badge
	Text string `json:"badge"` // the SD-JWT with every disclosure
}

type issueRequest struct {
	HolderKey json.RawMessage `json:"holder_key"`
}

type statusRequest struct {
	Reason string `json:"reason"`
}

func (s *Server) newBadge(b store.Badge) badge {
	return badge{
		ID:           b.ID,
		PersonID:     b.PersonID,
		Type:         b.Type,
		Access:       b.Access,
		HolderKey:    b.HolderKeyThumbprint,
		List:         b.ListID,
		Index:        b.Index,
		StatusList:   s.config.Program.ListURI(b.ListID),
		State:        b.State,
		Status:       b.Status,
		StatusReason: b.StatusReason,
		StatusAt:     b.StatusAt,
		IssuedAt:     b.IssuedAt,
		ExpiresAt:    b.ExpiresAt,
		PreparedAt:   b.PreparedAt,
		IssuedBy:     b.By,
	}
}

func (s *Server) issue(w http.ResponseWriter, r *http.Request) error {
	var request issueRequest
	if err := httpserver.DecodeJSON(w, r, MaxBody, &request); err != nil {
		return err
	}
	if len(request.HolderKey) == 0 {
		return badRequest(CodeHolderKeyMissing, "Send the public key of the holder's phone as the member holder_key, a JSON Web Key.")
	}
	key, err := credential.ParseJWK(request.HolderKey)
	if err != nil {
		return badKey(err)
	}
	issued, err := s.config.Program.Issue(r.Context(), issuer.IssueRequest{
		Person:    r.PathValue("ref"),
		HolderKey: key,
		By:        callerFrom(r.Context()).by,
	})
	if err != nil {
		return err
	}
	s.metrics.badgesIssued.Inc()
	w.Header().Set("Location", "/v1/badges/"+issued.ID)
	return send(w, http.StatusCreated, issuedBadge{s.newBadge(issued.Badge), issued.Text})
}

func badKey(err error) error {
	var refused *code.Error
	if !errors.As(err, &refused) {
		return err
	}
	return badRequest(string(refused.Code), "holder_key: %s", refused.Detail)
}

func (s *Server) badgesOf(w http.ResponseWriter, r *http.Request) error {
	found, err := s.config.Program.BadgesOf(r.Context(), r.PathValue("ref"))
	if err != nil {
		return err
	}
	list := make([]badge, 0, len(found))
	for _, b := range found {
		list = append(list, s.newBadge(b))
	}
	return send(w, http.StatusOK, struct {
		Badges []badge `json:"badges"`
	}{list})
}

func (s *Server) badge(w http.ResponseWriter, r *http.Request) error {
	found, err := s.config.Program.Badge(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, s.newBadge(found))
}

func (s *Server) revoke(w http.ResponseWriter, r *http.Request) error {
	badge, err := s.config.Program.Badge(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := s.mayRevoke(r.Context(), badge.PersonID); err != nil {
		return err
	}
	return s.setStatus(w, r, store.Invalid)
}

func (s *Server) suspend(w http.ResponseWriter, r *http.Request) error {
	return s.setStatus(w, r, store.Suspended)
}

func (s *Server) reinstate(w http.ResponseWriter, r *http.Request) error {
	return s.setStatus(w, r, store.Valid)
}

func (s *Server) setStatus(w http.ResponseWriter, r *http.Request, to store.Status) error {
	var request statusRequest
	if err := httpserver.DecodeJSON(w, r, MaxBody, &request); err != nil {
		return err
	}
	changed, err := s.config.Program.SetStatus(r.Context(), r.PathValue("id"), to, request.Reason, callerFrom(r.Context()).by)
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, s.newBadge(changed))
}
