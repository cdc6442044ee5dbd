package store

import (
	"context"
	"time"
)

// BundleWriter numbers bundles.
type BundleWriter interface {
	// RecordBundle records that a bundle is made, and returns its number: that of the
	// event, so that it is above the number of every bundle before, also of one that
	// is made at the same time. A number is used up whether or not the bundle comes
	// about.
	RecordBundle(ctx context.Context, e BundleExport) (number int64, err error)
}

// BundleExport is what is kept of a bundle.
type BundleExport struct {
	Customer  string    // whom it is for; empty for anybody
	Expires   time.Time // when verifiers let go of it
	Lists     bool      // or else it changes keys alone
	Portraits bool
	By        string
	At        time.Time
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (e BundleExport) Validate() error {
	c := checker{of: "bundle"}
	c.text("customer", e.Customer)
	c.required("by", e.By)
	c.requiredTime("at", e.At)
	c.requiredTime("expiry", e.Expires)
	if !e.Expires.After(e.At) {
		c.fail("it expires before it is made")
	}
	return c.err
}
