package visit_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/clocktest"
	"github.com/cyberbadge/cyberbadge/verifier/sqlite"
	"github.com/cyberbadge/cyberbadge/verifier/visit"
)

// fixture is a register over a real database, with a clock that only tests move.
type fixture struct {
	*visit.Register
	*clocktest.Clock
	store *sqlite.Store
	path  string
}

const retention = 30 * 24 * time.Hour

var (
	start = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	north = visit.Origin{Gate: "gate-1", GateName: "North", Site: "plant 7"}
	south = visit.Origin{Gate: "gate-2", GateName: "South", Site: "plant 7"}
	other = visit.Origin{Gate: "gate-3", GateName: "Main", Site: "plant 8"}
)

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{path: filepath.Join(t.TempDir(), "gates.db"), Clock: clocktest.New(start)}
	var err error
	if f.store, err = sqlite.Open(t.Context(), sqlite.Config{Path: f.path, Create: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.store.Close() })
	f.Register, err = visit.NewRegister(visit.Config{Store: f.store, Retention: retention, Now: f.Now})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// keep writes records that must all have one result, and returns the details.
func (f *fixture) keep(t *testing.T, origin visit.Origin, want visit.Result, records ...visit.Record) (details []string) {
	t.Helper()
	outcomes, err := f.Keep(t.Context(), origin, records)
	if err != nil || len(outcomes) != len(records) {
		t.Fatalf("%d outcomes of %d records, %v", len(outcomes), len(records), err)
	}
	for i, o := range outcomes {
		if o.ID != records[i].ID || o.Result != want || (o.Detail != "") != (want == visit.Rejected) {
			t.Errorf("record %s: outcome %+v, want %s", records[i].ID, o, want)
		}
		details = append(details, o.Detail)
	}
	return details
}

// present asserts which visits are going on at plant 7.
func (f *fixture) present(t *testing.T, visits ...string) []visit.Presence {
	t.Helper()
	present, err := f.Present(t.Context(), north.Site)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range present {
		got = append(got, p.Visit)
	}
	if fmt.Sprint(got) != fmt.Sprint(visits) {
		t.Errorf("visits %v, want %v", got, visits)
	}
	return present
}

func at(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }

func badge(subject string, expires time.Time) *visit.Badge {
	return &visit.Badge{
		Issuer: "https://badge.vendor.example", Subject: subject,
		StatusList: "https://badge.vendor.example/status-lists/1", Index: 42,
		GivenName: "Nadia", FamilyName: "Nowakowska", Organization: "Vendor", Role: "Technician",
		Expires: expires,
	}
}

// admitted is an admission with a badge that is good until the evening.
func admitted(id, subject string, minute int) visit.Record {
	return visit.Record{ID: id, At: at(minute), Event: visit.Admitted, Reason: "ok", Badge: badge(subject, at(600))}
}

func left(id, subject string, minute int) visit.Record {
	return visit.Record{ID: id, At: at(minute), Event: visit.Left, Badge: badge(subject, at(600))}
}

func leftByHand(id, named string, minute int) visit.Record {
	return visit.Record{ID: id, At: at(minute), Event: visit.Left, Visit: named}
}

func refused(id string, minute int) visit.Record {
	return visit.Record{ID: id, At: at(minute), Event: visit.Refused, Reason: "revoked", Code: "status_revoked"}
}

// has reports whether a text is in any file of the database, after everything has
// been folded into the first of them.
func (f *fixture) has(t *testing.T, text string) bool {
	t.Helper()
	// Forget folds; here nothing is old.
	if _, err := f.Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(f.path + "*")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if name != f.path && name[len(name)-4:] == "-wal" && len(content) > 0 {
			t.Errorf("%s has %d bytes that are not folded in", filepath.Base(name), len(content))
		}
		if bytes.Contains(content, []byte(text)) {
			return true
		}
	}
	return false
}
