package office

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// A session's secret: the prefix, and 32 random bytes in base64url. Only its
// SHA-256 is kept.
const (
	sessionPrefix = "cbs_"
	sessionLength = len(sessionPrefix) + 43
)

// Identity is an officer with a session.
type Identity struct {
	Officer Officer
	Role    Role
	Session Session
}

// Actor is the identity as the one who does something.
func (i Identity) Actor() Actor {
	return Actor{By: "officer:" + i.Officer.ID, OfficerID: i.Officer.ID, Role: i.Role, SignedIn: true, AuthenticatedAt: i.Session.AuthenticatedAt}
}

// Authenticate returns whose session it is. Where the list decides, the role is
// the list's at this moment; else it is what the provider said at sign-in. A
// session that is unknown, ended, expired or was not used for too long, and one
// of somebody who is no officer any more, are all session_missing.
func (o *Office) Authenticate(ctx context.Context, secret string) (Identity, error) {
	if !isSession(secret) {
		return Identity{}, noSession()
	}
	now := o.config.Now()
	hash := sha256.Sum256([]byte(secret))
	session, officer, err := o.config.Records.SessionByHash(ctx, hash, now)
	if errors.Is(err, store.ErrNotFound) {
		return Identity{}, noSession()
	}
	if err != nil {
		return Identity{}, err
	}
	role := session.Role
	if o.Lists() {
		role = officer.Role
	}
	// The configuration may have changed since.
	if !role.Known() || officer.Issuer != o.config.Issuer || now.Sub(session.SeenAt) >= o.config.Idle {
		return Identity{}, noSession()
	}
	if now.Sub(session.SeenAt) >= TouchEvery {
		o.touch(ctx, hash, now)
	}
	return Identity{officer, role, session}, nil
}

// touch notes a use. The call goes on without it: at worst the session ends early.
func (o *Office) touch(ctx context.Context, hash [sha256.Size]byte, now time.Time) {
	err := o.config.Records.TouchSession(ctx, hash, now.UTC().Truncate(time.Microsecond))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		o.config.Logger.WarnContext(ctx, "the use of a session could not be noted", "error", err)
	}
}

// SignOut ends a session, or every session of its officer. It returns where the
// session at the provider can be ended, too; that is empty if it has no such
// place or does not answer. There need not be a session.
func (o *Office) SignOut(ctx context.Context, secret string, everywhere bool) (elsewhere string, err error) {
	if err := o.end(ctx, secret, everywhere); err != nil {
		return "", err
	}
	if p, err := o.provider(ctx); err == nil {
		elsewhere = p.endURL
	}
	return elsewhere, nil
}

func (o *Office) end(ctx context.Context, secret string, everywhere bool) error {
	if !isSession(secret) {
		return nil
	}
	hash := sha256.Sum256([]byte(secret))
	session, _, err := o.config.Records.SessionByHash(ctx, hash, o.config.Now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil:
		return err
	case everywhere:
		return o.config.Records.EndSessionsOf(ctx, session.OfficerID, "officer:"+session.OfficerID)
	}
	return o.config.Records.EndSession(ctx, hash)
}

func noSession() error {
	return refuse(SessionMissing, "There is no session, or it has ended. Sign in.")
}

func isSession(text string) bool {
	if len(text) != sessionLength || !strings.HasPrefix(text, sessionPrefix) {
		return false
	}
	_, err := base64.RawURLEncoding.Strict().DecodeString(text[len(sessionPrefix):])
	return err == nil
}
