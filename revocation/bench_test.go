package revocation

import (
	"crypto/ecdsa"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
)

const million = 1 << 20

// millionList is a list of a million badges of which one in a hundred is revoked.
func millionList(b *testing.B) *List {
	b.Helper()
	return listWith(b, million/100)
}

func listWith(b testing.TB, revoked int) *List {
	b.Helper()
	list, err := NewList(million)
	if err != nil {
		b.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range revoked {
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

// BenchmarkEncoder compares what one revocation costs in a list of a million with
// building all of it, and the bytes with one plain ZLIB stream.
func BenchmarkEncoder(b *testing.B) {
	for _, percent := range []int{0, 1, 4, 10} {
		list := listWith(b, million/100*percent)
		b.Run(fmt.Sprintf("one of %d%%", percent), func(b *testing.B) {
			var encoder Encoder
			encoded := mustEncode(b, &encoder, list)
			b.ReportAllocs()
			for n := uint64(0); b.Loop(); n++ {
				if err := list.Set(n*7919%million, Status(n%2)); err != nil {
					b.Fatal(err)
				}
				encoded = mustEncode(b, &encoder, list)
			}
			b.ReportMetric(float64(len(encoded.text))*3/4, "bytes")
		})
		b.Run(fmt.Sprintf("all of %d%%", percent), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				mustEncode(b, &Encoder{}, list)
			}
		})
		for _, level := range []int{6, 9} {
			b.Run(fmt.Sprintf("plain level %d of %d%%", level, percent), func(b *testing.B) {
				var size int
				for b.Loop() {
					size = len(deflate(b, list.entries, level))
				}
				b.ReportMetric(float64(size), "bytes")
			})
		}
	}
}

// BenchmarkCheck is what a decision pays for the status of a badge whose list is
// held: who may, what time it is, what is signalled, and the look-up.
func BenchmarkCheck(b *testing.B) {
	checker, err := NewChecker(CheckerConfig{Trust: anyTrust{}})
	if err != nil {
		b.Fatal(err)
	}
	defer checker.Close()
	encoded := mustEncode(b, &Encoder{}, millionList(b))
	issued := time.Now().Truncate(time.Second)
	text, err := Signer{Key: credentialtest.ListKey, KeyID: credentialtest.ListKey.ID()}.Sign(
		Token{URI: listURI, IssuedAt: issued, Expires: issued.Add(24 * time.Hour), TTL: time.Minute}, encoded)
	if err != nil {
		b.Fatal(err)
	}
	if err := checker.Load(credentialtest.IssuerURL, listURI, text); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := checker.Check(b.Context(), credentialtest.IssuerURL, credential.StatusRef{URI: listURI, Index: 413}); err != nil {
			b.Fatal(err)
		}
	}
}

type anyTrust struct{}

func (anyTrust) CheckListURI(_, _ string) error { return nil }
func (anyTrust) ListKey(_, keyID string) (*ecdsa.PublicKey, error) {
	return listKeys(keyID)
}
func (anyTrust) CheckListTime(_, _ string, _ time.Time) error { return nil }
