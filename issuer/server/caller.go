package server

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	officers "github.com/cyberbadge/cyberbadge/issuer/office"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// Scope is what a token may be used for.
type Scope string

// The scopes.
const (
	ScopeImport       Scope = "import"
	ScopePeopleRead   Scope = "people:read"
	ScopeStandingRead Scope = "standing:read"
	ScopeBadgesIssue  Scope = "badges:issue"
	ScopeBadgesRead   Scope = "badges:read"
	ScopeBadgesRevoke Scope = "badges:revoke" // revoke, suspend and reinstate
	ScopeTokens       Scope = "tokens"        // see, add and revoke tokens
	ScopeOfficers     Scope = "officers"      // see who is an officer
	ScopeProposals    Scope = "proposals"     // see, make and withdraw what takes two; approving takes an admin in person
	ScopeSCIM         Scope = "scim"          // provision people; for identity providers

	ScopeEvidenceWrite Scope = "evidence:write" // push training; for learning systems

	ScopeCases Scope = "cases" // see customers' concerns, decide on them, and suspend on them

	ScopeSignals Scope = "signals" // have security events; for the receivers that the office registered
)

// Scopes returns every scope.
func Scopes() []Scope {
	return []Scope{
		ScopeImport, ScopePeopleRead, ScopeStandingRead, ScopeBadgesIssue, ScopeBadgesRead, ScopeBadgesRevoke, ScopeTokens, ScopeSCIM,
		ScopeEvidenceWrite,
		ScopeOfficers, ScopeProposals, ScopeCases,
		ScopeProgramRead, ScopeProgramWrite, ScopePeopleErase, ScopeAuditRead, ScopeSignals,
	}
}

// OperatorHeader names the operator to [Server.Local], for the record: one to
// [MaxOperator] letters, digits, ".", "_" and "-". Elsewhere it means nothing.
const (
	OperatorHeader = "Cyberbadge-Operator"
	MaxOperator    = 64
)

// A token's text: the prefix, by which secret scanners know it, and 32 random
// bytes in base64url.
const (
	tokenPrefix = "cb_"
	tokenBytes  = 32
	tokenLength = len(tokenPrefix) + 43
)

// challenge tells a caller how to authenticate (RFC 6750, section 3).
const challenge = `Bearer realm="cyberbadge"`

// caller is who calls.
type caller struct {
	by       string // for the record: "token:<id>", "officer:<id>", "local" or "local:<name>"
	name     string // of the token
	scopes   []Scope
	session  *officers.Identity // of an officer in person
	operator bool
}

// identity says who calls, or refuses.
type identity func(http.ResponseWriter, *http.Request) (caller, error)

type callerKey struct{}

func withCaller(ctx context.Context, c caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// callerFrom returns who called a route that has a scope.
func callerFrom(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

func (c caller) has(scope Scope) bool { return slices.Contains(c.scopes, scope) }

// need refuses a caller without the scope.
func (c caller) need(w http.ResponseWriter, scope Scope) error {
	if c.has(scope) {
		return nil
	}
	w.Header().Set("WWW-Authenticate", fmt.Sprintf(`%s, error="insufficient_scope", scope="%s"`, challenge, scope))
	return refuse(http.StatusForbidden, CodeScopeMissing, "%s lacks the scope %s. Use one that has it.", c.whose(), scope)
}

// localCaller is the operator, on the operator's own machine.
func localCaller(_ http.ResponseWriter, r *http.Request) (caller, error) {
	by := "local"
	switch names := r.Header.Values(OperatorHeader); {
	case len(names) == 1 && isOperator(names[0]):
		by = "local:" + names[0]
	case len(names) > 0:
		return caller{}, refuse(http.StatusBadRequest, CodeOperatorInvalid,
			"%s names one operator in 1 to %d letters, digits, dots, hyphens and underscores.", OperatorHeader, MaxOperator)
	}
	return caller{by: by, scopes: Scopes(), operator: true}, nil
}

func isOperator(name string) bool {
	if name == "" || len(name) > MaxOperator {
		return false
	}
	for _, c := range []byte(name) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && !(c >= '0' && c <= '9') && c != '.' && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// tokenCaller is whoever the call's API token was made for.
func (s *Server) tokenCaller(w http.ResponseWriter, r *http.Request) (caller, error) {
	secret, err := bearer(w, r)
	if err != nil {
		return caller{}, err
	}
	token, err := s.config.Tokens.TokenByHash(r.Context(), sha256.Sum256([]byte(secret)), s.config.Now())
	if errors.Is(err, store.ErrNotFound) {
		return caller{}, notGood(w)
	}
	if err != nil {
		return caller{}, err
	}
	s.officers.use.Touch(r.Context(), token.ID, s.config.Now())
	c := caller{by: "token:" + token.ID, name: token.Name}
	for _, scope := range token.Scopes {
		c.scopes = append(c.scopes, Scope(scope))
	}
	return c, nil
}

// bearer returns the token in the call's only Authorization header. With two,
// or two in one, a proxy in front may have looked at the other.
func bearer(w http.ResponseWriter, r *http.Request) (string, error) {
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		w.Header().Set("WWW-Authenticate", challenge)
		return "", refuse(http.StatusUnauthorized, CodeCredentialMissing,
			"Send an API token as Authorization: Bearer %s….", tokenPrefix)
	}
	if len(headers) > 1 || strings.Contains(headers[0], ",") {
		return "", refuse(http.StatusBadRequest, CodeCredentialAmbiguous, "Send one Authorization header with one token in it.")
	}
	scheme, secret, _ := strings.Cut(headers[0], " ")
	if !strings.EqualFold(scheme, "Bearer") || !isToken(secret) {
		return "", notGood(w)
	}
	return secret, nil
}

// notGood is one answer to all tokens that open nothing, so that nobody learns
// which of them once did.
func notGood(w http.ResponseWriter) error {
	w.Header().Set("WWW-Authenticate", challenge+`, error="invalid_token"`)
	return refuse(http.StatusUnauthorized, CodeCredentialInvalid,
		"The token is unknown, expired or revoked. Ask the program office for a new one.")
}

// newToken returns the text of a token. rand.Read never fails.
func newToken() string {
	var secret [tokenBytes]byte
	_, _ = rand.Read(secret[:])
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(secret[:])
}

// isToken reports whether the text has a token's form.
func isToken(text string) bool {
	if len(text) != tokenLength || !strings.HasPrefix(text, tokenPrefix) {
		return false
	}
	_, err := base64.RawURLEncoding.Strict().DecodeString(text[len(tokenPrefix):])
	return err == nil
}

// refuseMisplacedToken answers calls that carry a token in their address, where
// everything on the way logs it. Nothing is done with the token: it is burnt.
func (s *Server) refuseMisplacedToken(c *gin.Context) {
	address := c.Request.URL
	named := namesToken(address.RawQuery) && !s.isWalletEndpoint(address.Path) // which has an answer of its own
	if !holdsToken(address.Path) && !holdsToken(address.RawQuery) && !named {
		return
	}
	httpserver.SetRoute(c.Request.Context(), "misplaced token")
	s.fail(c.Writer, c.Request, refuse(http.StatusBadRequest, CodeCredentialMisplaced,
		"A token in an address ends up in logs. Revoke it, make a new one, and send that in the Authorization header."))
	c.Writer.WriteHeaderNow()
	c.Abort()
}

func holdsToken(text string) bool {
	for {
		at := strings.Index(text, tokenPrefix)
		if at < 0 {
			return false
		}
		text = text[at:]
		if len(text) >= tokenLength && isToken(text[:tokenLength]) {
			return true
		}
		text = text[len(tokenPrefix):]
	}
}

// namesToken reports the query parameter of RFC 6750, section 2.3.
func namesToken(query string) bool {
	return strings.HasPrefix(query, "access_token=") || strings.Contains(query, "&access_token=")
}
