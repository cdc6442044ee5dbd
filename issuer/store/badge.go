package store

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"
)

// BadgeReader answers what was issued.
type BadgeReader interface {
	// Badge returns the badge with this id, or ErrNotFound.
	Badge(ctx context.Context, id string) (Badge, error)

	// BadgeByIndex returns the badge that holds an index of a status list, or
	// ErrNotFound.
	BadgeByIndex(ctx context.Context, listID int64, index uint32) (Badge, error)

	// BadgesOf returns all badges of one person, the latest expiry first; with
	// liveAt not zero only those that Badge.Live reports at that instant. None
	// for an unknown person.
	BadgesOf(ctx context.Context, personID string, liveAt time.Time) ([]Badge, error)

	// SuspensionsOf returns why a person gets no badge, sorted by cause; none for
	// somebody who does, and for an unknown person.
	SuspensionsOf(ctx context.Context, personID string) ([]Suspension, error)

	// UnfinishedBadges returns the badges that were reserved, never completed
	// and not made invalid since, the oldest first. One may be on its way at
	// this moment: look at PreparedAt before giving it up.
	UnfinishedBadges(ctx context.Context) ([]Badge, error)
}

// BadgeWriter issues and revokes.
type BadgeWriter interface {
	// ReserveBadge records the intent to issue a badge, with a random index that
	// no badge ever had. It comes back prepared and valid. A second reservation
	// under one id is ErrAlreadyExists, whatever it holds; an unknown person is
	// ErrNotFound; ErrSuspended for a person who is suspended; ErrConflict for one
	// who was judged not to be in good standing after StandingAt; ErrKeyInactive
	// for a KeyID that is not the active key for badges; ErrListFull when there is
	// no index left.
	ReserveBadge(ctx context.Context, r Reservation) (Badge, error)

	// CompleteBadge records that the badge was signed: it goes from prepared to
	// issued if it is prepared and valid at that instant. sum is the SHA-256 of
	// the signed text.
	//
	// Repeating it with the same sum does nothing and succeeds. ErrFinal if the
	// badge is invalid, ErrConflict if it is suspended or was completed with
	// another sum, ErrNotFound if it was never reserved. After an error the
	// signed text must not be handed out.
	CompleteBadge(ctx context.Context, id string, sum [sha256.Size]byte) (Badge, error)

	// SetBadgeStatus revokes a badge, adds a cause for its suspension or takes one
	// away. The badge is suspended as long as it has a cause: taking one away does
	// not make it valid while there is another. With a change of the status go the
	// entry and the version of its list. A change that changes nothing leaves reason
	// and time as they were and records no event. ErrFinal on any change of an
	// invalid badge, ErrNotFound for an unknown one.
	SetBadgeStatus(ctx context.Context, c StatusChange) (Badge, error)

	// SetStatusOfPerson does for all badges of one person that are live at c.At
	// what SetBadgeStatus does for one, at once, and returns those that changed.
	// None is not an error; an unknown person is ErrNotFound.
	//
	// A person who was suspended gets no badge from then on: ReserveBadge answers
	// ErrSuspended, until the cause is taken away.
	SetStatusOfPerson(ctx context.Context, c PersonStatusChange) ([]Badge, error)
}

// Reservation is the intent to issue one badge.
type Reservation struct {
	ID                  string // chosen by the caller, never to be used again
	PersonID            string // evidence.Person.ID
	HolderKeyThumbprint string // RFC 7638, of the key in the badge's cnf claim
	Type                string // the vct claim
	Access              []string
	IssuedAt            time.Time // the iat claim
	ExpiresAt           time.Time // the exp claim
	By                  string    // who or what issues it
	KeyID               string    // of the key that will sign it; empty where keys are not kept

	// StandingAt is the instant of the standing that the badge rests on. It is not
	// kept; zero asks for no comparison with the standing record.
	StandingAt time.Time
}

// Badge is what the issuer knows of one badge.
type Badge struct {
	Reservation
	PreparedAt   time.Time // when it was reserved, by the store's clock
	ListID       int64
	Index        uint32
	State        State
	SignedSHA256 [sha256.Size]byte // zero while prepared
	Status       Status
	Causes       []Cause   // why it is suspended, sorted; nil unless it is
	StatusReason string    // of the last change of status; empty before the first
	StatusAt     time.Time // of the last change of status; zero before the first
}

// Live reports whether the badge might be honoured at the given instant or
// later: it has not expired and is not invalid. A suspended badge is live.
func (b Badge) Live(at time.Time) bool {
	return b.ExpiresAt.After(at) && b.Status != Invalid
}

// State is how far issuing has come.
type State string

// The states. There is no way back.
const (
	Prepared State = "prepared" // recorded; may or may not have been signed
	Issued   State = "issued"   // signed, and its hash recorded
)

// Status is what the status list says about a badge. The zero value is no status.
type Status string

// The statuses, as in section 7.1 of Token Status List.
const (
	Valid     Status = "valid"
	Invalid   Status = "invalid" // final
	Suspended Status = "suspended"
)

// Cause is why a badge is suspended. It may have several, each with an end of its
// own.
type Cause string

// The causes. ByStanding is a judge's alone.
const (
	ByStanding Cause = "standing" // the person is not in good standing, or not for all of the badge's access
	ByOffice   Cause = "office"   // an officer's decision
	ByConcern  Cause = "concern"  // a customer's concern that is being looked into
)

// Suspension is why a person gets no badge.
type Suspension struct {
	PersonID string
	Cause    Cause
	Reason   string
	By       string
	At       time.Time
}

// Entry returns the two bits that stand for the status in a list. A value that
// is no status gives the bits of Invalid.
func (s Status) Entry() byte {
	switch s {
	case Valid:
		return 0
	case Suspended:
		return 2
	default:
		return 1
	}
}

// StatusChange is a new status for one badge.
type StatusChange struct {
	BadgeID string
	To      Status
	Cause   Cause  // that is added with Suspended and taken away with Valid; empty for ByOffice
	Reason  string // one that can be published: no names
	By      string
	At      time.Time // zero for now
}

// PersonStatusChange is a new status for every live badge of a person.
type PersonStatusChange struct {
	PersonID string
	To       Status
	Cause    Cause  // as in StatusChange
	Reason   string // one that can be published: no names
	By       string
	At       time.Time // zero for now
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (r Reservation) Validate() error {
	c := checker{of: fmt.Sprintf("badge %.64q", r.ID)}
	c.required("id", r.ID)
	c.required("person", r.PersonID)
	c.required("thumbprint of the holder's key", r.HolderKeyThumbprint)
	c.required("type", r.Type)
	c.required("by", r.By)
	c.text("key", r.KeyID)
	c.words("access", r.Access)
	c.requiredTime("time of issue", r.IssuedAt)
	c.requiredTime("expiry", r.ExpiresAt)
	c.time("instant of the standing", r.StandingAt)
	if !r.ExpiresAt.After(r.IssuedAt) {
		c.fail("it expires before it is issued")
	}
	return c.err
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (s StatusChange) Validate() error {
	c := checker{of: fmt.Sprintf("status of badge %.64q", s.BadgeID)}
	c.required("badge", s.BadgeID)
	c.change(s.To, s.Cause, s.Reason, s.By, s.At)
	return c.err
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (s PersonStatusChange) Validate() error {
	c := checker{of: fmt.Sprintf("status of person %.64q", s.PersonID)}
	c.required("person", s.PersonID)
	c.change(s.To, s.Cause, s.Reason, s.By, s.At)
	return c.err
}

func (c *checker) change(to Status, cause Cause, reason, by string, at time.Time) {
	if cause != "" && cause != ByOffice && cause != ByConcern {
		c.fail("%.64q is no cause to set: use %s or %s", cause, ByOffice, ByConcern)
	}
	if to != Valid && to != Invalid && to != Suspended {
		c.fail("%.64q is no status: use %s, %s or %s", to, Valid, Suspended, Invalid)
	}
	c.required("reason", reason)
	c.required("by", by)
	c.time("at", at)
}
