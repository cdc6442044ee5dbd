package sqlite

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/sqlitefile/sqlitefiletest"
	"github.com/cyberbadge/cyberbadge/verifier/visit"
)

func TestMain(m *testing.M) { sqlitefiletest.Main(m, recordUntilKilled) }

var (
	crashTime   = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	crashOrigin = visit.Origin{Gate: "gate-1", GateName: "North", Site: "plant 7"}
)

func openRegister(s *Store) (*visit.Register, error) {
	return visit.NewRegister(visit.Config{Store: s, Retention: time.Hour, Now: func() time.Time { return crashTime }})
}

// recordUntilKilled admits people and checks every other one out, and acknowledges
// the name of each, and whether they left.
func recordUntilKilled(path string, acknowledge func(line string)) error {
	s, err := Open(context.Background(), Config{Path: path})
	if err != nil {
		return err
	}
	register, err := openRegister(s)
	if err != nil {
		return err
	}
	failed := make(chan error)
	for caller := range 4 {
		go func() {
			for n := 0; ; n++ {
				name := fmt.Sprintf("%d-%d-%d", os.Getpid(), caller, n)
				outcomes, err := register.Keep(context.Background(), crashOrigin, crashRecords(name, n%2 == 0))
				if err != nil || slices.ContainsFunc(outcomes, func(o visit.Outcome) bool { return o.Result != visit.Kept }) {
					failed <- fmt.Errorf("%v, %w", outcomes, err)
					return
				}
				acknowledge(fmt.Sprint(name, " ", n%2 == 0))
			}
		}()
	}
	return <-failed
}

func crashRecords(name string, leaves bool) []visit.Record {
	badge := &visit.Badge{Issuer: "https://badge.vendor.example", Subject: name, Expires: crashTime.Add(time.Hour)}
	records := []visit.Record{
		{ID: name + "-in", At: crashTime, Event: visit.Admitted, Badge: badge},
		{ID: name + "-no", At: crashTime, Event: visit.Refused, Reason: "expired"},
	}
	if leaves {
		records = append(records, visit.Record{ID: name + "-out", At: crashTime, Event: visit.Left, Visit: name + "-in"})
	}
	return records
}

func TestCrash_NothingAcknowledgedIsLost(t *testing.T) {
	t.Parallel()
	kills := 5
	if testing.Short() {
		kills = 2
	}
	path := testPath(t)
	s := openTest(t, Config{Path: path, Create: true})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	acknowledged := map[string]bool{} // and whether it left
	sqlitefiletest.Killing{
		Path: path, Kills: kills, Within: 120 * time.Millisecond,
		Acknowledged: func(line string) {
			var name string
			var leaves bool
			if _, err := fmt.Sscan(line, &name, &leaves); err != nil {
				t.Fatalf("line %q: %v", line, err)
			}
			acknowledged[name] = leaves
		},
		Survived: func() { survived(t, path, acknowledged) },
	}.Run(t)
	t.Logf("%d kills, %d calls acknowledged, none lost", kills, len(acknowledged))
}

// survived opens the database as after a crash and compares it with what was
// acknowledged.
func survived(t *testing.T, path string, acknowledged map[string]bool) {
	t.Helper()
	s, err := Open(t.Context(), Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var verdict string
	if err := s.writes.QueryRow("PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Fatalf("integrity: %s, %v", verdict, err)
	}
	register, err := openRegister(s)
	if err != nil {
		t.Fatal(err)
	}
	present, err := register.Present(t.Context(), crashOrigin.Site)
	if err != nil {
		t.Fatal(err)
	}
	here := map[string]bool{}
	for _, p := range present {
		here[p.Visit] = true
	}
	for name, left := range acknowledged {
		if here[name+"-in"] == left {
			t.Errorf("%s: left is %v, present is %v", name, left, here[name+"-in"])
		}
		records := crashRecords(name, left)
		outcomes, err := register.Keep(t.Context(), crashOrigin, records)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range outcomes {
			if o.Result != visit.Already {
				t.Errorf("%s was acknowledged and is lost", o.ID)
			}
		}
	}
}
