package revocation

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
)

const million = 1 << 20

// millionList is a list of a million badges of which one in a hundred is revoked.
func millionList(b *testing.B) *List {
	b.Helper()
	list, err := NewList(million)
	if err != nil {
		b.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range million / 100 {
		if err := list.Set(random.Uint64N(million), Invalid); err != nil {
			b.Fatal(err)
		}
	}
	return list
}

// BenchmarkStatusLookup must stay at 10 ns or less, without allocation.
func BenchmarkStatusLookup(b *testing.B) {
	list := millionList(b)
	var sum Status
	index := uint64(1)
	b.ReportAllocs()
	for b.Loop() {
		index = (index*1664525 + 1013904223) % million // somewhere else each time
		s, err := list.Status(index)
		if err != nil {
			b.Fatal(err)
		}
		sum += s
	}
	_ = sum
}

func BenchmarkMillion(b *testing.B) {
	list := millionList(b)
	encoded, err := list.Encode()
	if err != nil {
		b.Fatal(err)
	}
	signer := Signer{Key: credentialtest.ListKey, KeyID: credentialtest.ListKey.ID()}
	token := Token{URI: listURI, IssuedAt: now, Expires: now.Add(24 * time.Hour), TTL: time.Minute}
	text, err := signer.Sign(token, encoded)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("build", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			millionList(b)
		}
	})
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := list.Encode(); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(encoded.text)), "characters")
	})
	b.Run("sign", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := signer.Sign(token, encoded); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("open", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Open(text, listURI, listKeys); err != nil {
				b.Fatal(err)
			}
		}
	})
}
