package store

import (
	"context"
	"time"
)

// Bounds on the number of entries in a status list, which is also a multiple of
// [MinListSize]. The upper one is 4 MiB of entries, the most that a verifier
// inflates.
const (
	MinListSize = 64
	MaxListSize = 1 << 24
)

// ListReader answers what is to be published.
type ListReader interface {
	// Lists returns all status lists, the oldest first. It is cheap: compare
	// versions to learn which list must be published anew.
	Lists(ctx context.Context) ([]List, error)

	// Statuses returns a list with its entries as they are at one instant, or
	// ErrNotFound.
	Statuses(ctx context.Context, listID int64) (Statuses, error)
}

// ListWriter begins lists.
type ListWriter interface {
	// EnsureList returns the list from which the next index will come, and
	// begins one if there is none with room. ReserveBadge does so by itself;
	// this is for publishing the list before the first badge names it.
	// Idempotent. ErrListFull when no further list may begin.
	EnsureList(ctx context.Context, by string) (List, error)
}

// List is one status list.
type List struct {
	ID        int64  // from 1, never used again
	Size      uint32 // number of entries
	Version   uint64 // grows with every change of an entry, in the same transaction
	CreatedAt time.Time
}

// Statuses is a list with its entries.
type Statuses struct {
	List
	// Packed holds Size entries of two bits, entry i in byte i/4, from the least
	// significant bits up (Token Status List, section 4.1). An index that no
	// badge has is valid, so that the list does not tell how many were issued.
	Packed []byte
}

// At returns the two bits of one entry. The index must be below Size.
func (s Statuses) At(index uint32) byte {
	return s.Packed[index/4] >> (index % 4 * 2) & 3
}
