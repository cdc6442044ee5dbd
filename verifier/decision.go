package verifier

import (
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
)

// Decision is a verifier's answer. The zero Decision denies. Its JSON is the
// answer of the verify endpoint.
type Decision struct {
	ID     string            `json:"id"` // random; names this decision in logs and registers
	Allow  bool              `json:"allow"`
	Reason Reason            `json:"reason"`
	Code   code.Code         `json:"code,omitempty"`   // the check that failed; empty when allowed
	Detail string            `json:"detail,omitempty"` // for engineers; never for a guard's screen
	At     time.Time         `json:"at"`
	Access credential.Access `json:"access"` // what was asked for
	Site   string            `json:"site,omitempty"`
	Gate   string            `json:"gate,omitempty"`
	// Again says that the gate has accepted this very proof before.
	Again  bool    `json:"again,omitempty"`
	Checks []Check `json:"checks"`
	// Badge is who presented it. It is only there once both the issuer's
	// signature and the holder's proof were found good, so that a denial can't
	// be used to read a badge that somebody copied.
	Badge *Badge `json:"badge,omitempty"`
	// Status is how fresh the status was that the decision rests on; nil when
	// the decision fell before it was looked at.
	Status *Status `json:"status,omitempty"`
	// Bundle is the bundle that the decision rests on, where it rests on one.
	Bundle *BundleAge `json:"bundle,omitempty"`
}

// Result is the outcome of one check.
type Result string

// The results of a check.
const (
	Passed  Result = "passed"
	Failed  Result = "failed"
	NotMade Result = "not_made" // an earlier failure made it impossible or unsafe
)

// Check is one of the checks of a decision, in the order in which they are made.
type Check struct {
	Name   string    `json:"check"`
	Result Result    `json:"result"`
	Code   code.Code `json:"code,omitempty"`
}

// The names of the checks, in their order. The first stands for everything
// from the size of the input to the last disclosure: unless all of it is good,
// there is no badge that further checks could look at.
const (
	CheckBadge  = "badge" // shape, issuer, key, signature, disclosures
	CheckTime   = "time"
	CheckHolder = "holder" // the proof of possession, and that it is new
	CheckStatus = "status"
	CheckAccess = "access"
	CheckPolicy = "policy"
)

// Badge is what a verified badge says, as far as its holder disclosed it.
type Badge struct {
	Issuer           string              `json:"issuer"`
	Type             string              `json:"type"`
	Subject          string              `json:"subject"`
	StatusList       string              `json:"status_list,omitempty"`
	Index            uint64              `json:"index"` // with Issuer and StatusList the badge's identity
	IssuedAt         time.Time           `json:"issued_at"`
	Expires          time.Time           `json:"expires"`
	Access           []credential.Access `json:"access"`
	GivenName        string              `json:"given_name,omitempty"`
	FamilyName       string              `json:"family_name,omitempty"`
	Picture          string              `json:"picture,omitempty"`
	PictureIntegrity string              `json:"picture_integrity,omitempty"`
	EmployeeNumber   string              `json:"employee_number,omitempty"`
	Organization     string              `json:"organization,omitempty"`
	Role             string              `json:"role,omitempty"`
	Training         []Training          `json:"training,omitempty"`
	Equipment        *Equipment          `json:"equipment,omitempty"`
}

// Training is a course that the person holds.
type Training struct {
	Course     string    `json:"course"`
	Standard   string    `json:"standard,omitempty"`
	ValidUntil time.Time `json:"valid_until"`
}

// Equipment is the state of the person's equipment when the badge was issued.
type Equipment struct {
	Compliant bool      `json:"compliant"`
	CheckedAt time.Time `json:"checked_at"`
}

// Status is the list that a decision rests on.
type Status struct {
	List       string    `json:"list"`
	IssuedAt   time.Time `json:"issued_at"`   // by the list's own, signed time
	AgeSeconds int64     `json:"age_seconds"` // at the instant of the decision
}

func newBadge(c *credential.Claims) *Badge {
	b := &Badge{
		Issuer:           c.Issuer,
		Type:             c.Type,
		Subject:          c.Subject,
		StatusList:       c.Status.URI,
		Index:            c.Status.Index,
		IssuedAt:         c.IssuedAt,
		Expires:          c.Expires,
		Access:           c.Access,
		GivenName:        c.GivenName,
		FamilyName:       c.FamilyName,
		Picture:          c.Picture,
		PictureIntegrity: c.PictureIntegrity,
		EmployeeNumber:   c.EmployeeNumber,
		Organization:     c.Organization,
		Role:             c.Role,
	}
	for _, t := range c.Training {
		b.Training = append(b.Training, Training(t))
	}
	if c.Equipment != nil {
		equipment := Equipment(*c.Equipment)
		b.Equipment = &equipment
	}
	return b
}
