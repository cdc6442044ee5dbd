package signal_test

import (
	"slices"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/signal"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// BenchmarkPush measures from the call that revokes a badge until a receiver on this
// machine has the SET.
func BenchmarkPush(b *testing.B) {
	for _, algorithm := range []store.SignalAlgorithm{store.SignalES256, store.SignalRS256} {
		b.Run(string(algorithm), func(b *testing.B) {
			w := newWorld(b)
			w.pushing(b, func(g *signal.Registration) { g.Algorithm = algorithm }, `,"events_requested":["`+signal.CredentialChange+`"]`)
			w.running(b)
			var took []time.Duration
			for b.Loop() {
				b.StopTimer()
				badge := w.issue(b).ID
				b.StartTimer()
				begun := time.Now()
				w.set(b, badge, store.Invalid)
				<-w.receiver.arrived
				took = append(took, time.Since(begun))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}
