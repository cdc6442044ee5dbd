package store

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"
)

// TokenReader answers who is calling.
type TokenReader interface {
	// TokenByHash returns the token with this hash if it may be used at the
	// given instant. Unknown, revoked, not yet created and expired are all
	// ErrNotFound, so that none of them can be let in by oversight.
	TokenByHash(ctx context.Context, hash [sha256.Size]byte, at time.Time) (Token, error)

	// Tokens returns every token that was not purged, the oldest first.
	Tokens(ctx context.Context) ([]Token, error)
}

// TokenWriter gives and takes API tokens.
type TokenWriter interface {
	// AddToken keeps a new token. An id or a hash that was used before is
	// ErrAlreadyExists.
	AddToken(ctx context.Context, t Token) error

	// RevokeToken ends a token at once and for good. Idempotent: the first
	// revocation's time stays. ErrNotFound for an unknown id.
	RevokeToken(ctx context.Context, id, by string) error
}

// Token is an API token without its secret.
type Token struct {
	ID        string
	Name      string            // for people
	Hash      [sha256.Size]byte // of the secret
	Scopes    []string
	By        string // who created it
	CreatedAt time.Time
	ExpiresAt time.Time
	RevokedAt time.Time // zero until revoked; not read by AddToken
}

// Usable reports whether the token opens doors at the given instant.
func (t Token) Usable(at time.Time) bool {
	return t.RevokedAt.IsZero() && !at.Before(t.CreatedAt) && at.Before(t.ExpiresAt)
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (t Token) Validate() error {
	c := checker{of: fmt.Sprintf("token %.64q", t.ID)}
	c.required("id", t.ID)
	c.required("name", t.Name)
	c.required("by", t.By)
	c.words("scopes", t.Scopes)
	if t.Hash == ([sha256.Size]byte{}) {
		c.fail("the hash of the secret is missing")
	}
	c.requiredTime("time of creation", t.CreatedAt)
	c.requiredTime("expiry", t.ExpiresAt)
	if !t.ExpiresAt.After(t.CreatedAt) {
		c.fail("it expires before it is created")
	}
	return c.err
}
