package office

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
)

// Activation is a policy that was approved.
type Activation struct {
	Policy    *policy.Policy
	Text      string    // the file
	Effective time.Time // when it takes effect; not before Approved
	Approved  time.Time
	By        string // who approved it
	Proposal  string
}

// NewPolicyChange returns the action behind [PolicyChange]. Its payload is
//
//	{"policy": "the file's text", "effective": RFC 3339}
//
// Without effective, or with one that has passed when it is approved, the policy
// takes effect at the approval. activate may be called again with the same
// activation, and must then change nothing.
func NewPolicyChange(activate func(context.Context, Activation) error) Action {
	return policyChange{activate}
}

type policyChange struct {
	activate func(context.Context, Activation) error
}

type policyPayload struct {
	Policy    string    `json:"policy"`
	Effective time.Time `json:"effective"`
}

func (c policyChange) read(payload json.RawMessage) (asked policyPayload, rules *policy.Policy, err error) {
	if err := httpserver.UnmarshalJSON(payload, &asked); err != nil {
		return asked, nil, err
	}
	if len(asked.Policy) > policy.MaxFileSize {
		return asked, nil, refuse(Invalid, "A policy has at most %d bytes.", policy.MaxFileSize)
	}
	if rules, err = policy.Parse([]byte(asked.Policy)); err != nil {
		return asked, nil, refuse(Invalid, "The policy is not one: %.400s", err.Error())
	}
	return asked, rules, nil
}

// Check implements [Action].
func (c policyChange) Check(_ context.Context, payload json.RawMessage) (string, error) {
	asked, rules, err := c.read(payload)
	if err != nil {
		return "", err
	}
	when := "at once"
	if !asked.Effective.IsZero() {
		when = "from " + asked.Effective.UTC().Format(time.RFC3339)
	}
	return fmt.Sprintf("policy %.12s takes effect %s", rules.Digest(), when), nil
}

// Do implements [Action].
func (c policyChange) Do(ctx context.Context, p Proposal) error {
	asked, rules, err := c.read(p.Payload)
	if err != nil {
		return err
	}
	effective := asked.Effective.UTC().Truncate(time.Microsecond)
	if effective.Before(p.DecidedAt) {
		effective = p.DecidedAt
	}
	return c.activate(ctx, Activation{
		Policy: rules, Text: asked.Policy, Effective: effective, Approved: p.DecidedAt, By: p.DecidedBy, Proposal: p.ID,
	})
}
