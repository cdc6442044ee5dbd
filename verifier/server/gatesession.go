package server

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/internal/problem"
	"github.com/cyberbadge/cyberbadge/verifier/gate"
)

// SessionCookie holds a gate's session. With that prefix browsers take it from
// this very host only, over TLS or on loopback, so nobody else below the domain
// can put another one in its place.
const SessionCookie = "__Host-cyberbadge-gate"

// pairRetryAfter is how many seconds to wait when too many codes were tried.
const pairRetryAfter = "60"

// pair makes the tablet that has the code and the key a gate.
func (g *gates) pair(w http.ResponseWriter, r *http.Request) error {
	var call struct {
		Code string          `json:"code"`
		Key  json.RawMessage `json:"key"`
	}
	if err := httpserver.DecodeJSON(w, r, MaxBody, &call); err != nil {
		return err
	}
	key, err := credential.ParseJWK(call.Key)
	if err != nil {
		return badRequest(CodeKeyInvalid, "Send the public half of a P-256 key as the member key, as a JWK.")
	}
	paired, err := g.desk.Pair(r.Context(), call.Code, key)
	if err != nil {
		return gateProblem(w, err)
	}
	return answerJSON(w, http.StatusCreated, struct {
		Gate gate.Gate `json:"gate"`
	}{g.placed(paired)})
}

// nonce begins a session. It is a POST because each answer is another one.
func (g *gates) nonce(w http.ResponseWriter, r *http.Request) error {
	var call struct{}
	if err := httpserver.DecodeJSON(w, r, MaxBody, &call); err != nil {
		return err
	}
	return answerJSON(w, http.StatusOK, struct {
		Nonce string `json:"nonce"`
	}{g.desk.Nonce()})
}

// open gives a session to who proves to hold a gate's key.
func (g *gates) open(w http.ResponseWriter, r *http.Request) error {
	var call struct {
		Proof string `json:"proof"`
	}
	if err := httpserver.DecodeJSON(w, r, MaxBody, &call); err != nil {
		return err
	}
	session, _, err := g.desk.Open(r.Context(), call.Proof)
	if err != nil {
		return gateProblem(w, err)
	}
	http.SetCookie(w, &http.Cookie{
		Name:     SessionCookie,
		Value:    session,
		Path:     "/",
		MaxAge:   int(gate.SessionLife.Seconds()),
		Secure:   true,
		HttpOnly: true,
		SameSite: http.SameSiteStrictMode,
	})
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// session lets in the gate whose session it is.
func (g *gates) session(next func(http.ResponseWriter, *http.Request, gate.Gate) error) answer {
	return func(w http.ResponseWriter, r *http.Request) error {
		cookies := r.CookiesNamed(SessionCookie)
		// Of two, each reader would pick its own.
		if len(cookies) != 1 {
			return gateProblem(w, gate.ErrNoSession)
		}
		from, err := g.desk.Authenticate(r.Context(), cookies[0].Value)
		if err != nil {
			return gateProblem(w, err)
		}
		return next(w, r, g.placed(from))
	}
}

// gateProblem says what an error of the desk is to a tablet.
func gateProblem(w http.ResponseWriter, err error) error {
	switch {
	case errors.Is(err, gate.ErrKeyRefused):
		return forbidden(CodePairingRefused, "Another gate has this key. Make a new one and send the code again.")
	case errors.Is(err, gate.ErrPairingRefused):
		return forbidden(CodePairingRefused, "This code is unknown, used or too old. Ask for a new one.")
	case errors.Is(err, gate.ErrTooManyAttempts):
		w.Header().Set("Retry-After", pairRetryAfter)
		return refuse(http.StatusTooManyRequests, CodeTooManyAttempts, "Too many codes were tried. Wait a minute.")
	case errors.Is(err, gate.ErrUnknownGate):
		return forbidden(CodeGateUnknown, "This gate is not paired any more. Pair it again.")
	case errors.Is(err, gate.ErrProofRefused):
		return forbidden(CodeGateProofRefused, "The proof is not of this gate's key and a fresh nonce. Ask for a nonce and try again.")
	case errors.Is(err, gate.ErrNoSession):
		return refuse(http.StatusUnauthorized, CodeGateSessionMissing, "There is no session. Open one with a proof of the gate's key.")
	case errors.Is(err, gate.ErrPolicyUnknown):
		return &problem.Error{
			Status: http.StatusServiceUnavailable,
			Code:   CodeGatePolicyUnknown,
			Detail: "The service does not have the policy any more that this gate was paired with. Tell the operator.",
			Err:    err,
		}
	}
	return err
}
