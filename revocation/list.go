package revocation

import (
	"fmt"
	"math/bits"

	"github.com/cyberbadge/cyberbadge/credential/code"
)

// Status is an entry of a list.
type Status uint8

// The registered statuses (Token Status List, section 7.1). The zero value of a
// list's entry is Valid, so a Status is only meaningful next to a nil error.
const (
	Valid     Status = 0
	Invalid   Status = 1 // revoked, for good
	Suspended Status = 2 // revoked until reinstated
)

// String returns the registered name.
func (s Status) String() string {
	switch s {
	case Valid:
		return "VALID"
	case Invalid:
		return "INVALID"
	case Suspended:
		return "SUSPENDED"
	}
	return fmt.Sprintf("0x%02X", uint8(s))
}

// EntryBits is the size of the entries of the lists made here: as many as the
// statuses need.
const EntryBits = 2

// Bounds on the number of entries of a list made here.
const (
	MinEntries = 1 << 6
	MaxEntries = 1 << 24 // 4 MiB
)

// List is a status list. It is safe for concurrent use while nobody calls Set.
type List struct {
	layout
	entries []byte
}

// layout is how entries stand in a byte, from the least significant bit up. The
// three numbers say the same thing; they are kept so that a look-up needs shifts
// and no division.
type layout struct {
	bits  uint // of one entry: 1, 2, 4 or 8
	order uint // logarithm of the entries in a byte: 3, 2, 1 or 0
	mask  byte // the bits of the first entry
}

func layoutOf(bitsPerEntry uint) layout {
	return layout{
		bits:  bitsPerEntry,
		order: uint(bits.TrailingZeros(8 / bitsPerEntry)),
		mask:  1<<bitsPerEntry - 1,
	}
}

// find returns the byte that holds an entry and how far the entry is shifted in
// it. It divides the index instead of multiplying it, because index times bits
// could wrap around to a small number.
func (l layout) find(index uint64) (at uint64, shift uint) {
	return index >> l.order, uint(index&(1<<l.order-1)) * l.bits
}

// NewList returns a list of that many entries, all of them [Valid].
func NewList(entries uint64) (*List, error) {
	if err := checkEntries(entries); err != nil {
		return nil, err
	}
	return &List{layout: layoutOf(EntryBits), entries: make([]byte, entries*EntryBits/8)}, nil
}

func checkEntries(n uint64) error {
	if n < MinEntries || n > MaxEntries || n%4 != 0 {
		return fmt.Errorf("revocation: a list has %d to %d entries, a multiple of four, not %d", MinEntries, MaxEntries, n)
	}
	return nil
}

// ListOf returns a list of the 2-bit entries in packed: entry i in byte i/4,
// from the least significant bits up. The list keeps the slice.
func ListOf(packed []byte) (*List, error) {
	if err := checkEntries(uint64(len(packed)) * 8 / EntryBits); err != nil {
		return nil, err
	}
	return &List{layout: layoutOf(EntryBits), entries: packed}, nil
}

// Len is the number of entries.
func (l *List) Len() uint64 { return uint64(len(l.entries)) << l.order }

// Status returns the entry at index, or status_index_out_of_range.
func (l *List) Status(index uint64) (Status, error) {
	at, shift := l.find(index)
	if at >= uint64(len(l.entries)) {
		return 0, l.outOfRange(index)
	}
	return Status(l.entries[at] >> shift & l.mask), nil
}

// Set changes the entry at index.
func (l *List) Set(index uint64, s Status) error {
	at, shift := l.find(index)
	if at >= uint64(len(l.entries)) {
		return l.outOfRange(index)
	}
	if byte(s) > l.mask {
		return code.Refuse(code.StatusUnknownValue, "status %v does not fit %d bits", s, l.bits)
	}
	l.entries[at] = l.entries[at]&^(l.mask<<shift) | byte(s)<<shift
	return nil
}

func (l *List) outOfRange(index uint64) error {
	return code.Refuse(code.StatusIndexOutOfRange, "index %d in a list of %d", index, l.Len())
}
