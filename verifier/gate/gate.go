package gate

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
)

// How long things live.
const (
	InvitationLife = 15 * time.Minute
	NonceLife      = time.Minute
	SessionLife    = 12 * time.Hour // a shift
)

// How often things may be done, and how large they may be.
const (
	MaxWrongCodes = 50 // per AttemptWindow, from everybody together
	AttemptWindow = 15 * time.Minute
	MaxSessions   = 3       // living ones of a gate; one more replaces the oldest
	MaxNonces     = 1 << 14 // used ones that are remembered, each for NonceLife at most
	MaxProof      = 1024    // bytes of a proof
	MaxText       = 64      // bytes of a gate's name, site and policy, and of who invited
)

// The proof's fixed texts.
const (
	ProofType     = "cyberbadge-gate+jwt"     // typ
	ProofAudience = "cyberbadge:gate-session" // aud
)

// What a desk answers. Other errors are the store's.
var (
	// ErrPairingRefused is the answer to a code that is unknown, expired or used,
	// and nobody learns which.
	ErrPairingRefused = errors.New("gate: the pairing is refused: the code is not good")
	// ErrKeyRefused is the answer to a key that is not on P-256, and to a good code
	// with a key that a living gate has. It is an ErrPairingRefused; a good code
	// stays good.
	ErrKeyRefused error = keyRefused{}
	// ErrTooManyAttempts is the answer to every code, good ones too, until fewer
	// wrong codes came in the last AttemptWindow.
	ErrTooManyAttempts = errors.New("gate: too many wrong pairing codes: wait for up to 15 minutes")
	// ErrUnknownGate is the answer to gates that were never paired or have ended.
	ErrUnknownGate = errors.New("gate: no such gate is paired")
	// ErrProofRefused wraps what is wrong with a proof.
	ErrProofRefused = errors.New("gate: the proof is refused")
	// ErrNoSession is the answer to a session that is unknown, replaced or expired.
	ErrNoSession = errors.New("gate: no session: open one")
	// ErrPolicyUnknown says that the gate's policy is not configured any more. The
	// gate is refused: without its policy it would demand too little.
	ErrPolicyUnknown = errors.New("gate: the gate's policy is not in the configuration: restore it, or end the gate and pair it anew")
)

// keyRefused is an ErrPairingRefused that says something else.
type keyRefused struct{}

func (keyRefused) Error() string {
	return "gate: the pairing is refused: the key is not on P-256, or another gate has it"
}

func (keyRefused) Is(target error) bool { return target == ErrPairingRefused }

// Gate is a paired tablet. Its JSON is what the tablet is told about itself.
type Gate struct {
	ID     string            `json:"id"` // lower-case letters and digits
	Name   string            `json:"name"`
	Site   string            `json:"site"`
	Access credential.Access `json:"access"`
	Policy string            `json:"policy"` // one of the service's policies by name; "" is the service's own

	Key       *ecdsa.PublicKey `json:"-"`
	InvitedBy string           `json:"-"`
	PairedAt  time.Time        `json:"-"`
	SeenAt    time.Time        `json:"-"` // to the minute; zero until the first session
	EndedAt   time.Time        `json:"-"` // zero while it lives
}

// Invitation is what an administrator decides about a gate before it is paired.
type Invitation struct {
	Name   string // for people; required
	Site   string
	Access credential.Access // required
	Policy string
	By     string // who invites, for the record
}

// Hash is what is kept of a code or a session.
type Hash [sha256.Size]byte

// StoredInvitation is an invitation as it is kept.
type StoredInvitation struct {
	Invitation
	Code      Hash
	InvitedAt time.Time
	ExpiresAt time.Time // expired at this instant
}

// Session is a session as it is kept.
type Session struct {
	Hash      Hash
	GateID    string
	OpenedAt  time.Time
	ExpiresAt time.Time // expired at this instant
}

// Store keeps gates. Every method is one transaction, durable when it returns nil,
// and safe for concurrent use, also by other processes. Times come back in UTC, to
// the millisecond.
type Store interface {
	// AddInvitation also forgets the invitations that have expired by InvitedAt.
	AddInvitation(ctx context.Context, invitation StoredInvitation) error
	// RedeemInvitation turns an invitation into a gate, once. ID, Key and PairedAt
	// are the caller's, the rest is the invitation's. It returns
	// ErrPairingRefused if no invitation has that code, if it was redeemed, or has
	// expired by PairedAt, and ErrKeyRefused, leaving the invitation as it is, if
	// a gate that has not ended has the key.
	RedeemInvitation(ctx context.Context, code Hash, g Gate) (Gate, error)
	// Gate returns a gate, ended or not, or ErrUnknownGate.
	Gate(ctx context.Context, id string) (Gate, error)
	// Gates returns all gates, ended ones too, by PairedAt, then ID.
	Gates(ctx context.Context) ([]Gate, error)
	// EndGate ends a gate for good; one that has ended stays as it is. It returns
	// ErrUnknownGate if there never was one.
	EndGate(ctx context.Context, id string, at time.Time) error
	// OpenSession adds a session, marks its gate as seen at OpenedAt, and forgets
	// what is expired by then and all but the newest keep sessions of that gate.
	// It returns ErrUnknownGate if the gate is not there or has ended.
	OpenSession(ctx context.Context, session Session, keep int) error
	// GateOfSession returns the gate of a session that is not expired at an
	// instant, ended or not, or ErrNoSession.
	GateOfSession(ctx context.Context, session Hash, at time.Time) (Gate, error)
	// SeeGate moves SeenAt forward.
	SeeGate(ctx context.Context, id string, at time.Time) error
}
