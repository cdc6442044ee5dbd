package issuer_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/issuertest"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
	"github.com/cyberbadge/cyberbadge/issuer/store/storetest"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// aged is an issuer with lists of a million entries in which one in a hundred is
// revoked, as they are after a long time. A badge that is good does not show in a
// list, and publishing does not read it, so that none is issued here but those that
// are revoked: a list of which a hundredth was given out counts as full.
type aged struct {
	*issuer.Program
	store  *sqlite.Store
	tokens chan issuer.ListToken // as they are published
	issued int
}

func newAged(b *testing.B, lists int) *aged {
	b.Helper()
	a := &aged{tokens: make(chan issuer.ListToken, 1<<16)}
	a.store = issuertest.Database(b, sqlite.Config{MaxFillPercent: 1, BatchSize: sqlite.MaxBatchSize})
	config := issuertest.Config(a.store, time.Now)
	config.ListKey = usual{credentialtest.ListKey.Private()}
	a.Program = issuertest.New(b, config)
	if _, err := a.store.ApplyImport(b.Context(), store.Import{People: storetest.People(3), By: "benchmark"}); err != nil {
		b.Fatal(err)
	}
	perList := sqlite.DefaultListSize / 100
	a.reserve(b, lists*perList, 0)
	now := storetest.Reservation("", 0).IssuedAt
	if _, err := a.store.SetStatusOfPerson(b.Context(), store.PersonStatusChange{
		PersonID: "person-000", To: store.Invalid, Reason: "r", By: "benchmark", At: now,
	}); err != nil {
		b.Fatal(err)
	}
	a.OnListPublished(func(token issuer.ListToken) { a.tokens <- token })
	return a
}

// reserve makes badges of a person and returns their ids.
func (a *aged) reserve(b *testing.B, badges, person int) []string {
	b.Helper()
	ids := make([]string, badges)
	var wait sync.WaitGroup
	for caller := range benchmarkCallers {
		wait.Go(func() {
			for i := caller; i < badges; i += benchmarkCallers {
				ids[i] = fmt.Sprint("b", a.issued+i)
				if _, err := a.store.ReserveBadge(context.Background(), storetest.Reservation(ids[i], person)); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wait.Wait()
	a.issued += badges
	return ids
}

func (a *aged) revoke(b *testing.B, id string) store.Badge {
	badge, err := a.SetStatus(b.Context(), id, store.Invalid, "r", "benchmark")
	if err != nil {
		b.Error(err)
	}
	return badge
}

// publishes publishes until the benchmark is over, from now on with every list ready.
func (a *aged) publishes(b *testing.B, lists int) {
	b.Helper()
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.PublishLists(ctx) }()
	b.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	})
	for range lists {
		<-a.tokens
	}
}

// until waits for a token of a list that holds a version.
func (a *aged) until(b *testing.B, listID int64, seq uint64) issuer.ListToken {
	for {
		if token := <-a.tokens; token.ListID == listID && token.Seq >= seq {
			return token
		}
	}
}

// quantile is the duration below which that share of all lie, in milliseconds.
func quantile(all []time.Duration, share float64) float64 {
	slices.Sort(all)
	return float64(all[int(share*float64(len(all)-1))].Microseconds()) / 1000
}

// BenchmarkPublish_OneRevocation measures from the call that revokes a badge of a list
// of a million until the call has returned, and until the signed list is ready. Half
// of the calls come when nothing happened for a while, the others at once after the
// one before.
//
//	go test -run xxx -bench Publish_One -benchtime 400x ./issuer
func BenchmarkPublish_OneRevocation(b *testing.B) {
	for name, pause := range map[string]time.Duration{"idle": 120 * time.Millisecond, "busy": 0} {
		b.Run(name, func(b *testing.B) {
			a := newAged(b, 1)
			ids := a.reserve(b, b.N, 1)
			a.publishes(b, 2) // the badges to revoke are in a second list
			var returned, ready []time.Duration
			b.ResetTimer()
			for _, id := range ids {
				time.Sleep(pause)
				began := time.Now()
				badge := a.revoke(b, id)
				returned = append(returned, time.Since(began))
				version := a.version(b, badge.ListID)
				a.until(b, badge.ListID, version)
				ready = append(ready, time.Since(began))
			}
			b.ReportMetric(quantile(returned, .5), "call-p50-ms")
			b.ReportMetric(quantile(ready, .5), "ready-p50-ms")
			b.ReportMetric(quantile(ready, .99), "ready-p99-ms")
			b.ReportMetric(quantile(ready, 1), "ready-max-ms")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func (a *aged) version(b *testing.B, listID int64) uint64 {
	lists, err := a.store.Lists(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return lists[listID-1].Version
}

// BenchmarkPublish_BurstOfAThousand measures a thousand revocations by 32 callers:
// until the last call has returned, until all of them are published, and how many
// tokens were signed for it.
//
//	go test -run xxx -bench Publish_Burst -benchtime 10x ./issuer
func BenchmarkPublish_BurstOfAThousand(b *testing.B) {
	const burst = 1000
	a := newAged(b, 1)
	a.reserve(b, 1, 1) // so that the second list is there
	a.publishes(b, 2)
	var calls, lag []time.Duration
	tokens := 0
	b.ResetTimer()
	for range b.N {
		b.StopTimer()
		ids := a.reserve(b, burst, 1)
		signed := a.Publishing().Signed
		b.StartTimer()
		began := time.Now()
		var wait sync.WaitGroup
		for caller := range benchmarkCallers {
			wait.Go(func() {
				for i := caller; i < burst; i += benchmarkCallers {
					a.revoke(b, ids[i])
				}
			})
		}
		wait.Wait()
		calls = append(calls, time.Since(began))
		done := time.Now()
		lists, err := a.store.Lists(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		last := lists[len(lists)-1]
		a.until(b, last.ID, last.Version)
		lag = append(lag, time.Since(done))
		tokens += int(a.Publishing().Signed - signed)
	}
	b.ReportMetric(quantile(calls, .5), "calls-p50-ms")
	b.ReportMetric(quantile(lag, .5), "behind-p50-ms")
	b.ReportMetric(quantile(lag, 1), "behind-max-ms")
	b.ReportMetric(float64(tokens)/float64(b.N), "tokens/burst")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkPublish_ListOfAMillion measures what publishing one list is made of, at one
// in a hundred revoked: reading all of it, reading one change, compressing all of it,
// compressing it after one change, and signing.
//
//	go test -run xxx -bench Publish_List ./issuer
func BenchmarkPublish_ListOfAMillion(b *testing.B) {
	a := newAged(b, 1)
	statuses, err := a.store.Statuses(b.Context(), 1)
	if err != nil {
		b.Fatal(err)
	}
	list, err := revocation.ListOf(statuses.Packed)
	if err != nil {
		b.Fatal(err)
	}
	encoded, err := list.Encode()
	if err != nil {
		b.Fatal(err)
	}
	signer := revocation.Signer{Key: usual{credentialtest.ListKey.Private()}, KeyID: credentialtest.ListKey.ID()}
	sign := func() string {
		now := time.Now()
		text, err := signer.Sign(revocation.Token{URI: credentialtest.ListURI, IssuedAt: now, Expires: now.Add(time.Hour), TTL: time.Minute, Seq: 1}, encoded)
		if err != nil {
			b.Fatal(err)
		}
		return text
	}
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			if _, err := a.store.Statuses(b.Context(), 1); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("read one change", func(b *testing.B) {
		for b.Loop() {
			if _, err := a.store.Changes(b.Context(), 1, statuses.Version-1); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("compress", func(b *testing.B) {
		for b.Loop() {
			if _, err := list.Encode(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("compress one change", func(b *testing.B) {
		var encoder revocation.Encoder
		if _, err := encoder.Encode(list); err != nil {
			b.Fatal(err)
		}
		b.ResetTimer()
		for n := 0; b.Loop(); n++ {
			if err := list.Set(uint64(n*7919)%list.Len(), revocation.Status(n%2+1)); err != nil {
				b.Fatal(err)
			}
			if _, err := encoder.Encode(list); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("sign", func(b *testing.B) {
		for b.Loop() {
			sign()
		}
		b.ReportMetric(float64(len(sign())), "token-bytes")
	})
}

// BenchmarkPublish_TenMillion measures an issuer with ten lists of a million entries:
// how long it takes from its start to all lists ready, what memory that takes, and how
// long one revocation and signing all of them anew take then.
//
//	go test -run xxx -bench Publish_Ten -benchtime 1x ./issuer
func BenchmarkPublish_TenMillion(b *testing.B) {
	const lists = 10
	a := newAged(b, lists)
	before := heap()
	began := time.Now()
	a.publishes(b, lists)
	ready := time.Since(began)
	after := heap()
	id := a.reserve(b, 1, 1)[0] // in an eleventh list
	<-a.tokens
	var one []time.Duration
	b.ResetTimer()
	for range b.N {
		began := time.Now()
		badge := a.revoke(b, id)
		a.until(b, badge.ListID, 2)
		one = append(one, time.Since(began))
		id = a.reserve(b, 1, 1)[0]
	}
	b.ReportMetric(float64(ready.Microseconds())/1000, "start-to-ready-ms")
	b.ReportMetric(float64(after-before)/lists/1024, "KiB/list")
	b.ReportMetric(float64(after)/(1<<20), "MiB-heap")
	b.ReportMetric(quantile(one, .5), "revocation-ready-ms")
	b.ReportMetric(0, "ns/op")
}

// heap is how much memory is in use.
func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
