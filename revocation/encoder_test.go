package revocation

import (
	"bytes"
	"compress/zlib"
	"io"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/cyberbadge/cyberbadge/internal/jose"
)

func mustEncode(t testing.TB, encoder *Encoder, list *List) Encoded {
	t.Helper()
	encoded, err := encoder.Encode(list)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func compressed(t testing.TB, encoded Encoded) []byte {
	t.Helper()
	stream, err := jose.DecodeSegment(encoded.text)
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

// TestEncodedListsAreZlib reads them with the standard library's reader, and with
// our own, which takes nothing before and behind.
func TestEncodedListsAreZlib(t *testing.T) {
	t.Parallel()
	for _, size := range []uint64{MinEntries, 4*chunkSize - 4, 4 * chunkSize, 4*chunkSize + 4, 1 << 20, MaxEntries} {
		list, err := NewList(size)
		if err != nil {
			t.Fatal(err)
		}
		for _, index := range []uint64{0, size / 2, size - 1} {
			if err := list.Set(index, Suspended); err != nil {
				t.Fatal(err)
			}
		}
		stream := compressed(t, mustEncode(t, &Encoder{}, list))
		reader, err := zlib.NewReader(bytes.NewReader(stream))
		if err != nil {
			t.Fatal(err)
		}
		if entries, err := io.ReadAll(reader); err != nil || !bytes.Equal(entries, list.entries) {
			t.Errorf("%d entries: the standard library reads others (%v)", size, err)
		}
		if entries, err := inflate(stream); err != nil || !bytes.Equal(entries, list.entries) {
			t.Errorf("%d entries: we read others (%v)", size, err)
		}
	}
}

// TestEncodingDoesNotDependOnWhatWasEncodedBefore changes lists of every density
// at random, and compares with encoders that never saw another list.
func TestEncodingDoesNotDependOnWhatWasEncodedBefore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		entries := 4 * rapid.Uint64Range(MinEntries/4, 3*chunkSize).Draw(t, "entries")
		list, err := NewList(entries)
		if err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(1, rapid.Uint64().Draw(t, "seed")))
		encode := func(encoder *Encoder) string {
			encoded, err := encoder.Encode(list)
			if err != nil {
				t.Fatal(err)
			}
			return encoded.text
		}
		var encoder Encoder
		for _, changes := range rapid.SliceOfN(rapid.SampledFrom([]uint64{0, 1, 2, 100, entries / 25, entries / 3}), 1, 4).Draw(t, "changes") {
			for range changes {
				if err := list.Set(random.Uint64N(entries), Status(random.IntN(3))); err != nil {
					t.Fatal(err)
				}
			}
			if encode(&encoder) != encode(&Encoder{}) {
				t.Fatal("another text than from an encoder that is new")
			}
		}
	})
}

func TestAnEncoderTakesAListOfAnotherSize(t *testing.T) {
	t.Parallel()
	var encoder Encoder
	for _, size := range []uint64{1 << 12, 1 << 10, 1 << 12} {
		list, err := NewList(size)
		if err != nil {
			t.Fatal(err)
		}
		entries, err := inflate(compressed(t, mustEncode(t, &encoder, list)))
		if err != nil || len(entries) != len(list.entries) {
			t.Errorf("%d bytes (%v), want %d", len(entries), err, len(list.entries))
		}
	}
}

// TestAChangedEntryMovesLittle is the promise to whoever sends differences: what
// stands before and behind the one chunk that changed, and the checksum, is the
// same text.
func TestAChangedEntryMovesLittle(t *testing.T) {
	t.Parallel()
	list := listWith(t, million/100)
	var encoder Encoder
	old := mustEncode(t, &encoder, list).text
	const checksum = 16 // characters at the end of the text that may differ
	for n := range uint64(16) {
		index := n*(million/16) + 5
		if err := list.Set(index, Suspended); err != nil {
			t.Fatal(err)
		}
		next := mustEncode(t, &encoder, list).text
		chunk := len(encoder.chunks[index/4/chunkSize])
		before := common(old, next)
		behind := common(reversed(old[:len(old)-checksum]), reversed(next[:len(next)-checksum]))
		if moved := len(next) - checksum - before - behind; moved > (chunk+3)*4/3 {
			t.Errorf("%d characters of %d changed with a chunk of %d bytes", moved, len(next), chunk)
		}
		old = next
	}
}

func common(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

func reversed(text string) string {
	b := []byte(text)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}

// TestChunksCostLittle compares the size with that of one stream at level 9.
func TestChunksCostLittle(t *testing.T) {
	t.Parallel()
	for percent, most := range map[int]float64{1: 1.2, 4: 1.1, 10: 0.9} {
		list := listWith(t, million/100*percent)
		ours := len(compressed(t, mustEncode(t, &Encoder{}, list)))
		plain := len(deflate(t, list.entries, 9))
		if ratio := float64(ours) / float64(plain); ratio > most {
			t.Errorf("%d%% revoked: %.2f times the size of a plain stream, at most %.2f is taken", percent, ratio, most)
		}
	}
	if empty := len(compressed(t, mustEncode(t, &Encoder{}, listWith(t, 0)))); empty > 1<<10 {
		t.Errorf("a list without revocations takes %d bytes", empty)
	}
}
