package store

import (
	"context"
	"encoding/json"
	"fmt"
)

// MaxGroup is how large a group's body may be, in bytes.
const MaxGroup = 4 << 20

// GroupReader answers which groups an identity provider left here.
type GroupReader interface {
	// Group returns the group with this id, or ErrNotFound.
	Group(ctx context.Context, id string) (Group, error)

	// Groups returns at most limit groups in order of their ids, beginning behind
	// the id after; "" begins at the start. Fewer than limit means the end. limit is
	// 1 to MaxPage, else ErrInvalid.
	Groups(ctx context.Context, after string, limit int) ([]Group, error)
}

// GroupWriter keeps groups. The program draws nothing from them, so that changing
// one is no event.
type GroupWriter interface {
	// PutGroup adds a group, or takes the place of the one with its id.
	PutGroup(ctx context.Context, g Group) error

	// RemoveGroup removes a group. Idempotent.
	RemoveGroup(ctx context.Context, id string) error
}

// Groups keeps groups.
type Groups interface {
	GroupReader
	GroupWriter
}

// Group is a group of people, in the words of who keeps it.
type Group struct {
	ID   string
	Body json.RawMessage // at most MaxGroup bytes
}

// Validate returns nil, or [ErrInvalid] with the first rule broken. Engines call
// it before anything else.
func (g Group) Validate() error {
	c := checker{of: fmt.Sprintf("group %.64q", g.ID)}
	c.required("id", g.ID)
	c.bounded("body", string(g.Body), MaxGroup)
	if !json.Valid(g.Body) {
		c.fail("its body is not JSON")
	}
	return c.err
}
