package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Bounds of proposals. The bound itself is allowed.
const (
	MaxPayload       = 256 << 10 // bytes of a proposal's payload
	MaxOpenProposals = 100       // at once
)

// ProposalReader answers what waits for a second pair of eyes.
type ProposalReader interface {
	// Proposal returns one proposal. ErrNotFound for an unknown id.
	Proposal(ctx context.Context, id string) (Proposal, error)

	// Proposals returns the newest, at most limit of them. limit is 1 to MaxPage,
	// else ErrInvalid.
	Proposals(ctx context.Context, limit int) ([]Proposal, error)

	// ApprovedProposals returns those that are approved and not yet done, the
	// oldest first.
	ApprovedProposals(ctx context.Context) ([]Proposal, error)
}

// ProposalWriter keeps what takes two.
type ProposalWriter interface {
	// AddProposal keeps a new, open proposal. An id that was used before is
	// ErrAlreadyExists. With MaxOpenProposals open already at its CreatedAt it is
	// ErrConflict.
	AddProposal(ctx context.Context, p Proposal) error

	// DecideProposal decides an open proposal. Of any number of decisions one is
	// made: ErrConflict for a proposal that is not open any more, and for an
	// approval by whose proposal it is.
	DecideProposal(ctx context.Context, d Decision) (Proposal, error)

	// FinishProposal notes that an approved proposal was done or, with a failure,
	// could not be. One that is finished stays as it is, which is no error; one
	// that was never approved is ErrConflict.
	FinishProposal(ctx context.Context, id, failure string, at time.Time) (Proposal, error)
}

// Proposal is a change that takes two.
type Proposal struct {
	ID        string
	Kind      Kind
	Payload   json.RawMessage // an object; what is to be done
	Summary   string          // the same in words, without names of people
	Reason    string
	By        string // who proposed it, as in events
	OfficerID string // whose proposal it is; none for the operator's
	CreatedAt time.Time
	ExpiresAt time.Time

	State      ProposalState
	DecidedBy  string // who approved, rejected or withdrew it
	DecidedAt  time.Time
	Note       string // why, of who rejected or withdrew it
	FinishedAt time.Time
	Failure    string // why it could not be done
}

// Kind is what a proposal is about.
type Kind string

// ProposalState is how far a proposal is. The zero value is none.
type ProposalState string

// The states. Expired is not kept: it is what an open one is from its time on.
const (
	Open      ProposalState = "open"
	Approved  ProposalState = "approved" // and not yet done
	Executed  ProposalState = "executed"
	Failed    ProposalState = "failed" // approved, and could not be done
	Rejected  ProposalState = "rejected"
	Withdrawn ProposalState = "withdrawn"
	Expired   ProposalState = "expired"
)

// At returns the state at an instant.
func (p Proposal) At(now time.Time) ProposalState {
	if p.State == Open && !now.Before(p.ExpiresAt) {
		return Expired
	}
	return p.State
}

// Decision ends the time in which a proposal is open.
type Decision struct {
	ProposalID string
	To         ProposalState // Approved, Rejected or Withdrawn
	By         string
	OfficerID  string
	Note       string
	At         time.Time
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (p Proposal) Validate() error {
	c := checker{of: fmt.Sprintf("proposal %.64q", p.ID)}
	c.required("id", p.ID)
	c.required("kind", string(p.Kind))
	c.required("summary", p.Summary)
	c.required("reason", p.Reason)
	c.required("by", p.By)
	c.text("officer", p.OfficerID)
	c.requiredTime("time of creation", p.CreatedAt)
	c.requiredTime("expiry", p.ExpiresAt)
	switch {
	case p.State != Open:
		c.fail("it begins as %q", string(p.State))
	case len(p.Payload) > MaxPayload:
		c.fail("its payload has %d bytes, at most %d are kept", len(p.Payload), MaxPayload)
	case !json.Valid(p.Payload):
		c.fail("its payload is not JSON")
	case !p.ExpiresAt.After(p.CreatedAt):
		c.fail("it expires before it is created")
	}
	return c.err
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (d Decision) Validate() error {
	c := checker{of: fmt.Sprintf("decision on proposal %.64q", d.ProposalID)}
	c.required("proposal", d.ProposalID)
	c.required("by", d.By)
	c.text("officer", d.OfficerID)
	c.text("note", d.Note)
	c.requiredTime("at", d.At)
	switch d.To {
	case Rejected, Withdrawn:
	case Approved:
		c.required("officer", d.OfficerID)
	default:
		c.fail("%q is not a decision", string(d.To))
	}
	return c.err
}

// CheckFailure returns nil for what may end a proposal, else [ErrInvalid]. It is
// for engines.
func CheckFailure(id, failure string, at time.Time) error {
	c := checker{of: fmt.Sprintf("end of proposal %.64q", id)}
	c.required("id", id)
	c.text("failure", failure)
	c.requiredTime("at", at)
	return c.err
}
