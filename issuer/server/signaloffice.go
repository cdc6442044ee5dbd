package server

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/issuer/signal"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// receiverView is a receiver of signals as the office sees it.
type receiverView struct {
	Name          string      `json:"name"`
	Audience      string      `json:"audience"`
	Algorithm     string      `json:"algorithm"`
	SubjectFormat string      `json:"subject_format"`
	Events        []string    `json:"events"`
	ChosenOnly    bool        `json:"chosen_only"`
	Badges        bool        `json:"badges"`
	CreatedBy     string      `json:"created_by"`
	CreatedAt     time.Time   `json:"created_at"`
	Stream        *streamView `json:"stream,omitempty"` // absent until the receiver made one
}

// streamView is a stream and how it is doing. The Authorization header that it is
// pushed with is never told.
type streamView struct {
	ID          string    `json:"stream_id"`
	Method      string    `json:"method"`
	Endpoint    string    `json:"endpoint_url,omitempty"`
	Delivered   []string  `json:"events_delivered"`
	Description string    `json:"description,omitempty"`
	Status      string    `json:"status"`
	Reason      string    `json:"reason,omitempty"`
	ByOffice    bool      `json:"by_office"`
	CreatedAt   time.Time `json:"created_at"`
	Waiting     int       `json:"waiting"`
	Oldest      time.Time `json:"waiting_since,omitzero"`
	Refused     int       `json:"refused"`
	Lost        int64     `json:"given_up"`
	TakenAt     time.Time `json:"taken_at,omitzero"`
	Failures    int       `json:"failures"`
	RetryAt     time.Time `json:"retry_at,omitzero"`
	Trouble     string    `json:"trouble,omitempty"`
}

func newReceiverView(s signal.ReceiverState) receiverView {
	r := s.For
	view := receiverView{
		Name: r.Name, Audience: r.Audience, Algorithm: string(r.Algorithm), SubjectFormat: string(r.SubjectFormat),
		Events: r.Events, ChosenOnly: !r.Everybody, Badges: r.Badges, CreatedBy: r.By, CreatedAt: utc(r.CreatedAt),
	}
	if s.ID == "" {
		return view
	}
	view.Stream = &streamView{
		ID: s.ID, Method: signal.Push, Endpoint: s.Endpoint, Delivered: append([]string{}, s.Delivered...), Description: s.Description,
		Status: string(s.Status), Reason: s.Reason, ByOffice: s.ByOffice, CreatedAt: utc(s.CreatedAt),
		Waiting: s.Waiting, Oldest: utc(s.Oldest), Refused: s.Refused, Lost: s.Lost,
		TakenAt: utc(s.TakenAt), Failures: s.Failures, RetryAt: utc(s.RetryAt), Trouble: s.Trouble,
	}
	if s.Endpoint == "" {
		view.Stream.Method = signal.Poll
	}
	return view
}

func (s *Server) signalReceivers(w http.ResponseWriter, r *http.Request) error {
	all, err := s.config.Signals.Receivers(r.Context())
	if err != nil {
		return err
	}
	list := make([]receiverView, len(all))
	for i, one := range all {
		list[i] = newReceiverView(one)
	}
	return send(w, http.StatusOK, struct {
		Receivers []receiverView `json:"receivers"`
	}{list})
}

// refusedView is a signal that its receiver refused for good.
type refusedView struct {
	ID       string    `json:"jti"`
	Type     string    `json:"type"`
	QueuedAt time.Time `json:"queued_at"`
	Refusals int       `json:"refusals"`
	Note     string    `json:"note"`
}

// receiverWhole is a receiver with what it refused.
type receiverWhole struct {
	receiverView
	Refused []refusedView `json:"refused"`
}

func (s *Server) signalReceiver(w http.ResponseWriter, r *http.Request) error {
	one, err := s.config.Signals.Receiver(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	view := receiverWhole{newReceiverView(one), []refusedView{}}
	if one.ID == "" {
		return send(w, http.StatusOK, view)
	}
	refused, err := s.config.Signals.Refused(r.Context(), one.ID)
	if err != nil {
		return err
	}
	for _, q := range refused {
		view.Refused = append(view.Refused, refusedView{q.ID, q.Type, utc(q.QueuedAt), q.Refusals, q.Note})
	}
	return send(w, http.StatusOK, view)
}

// addedReceiver is the only answer that holds the token.
type addedReceiver struct {
	receiverView
	TokenID   string    `json:"token_id"`
	ExpiresAt time.Time `json:"token_expires_at"`
	Secret    string    `json:"token"`
}

// addSignalReceiver registers a receiver, and makes its token.
func (s *Server) addSignalReceiver(w http.ResponseWriter, r *http.Request) error {
	var call struct {
		Name          string                    `json:"name"`
		Audience      string                    `json:"audience"`
		Algorithm     store.SignalAlgorithm     `json:"algorithm"`
		SubjectFormat store.SignalSubjectFormat `json:"subject_format"`
		Events        []string                  `json:"events"`
		ChosenOnly    bool                      `json:"chosen_only"`
		Badges        bool                      `json:"badges"`
	}
	if err := httpserver.DecodeJSON(w, r, MaxBody, &call); err != nil {
		return err
	}
	who := callerFrom(r.Context())
	if err := who.inPerson(); err != nil {
		return err
	}
	added, err := s.config.Signals.Register(r.Context(), signal.Registration{
		Name: call.Name, Audience: call.Audience, Algorithm: call.Algorithm, SubjectFormat: call.SubjectFormat,
		Events: call.Events, ChosenOnly: call.ChosenOnly, Badges: call.Badges, By: who.by,
	})
	if err != nil {
		return err
	}
	secret := newToken()
	now := s.config.Now().UTC().Truncate(time.Microsecond)
	token := store.Token{
		ID: rand.Text(), Name: added.Name, Hash: sha256.Sum256([]byte(secret)), Scopes: []string{string(ScopeSignals)},
		By: who.by, CreatedAt: now, ExpiresAt: now.AddDate(0, 0, MaxTokenDays),
	}
	if err := s.keepToken(r.Context(), token); err != nil {
		return errors.Join(err, s.config.Signals.Remove(r.Context(), added.Name, who.by))
	}
	return private(w, http.StatusCreated, addedReceiver{newReceiverView(signal.ReceiverState{For: added}), token.ID, token.ExpiresAt, secret})
}

// removeSignalReceiver forgets a receiver and ends its tokens, these first: a token
// without a receiver opens nothing.
func (s *Server) removeSignalReceiver(w http.ResponseWriter, r *http.Request) error {
	who := callerFrom(r.Context())
	if err := who.inPerson(); err != nil {
		return err
	}
	name := r.PathValue("name")
	if _, err := s.config.Signals.Receiver(r.Context(), name); err != nil {
		return err
	}
	all, err := s.config.Tokens.Tokens(r.Context())
	if err != nil {
		return err
	}
	for _, token := range all {
		if token.Name != name || !slices.Contains(token.Scopes, string(ScopeSignals)) {
			continue
		}
		if err := s.config.Tokens.RevokeToken(r.Context(), token.ID, who.by); err != nil {
			return err
		}
	}
	if err := s.config.Signals.Remove(r.Context(), name, who.by); err != nil {
		return err
	}
	return bare(w, http.StatusNoContent)
}

func (s *Server) pauseSignals(w http.ResponseWriter, r *http.Request) error {
	return s.setSignals(w, r, func(name, reason, by string, disable bool) error {
		to := store.SignalPaused
		if disable {
			to = store.SignalDisabled
		}
		return s.config.Signals.Hold(r.Context(), name, to, reason, by)
	})
}

func (s *Server) resumeSignals(w http.ResponseWriter, r *http.Request) error {
	return s.setSignals(w, r, func(name, reason, by string, _ bool) error {
		return s.config.Signals.Resume(r.Context(), name, reason, by)
	})
}

func (s *Server) setSignals(w http.ResponseWriter, r *http.Request, set func(name, reason, by string, disable bool) error) error {
	var call struct {
		Reason  string `json:"reason"` // told to the receiver
		Disable bool   `json:"disable"`
	}
	if err := httpserver.DecodeJSON(w, r, MaxBody, &call); err != nil {
		return err
	}
	name := r.PathValue("name")
	if err := set(name, call.Reason, callerFrom(r.Context()).by, call.Disable); err != nil {
		return err
	}
	one, err := s.config.Signals.Receiver(r.Context(), name)
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, newReceiverView(one))
}

func (s *Server) resendSignals(w http.ResponseWriter, r *http.Request) error {
	if err := httpserver.DecodeJSON(w, r, MaxBody, new(struct{})); err != nil {
		return err
	}
	n, err := s.config.Signals.Requeue(r.Context(), r.PathValue("name"), callerFrom(r.Context()).by)
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, struct {
		Signals int `json:"signals"`
	}{n})
}

// rotateSignalKey makes an RSA key that signs from now on. Those for ES256 have a life
// of their own, under /v1/keys.
func (s *Server) rotateSignalKey(w http.ResponseWriter, r *http.Request) error {
	if err := httpserver.DecodeJSON(w, r, MaxBody, new(struct{})); err != nil {
		return err
	}
	if err := callerFrom(r.Context()).inPerson(); err != nil {
		return err
	}
	if err := s.config.Signals.RotateRSAKey(); err != nil {
		return err
	}
	return bare(w, http.StatusNoContent)
}
