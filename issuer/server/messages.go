package server

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// Codes of problems with sending a message again.
const (
	CodeMessageHeld    = "message_held"     // 409: it takes a confirmation
	CodeMessageNotHeld = "message_not_held" // 409: there is nothing to confirm
)

// messageView is a message of the outbox, and what became of it. It holds no
// names and no addresses.
type messageView struct {
	ID          string          `json:"id"`
	Number      int64           `json:"number"`
	PersonID    string          `json:"person_id,omitempty"`
	Kind        notify.Kind     `json:"kind"`
	Channel     notify.Channel  `json:"channel"`
	To          notify.Role     `json:"to"`
	CreatedAt   time.Time       `json:"created_at"`
	DueAt       time.Time       `json:"due_at"`
	Attempts    int             `json:"attempts"`
	State       notify.State    `json:"state"`
	SettledAt   time.Time       `json:"settled_at,omitzero"`
	SentTo      notify.Role     `json:"sent_to,omitempty"` // who really got it
	Instead     notify.Instead  `json:"instead,omitempty"` // why that is not who it was for
	Note        string          `json:"note,omitempty"`
	ConfirmedBy string          `json:"confirmed_by,omitempty"`
	Body        json.RawMessage `json:"body"`
}

func newMessageView(m store.QueuedMessage) messageView {
	return messageView{
		m.ID, m.Number, m.Person, m.Kind, m.Channel, m.To, utc(m.Created), utc(m.Due), m.Attempts,
		m.State, utc(m.Settled), m.SentTo, m.Instead, m.Note, m.ConfirmedBy, m.Body,
	}
}

type messagePage struct {
	Messages []messageView `json:"messages"`
	Next     string        `json:"next,omitempty"`
}

func (s *Server) messages(w http.ResponseWriter, r *http.Request) error {
	asked, err := s.messageQuery(r)
	if err != nil {
		return err
	}
	found, err := s.config.Program.Messages(r.Context(), asked)
	if err != nil {
		return err
	}
	page := messagePage{Messages: make([]messageView, 0, len(found))}
	for _, m := range found {
		page.Messages = append(page.Messages, newMessageView(m))
	}
	if len(found) == asked.Limit {
		page.Next = strconv.FormatInt(found[len(found)-1].Number, 10)
	}
	return send(w, http.StatusOK, page)
}

func (s *Server) messageQuery(r *http.Request) (q store.MessageQuery, err error) {
	if q.Limit, err = pageLimit(r); err != nil {
		return q, err
	}
	if q.After, err = numberCursor(r); err != nil {
		return q, err
	}
	if state := r.URL.Query().Get("state"); state != "" {
		q.States = []notify.State{notify.State(state)}
	}
	if ref := r.URL.Query().Get("person"); ref != "" {
		person, err := s.config.Program.Person(r.Context(), ref)
		if err != nil {
			return q, err
		}
		q.Person = person.ID
	}
	return q, nil
}

// numberCursor reads ?after= of lists that are in the order of numbers.
func numberCursor(r *http.Request) (int64, error) {
	text := r.URL.Query().Get("after")
	if text == "" {
		return 0, nil
	}
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil || number < 0 {
		return 0, badRequest(CodeCursorInvalid, "after is the number behind which the page begins: next of the page before.")
	}
	return number, nil
}

func (s *Server) message(w http.ResponseWriter, r *http.Request) error {
	found, err := s.config.Program.Message(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, newMessageView(found))
}

// resend has a message that is dead delivered again.
func (s *Server) resend(w http.ResponseWriter, r *http.Request) error {
	return s.again(w, r, func(_ caller, m store.QueuedMessage) error {
		if m.State == notify.HeldBack {
			return refuse(http.StatusConflict, CodeMessageHeld, "This one waits because there were too many like it. Look at it, and confirm it if it is right.")
		}
		return nil
	})
}

// confirm has a lock-out that was held carried out.
func (s *Server) confirm(w http.ResponseWriter, r *http.Request) error {
	return s.again(w, r, func(who caller, m store.QueuedMessage) error {
		if m.State != notify.HeldBack {
			return refuse(http.StatusConflict, CodeMessageNotHeld, "This one is %s: there is nothing to confirm.", m.State)
		}
		return who.inPerson()
	})
}

func (s *Server) again(w http.ResponseWriter, r *http.Request, check func(caller, store.QueuedMessage) error) error {
	var call struct{}
	if err := httpserver.DecodeJSON(w, r, MaxBody, &call); err != nil {
		return err
	}
	found, err := s.config.Program.Message(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	who := callerFrom(r.Context())
	if err := check(who, found); err != nil {
		return err
	}
	sent, err := s.config.Program.Resend(r.Context(), found.ID, who.by)
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, newMessageView(sent))
}
