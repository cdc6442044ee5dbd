package store

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/portrait"
)

// MaxPortrait is the most bytes of a portrait that are kept: many times what
// package portrait makes.
const MaxPortrait = 1 << 20

// PortraitReader answers what people look like.
type PortraitReader interface {
	// Portrait returns the portrait of this name, whether or not somebody still
	// has it, or ErrNotFound.
	Portrait(ctx context.Context, name portrait.Name) (portrait.Portrait, error)

	// PortraitOf returns the digest of a person's portrait. ErrNotFound for an
	// unknown person and for one who has none.
	PortraitOf(ctx context.Context, personID string) (portrait.Digest, error)
}

// PortraitWriter gives people portraits. A portrait is kept once, however many
// people have it. One that nobody has any more stays, because badges name it,
// until DiscardPortraits takes it away.
type PortraitWriter interface {
	// SetPortrait gives a person a portrait in place of the one before. It
	// reports whether that changed anything: the same portrait again does
	// nothing and records no event. An unknown person is ErrNotFound. Two
	// different portraits of one name are ErrConflict.
	SetPortrait(ctx context.Context, p PersonPortrait) (bool, error)

	// RemovePortrait takes a person's portrait away, and reports whether there
	// was one. Idempotent. An unknown person is ErrNotFound.
	RemovePortrait(ctx context.Context, r PortraitRemoval) (bool, error)

	// DiscardPortraits deletes the portraits that nobody has had since before
	// the given instant, and returns their number. No badge that could name one
	// of them may be good any more: choose an instant that is as long ago as a
	// badge can live. It records no event: that the person lost it is one.
	DiscardPortraits(ctx context.Context, before time.Time) (int, error)
}

// PersonPortrait is a portrait for a person.
type PersonPortrait struct {
	PersonID string
	Portrait portrait.Portrait
	By       string    // not read in an Import, which has one for all
	At       time.Time // zero for now; not read in an Import
}

// PortraitRemoval is the end of a person's portrait.
type PortraitRemoval struct {
	PersonID string
	By       string
	At       time.Time // zero for now
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (p PersonPortrait) Validate() error {
	c := checker{}
	checkPortrait(&c, p)
	c.required("by", p.By)
	c.time("at", p.At)
	return c.err
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (r PortraitRemoval) Validate() error {
	c := checker{of: fmt.Sprintf("portrait of person %.64q", r.PersonID)}
	c.required("person", r.PersonID)
	c.required("by", r.By)
	c.time("at", r.At)
	return c.err
}

// CheckDiscard returns nil for an instant that DiscardPortraits may be given, else
// [ErrInvalid]. It is for engines.
func CheckDiscard(before time.Time) error {
	c := checker{of: "discard portraits"}
	c.requiredTime("instant", before)
	return c.err
}

func checkPortrait(c *checker, p PersonPortrait) {
	c.of = fmt.Sprintf("portrait of person %.64q", p.PersonID)
	c.required("person", p.PersonID)
	c.required("media type", p.Portrait.MediaType)
	switch size := len(p.Portrait.Bytes); {
	case size == 0 || size > MaxPortrait:
		c.fail("it has %d bytes, 1 to %d are kept", size, MaxPortrait)
	case p.Portrait.Width <= 0 || p.Portrait.Height <= 0:
		c.fail("it has %d × %d pixels", p.Portrait.Width, p.Portrait.Height)
	case p.Portrait.Digest != sha256.Sum256(p.Portrait.Bytes):
		// Badges vouch for the digest, and what it names is served as it is.
		c.fail("its digest is not that of its bytes")
	}
}
