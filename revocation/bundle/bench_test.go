package bundle_test

import (
	"testing"

	"github.com/cyberbadge/cyberbadge/revocation/bundle"
)

// BenchmarkBundle100000 opens the bundle of a hundred thousand badges, one in a
// hundred of them revoked, and applies a delta of a hundred revocations more.
func BenchmarkBundle100000(b *testing.B) {
	old, next := hundredThousand(b)
	delta, err := bundle.Delta(old, next)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			if _, err := bundle.Open(next, rules(b)); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(next)), "bundle-bytes")
	})
	b.Run("apply", func(b *testing.B) {
		for b.Loop() {
			if _, err := bundle.Apply(delta, old); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(delta)), "delta-bytes")
	})
}
