package server

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"slices"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	officers "github.com/cyberbadge/cyberbadge/issuer/office"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// How long a token may live.
const (
	DefaultTokenDays = 90
	MaxTokenDays     = 365
)

// token is an API token without its secret.
type token struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Scopes    []string  `json:"scopes"`
	CreatedBy string    `json:"created_by"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
	RevokedAt time.Time `json:"revoked_at,omitzero"`
	// LastUsedAt is to within a minute; absent for one that never was.
	LastUsedAt time.Time `json:"last_used_at,omitzero"`
}

// addedToken is the only answer that ever holds the secret.
type addedToken struct {
	token
	Secret string `json:"token"`
}

type tokenRequest struct {
	Name          string  `json:"name"`
	Scopes        []Scope `json:"scopes"`
	ExpiresInDays *int    `json:"expires_in_days"`
}

func newTokenView(t store.Token, used time.Time) token {
	return token{t.ID, t.Name, t.Scopes, t.By, t.CreatedAt, t.ExpiresAt, t.RevokedAt, used}
}

func (s *Server) tokens(w http.ResponseWriter, r *http.Request) error {
	all, err := s.config.Tokens.Tokens(r.Context())
	if err != nil {
		return err
	}
	used, err := s.officers.use.Last(r.Context())
	if err != nil {
		return err
	}
	list := make([]token, 0, len(all))
	for _, t := range all {
		list = append(list, newTokenView(t, used[t.ID]))
	}
	return send(w, http.StatusOK, struct {
		Tokens []token `json:"tokens"`
	}{list})
}

func (s *Server) addToken(w http.ResponseWriter, r *http.Request) error {
	var request tokenRequest
	if err := httpserver.DecodeJSON(w, r, MaxBody, &request); err != nil {
		return err
	}
	who := callerFrom(r.Context())
	days, err := request.check(w, who)
	if err != nil {
		return err
	}
	secret := newToken()
	now := s.config.Now().UTC().Truncate(time.Microsecond)
	added := store.Token{
		ID:        rand.Text(),
		Name:      request.Name,
		Hash:      sha256.Sum256([]byte(secret)),
		By:        who.by,
		CreatedAt: now,
		ExpiresAt: now.AddDate(0, 0, days),
	}
	for _, scope := range request.Scopes {
		added.Scopes = append(added.Scopes, string(scope))
	}
	if err := s.keepToken(r.Context(), added); err != nil {
		return err
	}
	s.config.Logger.InfoContext(r.Context(), "token added", "token", added.ID, "scopes", added.Scopes, "by", who.by)
	return send(w, http.StatusCreated, addedToken{newTokenView(added, time.Time{}), secret})
}

// keepToken adds a token unless its name has as many as it may.
func (s *Server) keepToken(ctx context.Context, added store.Token) error {
	s.officers.adding.Lock()
	defer s.officers.adding.Unlock()
	all, err := s.config.Tokens.Tokens(ctx)
	if err != nil {
		return err
	}
	if err := officers.CheckName(all, added.Name, added.CreatedAt); err != nil {
		return err
	}
	return s.config.Tokens.AddToken(ctx, added)
}

// check returns how many days the token is to live. A caller gives no scope that
// the caller lacks, or a token for making tokens would be a token for everything.
func (t *tokenRequest) check(w http.ResponseWriter, who caller) (int, error) {
	for _, scope := range t.Scopes {
		if !slices.Contains(Scopes(), scope) {
			return 0, badRequest(CodeScopeUnknown, "There is no scope %.64q.", string(scope))
		}
		if err := who.need(w, scope); err != nil {
			return 0, err
		}
	}
	if t.ExpiresInDays == nil {
		return DefaultTokenDays, nil
	}
	if *t.ExpiresInDays < 1 || *t.ExpiresInDays > MaxTokenDays {
		return 0, badRequest(CodeValueInvalid, "expires_in_days is a whole number from 1 to %d.", MaxTokenDays)
	}
	return *t.ExpiresInDays, nil
}

// revokeToken ends a token. Anybody with the scope may end any: taking away is
// the safe side.
func (s *Server) revokeToken(w http.ResponseWriter, r *http.Request) error {
	id, by := r.PathValue("id"), callerFrom(r.Context()).by
	if err := s.config.Tokens.RevokeToken(r.Context(), id, by); err != nil {
		return err
	}
	s.config.Logger.InfoContext(r.Context(), "token revoked", "token", id, "by", by)
	w.WriteHeader(http.StatusNoContent)
	return nil
}
