package main

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/verifier"
)

// NonceHeader is the header in which a request repeats the nonce that its badge
// was presented with.
const NonceHeader = "Badge-Nonce"

// Guard lets requests through that carry a badge for remote access, presented
// for this server just now:
//
//	Authorization: Bearer <SD-JWT with a key-binding JWT>
//	Badge-Nonce: <nonce from this server>
//
// The key-binding JWT has the nonce as its nonce and [Guard.Audience] as its aud
// (RFC 9901, section 7.3). Each request needs a nonce of its own.
type Guard struct {
	Verifier *verifier.Verifier
	Nonces   *Nonces
	// Audience is the URL by which holders know this server. It is configuration
	// and never taken from the request: a server in the middle would fill in its
	// own name there, and pass on a proof that was made for it.
	Audience string
}

// ServeNonce answers GET /nonce with what a holder needs for one request.
func (g *Guard) ServeNonce(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{
		"nonce": g.Nonces.New(), "audience": g.Audience, "expires_in": int(NonceLife.Seconds()),
	})
}

// Require is the middleware: next is only called with a badge in the context.
func (g *Guard) Require(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if admitted := g.admit(w, r); admitted != nil {
			next.ServeHTTP(w, admitted)
		}
	})
}

type badgeKey struct{}

// BadgeFrom returns who presented a badge. It is false where the request did not
// pass a [Guard].
func BadgeFrom(ctx context.Context) (*verifier.Badge, bool) {
	badge, ok := ctx.Value(badgeKey{}).(*verifier.Badge)
	return badge, ok
}

// admit returns the request to go on with, or answers it and returns nil.
func (g *Guard) admit(w http.ResponseWriter, r *http.Request) *http.Request {
	presentation, ok := bearer(r.Header.Values("Authorization"))
	if !ok {
		challenge(w, "credential_missing")
		return nil
	}
	// Taken before anything is verified: two requests with one nonce must not
	// both get that far. A nonce that is wasted costs its holder a new one.
	nonce := r.Header.Get(NonceHeader)
	if !g.Nonces.Take(nonce) {
		challenge(w, "nonce_unknown")
		return nil
	}
	decision := g.Verifier.Verify(r.Context(), presentation, verifier.Request{
		Access: credential.Remote, Nonce: nonce, Audience: g.Audience,
	})
	if !decision.Allow {
		answer(w, http.StatusForbidden, map[string]any{"reason": decision.Reason, "decision": decision.ID})
		return nil
	}
	return r.WithContext(context.WithValue(r.Context(), badgeKey{}, decision.Badge))
}

// bearer returns the credential of a request that has exactly one. Of two, a
// proxy in front might have looked at the other.
func bearer(headers []string) (string, bool) {
	if len(headers) != 1 || strings.Contains(headers[0], ",") {
		return "", false
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	return token, strings.EqualFold(scheme, "Bearer") && token != ""
}

// challenge asks for a presentation with a new nonce.
func challenge(w http.ResponseWriter, reason string) {
	w.Header().Set("WWW-Authenticate", `Bearer realm="badge"`)
	answer(w, http.StatusUnauthorized, map[string]any{"reason": reason})
}

func answer(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// A failed write has nobody left to be told.
	_ = json.NewEncoder(w).Encode(body)
}
