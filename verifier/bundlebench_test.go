package verifier_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/revocation/bundle"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/verifiertest"
)

// BenchmarkUseBundle100000 takes the bundle of a hundred thousand badges in a list of
// a million, one in a hundred of them revoked, all checks included.
func BenchmarkUseBundle100000(b *testing.B) {
	list, err := revocation.NewList(1 << 20)
	if err != nil {
		b.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		if err := list.Set(random.Uint64N(1<<20), revocation.Invalid); err != nil {
			b.Fatal(err)
		}
	}
	text := verifiertest.Bundle(b, revocation.Valid, func(made *bundle.Bundle) {
		made.Lists = []bundle.List{verifiertest.BundleList(b, made.IssuedAt, list)}
	})
	now := credentialtest.Now
	for b.Loop() {
		b.StopTimer()
		v, err := verifier.New(verifier.Config{Roots: []verifier.Root{verifiertest.Root(b)}, Now: func() time.Time { return now }})
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if _, err := v.UseBundle(text); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(text)), "bundle-bytes")
}
