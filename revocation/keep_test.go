package revocation_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/revocation"
)

func TestKnowFetchesWhatNoBadgeHasNamed(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	if held := s.checker.Held(); len(held) != 0 {
		t.Fatalf("holds %v", held)
	}
	if err := s.checker.Know(issuerURL, "https://elsewhere.example/1"); code.Of(err) != code.StatusURINotAllowed {
		t.Errorf("somebody else's list: %v", err)
	}
	if err := s.checker.Know(issuerURL, s.uri); err != nil {
		t.Fatal(err)
	}
	s.want(t, revocation.Valid, "", 1) // waits for the fetch that is under way
	held := s.checker.Held()
	if len(held) != 1 || held[0].URI != s.uri || held[0].Issuer != issuerURL || !held[0].IssuedAt.Equal(start) || !held[0].Expires.Equal(start.Add(24*time.Hour)) {
		t.Errorf("holds %+v", held)
	}
	if err := s.checker.Know(issuerURL, s.uri); err != nil {
		t.Fatal(err)
	}
	s.want(t, revocation.Valid, "", 1)
}

func TestRenewFetchesAheadOfTheTTL(t *testing.T) {
	t.Parallel()
	const ahead = 15 * time.Second
	events := newEvents()
	s := newSite(t, events.observe)
	s.want(t, revocation.Valid, "", 1)
	s.Move(time.Minute - ahead - time.Second)
	s.checker.Renew(ahead)
	s.want(t, revocation.Valid, "", 1)
	s.Move(time.Second)
	s.publish(t, revocation.Invalid)
	events.wait(t, revocation.ListNewer, "") // the first
	s.checker.Renew(ahead)
	events.wait(t, revocation.ListNewer, "") // nobody waits for a list that is not due
	s.want(t, revocation.Invalid, "", 2)
}

// TestRenewLetsAFailureCoolDown shows that an issuer in trouble is not asked more
// often because verifiers look ahead.
func TestRenewLetsAFailureCoolDown(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.want(t, revocation.Valid, "", 1)
	s.serveText("no list")
	s.Move(time.Minute)
	s.want(t, revocation.Valid, "", 2)
	s.Move(revocation.DefaultCooldown - 1)
	s.checker.Renew(time.Minute)
	if got := s.fetches.Load(); got != 2 {
		t.Errorf("%d fetches while it cools down", got)
	}
	asked := make(chan struct{})
	s.serve(func(http.ResponseWriter, *http.Request) { close(asked) })
	s.Move(1)
	s.checker.Renew(time.Minute)
	<-asked
}
