package revocation

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"hash/adler32"
	"sync"

	"github.com/cyberbadge/cyberbadge/internal/jose"
)

// Encoded is a compressed list, ready to be signed again and again: compressing
// costs a hundred times what signing does.
type Encoded struct {
	bits uint
	text string
}

// Encode compresses the list as it is now. Who encodes the same list again after
// some of its entries changed uses an [Encoder].
func (l *List) Encode() (Encoded, error) { return new(Encoder).Encode(l) }

// How lists are compressed, by measurement: BenchmarkEncoder.
const (
	// chunkSize is how many bytes of entries are compressed by themselves. Half of
	// it makes a list that is nearly empty half as large again; twice as much takes
	// twice as long for every revocation.
	chunkSize = 16 << 10
	// compressionLevel weighs the size of what everybody fetches against how soon
	// a revocation is published: level 9 takes ten times as long for a tenth less.
	compressionLevel = 7
	// denseRatio is how many times smaller a chunk has to become by Huffman coding
	// alone for a search for repetitions to be worth its time. In a dense chunk
	// they cost more bits than they save.
	denseRatio = 6
)

// Encoder encodes one list over and over. It writes a ZLIB stream of chunks that
// do not depend on each other and keeps them, so that a changed entry costs the
// compression of one chunk, and moves little in the text: what stands before and
// behind the chunk stays as it was. The result depends on the entries alone, not
// on what was encoded before.
//
// The zero Encoder is ready for use. It is not safe for concurrent use.
type Encoder struct {
	bits    uint
	entries []byte   // as they were encoded last
	chunks  [][]byte // of entries, each compressed
	encoded Encoded
}

// compressor is what chunks are compressed with. It holds 1.5 MB, and an issuer may
// have a thousand lists, of which one changes at a time.
type compressor struct{ huffman, searching *flate.Writer }

var compressors = sync.Pool{New: func() any {
	var c compressor
	// They fail for levels that there are not.
	c.huffman, _ = flate.NewWriter(nil, flate.HuffmanOnly)
	c.searching, _ = flate.NewWriter(nil, compressionLevel)
	return &c
}}

// Encode compresses the list as it is now.
func (e *Encoder) Encode(l *List) (Encoded, error) {
	if len(e.entries) != len(l.entries) || e.bits != l.bits {
		e.bits, e.entries, e.encoded = l.bits, make([]byte, len(l.entries)), Encoded{}
		e.chunks = make([][]byte, (len(l.entries)+chunkSize-1)/chunkSize)
	}
	for n := range e.chunks {
		from, to := n*chunkSize, min((n+1)*chunkSize, len(l.entries))
		if e.chunks[n] != nil && bytes.Equal(e.entries[from:to], l.entries[from:to]) {
			continue
		}
		chunk, err := compress(l.entries[from:to])
		if err != nil {
			return Encoded{}, err
		}
		e.chunks[n], e.encoded = chunk, Encoded{}
		copy(e.entries[from:to], l.entries[from:to])
	}
	if e.encoded.text == "" {
		e.encoded = Encoded{bits: e.bits, text: jose.Encoding.EncodeToString(e.stream())}
	}
	return e.encoded, nil
}

// compress makes a chunk: blocks that are not the last of a stream and end at a
// byte, after a number of bytes that is a multiple of three.
func compress(entries []byte) ([]byte, error) {
	by := compressors.Get().(*compressor)
	defer compressors.Put(by)
	chunk, err := flush(by.huffman, entries)
	if err != nil {
		return nil, err
	}
	if len(chunk)*denseRatio < len(entries) {
		smaller, err := flush(by.searching, entries)
		if err != nil {
			return nil, err
		}
		if len(smaller) < len(chunk) {
			chunk = smaller
		}
	}
	return append(chunk, paddings[len(chunk)%3]...), nil
}

func flush(w *flate.Writer, entries []byte) ([]byte, error) {
	var b bytes.Buffer
	w.Reset(&b)
	if _, err := w.Write(entries); err != nil {
		return nil, err
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// paddings are empty blocks that bring a length to a multiple of three (RFC 1951,
// section 3.2.3), by the remainder it leaves. Three bytes are four characters of
// base64: with them, a chunk that gets longer shifts the text behind it, where
// otherwise every character of it would change.
var paddings = [3][]byte{
	1: {0, 0, 0, 0xff, 0xff},       // a stored block
	2: {2, 8, 0, 0, 0, 0xff, 0xff}, // two of fixed codes, then a stored one
}

// stream puts a ZLIB stream (RFC 1950) around the chunks.
func (e *Encoder) stream() []byte {
	stream := []byte{0x78, 0x9c} // a window of 32 KiB, no dictionary
	for _, chunk := range e.chunks {
		stream = append(stream, chunk...)
	}
	stream = append(stream, 3, 0) // the last block, of fixed codes and empty
	return binary.BigEndian.AppendUint32(stream, adler32.Checksum(e.entries))
}
