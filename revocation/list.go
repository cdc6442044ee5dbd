package revocation

import (
	"fmt"

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

// List is a status list. It is not safe for use while it is changed.
type List struct {
	bits    uint
	entries []byte
}

// NewList returns a list of that many entries, all of them [Valid].
func NewList(entries uint64) (*List, error) {
	if err := checkEntries(entries); err != nil {
		return nil, err
	}
	return &List{bits: EntryBits, entries: make([]byte, entries*EntryBits/8)}, nil
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
	return &List{bits: EntryBits, entries: packed}, nil
}

// Len is the number of entries.
func (l *List) Len() uint64 { return uint64(len(l.entries)) * uint64(8/l.bits) }

// Status returns the entry at index, or status_index_out_of_range.
func (l *List) Status(index uint64) (Status, error) {
	perByte := uint64(8 / l.bits)
	// Division, because index*bits could wrap around to a small number.
	at := index / perByte
	if at >= uint64(len(l.entries)) {
		return 0, code.Refuse(code.StatusIndexOutOfRange, "index %d in a list of %d", index, l.Len())
	}
	shift := uint(index%perByte) * l.bits
	return Status(l.entries[at] >> shift & (1<<l.bits - 1)), nil
}

// Set changes the entry at index.
func (l *List) Set(index uint64, s Status) error {
	if index >= l.Len() {
		return code.Refuse(code.StatusIndexOutOfRange, "index %d in a list of %d", index, l.Len())
	}
	if s >= 1<<l.bits {
		return code.Refuse(code.StatusUnknownValue, "status %v does not fit %d bits", s, l.bits)
	}
	perByte := uint64(8 / l.bits)
	shift := uint(index%perByte) * l.bits
	b := &l.entries[index/perByte]
	*b = *b&^((1<<l.bits-1)<<shift) | byte(s)<<shift
	return nil
}
