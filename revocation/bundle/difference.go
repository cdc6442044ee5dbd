package bundle

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
)

// block is how many bytes have to be alike for them to be copied. Smaller ones find
// more and cost more to find; a copy takes some five bytes itself.
const block = 16

// An operation is a number, twice the count of bytes and one more for an insertion,
// then the bytes that are inserted or the place in the old bytes that is copied from.
const insertion = 1

// difference returns operations that make next of old.
func difference(old, next []byte) []byte {
	seed := maphash.MakeSeed()
	places := make(map[uint64]int, len(old)/block)
	for at := 0; at+block <= len(old); at += block {
		places[maphash.Bytes(seed, old[at:at+block])] = at
	}
	var operations []byte
	done, shift := 0, 0 // next[:done] is written; shift is from where to where the last copy went
	for at := 0; at+block <= len(next); {
		var from int
		var known bool
		at, from, known = resume(old, next, at, shift)
		if !known {
			if from, known = places[maphash.Bytes(seed, next[at:at+block])]; !known || !alike(old, from, next, at) {
				at++
				continue
			}
		}
		for at > done && from > 0 && old[from-1] == next[at-1] {
			at, from = at-1, from-1
		}
		count := block
		for at+count < len(next) && from+count < len(old) && old[from+count] == next[at+count] {
			count++
		}
		operations = insert(operations, next[done:at])
		operations = binary.AppendUvarint(operations, uint64(count)<<1)
		operations = binary.AppendUvarint(operations, uint64(from))
		shift = at - from
		at += count
		done = at
	}
	return insert(operations, next[done:])
}

// resume looks where the last copy would go on, a block further at most. What was moved
// together stays together, most of the time, and in a list that is nearly empty all
// other places that look alike only do so up to the next entry.
func resume(old, next []byte, at, shift int) (to, from int, known bool) {
	for to := at; to <= at+block && to+block <= len(next); to++ {
		if alike(old, to-shift, next, to) {
			return to, to - shift, true
		}
	}
	return at, 0, false
}

// alike reports whether a block of both is the same.
func alike(old []byte, from int, next []byte, at int) bool {
	return from >= 0 && from+block <= len(old) && bytes.Equal(old[from:from+block], next[at:at+block])
}

func insert(operations, text []byte) []byte {
	if len(text) == 0 {
		return operations
	}
	operations = binary.AppendUvarint(operations, uint64(len(text))<<1|insertion)
	return append(operations, text...)
}

// patch carries out operations; what they make has at most limit bytes.
func patch(old, operations []byte, limit int) ([]byte, error) {
	var made []byte
	for len(operations) > 0 {
		head, rest, ok := number(operations)
		if !ok {
			return nil, invalid("an operation is damaged")
		}
		count := head >> 1
		if count == 0 || count > uint64(limit-len(made)) {
			return nil, invalid("the operations make more than %d bytes", limit)
		}
		source := rest
		if head&insertion == 0 {
			var from uint64
			if from, rest, ok = number(rest); !ok || from > uint64(len(old)) {
				return nil, invalid("an operation copies from outside the old bytes")
			}
			source = old[from:]
		}
		if count > uint64(len(source)) {
			return nil, invalid("an operation takes more bytes than there are")
		}
		made = append(made, source[:count]...)
		if head&insertion != 0 {
			rest = rest[count:]
		}
		operations = rest
	}
	return made, nil
}

func number(text []byte) (n uint64, rest []byte, ok bool) {
	n, size := binary.Uvarint(text)
	if size <= 0 {
		return 0, nil, false
	}
	return n, text[size:], true
}

// frame writes each piece behind its length.
func frame(pieces [][]byte) []byte {
	var framed []byte
	for _, piece := range pieces {
		framed = binary.AppendUvarint(framed, uint64(len(piece)))
		framed = append(framed, piece...)
	}
	return framed
}

func unframe(framed []byte) ([][]byte, error) {
	var pieces [][]byte
	for len(framed) > 0 {
		size, rest, ok := number(framed)
		if !ok || size > uint64(len(rest)) {
			return nil, invalid("a piece of a token is cut off")
		}
		pieces = append(pieces, rest[:size])
		framed = rest[size:]
	}
	return pieces, nil
}
