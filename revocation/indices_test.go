package revocation

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func mustIndices(size uint32) *Indices {
	x, err := NewIndices(size)
	if err != nil {
		panic(err)
	}
	return x
}

func TestNewIndices_TakesTheSizesThatListsHave(t *testing.T) {
	t.Parallel()
	for size, good := range map[uint32]bool{
		0: false, MinEntries - 1: false, MinEntries: true, MinEntries + 1: false,
		MaxEntries: true, MaxEntries + 64: false,
	} {
		if _, err := NewIndices(size); (err == nil) != good {
			t.Errorf("size %d: %v", size, err)
		}
	}
}

func TestIndices_BehaveLikeASet(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		size := 64 * rapid.Uint32Range(1, 200).Draw(t, "words")
		x, taken := mustIndices(size), map[uint32]bool{}
		t.Repeat(map[string]func(*rapid.T){
			"draw": func(t *rapid.T) {
				if x.left == 0 {
					t.Skip("full")
				}
				seed := binary.LittleEndian.AppendUint64(nil, rapid.Uint64().Draw(t, "seed"))
				index, err := x.Draw(bytes.NewReader(seed))
				if err != nil || index >= size || taken[index] {
					t.Fatalf("drew %d of %d, taken before: %v, %v", index, size, taken[index], err)
				}
				taken[index] = true
			},
			"take": func(t *rapid.T) {
				index := rapid.Uint32Range(0, size-1).Draw(t, "index")
				if x.Take(index) == taken[index] {
					t.Fatalf("take of %d disagrees", index)
				}
				taken[index] = true
			},
			"release": func(t *rapid.T) {
				for index := range taken {
					x.Release(index)
					delete(taken, index)
					return
				}
			},
			"": func(t *rapid.T) {
				if x.left != int(size)-len(taken) {
					t.Fatalf("%d are free, want %d", x.left, int(size)-len(taken))
				}
			},
		})
	})
}

func TestIndices_EveryFreeIndexHasItsRank(t *testing.T) {
	t.Parallel()
	const size = 3*blockBits + 64
	x := mustIndices(size)
	for index := uint32(0); index < size; index += 3 {
		x.Take(index)
	}
	rank := 0
	for index := range uint32(size) {
		if index%3 == 0 {
			continue
		}
		if got := x.nth(rank); got != index {
			t.Fatalf("rank %d is %d, want %d", rank, got, index)
		}
		rank++
	}
	if rank != x.left {
		t.Errorf("%d ranks for %d free indices", rank, x.left)
	}
}

func TestIndices_ExtremeRandomNumbersAreInside(t *testing.T) {
	t.Parallel()
	for seed, want := range map[uint64]uint32{0: 0, math.MaxUint64: 127} {
		x := mustIndices(128)
		if got, err := x.Draw(bytes.NewReader(binary.LittleEndian.AppendUint64(nil, seed))); err != nil || got != want {
			t.Errorf("random number %x gave %d, %v; want %d", seed, got, err, want)
		}
	}
}

// Ten thousand draws over 64 cells: chi squared has mean 63 and standard
// deviation 11.2; 140 is nearly seven of those away.
func TestIndices_DrawsAreUniform(t *testing.T) {
	t.Parallel()
	const draws, cells, size = 10_000, 64, 1 << 20
	x := mustIndices(size)
	var count [cells]float64
	for range draws {
		index, err := x.Draw(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		count[index/(size/cells)]++
	}
	chi := 0.0
	for _, n := range count {
		chi += (n - draws/cells) * (n - draws/cells) / (draws / cells)
	}
	if chi > 140 {
		t.Errorf("chi squared is %.1f: indices are not uniform", chi)
	}
}

func BenchmarkIndices_Draw90Percent(b *testing.B) {
	x := mustIndices((1 << 20))
	for x.left > (1<<20)/10 {
		if _, err := x.Draw(rand.Reader); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		index, err := x.Draw(rand.Reader)
		if err != nil {
			b.Fatal(err)
		}
		x.Release(index)
	}
}
