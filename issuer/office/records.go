package office

import "github.com/cyberbadge/cyberbadge/issuer/store"

// What is kept, by the names that it has in package store.
type (
	Role          = store.Role
	Officer       = store.Officer
	OfficerChange = store.OfficerChange
	Session       = store.Session
	SignIn        = store.SignIn
	Proposal      = store.Proposal
	Kind          = store.Kind
	ProposalState = store.ProposalState
	Decision      = store.Decision
)

// The roles, each with all that the ones before it have.
const (
	RoleViewer  = store.RoleViewer
	RoleOfficer = store.RoleOfficer
	RoleAdmin   = store.RoleAdmin
)

// The states of a proposal.
const (
	Open      = store.Open
	Approved  = store.Approved
	Executed  = store.Executed
	Failed    = store.Failed
	Rejected  = store.Rejected
	Withdrawn = store.Withdrawn
	Expired   = store.Expired
)

// Bounds of what is kept.
const (
	MaxPayload       = store.MaxPayload
	MaxOpenProposals = store.MaxOpenProposals
)

// ErrLastAdmin is what a store says to a change that would leave no admin.
var ErrLastAdmin = store.ErrLastAdmin

// Records is all of what the office keeps. A store.Store is one.
type Records interface {
	store.OfficerReader
	store.OfficerWriter
	store.SessionReader
	store.SessionWriter
	store.ProposalReader
	store.ProposalWriter
}

// TokenUses keeps when API tokens were last used. A store.Store is one.
type TokenUses interface {
	store.TokenUseReader
	store.TokenUseWriter
}
