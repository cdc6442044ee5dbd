package revocation_test

import (
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// numbered is a list of this second with that number.
func (s *site) numbered(t *testing.T, status revocation.Status, seq uint64) string {
	t.Helper()
	return s.token(t, status, func(token *revocation.Token) { token.Seq = seq })
}

func TestOfTwoListsOfOneSecondTheHigherNumberCounts(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	first, second := s.numbered(t, revocation.Valid, 0), s.numbered(t, revocation.Invalid, 1)
	third := s.numbered(t, revocation.Suspended, revocation.MaxSeq)
	for _, load := range []struct {
		token  string
		status revocation.Status
		want   code.Code
	}{
		{first, revocation.Valid, ""},
		{second, revocation.Invalid, ""},
		{first, revocation.Invalid, code.StatusRollback},
		{third, revocation.Suspended, ""},
		{second, revocation.Suspended, code.StatusRollback},
	} {
		if got := code.Of(s.checker.Load(issuerURL, s.uri, load.token)); got != load.want {
			t.Errorf("got %q, want %q", got, load.want)
		}
		s.want(t, load.status, "", 0)
	}
	// The time comes before the number.
	s.Move(time.Second)
	if err := s.checker.Load(issuerURL, s.uri, s.numbered(t, revocation.Valid, 0)); err != nil {
		t.Fatal(err)
	}
	s.want(t, revocation.Valid, "", 0)
}

// TestF9_AnOlderListIsRefusedKeptOutAndReported is about one that was really signed
// and really published, and is served again by whoever stands in between.
func TestF9_AnOlderListIsRefusedKeptOutAndReported(t *testing.T) {
	t.Parallel()
	events := newEvents()
	s := newSite(t, events.observe)
	old := s.token(t, revocation.Valid, nil)
	s.Move(time.Minute)
	s.publish(t, revocation.Invalid)
	s.want(t, revocation.Invalid, "", 1)
	s.serveText(old)
	s.Move(time.Minute)
	s.want(t, revocation.Invalid, "", 2)
	events.wait(t, revocation.ListRollback, code.StatusRollback)
	// It makes nobody believe that the list is up to date.
	s.Move(revocation.DefaultMaxAge)
	s.wantAnswer(t, 0, code.StatusStale)
}

// TestTwoListsUnderOneNameAreRefusedAndReported is about an issuer, or whoever has its
// key, that tells verifiers different things.
func TestTwoListsUnderOneNameAreRefusedAndReported(t *testing.T) {
	t.Parallel()
	for _, seq := range []uint64{0, 7} {
		events := newEvents()
		s := newSite(t, events.observe)
		held, other := s.numbered(t, revocation.Invalid, seq), s.numbered(t, revocation.Valid, seq)
		if err := s.checker.Load(issuerURL, s.uri, held); err != nil {
			t.Fatal(err)
		}
		if got := code.Of(s.checker.Load(issuerURL, s.uri, other)); got != code.StatusEquivocation {
			t.Errorf("loaded: got %q", got)
		}
		events.wait(t, revocation.ListEquivocation, code.StatusEquivocation)
		s.want(t, revocation.Invalid, "", 0)

		s.serveText(other)
		s.Move(time.Minute)
		s.want(t, revocation.Invalid, "", 1)
		events.wait(t, revocation.ListEquivocation, code.StatusEquivocation)
	}
}

// TestTheSameEntriesAreTheSameList, whoever signed them and until when: every
// signature by one key is another text.
func TestTheSameEntriesAreTheSameList(t *testing.T) {
	t.Parallel()
	events := newEvents()
	s := newSite(t, events.observe)
	first := s.numbered(t, revocation.Invalid, 1)
	again := s.token(t, revocation.Invalid, func(token *revocation.Token) { token.Seq, token.Expires = 1, token.Expires.Add(time.Hour) })
	if first == again {
		t.Fatal("one text")
	}
	for _, text := range []string{first, again, first} {
		if err := s.checker.Load(issuerURL, s.uri, text); err != nil {
			t.Error(err)
		}
	}
	if held := s.checker.Held(); len(held) != 1 || held[0].Token != first {
		t.Errorf("holds %+v", held)
	}
	events.none(t, revocation.ListEquivocation, revocation.ListRollback)
}

// TestLoadingTheSameListDoesNotPutOffTheNextFetch: otherwise whoever can repeat a
// list to a verifier could keep it from a newer one.
func TestLoadingTheSameListDoesNotPutOffTheNextFetch(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	same := s.token(t, revocation.Valid, nil)
	s.serveText(same)
	s.want(t, revocation.Valid, "", 1)
	for range 6 {
		s.Move(10 * time.Second)
		if err := s.checker.Load(issuerURL, s.uri, same); err != nil {
			t.Fatal(err)
		}
	}
	s.publish(t, revocation.Invalid)
	s.want(t, revocation.Invalid, "", 2)
}

// TestALoadedListIsAsOldAsItSays: nobody knows for how long it has been carried.
func TestALoadedListIsAsOldAsItSays(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	if err := s.checker.Load(issuerURL, s.uri, s.token(t, revocation.Valid, nil)); err != nil {
		t.Fatal(err)
	}
	s.want(t, revocation.Valid, "", 0)
	s.Move(30 * time.Second)
	older := tokenAt(t, s.uri, start.Add(time.Second), revocation.Valid, nil)
	if err := s.checker.Load(issuerURL, s.uri, older); err != nil {
		t.Fatal(err)
	}
	s.Move(30 * time.Second)
	s.want(t, revocation.Valid, "", 0)
	s.Move(time.Second)
	s.publish(t, revocation.Invalid)
	s.want(t, revocation.Invalid, "", 1)
}

func TestAKeySignsListsUntilItIsRetired(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.Set(keyRetired)
	s.publish(t, revocation.Valid)
	s.want(t, revocation.Valid, "", 1)
	s.Move(time.Minute)
	s.publish(t, revocation.Invalid)
	s.want(t, revocation.Valid, "", 2)
	after := newSite(t, nil)
	after.Set(keyRetired.Add(time.Second))
	after.publish(t, revocation.Valid)
	after.want(t, 0, code.StatusSignatureInvalid, 1)
}

func TestTwoIssuersMayNumberAlike(t *testing.T) {
	t.Parallel()
	checker := mustChecker(t, revocation.CheckerConfig{Trust: anyIssuer{trust{"https://lists.example/"}}, Now: newClock().Now})
	uri := "https://lists.example/1"
	for issuer, status := range map[string]revocation.Status{"https://one.example": revocation.Valid, "https://two.example": revocation.Invalid} {
		if err := checker.Load(issuer, uri, tokenAt(t, uri, credentialtest.Now, status, nil)); err != nil {
			t.Error(err)
		}
	}
}
