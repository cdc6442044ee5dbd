package server

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
)

func (s *Server) verify(w http.ResponseWriter, r *http.Request) error {
	// Addresses are logged and kept by everything on the way: a presentation
	// does not belong there, and nothing else has a meaning there.
	if r.URL.RawQuery != "" {
		return badRequest(CodeQueryNotAllowed, "This call takes no query. Send everything in the body, the presentation above all.")
	}
	body, err := httpserver.ReadBody(w, r, MaxBody, "application/json")
	if err != nil {
		return err
	}
	call, err := parseCall(body)
	if err != nil {
		return err
	}
	request, err := call.request()
	if err != nil {
		return err
	}
	decision, decided := s.decide(r.Context(), verifyRoute, call.presentation, request)
	if !decided {
		return overloaded(w)
	}
	return answerJSON(w, http.StatusOK, &decision)
}

func answerJSON(w http.ResponseWriter, status int, content any) error {
	body, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("verifier/server: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A failed write has nobody left to be told.
	_, _ = w.Write(body)
	return nil
}
