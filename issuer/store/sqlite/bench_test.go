package sqlite

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/storetest"
)

// benchmarkCallers is the number of callers for which the target of four times
// the rate of one transaction each is set.
const benchmarkCallers = 32

// BenchmarkReserve_GroupCommitAgainstOneEach reserves badges durably, half of
// the rounds with group commit and half with a transaction for each, turn by
// turn in one run, since the disk's mood changes from one second to the next.
// "ratio" is the quotient of both rates; at least 4 is asked for.
//
//	go test -run xxx -bench GroupCommit -benchtime 20000x ./issuer/store/sqlite
func BenchmarkReserve_GroupCommitAgainstOneEach(b *testing.B) {
	const rounds = 6
	stores := [2]*Store{benchmarkStore(b, DefaultBatchSize), benchmarkStore(b, 1)}
	var spent [2]time.Duration
	each := max(1, b.N/rounds/benchmarkCallers)
	b.ResetTimer()
	for round := range rounds {
		for i, s := range stores {
			start := time.Now()
			reserveTogether(b, s, round, each)
			spent[i] += time.Since(start)
		}
	}
	done := float64(rounds * each * benchmarkCallers)
	group, single := done/spent[0].Seconds(), done/spent[1].Seconds()
	b.ReportMetric(group, "group/s")
	b.ReportMetric(single, "single/s")
	b.ReportMetric(group/single, "ratio")
}

func benchmarkStore(b *testing.B, batch int) *Store {
	s := openTest(b, Config{Path: testPath(b), Create: true, BatchSize: batch})
	knowPeople(b, s)
	return s
}

func reserveTogether(b *testing.B, s *Store, round, each int) {
	var wait sync.WaitGroup
	for caller := range benchmarkCallers {
		wait.Go(func() {
			for i := range each {
				id := fmt.Sprintf("%d-%d-%d", round, caller, i)
				if _, err := s.ReserveBadge(context.Background(), storetest.Reservation(id, 0)); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wait.Wait()
}

// BenchmarkImport_Unchanged imports what is known already, as most imports do.
func BenchmarkImport_Unchanged(b *testing.B) {
	im := store.Import{By: "benchmark", People: storetest.People(1000)}
	for i := range im.People {
		im.Training = append(im.Training, storetest.Training(i)...)
		im.Devices = append(im.Devices, storetest.Device(i))
	}
	s := openTest(b, Config{Path: testPath(b), Create: true})
	if _, err := s.ApplyImport(b.Context(), im); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.ApplyImport(b.Context(), im); err != nil {
			b.Fatal(err)
		}
	}
	records := len(im.People) + len(im.Training) + len(im.Devices)
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*records), "µs/record")
}

func BenchmarkAllEvidence_1000People(b *testing.B) {
	im := store.Import{By: "benchmark", People: storetest.People(1000)}
	for i := range im.People {
		im.Training = append(im.Training, storetest.Training(i)...)
		im.Devices = append(im.Devices, storetest.Device(i))
	}
	s := openTest(b, Config{Path: testPath(b), Create: true})
	if _, err := s.ApplyImport(b.Context(), im); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := s.AllEvidence(b.Context(), func(evidence.Person, []evidence.Training, []evidence.Device) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
