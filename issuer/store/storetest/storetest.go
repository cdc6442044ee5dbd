// Package storetest is the suite that every engine of package store must pass,
// capability by capability. An engine's test is one line:
//
//	storetest.Run(t, func(t testing.TB, c storetest.Config) store.Store { … })
//
// It asserts results and error values, never timing.
package storetest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/notify/notifytest"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// Config is what a test asks of the store it runs on. Zero fields leave the
// engine's defaults.
type Config struct {
	ListSize       uint32
	MaxFillPercent int
	MaxLists       int
	Now            func() time.Time
}

// Opener opens an empty store and has the test close it at its end.
type Opener func(t testing.TB, c Config) store.Store

// Run runs the whole suite, each test on a store of its own.
func Run(t *testing.T, open Opener) {
	for _, capability := range []struct {
		name  string
		tests []test
	}{
		{"Evidence", evidenceTests},
		{"Sources", sourceTests},
		{"Directory", directoryTests},
		{"Portraits", portraitTests},
		{"Badges", badgeTests},
		{"Status", statusTests},
		{"Lists", listTests},
		{"Changes of lists", listChangeTests},
		{"Enrolments", enrolmentTests},
		{"Deliveries", deliveryTests},
		{"Tokens", tokenTests},
		{"Officers", officerTests},
		{"Sessions", sessionTests},
		{"Proposals", proposalTests},
		{"Cases", caseTests},
		{"Suspending on cases", caseSuspensionTests},
		{"Closing cases", caseEndTests},
		{"Keys", keyTests},
		{"Bundles", bundleTests},
		{"Signals", signalTests},
		{"Events", eventTests},
		{"Standings", standingTests},
		{"Rejudging", rejudgeTests},
		{"Mass changes", massTests},
		{"Departures", departureTests},
		{"Holds", holdTests},
		{"Messages", messageTests},
		{"Privacy", privacyTests},
		{"Erasures", erasureTests},
		{"Traces", traceTests},
		{"Counts", countTests},
		{"Retention", retentionTests},
		{"Text", textTests},
		{"Concurrency", concurrencyTests},
	} {
		t.Run(capability.name, func(t *testing.T) {
			for _, test := range capability.tests {
				t.Run(test.name, func(t *testing.T) {
					t.Parallel()
					test.run(t, open)
				})
			}
		})
	}
	t.Run("Outbox", func(t *testing.T) {
		notifytest.RunOutboxTests(t, func(t *testing.T) notifytest.Store { return open(t, Config{Now: fixedClock}) })
	})
}

type test struct {
	name string
	run  func(*testing.T, Opener)
}

// now is the store's clock in tests: 2026-11-23T08:00:00.123456Z.
var now = time.Date(2026, 11, 23, 8, 0, 0, 123456000, time.UTC)

func fixedClock() time.Time { return now }

const officer = "officer@vendor.example"

// People returns n active people with ids person-000… and external ids E-000….
func People(n int) []evidence.Person {
	all := make([]evidence.Person, n)
	for i := range all {
		all[i] = evidence.Person{
			ID: fmt.Sprintf("person-%03d", i), ExternalID: fmt.Sprintf("E-%03d", i),
			UserName: fmt.Sprintf("user%d", i), Active: true, Role: "technician",
			GivenName: "Zoë", FamilyName: "Nuñez", DisplayName: "Zoë Nuñez", Email: "zoe@vendor.example",
			Language: "fr-CA", EmployeeNumber: fmt.Sprint(1000 + i), Organization: "Vendor", Department: "Field",
			Modified: now.Add(-time.Hour),
		}
	}
	return all
}

// Reservation returns a reservation under the given id for one of [People].
func Reservation(id string, person int) store.Reservation {
	return store.Reservation{
		ID: id, PersonID: fmt.Sprintf("person-%03d", person), HolderKeyThumbprint: "thumbprint-" + id,
		Type: "https://vendor.example/vct/badge", Access: []string{"onsite", "remote"},
		IssuedAt: now.Truncate(time.Hour), ExpiresAt: now.Truncate(time.Hour).Add(24 * time.Hour), By: officer,
	}
}

// Sum returns a hash that stands for the signed text of a badge.
func Sum(id string) [sha256.Size]byte { return sha256.Sum256([]byte(id)) }

// opened returns a store that knows three people.
func opened(t *testing.T, open Opener, c Config) store.Store {
	t.Helper()
	if c.Now == nil {
		c.Now = fixedClock
	}
	s := open(t, c)
	mustImport(t, s, store.Import{People: People(3)})
	return s
}

func mustImport(t *testing.T, s store.Store, im store.Import) store.ImportResult {
	t.Helper()
	im.By = officer
	result, err := s.ApplyImport(t.Context(), im)
	check(t, err, nil)
	return result
}

func mustReserve(t *testing.T, s store.Store, id string, person int) store.Badge {
	t.Helper()
	b, err := s.ReserveBadge(t.Context(), Reservation(id, person))
	check(t, err, nil)
	return b
}

func setStatus(t *testing.T, s store.Store, id string, to store.Status) (store.Badge, error) {
	t.Helper()
	return s.SetBadgeStatus(t.Context(), store.StatusChange{BadgeID: id, To: to, Reason: "key_lost", By: officer, At: now})
}

// events returns all events behind a number.
func events(t *testing.T, s store.Store, after int64) []store.Event {
	t.Helper()
	all, err := s.Events(t.Context(), after, store.MaxPage)
	check(t, err, nil)
	return all
}

// last returns the number of the newest event.
func last(t *testing.T, s store.Store) int64 {
	t.Helper()
	all := events(t, s, 0)
	if len(all) == 0 {
		return 0
	}
	return all[len(all)-1].Number
}

// quiet fails the test if do records an event.
func quiet(t *testing.T, s store.Store, do func()) {
	t.Helper()
	before := last(t, s)
	do()
	if more := events(t, s, before); len(more) > 0 {
		t.Errorf("recorded %v, want no event", more)
	}
}

// check fails the test unless err is want, or nil if want is.
func check(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error is %v, want %v", err, want)
	}
	if err != nil && !strings.HasPrefix(err.Error(), "store: ") {
		t.Errorf("error %q does not say where it comes from", err)
	}
}

func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}
