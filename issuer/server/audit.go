package server

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// MaxHeads is how many heads of the chain are compared at once.
const MaxHeads = 100

// eventView is an event with all that its chain is made of: whoever has the
// events can work it out as store.Head.Next says.
type eventView struct {
	Number  int64           `json:"number"`
	At      time.Time       `json:"at"` // to the microsecond
	By      string          `json:"by"`
	Kind    store.EventKind `json:"kind"`
	Subject string          `json:"subject"`
	Detail  json.RawMessage `json:"detail"`
	Chain   string          `json:"chain"` // SHA-256 in hex
}

type eventPage struct {
	Events []eventView `json:"events"`
	Next   string      `json:"next,omitempty"`
}

// headView is a place on the chain.
type headView struct {
	Number int64  `json:"number"`
	Chain  string `json:"chain"`
}

// chainVerdict is what verifying the chain came to.
type chainVerdict struct {
	Intact bool      `json:"intact"`
	Head   *headView `json:"head,omitempty"` // of an intact chain: to be kept elsewhere
	// Number and Why say from which event on the chain is broken.
	Number int64  `json:"number,omitempty"`
	Why    string `json:"why,omitempty"`
}

func (s *Server) events(w http.ResponseWriter, r *http.Request) error {
	limit, err := pageLimit(r)
	if err != nil {
		return err
	}
	after, err := numberCursor(r)
	if err != nil {
		return err
	}
	found, err := s.config.Program.Events(r.Context(), after, limit)
	if err != nil {
		return err
	}
	page := eventPage{Events: make([]eventView, 0, len(found))}
	for _, e := range found {
		page.Events = append(page.Events, eventView{e.Number, utc(e.At), e.By, e.Kind, e.Subject, e.Detail, hex.EncodeToString(e.Chain[:])})
	}
	if len(found) == limit {
		page.Next = strconv.FormatInt(found[limit-1].Number, 10)
	}
	return send(w, http.StatusOK, page)
}

// verifyEvents works the chain out. A broken one is an answer and not a problem:
// the call was right.
func (s *Server) verifyEvents(w http.ResponseWriter, r *http.Request) error {
	known, err := knownHeads(w, r)
	if err != nil {
		return err
	}
	if !take(s.walks) {
		return tooManyWalks()
	}
	defer func() { <-s.walks }()
	head, err := s.config.Program.VerifyEvents(r.Context(), known...)
	var broken *store.ChainError
	if errors.As(err, &broken) {
		s.config.Logger.ErrorContext(r.Context(), "the record of events can't be trusted", "event", broken.Number, "why", broken.Why)
		return send(w, http.StatusOK, chainVerdict{Number: broken.Number, Why: broken.Why})
	}
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, chainVerdict{Intact: true, Head: &headView{head.Number, hex.EncodeToString(head.Chain[:])}})
}

func knownHeads(w http.ResponseWriter, r *http.Request) ([]store.Head, error) {
	var call struct {
		Heads []headView `json:"heads"`
	}
	if err := httpserver.DecodeJSON(w, r, MaxBody, &call); err != nil {
		return nil, err
	}
	if len(call.Heads) > MaxHeads {
		return nil, badRequest(CodeValueInvalid, "There are %d heads, at most %d are compared at once.", len(call.Heads), MaxHeads)
	}
	known := make([]store.Head, 0, len(call.Heads))
	for _, given := range call.Heads {
		head := store.Head{Number: given.Number}
		chain, err := hex.DecodeString(given.Chain)
		if err != nil || len(chain) != len(head.Chain) || given.Number < 0 {
			return nil, badRequest(CodeValueInvalid, "A head is the number of an event, from 0, and its chain: %d characters in hex.", 2*len(head.Chain))
		}
		copy(head.Chain[:], chain)
		known = append(known, head)
	}
	return known, nil
}
