package store

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"
)

// ErrLastAdmin is the answer to a change that would leave no admin.
var ErrLastAdmin = fmt.Errorf("%w: the last admin stays until there is another", ErrConflict)

// OfficerReader answers who is of the program office.
type OfficerReader interface {
	// Officer returns one officer. ErrNotFound for an unknown id.
	Officer(ctx context.Context, id string) (Officer, error)

	// Officers returns everybody who is on the list or was signed in, by id.
	Officers(ctx context.Context) ([]Officer, error)
}

// OfficerWriter changes the list of officers.
type OfficerWriter interface {
	// ChangeOfficer changes the list. A change that would leave the list without an
	// admin, having had one, is ErrLastAdmin; one whose proposal is not approved or
	// was executed before is ErrConflict. Who is taken off loses every session, and
	// name and address are forgotten. What is so already is no event, and no error.
	ChangeOfficer(ctx context.Context, c OfficerChange) (Officer, error)
}

// SessionReader answers who is signed in.
type SessionReader interface {
	// SessionByHash returns a session and whose it is. ErrNotFound if it is
	// unknown, ended, or expired at the given instant.
	SessionByHash(ctx context.Context, hash [sha256.Size]byte, at time.Time) (Session, Officer, error)
}

// SessionWriter keeps who is signed in.
type SessionWriter interface {
	// AddSession begins a session, ends the one that it replaces, notes who the
	// officer is, and forgets sessions that have expired. A hash that is there is
	// ErrAlreadyExists.
	AddSession(ctx context.Context, s SignIn) error

	// TouchSession notes that a session is in use. It is no event. ErrNotFound if
	// there is none.
	TouchSession(ctx context.Context, hash [sha256.Size]byte, at time.Time) error

	// EndSession ends a session. Idempotent.
	EndSession(ctx context.Context, hash [sha256.Size]byte) error

	// EndSessionsOf ends every session of an officer. Idempotent.
	EndSessionsOf(ctx context.Context, officerID, by string) error
}

// TokenUseReader answers when API tokens were last used.
type TokenUseReader interface {
	// TokenUses returns when each token was last used, by its id. Those that never
	// were are not in it.
	TokenUses(ctx context.Context) (map[string]time.Time, error)
}

// TokenUseWriter keeps when API tokens were last used.
type TokenUseWriter interface {
	// TouchToken notes that a token is in use. It is no event. An unknown id is
	// ErrNotFound.
	TouchToken(ctx context.Context, tokenID string, at time.Time) error
}

// Role is what an officer may do. The zero value is nothing.
type Role string

// The roles, each with all that the ones before it have.
const (
	RoleViewer  Role = "viewer"
	RoleOfficer Role = "officer"
	RoleAdmin   Role = "admin"
)

// rank orders the roles; what is none ranks below all of them.
func (r Role) rank() int {
	switch r {
	case RoleViewer:
		return 1
	case RoleOfficer:
		return 2
	case RoleAdmin:
		return 3
	}
	return 0
}

// Known reports whether there is such a role.
func (r Role) Known() bool { return r.rank() > 0 }

// AtLeast reports whether the role is that one or one above it. Nothing is at
// least a role that there is not.
func (r Role) AtLeast(least Role) bool { return least.Known() && r.rank() >= least.rank() }

// Officer is somebody of the program office. Who it is, is the pair of Issuer and
// Subject; a name or an address may be somebody else's tomorrow.
type Officer struct {
	ID         string // made from Issuer and Subject
	Issuer     string // of the identity provider
	Subject    string // there
	Name       string // as the provider said at the last sign-in; for people alone
	Email      string // likewise
	Role       Role   // that the list gives; none for who is not on it
	By         string // who put the officer on the list, or changed the role
	ChangedAt  time.Time
	SignedInAt time.Time // zero before the first time
}

// OfficerChange puts an officer on the list, changes the role, or takes the
// officer off it.
type OfficerChange struct {
	ID, Issuer, Subject string
	Role                Role // none takes the officer off
	By                  string
	At                  time.Time
	// Proposal, if not empty, is the approved proposal that is executed with this,
	// in the same transaction: so it is done once, whatever dies in between.
	Proposal string
}

// Session is one browser that an officer signed in with.
type Session struct {
	Hash            [sha256.Size]byte // of the secret in the cookie
	OfficerID       string
	Role            Role // that the provider gave at sign-in; none where the list decides
	CreatedAt       time.Time
	AuthenticatedAt time.Time // when the provider last saw credentials; zero when it did not say
	SeenAt          time.Time // to within a minute
	ExpiresAt       time.Time
}

// SignIn is a session that begins.
type SignIn struct {
	Session Session
	// Officer is who it is, without what the list says: Role, By and ChangedAt are
	// not read.
	Officer Officer
	// Instead is the session that this one replaces, which ends; zero for none.
	Instead [sha256.Size]byte
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (o OfficerChange) Validate() error {
	c := checker{of: fmt.Sprintf("officer %.64q", o.ID)}
	c.required("id", o.ID)
	c.required("issuer", o.Issuer)
	c.required("subject", o.Subject)
	c.required("by", o.By)
	c.requiredTime("at", o.At)
	c.text("proposal", o.Proposal)
	if o.Role != "" && !o.Role.Known() {
		c.fail("there is no role %.64q", string(o.Role))
	}
	return c.err
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (s SignIn) Validate() error {
	c := checker{of: fmt.Sprintf("session of officer %.64q", s.Officer.ID)}
	c.required("id", s.Officer.ID)
	c.required("issuer", s.Officer.Issuer)
	c.required("subject", s.Officer.Subject)
	c.text("name", s.Officer.Name)
	c.text("email", s.Officer.Email)
	c.requiredTime("time of the sign-in", s.Officer.SignedInAt)
	c.requiredTime("time of creation", s.Session.CreatedAt)
	c.requiredTime("time of use", s.Session.SeenAt)
	c.requiredTime("expiry", s.Session.ExpiresAt)
	c.time("time of authentication", s.Session.AuthenticatedAt)
	switch {
	case s.Session.OfficerID != s.Officer.ID:
		c.fail("it is another officer's")
	case s.Session.Hash == ([sha256.Size]byte{}):
		c.fail("the hash of the secret is missing")
	case !s.Session.ExpiresAt.After(s.Session.CreatedAt):
		c.fail("it expires before it is created")
	case s.Session.Role != "" && !s.Session.Role.Known():
		c.fail("there is no role %.64q", string(s.Session.Role))
	}
	return c.err
}
