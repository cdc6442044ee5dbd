package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Bounds of keys. The bound itself is allowed.
const (
	MaxJWK       = 4 << 10 // bytes of a public half
	MaxKeyBadges = 1000    // badges made invalid in one transaction by RevokeBadgesOfKey
)

// ErrKeyInactive means that the key signs nothing, or nothing any more: read the keys again.
var ErrKeyInactive = errors.New("the key is not active")

// KeyReader answers which signing keys there are. Private halves are never in a
// store.
type KeyReader interface {
	// Keys returns every key there ever was, the oldest first.
	Keys(ctx context.Context) ([]Key, error)

	// KeyUse returns what rests on a key at an instant; nothing for an unknown one.
	KeyUse(ctx context.Context, keyID string, at time.Time) (KeyUse, error)
}

// KeyWriter takes signing keys through their lives.
type KeyWriter interface {
	// AddKey keeps a key that was just made, as prepared. ErrAlreadyExists for one
	// that is there already, in whatever state.
	AddKey(ctx context.Context, k Key) error

	// AdoptKeys keeps as active those of the keys that are the first of their
	// purpose, and leaves the others out: what was there before keys were kept.
	// Badges of then are put down to the first key for badges. Idempotent.
	AdoptKeys(ctx context.Context, keys []Key) error

	// ChangeKey takes a key from one state to another, and in the same transaction
	// those with it that have to change, too: where a key becomes active, the one
	// that was active becomes retired; where the active one is tainted, Successor
	// becomes active. It returns those that changed. ErrNotFound for an unknown key,
	// ErrConflict for a step that there is not, or a Successor that is not prepared
	// for the same purpose.
	ChangeKey(ctx context.Context, c KeyChange) ([]Key, error)

	// RevokeBadgesOfKey makes at most MaxKeyBadges badges invalid that were signed
	// with a key and are live at r.At, those that were only reserved included. It
	// returns how many it were; repeat it until there are less. ErrConflict for a
	// key that is neither tainted nor revoked.
	RevokeBadgesOfKey(ctx context.Context, r KeyRevocation) (int, error)
}

// KeyPurpose is what a key signs, and all that it signs.
type KeyPurpose string

// The purposes.
const (
	ForBadges  KeyPurpose = "badge"
	ForLists   KeyPurpose = "list"   // status lists
	ForRoot    KeyPurpose = "root"   // bundles, by which customers learn of the other keys
	ForSignals KeyPurpose = "signal" // security event tokens
)

// KeyPurposes returns every purpose.
func KeyPurposes() []KeyPurpose { return []KeyPurpose{ForBadges, ForLists, ForRoot, ForSignals} }

// KeyState is how far a key has come. There is one active key for a purpose, or
// none.
type KeyState string

// The states. The ways are prepared → active → retired → removed, and from each of
// the first three to tainted, and from all but active and removed to revoked.
// A prepared key may be retired without ever having signed.
const (
	KeyPrepared KeyState = "prepared" // published, so that verifiers know it before it signs
	KeyActive   KeyState = "active"   // signs
	KeyRetired  KeyState = "retired"  // what it signed is good
	KeyRemoved  KeyState = "removed"  // published no more: all it signed has expired
	KeyTainted  KeyState = "tainted"  // somebody else may have it: signs nothing, and what it signed is replaced
	KeyRevoked  KeyState = "revoked"  // nothing it signed is good any more; final
)

// keySteps are the states that each state leads to.
var keySteps = map[KeyState][]KeyState{
	KeyPrepared: {KeyActive, KeyRetired, KeyTainted, KeyRevoked},
	KeyActive:   {KeyRetired, KeyTainted},
	KeyRetired:  {KeyRemoved, KeyTainted, KeyRevoked},
	KeyTainted:  {KeyRevoked},
}

// LeadsTo reports whether a key may go from one state to the other.
func (s KeyState) LeadsTo(next KeyState) bool { return slices.Contains(keySteps[s], next) }

// Key is the public half of a signing key, and its life.
type Key struct {
	ID      string // the kid
	Purpose KeyPurpose
	JWK     json.RawMessage // the public half
	State   KeyState

	PreparedAt  time.Time
	ActivatedAt time.Time // zero until it was
	RetiredAt   time.Time // the same holds for these
	RemovedAt   time.Time
	TaintedAt   time.Time
	RevokedAt   time.Time

	By     string // who made the last change
	Reason string // of the last change; may be empty
}

// EndedAt is when the key stopped signing; zero for one that signs or may yet.
func (k Key) EndedAt() time.Time {
	for _, at := range []time.Time{k.RetiredAt, k.TaintedAt, k.RevokedAt} {
		if !at.IsZero() {
			return at
		}
	}
	return time.Time{}
}

// KeyUse is what rests on a key.
type KeyUse struct {
	Live int // badges signed with it that are live
}

// KeyChange is a step in the life of a key.
type KeyChange struct {
	ID        string
	To        KeyState
	Successor string // with KeyTainted: the prepared key that takes over; empty for none
	Early     bool   // with KeyActive: before verifiers can be relied on to know it; for the record
	Reason    string // kept for good: no names
	By        string
	At        time.Time
}

// KeyRevocation ends badges with the key that signed them.
type KeyRevocation struct {
	KeyID  string
	Reason string // one that can be published: no names
	By     string
	At     time.Time
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (k Key) Validate() error {
	c := checker{of: fmt.Sprintf("key %.64q", k.ID)}
	c.required("id", k.ID)
	c.required("by", k.By)
	c.text("reason", k.Reason)
	c.requiredTime("instant of its making", k.PreparedAt)
	if !slices.Contains(KeyPurposes(), k.Purpose) {
		c.fail("%.64q is no purpose of a key", k.Purpose)
	}
	if len(k.JWK) > MaxJWK || !json.Valid(k.JWK) {
		c.fail("its public half is no JSON of at most %d bytes", MaxJWK)
	}
	return c.err
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (k KeyChange) Validate() error {
	c := checker{of: fmt.Sprintf("change of key %.64q", k.ID)}
	c.required("id", k.ID)
	c.required("by", k.By)
	c.text("reason", k.Reason)
	c.text("successor", k.Successor)
	c.requiredTime("at", k.At)
	switch {
	case k.Successor != "" && k.To != KeyTainted:
		c.fail("a successor goes with %s alone", KeyTainted)
	case k.Early && k.To != KeyActive:
		c.fail("only what becomes %s can be early", KeyActive)
	}
	return c.err
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (r KeyRevocation) Validate() error {
	c := checker{of: fmt.Sprintf("badges of key %.64q", r.KeyID)}
	c.required("key", r.KeyID)
	c.required("reason", r.Reason)
	c.required("by", r.By)
	c.requiredTime("at", r.At)
	return c.err
}
