package sqlite

import (
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/verifier/visit"
)

// filled is a register after a month: 30,000 records, 500 persons, 100 of
// them present.
func filled(b *testing.B) *visit.Register {
	b.Helper()
	s, err := Open(b.Context(), Config{Path: b.TempDir() + "/gates.db", Create: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	start := crashTime.Add(-30 * 24 * time.Hour)
	register, err := visit.NewRegister(visit.Config{Store: s, Retention: 31 * 24 * time.Hour, Now: func() time.Time { return crashTime }})
	if err != nil {
		b.Fatal(err)
	}
	for day := range 30 {
		var entries []visit.Entry
		for person := range 500 {
			at := start.Add(time.Duration(day)*24*time.Hour + time.Duration(person)*time.Second)
			badge := &visit.Badge{Issuer: "https://badge.vendor.example", Subject: fmt.Sprint("person-", person), GivenName: "Nadia", FamilyName: "Nowakowska", Expires: at.Add(24 * time.Hour)}
			in := visit.Entry{Origin: crashOrigin, Record: visit.Record{ID: fmt.Sprint(day, "-in-", person), At: at, Event: visit.Admitted, Badge: badge}}
			out := visit.Entry{Origin: crashOrigin, Record: visit.Record{ID: fmt.Sprint(day, "-out-", person), At: at.Add(time.Hour), Event: visit.Left, Visit: in.ID}}
			entries = append(entries, in)
			if day < 29 || person >= 100 {
				entries = append(entries, out)
			}
		}
		if _, err := s.AddRecords(b.Context(), entries); err != nil {
			b.Fatal(err)
		}
	}
	return register
}

func BenchmarkRegister(b *testing.B) {
	register := filled(b)
	b.Run("Present", func(b *testing.B) {
		for b.Loop() {
			present, err := register.Present(b.Context(), crashOrigin.Site)
			if err != nil || len(present) != 100 {
				b.Fatal(len(present), err)
			}
		}
	})
	b.Run("Export", func(b *testing.B) {
		for b.Loop() {
			if err := register.Export(b.Context(), io.Discard, crashOrigin.Site, time.Time{}, time.Time{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Keep1", func(b *testing.B) { keep(b, register, 1) })
	b.Run("Keep100", func(b *testing.B) { keep(b, register, 100) })
}

func keep(b *testing.B, register *visit.Register, size int) {
	n := 0
	for b.Loop() {
		records := make([]visit.Record, size)
		for i := range records {
			n++
			records[i] = visit.Record{
				ID: fmt.Sprint("new-", size, "-", b.N, "-", n), At: crashTime, Event: visit.Left,
				Badge: &visit.Badge{Issuer: "https://badge.vendor.example", Subject: fmt.Sprint("person-", n%500)},
			}
		}
		if _, err := register.Keep(b.Context(), crashOrigin, records); err != nil {
			b.Fatal(err)
		}
	}
}
