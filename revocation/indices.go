package revocation

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
)

const (
	wordBits  = 64
	blockBits = 64 * wordBits
)

// Indices is the set of the indices of one list that are taken. It draws free
// ones at random, because an index that tells the order of issuing links badges
// to each other, and never the same one twice. It finds the n-th free index by
// counting, so that one random number gives an index that is drawn uniformly
// from the free ones however full the list is.
//
// Whoever keeps a list durably takes what is in use when it starts. Indices are
// not safe for concurrent use: the one writer of a list owns them.
type Indices struct {
	words []uint64 // a set bit is taken
	free  []int    // free bits per block of words, to skip whole blocks
	left  int      // free bits altogether
}

// NewIndices returns a set of size free indices, [MinEntries] to [MaxEntries]
// and a multiple of 64.
func NewIndices(size uint32) (*Indices, error) {
	if size < MinEntries || size > MaxEntries || size%wordBits != 0 {
		return nil, fmt.Errorf("revocation: a list has %d to %d indices, a multiple of %d, not %d", MinEntries, MaxEntries, wordBits, size)
	}
	x := &Indices{words: make([]uint64, size/wordBits), left: int(size)}
	for rest := int(size); rest > 0; rest -= blockBits {
		x.free = append(x.free, min(rest, blockBits))
	}
	return x, nil
}

// Free is how many indices are left.
func (x *Indices) Free() int { return x.left }

// Draw takes a free index at random, with 8 bytes from a source that nobody can
// guess. There must be a free one.
func (x *Indices) Draw(random io.Reader) (uint32, error) {
	var seed [8]byte
	if _, err := io.ReadFull(random, seed[:]); err != nil {
		return 0, err
	}
	// The high word of the product is below left. Its bias is below 2⁻⁴⁰, since
	// a list has at most 2²⁴ entries.
	rank, _ := bits.Mul64(binary.LittleEndian.Uint64(seed[:]), uint64(x.left))
	index := x.nth(int(rank))
	x.Take(index)
	return index, nil
}

// nth returns the free index that has rank free ones below it.
func (x *Indices) nth(rank int) uint32 {
	block := 0
	for rank >= x.free[block] {
		rank -= x.free[block]
		block++
	}
	word := block * (blockBits / wordBits)
	for {
		n := wordBits - bits.OnesCount64(x.words[word])
		if rank < n {
			break
		}
		rank -= n
		word++
	}
	open := ^x.words[word]
	for ; rank > 0; rank-- {
		open &= open - 1 // drop the lowest
	}
	return uint32(word*wordBits + bits.TrailingZeros64(open))
}

// Take marks an index as taken and reports whether it was free.
func (x *Indices) Take(index uint32) bool {
	bit := uint64(1) << (index % wordBits)
	if x.words[index/wordBits]&bit != 0 {
		return false
	}
	x.words[index/wordBits] |= bit
	x.free[index/blockBits]--
	x.left--
	return true
}

// Release gives back an index that was taken and never seen outside.
func (x *Indices) Release(index uint32) {
	x.words[index/wordBits] &^= uint64(1) << (index % wordBits)
	x.free[index/blockBits]++
	x.left++
}
