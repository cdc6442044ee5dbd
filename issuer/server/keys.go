package server

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/internal/problem"
	"github.com/cyberbadge/cyberbadge/issuer"
	officers "github.com/cyberbadge/cyberbadge/issuer/office"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// Codes of the problems with keys.
const (
	CodeKeyTooNew      = "key_too_new"      // 409: not published for long enough to sign
	CodeKeyNoSuccessor = "key_no_successor" // 409: none could take over from the one that signs
	CodeKeyRefused     = "key_refused"      // 409: this key, or this program, can't do that
	CodeKeyMissing     = "key_missing"      // 503: no key is active that could sign
)

func (s *Server) keyRoutes() []route {
	return []route{
		{"GET", "/v1/keys", ScopeProgramRead, nil, s.keys},
		{"POST", "/v1/keys", ScopeProgramWrite, nil, s.prepareKey},
		{"POST", "/v1/keys/:id/activate", ScopeProgramWrite, nil, s.changeKey(s.mayChangeKeys, (*issuer.Program).ActivateKey)},
		{"POST", "/v1/keys/:id/retire", ScopeProgramWrite, nil, s.changeKey(s.mayChangeKeys, (*issuer.Program).RetireKey)},
		{"POST", "/v1/keys/:id/revoke", ScopeProgramWrite, nil, s.changeKey(s.mayChangeKeys, (*issuer.Program).RevokeKey)},
		{"POST", "/v1/keys/:id/taint", ScopeProgramWrite, nil, s.changeKey(mayStopKeys, (*issuer.Program).TaintKey)},
	}
}

// keyView is a key and what rests on it.
type keyView struct {
	ID          string    `json:"kid"`
	Purpose     string    `json:"purpose"`
	State       string    `json:"state"`
	LiveBadges  int       `json:"live_badges"`
	PreparedAt  time.Time `json:"prepared_at"`
	UsableAt    time.Time `json:"usable_at,omitzero"` // from when on a prepared one may be activated
	ActivatedAt time.Time `json:"activated_at,omitzero"`
	RetiredAt   time.Time `json:"retired_at,omitzero"`
	RemovedAt   time.Time `json:"removed_at,omitzero"`
	TaintedAt   time.Time `json:"tainted_at,omitzero"`
	RevokedAt   time.Time `json:"revoked_at,omitzero"`
	By          string    `json:"by"`
	Reason      string    `json:"reason,omitempty"`
}

func newKeyView(k store.Key) keyView {
	return keyView{
		ID: k.ID, Purpose: string(k.Purpose), State: string(k.State), PreparedAt: utc(k.PreparedAt), ActivatedAt: utc(k.ActivatedAt),
		RetiredAt: utc(k.RetiredAt), RemovedAt: utc(k.RemovedAt), TaintedAt: utc(k.TaintedAt), RevokedAt: utc(k.RevokedAt),
		By: k.By, Reason: k.Reason,
	}
}

func newKeyStatusView(k issuer.KeyStatus) keyView {
	view := newKeyView(k.Key)
	view.LiveBadges, view.UsableAt = k.Live, utc(k.UsableAt)
	return view
}

func (s *Server) keys(w http.ResponseWriter, r *http.Request) error {
	all, err := s.config.Program.Keys(r.Context())
	if err != nil {
		return err
	}
	list := make([]keyView, len(all))
	for i, k := range all {
		list[i] = newKeyStatusView(k)
	}
	return send(w, http.StatusOK, struct {
		Keys []keyView `json:"keys"`
	}{list})
}

func (s *Server) prepareKey(w http.ResponseWriter, r *http.Request) error {
	var call struct {
		Purpose store.KeyPurpose `json:"purpose"`
		Reason  string           `json:"reason"`
	}
	if err := httpserver.DecodeJSON(w, r, MaxBody, &call); err != nil {
		return err
	}
	if err := s.mayChangeKeys(r.Context()); err != nil {
		return err
	}
	made, err := s.config.Program.PrepareKey(r.Context(), call.Purpose, call.Reason, callerFrom(r.Context()).by)
	if err != nil {
		return err
	}
	return send(w, http.StatusCreated, newKeyStatusView(made))
}

// changeKey takes a key a step on, for who may.
func (s *Server) changeKey(may func(context.Context) error, step func(*issuer.Program, context.Context, issuer.KeyRequest) (issuer.KeyChanged, error)) answer {
	return func(w http.ResponseWriter, r *http.Request) error {
		var call struct {
			Reason           string `json:"reason"`
			Now              bool   `json:"now"`
			WithoutSuccessor bool   `json:"without_successor"`
		}
		if err := httpserver.DecodeJSON(w, r, MaxBody, &call); err != nil {
			return err
		}
		if err := may(r.Context()); err != nil {
			return err
		}
		done, err := step(s.config.Program, r.Context(), issuer.KeyRequest{
			ID: r.PathValue("id"), By: callerFrom(r.Context()).by,
			Reason: call.Reason, Now: call.Now, WithoutSuccessor: call.WithoutSuccessor,
		})
		if err != nil {
			return err
		}
		list := make([]keyView, len(done.Keys))
		for i, k := range done.Keys {
			list[i] = newKeyView(k)
		}
		return send(w, http.StatusOK, struct {
			Keys          []keyView `json:"keys"`
			BadgesRevoked int       `json:"badges_revoked"`
		}{list, done.Revoked})
	}
}

// mayChangeKeys has a change of the keys take two where there are officers, and the
// operator where there are none.
func (s *Server) mayChangeKeys(ctx context.Context) error {
	who := callerFrom(ctx)
	if s.config.Office == nil || who.operator {
		return who.inPerson()
	}
	return refuse(http.StatusConflict, string(officers.ProposalRequired),
		"Changing the keys takes two: propose it as %s, and have an admin approve it.", officers.KeyChange)
}

// mayStopKeys has one person do: stopping must not wait for a second pair of eyes.
func mayStopKeys(ctx context.Context) error { return callerFrom(ctx).inPerson() }

// refusedKey is the answer to an error of a program about its keys; nil for others.
func refusedKey(err error) error {
	var tooNew *issuer.KeyTooNewError
	switch {
	case errors.As(err, &tooNew):
		return told(http.StatusConflict, CodeKeyTooNew, tooNew)
	case errors.Is(err, issuer.ErrNoSuccessor):
		return told(http.StatusConflict, CodeKeyNoSuccessor, err)
	case errors.Is(err, issuer.ErrRootKey), errors.Is(err, issuer.ErrNoPrivateKeys), errors.Is(err, issuer.ErrTooManyKeys):
		return told(http.StatusConflict, CodeKeyRefused, err)
	case errors.Is(err, issuer.ErrNoKey), errors.Is(err, store.ErrKeyInactive):
		return told(http.StatusServiceUnavailable, CodeKeyMissing, issuer.ErrNoKey)
	}
	return nil
}

// keyHolder is a program as the office has keys changed.
type keyHolder struct{ program *issuer.Program }

// Keys implements [officers.KeyHolder].
func (h keyHolder) Keys(ctx context.Context) ([]store.Key, error) {
	all, err := h.program.Keys(ctx)
	keys := make([]store.Key, len(all))
	for i, k := range all {
		keys[i] = k.Key
	}
	return keys, err
}

// ChangeKey implements [officers.KeyHolder].
func (h keyHolder) ChangeKey(ctx context.Context, step officers.KeyStep, reason, by string) (err error) {
	request := issuer.KeyRequest{ID: step.KeyID, Now: step.Now, Reason: reason, By: by}
	switch step.To {
	case store.KeyPrepared:
		_, err = h.program.PrepareKey(ctx, step.Purpose, reason, by)
	case store.KeyActive:
		_, err = h.program.ActivateKey(ctx, request)
	case store.KeyRetired:
		_, err = h.program.RetireKey(ctx, request)
	case store.KeyRevoked:
		_, err = h.program.RevokeKey(ctx, request)
	}
	var refused *problem.Error
	if errors.As(refusedKey(err), &refused) && refused.Status == http.StatusConflict {
		return &officers.RefusedError{Reason: officers.Invalid, Detail: refused.Detail, Err: err}
	}
	return err
}
