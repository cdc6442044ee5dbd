package store

import (
	"context"
	"time"
)

// MaxPolicy is the most bytes of a policy's text that are kept.
const MaxPolicy = 64 << 10

// PolicyReader answers which policy is in force when.
type PolicyReader interface {
	// Policies returns every policy that was ever activated, in the order of the
	// instants at which they take effect; of one instant, the one activated last
	// comes last.
	Policies(ctx context.Context) ([]PolicyVersion, error)
}

// PolicyWriter activates policies.
type PolicyWriter interface {
	// ActivatePolicy keeps a policy together with the instant at which it takes
	// effect, which may be ahead.
	ActivatePolicy(ctx context.Context, v PolicyVersion) error
}

// PolicyVersion is a policy with the time at which it takes effect.
type PolicyVersion struct {
	Digest    string
	Text      string // the file
	Effective time.Time
	At        time.Time // when it was activated
	By        string
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (v PolicyVersion) Validate() error {
	c := checker{of: "policy"}
	c.required("digest", v.Digest)
	c.required("by", v.By)
	c.requiredTime("at", v.At)
	c.requiredTime("instant at which it takes effect", v.Effective)
	switch {
	case v.Text == "" || len(v.Text) > MaxPolicy:
		c.fail("its text has %d bytes, 1 to %d are kept", len(v.Text), MaxPolicy)
	case v.Effective.Before(v.At):
		c.fail("it would have taken effect before it was activated: nobody was judged by it then")
	}
	return c.err
}
