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

	// Changes returns the list as it is at one instant with the entries that
	// changed after it had the version since, each once and as it is now, or
	// ErrNotFound. A version that the list has not had yet gives ErrConflict: this
	// is another database than the one it came from, so read all of it.
	Changes(ctx context.Context, listID int64, since uint64) (Changes, error)
}

// ListWatcher tells of changes that are to be published.
type ListWatcher interface {
	// WatchLists has told called after each commit of this process that may have
	// changed an entry or begun a list, before the callers who made the changes
	// have their answer, and until stop is called. It may be called when nothing
	// has changed. It must return at once, and must not call the store. Commits of
	// other processes are not told: compare versions from time to time.
	WatchLists(told func()) (stop func())
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

// Changes is a list with some of its entries.
type Changes struct {
	List
	Entries []Entry
}

// Entry is one entry of a list.
type Entry struct {
	Index uint32
	Bits  byte // the two bits, see [Status.Entry]
}
