package revocation_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/revocation"
)

func (s *site) deny(t *testing.T, status revocation.Status, at time.Time) {
	t.Helper()
	if err := s.checker.Deny(issuerURL, s.uri, index, status, at); err != nil {
		t.Fatal(err)
	}
}

// load takes a list of this instant without asking the server.
func (s *site) load(t *testing.T, status revocation.Status) {
	t.Helper()
	if err := s.checker.Load(issuerURL, s.uri, s.token(t, status, nil)); err != nil {
		t.Fatal(err)
	}
}

func (s *site) wantSignalled(t *testing.T, status revocation.Status, signalled bool) {
	t.Helper()
	held, err := s.checker.Status(issuerURL, credential.StatusRef{URI: s.uri, Index: index})
	if err != nil || held.Status != status || held.Signalled != signalled {
		t.Errorf("held is %+v, %v, want %v, signalled %v", held, err, status, signalled)
	}
	if result, err := s.check(t); err != nil || result.Status != status || result.Signalled != signalled {
		t.Errorf("got %+v, %v, want %v, signalled %v", result, err, status, signalled)
	}
}

// offline is a site without a server, where lists are loaded.
func offline(t *testing.T) *site {
	return newSite(t, func(config *revocation.CheckerConfig) { config.Fetcher = nil })
}

func TestASignalDeniesUntilAListIsNewer(t *testing.T) {
	t.Parallel()
	for _, status := range []revocation.Status{revocation.Invalid, revocation.Suspended} {
		s := offline(t)
		s.load(t, revocation.Valid)
		at := start.Add(5 * time.Second)
		s.Set(at)
		s.deny(t, status, at)
		s.wantSignalled(t, status, true)
		// Another badge of the list is none of its business.
		result, err := s.checker.Check(t.Context(), issuerURL, credential.StatusRef{URI: s.uri, Index: index + 1})
		if err != nil || result.Status != revocation.Valid || result.Signalled {
			t.Errorf("another badge: %+v, %v", result, err)
		}
		// A list of that very second may be from before it.
		s.load(t, revocation.Valid)
		s.wantSignalled(t, status, true)
		s.Move(time.Second)
		s.load(t, revocation.Valid)
		s.wantSignalled(t, revocation.Valid, false)
	}
}

func TestAListThatSaysTheSameTakesOver(t *testing.T) {
	t.Parallel()
	s := offline(t)
	s.load(t, revocation.Valid)
	s.deny(t, revocation.Suspended, start)
	s.load(t, revocation.Invalid) // of the same second, and stricter
	s.wantSignalled(t, revocation.Invalid, false)
	s.Move(time.Second)
	s.load(t, revocation.Suspended)
	s.wantSignalled(t, revocation.Suspended, false)
}

func TestASignalOlderThanTheListChangesNothing(t *testing.T) {
	t.Parallel()
	s := offline(t)
	s.load(t, revocation.Valid)
	s.deny(t, revocation.Invalid, start.Add(-time.Nanosecond))
	s.wantSignalled(t, revocation.Valid, false)
	s.deny(t, revocation.Invalid, start)
	s.wantSignalled(t, revocation.Invalid, true)
}

func TestOfSeveralSignalsTheStricterAndTheLastCount(t *testing.T) {
	t.Parallel()
	s := offline(t)
	s.load(t, revocation.Valid)
	s.Move(10 * time.Second)
	s.deny(t, revocation.Invalid, start.Add(5*time.Second))
	s.deny(t, revocation.Suspended, start.Add(9*time.Second))
	s.deny(t, revocation.Suspended, start.Add(7*time.Second))
	s.wantSignalled(t, revocation.Invalid, true)
	s.Set(start.Add(9 * time.Second))
	s.load(t, revocation.Valid)
	s.wantSignalled(t, revocation.Invalid, true)
	s.Move(time.Second)
	s.load(t, revocation.Valid)
	s.wantSignalled(t, revocation.Valid, false)
}

// TestASignalNeedsNoList: what is known must not wait for what is not.
func TestASignalNeedsNoList(t *testing.T) {
	t.Parallel()
	s := offline(t)
	s.deny(t, revocation.Suspended, start)
	s.wantSignalled(t, revocation.Suspended, true)
	s.load(t, revocation.Valid)
	s.wantSignalled(t, revocation.Suspended, true)
	s.Move(revocation.DefaultMaxAge + time.Second)
	s.wantSignalled(t, revocation.Suspended, true) // though the list is stale
}

// TestASignalDoesNotWaitForTheIssuer, who does not answer.
func TestASignalDoesNotWaitForTheIssuer(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 1)
	s := newSite(t, func(config *revocation.CheckerConfig) {
		config.Fetcher = fetcherFunc(func(ctx context.Context, _ string) (string, error) {
			asked <- struct{}{}
			<-ctx.Done()
			return "", ctx.Err()
		})
	})
	s.deny(t, revocation.Invalid, start)
	<-asked // the list was fetched at once
	s.wantSignalled(t, revocation.Invalid, true)
	s.checker.Close()
}

// TestF21_ASignalOnlyDenies, whoever sends it and however often.
func TestF21_ASignalOnlyDenies(t *testing.T) {
	t.Parallel()
	s := offline(t)
	s.load(t, revocation.Invalid)
	for _, status := range []revocation.Status{revocation.Valid, 3, 255} {
		if err := s.checker.Deny(issuerURL, s.uri, index, status, start.Add(time.Hour)); err == nil {
			t.Errorf("took a signal of %v", status)
		}
	}
	s.deny(t, revocation.Suspended, start.Add(time.Minute))
	s.wantSignalled(t, revocation.Invalid, false)
	for _, uri := range []string{"https://attacker.example/1", ""} {
		if got := code.Of(s.checker.Deny(issuerURL, uri, index, revocation.Invalid, start)); got != code.StatusURINotAllowed {
			t.Errorf("list %q: got %q", uri, got)
		}
	}
}

// TestASignalFromTheFutureDoesNotStick: the sender's clock may be wrong.
func TestASignalFromTheFutureDoesNotStick(t *testing.T) {
	t.Parallel()
	s := offline(t)
	s.load(t, revocation.Valid)
	s.deny(t, revocation.Invalid, start.Add(100*365*24*time.Hour))
	s.Move(revocation.MaxClockBehind)
	s.load(t, revocation.Valid)
	s.wantSignalled(t, revocation.Invalid, true)
	s.Move(time.Second)
	s.load(t, revocation.Valid)
	s.wantSignalled(t, revocation.Valid, false)
}

func TestMaxDenials(t *testing.T) {
	t.Parallel()
	events := newEvents()
	s := newSite(t, events.observe)
	s.want(t, revocation.Valid, "", 1)
	events.wait(t, revocation.ListNewer, "")
	s.Move(revocation.MinRefresh)
	deny := func(n uint64) error {
		return s.checker.Deny(issuerURL, s.uri, n, revocation.Invalid, s.Now())
	}
	for n := range uint64(revocation.MaxDenials) {
		if err := deny(n); err != nil {
			t.Fatalf("signal %d: %v", n, err)
		}
	}
	if err := deny(0); err != nil {
		t.Errorf("one that is known: %v", err)
	}
	events.wait(t, revocation.ListUnchanged, "") // the first had it fetched
	s.Move(time.Minute)
	s.publish(t, revocation.Invalid)
	if err := deny(revocation.MaxDenials); !errors.Is(err, revocation.ErrTooManyDenials) {
		t.Fatalf("one more: %v", err)
	}
	events.wait(t, revocation.SignalRefused, code.Internal)
	events.wait(t, revocation.ListNewer, "")
	// The newer list made room.
	s.Move(time.Second)
	if err := deny(revocation.MaxDenials); err != nil {
		t.Errorf("after a newer list: %v", err)
	}
}
