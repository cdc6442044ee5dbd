package server

import (
	"net/http"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/revocation/bundle"
)

func (s *Server) bundleRoutes() []route {
	return []route{
		{"POST", "/v1/bundles", ScopeProgramWrite, nil, s.draftBundle},
		{"GET", s.base + issuer.TrustBundlePath, "", nil, s.trustBundle.serve},
		preflight(s.base + issuer.TrustBundlePath),
	}
}

// draftBundle answers with all of a bundle but the signature: the root key is not
// here.
func (s *Server) draftBundle(w http.ResponseWriter, r *http.Request) error {
	var call struct {
		Customer     string `json:"customer"`
		Life         int64  `json:"life_seconds"`
		MaxStatusAge int64  `json:"max_status_age_seconds"`
		TrustOnly    bool   `json:"trust_only"`
		Portraits    bool   `json:"portraits"`
	}
	if err := httpserver.DecodeJSON(w, r, MaxBody, &call); err != nil {
		return err
	}
	life, err := seconds("life_seconds", call.Life)
	if err != nil {
		return err
	}
	maxAge, err := seconds("max_status_age_seconds", call.MaxStatusAge)
	if err != nil {
		return err
	}
	made, err := s.config.Program.Bundle(r.Context(), issuer.BundleRequest{
		Customer: call.Customer, Life: life, MaxStatusAge: maxAge,
		TrustOnly: call.TrustOnly, Portraits: call.Portraits, By: callerFrom(r.Context()).by,
	})
	if err != nil {
		return err
	}
	draft, err := bundle.Draft(made)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", bundle.DraftMediaType)
	w.WriteHeader(http.StatusCreated)
	// A failed write has nobody left to be told.
	_, _ = w.Write([]byte(draft))
	return nil
}

// seconds bounds what is multiplied, so that no number wraps around to a good one.
func seconds(name string, n int64) (time.Duration, error) {
	if limit := int64(bundle.MaxLife / time.Second); n < 0 || n > limit {
		return 0, badRequest(CodeValueInvalid, "%s is %d; give 0 to %d", name, n, limit)
	}
	return time.Duration(n) * time.Second, nil
}
