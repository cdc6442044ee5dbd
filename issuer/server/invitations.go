package server

import (
	"net/http"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/issuer/enrol"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// invitation is the only answer that ever holds the code and the transaction
// code.
type invitation struct {
	ID        string      `json:"id"`
	PersonID  string      `json:"person_id"`
	ExpiresAt time.Time   `json:"expires_at"`
	Link      string      `json:"link"`                 // to the phone's page
	WalletURI string      `json:"wallet_link"`          // for other wallets
	OfferURI  string      `json:"credential_offer_uri"` // the offer by reference
	Offer     enrol.Offer `json:"credential_offer"`     // the offer by value
	TxCode    string      `json:"tx_code"`              // for another channel than the link
	Revoked   []string    `json:"revoked_badges"`
}

// enrolment is what is on record about one phone.
type enrolment struct {
	ID          string    `json:"id"`
	PersonID    string    `json:"person_id"`
	State       string    `json:"state"` // open, expired, enrolled, ended
	InvitedBy   string    `json:"invited_by"`
	InvitedAt   time.Time `json:"invited_at"`
	ExpiresAt   time.Time `json:"expires_at"` // of the invitation
	Attempts    int       `json:"attempts_left"`
	RedeemedAt  time.Time `json:"redeemed_at,omitzero"`
	KeyID       string    `json:"phone_key_thumbprint,omitempty"` // RFC 7638
	RefreshedBy time.Time `json:"refresh_by,omitzero"`            // when the phone must have come back
	EndedAt     time.Time `json:"ended_at,omitzero"`
	EndReason   string    `json:"end_reason,omitempty"`
}

// invite takes no members; a body may be left out.
func (s *Server) invite(w http.ResponseWriter, r *http.Request) error {
	if r.ContentLength != 0 {
		if err := httpserver.DecodeJSON(w, r, MaxBody, &struct{}{}); err != nil {
			return err
		}
	}
	made, err := s.desk.Invite(r.Context(), r.PathValue("ref"), callerFrom(r.Context()).by)
	if err != nil {
		return err
	}
	return send(w, http.StatusCreated, invitation{
		ID:        made.ID,
		PersonID:  made.PersonID,
		ExpiresAt: made.ExpiresAt.UTC(),
		Link:      made.PhoneLink,
		WalletURI: made.Link,
		OfferURI:  made.OfferURI,
		Offer:     made.Offer,
		TxCode:    made.TxCode,
		Revoked:   made.Revoked,
	})
}

func (s *Server) invitations(w http.ResponseWriter, r *http.Request) error {
	found, err := s.desk.Enrolments(r.Context(), r.PathValue("ref"))
	if err != nil {
		return err
	}
	list := make([]enrolment, 0, len(found))
	for _, e := range found {
		list = append(list, newEnrolment(e, s.config.Now()))
	}
	return send(w, http.StatusOK, struct {
		Invitations []enrolment `json:"invitations"`
	}{list})
}

func newEnrolment(e store.Enrolment, now time.Time) enrolment {
	state := "open"
	switch {
	case !e.EndedAt.IsZero():
		state = "ended"
	case !e.RedeemedAt.IsZero():
		state = "enrolled"
	case !e.InvitationExpiresAt.After(now):
		state = "expired"
	}
	return enrolment{
		ID:          e.ID,
		PersonID:    e.PersonID,
		State:       state,
		InvitedBy:   e.By,
		InvitedAt:   e.InvitedAt,
		ExpiresAt:   e.InvitationExpiresAt,
		Attempts:    e.AttemptsLeft,
		RedeemedAt:  e.RedeemedAt,
		KeyID:       e.KeyThumbprint,
		RefreshedBy: e.RefreshExpiresAt,
		EndedAt:     e.EndedAt,
		EndReason:   e.EndReason,
	}
}
