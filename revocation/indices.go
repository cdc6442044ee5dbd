package revocation

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
)

// ErrNoIndex is returned when every index of a list is taken.
var ErrNoIndex = errors.New("revocation: every index of the list is taken")

// Indices draws the indices of one list at random and never the same one twice.
// It holds one bit for each entry; whoever keeps the list durably marks what is
// taken when it starts. It is not safe for concurrent use: the one writer of a
// list owns it.
type Indices struct {
	size  uint64
	taken uint64
	words []uint64
	rand  io.Reader
}

// NewIndices returns the indices 0 to size-1, all of them free. The source of
// randomness is crypto/rand when nil; one that can be guessed tells who was
// issued a badge when.
func NewIndices(size uint64, random io.Reader) (*Indices, error) {
	if size == 0 || size > MaxEntries {
		return nil, fmt.Errorf("revocation: a list has 1 to %d indices, not %d", MaxEntries, size)
	}
	if random == nil {
		random = rand.Reader
	}
	return &Indices{size: size, words: make([]uint64, (size+63)/64), rand: random}, nil
}

// Free is how many indices are left.
func (n *Indices) Free() uint64 { return n.size - n.taken }

// Mark takes an index that is known to be in use, and reports whether it was
// free until now.
func (n *Indices) Mark(index uint64) bool {
	if index >= n.size || n.isTaken(index) {
		return false
	}
	n.words[index/64] |= 1 << (index % 64)
	n.taken++
	return true
}

// Release gives back an index that was taken but never written down anywhere.
func (n *Indices) Release(index uint64) {
	if index < n.size && n.isTaken(index) {
		n.words[index/64] &^= 1 << (index % 64)
		n.taken--
	}
}

func (n *Indices) isTaken(index uint64) bool {
	return n.words[index/64]>>(index%64)&1 == 1
}

// Take draws an index. While most are free it draws until it hits a free one,
// which is uniform; in a list that is nearly full it goes on from where it hit,
// so that the time stays bounded.
func (n *Indices) Take() (uint64, error) {
	if n.Free() == 0 {
		return 0, ErrNoIndex
	}
	const draws = 16
	var index uint64
	for range draws {
		var err error
		if index, err = n.draw(); err != nil {
			return 0, err
		}
		if n.Mark(index) {
			return index, nil
		}
	}
	index = n.nextFree(index)
	n.Mark(index)
	return index, nil
}

// draw returns a uniform index: what exceeds the largest multiple of size is
// drawn again rather than folded, which would favour small indices.
func (n *Indices) draw() (uint64, error) {
	mask := uint64(1)<<bits.Len64(n.size-1) - 1
	for {
		var b [8]byte
		if _, err := io.ReadFull(n.rand, b[:]); err != nil {
			return 0, fmt.Errorf("revocation: draw an index: %w", err)
		}
		if index := binary.LittleEndian.Uint64(b[:]) & mask; index < n.size {
			return index, nil
		}
	}
}

// nextFree returns the first free index after a taken one, going round.
func (n *Indices) nextFree(index uint64) uint64 {
	for {
		word := index / 64
		free := ^n.words[word] >> (index % 64)
		if free != 0 {
			if found := index + uint64(bits.TrailingZeros64(free)); found < n.size {
				return found
			}
		}
		index = (word + 1) * 64
		if index >= n.size {
			index = 0
		}
	}
}
