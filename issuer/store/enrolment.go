package store

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"
)

// Limits of enrolling. The bound itself is allowed.
const (
	MaxAttempts = 10 // guesses at one transaction code
	MaxDelivery = 64 // badges in one answer
	MaxSpent    = 64 // one-time values spent at once
)

// Reasons for the end of an enrolment, and of the badges that end with it.
const (
	EndReplaced   = "a new invitation replaced it"
	EndAttempts   = "too many wrong transaction codes"
	EndReplayed   = "the invitation was used by two phones"
	EndSuperseded = "issued again to the same key before it was accepted"
	EndDeleted    = "the phone deleted it"
	EndFailed     = "the phone could not keep it"
	EndLeft       = "the person left the program"
	EndErased     = "the person was erased"
)

// EnrolmentReader answers which phones belong to whom.
type EnrolmentReader interface {
	// EnrolmentsOf returns all enrolments of one person, the latest invitation
	// first. None for an unknown person.
	EnrolmentsOf(ctx context.Context, personID string) ([]Enrolment, error)

	// EnrolmentByCode returns the enrolment whose invitation has this code if the
	// invitation is open at the given instant: not redeemed, not ended, not
	// expired. Everything else is ErrNotFound.
	EnrolmentByCode(ctx context.Context, code [sha256.Size]byte, at time.Time) (Enrolment, error)

	// EnrolmentByAccess returns the enrolment that this access token opens at the
	// given instant. Unknown, replaced, expired and ended are all ErrNotFound.
	EnrolmentByAccess(ctx context.Context, access [sha256.Size]byte, at time.Time) (Enrolment, error)
}

// EnrolmentWriter lets phones in and keeps what they got. Codes and tokens come
// and stay as hashes.
type EnrolmentWriter interface {
	// AddInvitation begins an enrolment. In the same transaction it ends every
	// earlier enrolment of the person and makes every live badge of the person
	// invalid; those badges are returned. An unknown person is ErrNotFound, an id
	// or a code that was used before ErrAlreadyExists.
	AddInvitation(ctx context.Context, i Invitation) ([]Badge, error)

	// RedeemInvitation tries a code and a transaction code. A try that fails is
	// no error but an outcome, because it changes something: attempts run out,
	// and a code that comes from two phones ends what the first one got. Of any
	// number of tries at one code at most one is Redeemed. An unknown code is
	// ErrNotFound; a proof that was spent before is ErrAlreadyExists.
	RedeemInvitation(ctx context.Context, r Redemption) (Enrolment, Outcome, error)

	// RefreshEnrolment exchanges a refresh token for new tokens, for the key that
	// redeemed the invitation alone. The old tokens end with it, except that the
	// refresh token may be exchanged once more as long as nothing was delivered
	// or refreshed with what it was exchanged for: an answer can get lost. Unknown
	// and old tokens, those of another key, expired and ended ones are all
	// ErrNotFound; a proof that was spent before is ErrAlreadyExists.
	RefreshEnrolment(ctx context.Context, r Refreshment) (Enrolment, error)

	// RecordDelivery records that badges are about to be handed out, and makes
	// invalid those that this enrolment issued earlier to one of their keys and
	// that the phone never accepted; they are returned. ErrConflict, if the
	// enrolment has ended or a badge is not an issued and valid one of this
	// enrolment: then the badges must not be handed out.
	RecordDelivery(ctx context.Context, d Delivery) ([]Badge, error)

	// RecordNotification records what the phone did with a delivery. Unless it
	// accepted it, the badges of the delivery become invalid; those that changed
	// are returned. Idempotent. A delivery that is unknown or of another
	// enrolment is ErrNotFound.
	RecordNotification(ctx context.Context, n Notification) ([]Badge, error)

	// Spend uses up one-time values, all of them or none: ErrAlreadyExists if
	// one was spent before. A value may be forgotten once its time has come.
	Spend(ctx context.Context, values []OneTime) error
}

// Enrolments is the capability of both.
type Enrolments interface {
	EnrolmentReader
	EnrolmentWriter
}

// Enrolment is one phone of one person, from the invitation to its end.
type Enrolment struct {
	ID                  string
	PersonID            string
	By                  string // who invited
	InvitedAt           time.Time
	InvitationExpiresAt time.Time
	AttemptsLeft        int       // guesses at the transaction code
	RedeemedAt          time.Time // zero until then, as what follows
	KeyThumbprint       string    // RFC 7638, of the key that tokens are bound to
	AccessExpiresAt     time.Time
	RefreshExpiresAt    time.Time
	EndedAt             time.Time // zero while it goes on
	EndReason           string
}

// Actor is what stands in Reservation.By of the badges of this enrolment.
func (e Enrolment) Actor() string { return "enrolment:" + e.ID }

// Invitation begins an enrolment.
type Invitation struct {
	ID         string // chosen by the caller, never to be used again
	PersonID   string
	CodeHash   [sha256.Size]byte
	TxCodeHash [sha256.Size]byte // of the transaction code together with the code
	Attempts   int               // wrong transaction codes that end it, 1 to MaxAttempts
	InvitedAt  time.Time
	ExpiresAt  time.Time
	By         string
}

// Tokens are an access token and a refresh token.
type Tokens struct {
	AccessHash       [sha256.Size]byte
	AccessExpiresAt  time.Time
	RefreshHash      [sha256.Size]byte
	RefreshExpiresAt time.Time
}

// OneTime is a value that can be spent once.
type OneTime struct {
	Hash  [sha256.Size]byte
	Until time.Time // from when on the value is refused for its age
}

// Redemption is a try at an invitation.
type Redemption struct {
	CodeHash      [sha256.Size]byte
	TxCodeHash    [sha256.Size]byte
	KeyThumbprint string // of the phone that tries
	Tokens        Tokens // which it gets
	Proof         OneTime
	At            time.Time
}

// Outcome is what became of a try at an invitation. The zero value is none.
type Outcome string

// The outcomes.
const (
	Redeemed    Outcome = "redeemed"
	WrongTxCode Outcome = "wrong_tx_code" // one attempt less; none left ends the enrolment
	Over        Outcome = "over"          // expired, ended or redeemed before
	Replayed    Outcome = "replayed"      // redeemed before by another key: the enrolment and its badges ended
)

// Refreshment is the exchange of a refresh token.
type Refreshment struct {
	RefreshHash   [sha256.Size]byte
	KeyThumbprint string
	Tokens        Tokens
	Proof         OneTime
	At            time.Time
}

// Delivery is one answer with badges.
type Delivery struct {
	ID          string // chosen by the caller, never to be used again
	EnrolmentID string
	BadgeIDs    []string
	At          time.Time
}

// Notification is what the phone did with a delivery.
type Notification struct {
	DeliveryID  string
	EnrolmentID string
	Event       NotificationEvent
	At          time.Time
}

// NotificationEvent is a value of OpenID4VCI, section 11.1.
type NotificationEvent string

// The events.
const (
	CredentialAccepted NotificationEvent = "credential_accepted"
	CredentialFailure  NotificationEvent = "credential_failure"
	CredentialDeleted  NotificationEvent = "credential_deleted"
)

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (i Invitation) Validate() error {
	c := checker{of: fmt.Sprintf("invitation %.64q", i.ID)}
	c.required("id", i.ID)
	c.required("person", i.PersonID)
	c.required("by", i.By)
	c.hash("code", i.CodeHash)
	c.hash("transaction code", i.TxCodeHash)
	if i.Attempts < 1 || i.Attempts > MaxAttempts {
		c.fail("%d attempts, use 1 to %d", i.Attempts, MaxAttempts)
	}
	c.requiredTime("time of invitation", i.InvitedAt)
	c.requiredTime("expiry", i.ExpiresAt)
	if !i.ExpiresAt.After(i.InvitedAt) {
		c.fail("it expires before it is made")
	}
	return c.err
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (r Redemption) Validate() error {
	c := checker{of: "redemption"}
	c.hash("code", r.CodeHash)
	c.hash("transaction code", r.TxCodeHash)
	c.exchange(r.KeyThumbprint, r.Tokens, r.Proof, r.At)
	return c.err
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (r Refreshment) Validate() error {
	c := checker{of: "refreshment"}
	c.hash("refresh token", r.RefreshHash)
	c.exchange(r.KeyThumbprint, r.Tokens, r.Proof, r.At)
	return c.err
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (d Delivery) Validate() error {
	c := checker{of: fmt.Sprintf("delivery %.64q", d.ID)}
	c.required("id", d.ID)
	c.required("enrolment", d.EnrolmentID)
	c.requiredTime("at", d.At)
	if len(d.BadgeIDs) < 1 || len(d.BadgeIDs) > MaxDelivery {
		c.fail("%d badges, use 1 to %d", len(d.BadgeIDs), MaxDelivery)
	}
	for _, id := range d.BadgeIDs {
		c.required("badge", id)
	}
	return c.err
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (n Notification) Validate() error {
	c := checker{of: fmt.Sprintf("notification of delivery %.64q", n.DeliveryID)}
	c.required("delivery", n.DeliveryID)
	c.required("enrolment", n.EnrolmentID)
	c.requiredTime("at", n.At)
	switch n.Event {
	case CredentialAccepted, CredentialFailure, CredentialDeleted:
	default:
		c.fail("%.64q is no event", n.Event)
	}
	return c.err
}

// CheckOneTime returns nil, or [ErrInvalid]. It is for engines.
func CheckOneTime(values []OneTime) error {
	c := checker{of: "one-time values"}
	if len(values) < 1 || len(values) > MaxSpent {
		c.fail("%d values, use 1 to %d", len(values), MaxSpent)
	}
	for _, v := range values {
		c.oneTime(v)
	}
	return c.err
}

func (c *checker) exchange(key string, tokens Tokens, proof OneTime, at time.Time) {
	c.required("thumbprint of the phone's key", key)
	c.hash("access token", tokens.AccessHash)
	c.hash("refresh token", tokens.RefreshHash)
	c.requiredTime("expiry of the access token", tokens.AccessExpiresAt)
	c.requiredTime("expiry of the refresh token", tokens.RefreshExpiresAt)
	c.oneTime(proof)
	c.requiredTime("at", at)
}

func (c *checker) oneTime(v OneTime) {
	c.hash("one-time value", v.Hash)
	c.requiredTime("end of a one-time value", v.Until)
}

func (c *checker) hash(name string, value [sha256.Size]byte) {
	if value == ([sha256.Size]byte{}) {
		c.fail("the hash of the %s is missing", name)
	}
}
