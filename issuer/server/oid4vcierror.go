package server

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/cyberbadge/cyberbadge/internal/problem"
	"github.com/cyberbadge/cyberbadge/issuer/enrol"
)

// Codes for what is our fault. OAuth has them for another endpoint (RFC 6749,
// section 4.1.2.1).
const (
	serverError            enrol.Code = "server_error"
	temporarilyUnavailable enrol.Code = "temporarily_unavailable"
)

// maxDescription bounds an error's description, in bytes. Every reason of a denial
// has to fit, dates included.
const maxDescription = 4000

// endpoint makes an answer speak OAuth where it fails, since a wallet does not
// know problems. malformed is the code for a body that can't be read.
func (s *Server) endpoint(malformed enrol.Code, answer answer) answer {
	return func(w http.ResponseWriter, r *http.Request) error {
		allowAnyOrigin(w)
		w.Header().Set("DPoP-Nonce", s.desk.DPoPNonce())
		err := answer(w, r)
		if err == nil {
			return nil
		}
		var refused *enrol.Error
		if !errors.As(err, &refused) {
			return s.failWallet(w, r, err, malformed)
		}
		return sendRefusal(w, refusalStatus(w, refused, r.URL.Path == s.base+enrol.TokenPath), refused)
	}
}

// refusalStatus is the status for a refusal. Where a token is needed, what is
// wrong with it or its proof stands in a challenge, too (RFC 9449, section 7.1).
func refusalStatus(w http.ResponseWriter, refused *enrol.Error, atToken bool) int {
	switch refused.Code {
	case enrol.InvalidToken, enrol.InvalidDPoPProof, enrol.UseDPoPNonce:
		if atToken {
			break
		}
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`DPoP error="%s", error_description="%s", algs="ES256"`,
			refused.Code, describable(refused.Description)))
		return http.StatusUnauthorized
	}
	return http.StatusBadRequest
}

// failWallet answers what is not the protocol's to say: bodies that can't be
// read, and a store that can't answer.
func (s *Server) failWallet(w http.ResponseWriter, r *http.Request, err error, malformed enrol.Code) error {
	err = known(err)
	p := problem.From(err)
	refused := &enrol.Error{Code: malformed, Description: p.Detail}
	if p.Status >= http.StatusInternalServerError {
		refused.Code = serverError
		s.config.Logger.ErrorContext(r.Context(), "request failed",
			"request_id", w.Header().Get(problem.RequestIDHeader), "status", p.Status, "code", p.Code, "error", err)
	}
	if p.Status == http.StatusServiceUnavailable {
		refused.Code = temporarilyUnavailable
		w.Header().Set("Retry-After", problem.RetryAfter)
	}
	return sendRefusal(w, p.Status, refused)
}

func sendRefusal(w http.ResponseWriter, status int, refused *enrol.Error) error {
	return send(w, status, struct {
		Error       enrol.Code `json:"error"`
		Description string     `json:"error_description,omitempty"`
		URI         string     `json:"error_uri,omitempty"`
	}{refused.Code, describable(refused.Description), refused.URI})
}

// describable puts a question mark in the place of each character that a
// description must not have (RFC 6749, section 5.2), quotes become single ones.
func describable(text string) string {
	text = strings.Map(func(c rune) rune {
		switch {
		case c == '"':
			return '\''
		case c < 0x20 || c > 0x7e || c == '\\':
			return '?'
		}
		return c
	}, text)
	return text[:min(len(text), maxDescription)]
}
