package verifier_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/verifiertest"
)

// stream is an issuer's, in time that only passes when all wait.
type stream struct {
	mu      sync.Mutex
	broken  bool        // nothing comes and it ends
	opened  []time.Time // when it was called
	uris    []string
	notices chan revocation.Notice // one with a Token of "end" ends it
}

func (s *stream) Follow(ctx context.Context, uri string, heard func(revocation.Notice)) error {
	s.mu.Lock()
	s.opened, s.uris = append(s.opened, time.Now()), append(s.uris, uri)
	broken := s.broken
	s.mu.Unlock()
	if broken {
		return errors.New("connection refused")
	}
	heard(revocation.Notice{})
	for {
		select {
		case notice := <-s.notices:
			if notice.Token == "end" {
				return errors.New("the stream ended")
			}
			heard(notice)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *stream) times() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.opened)
}

func (s *stream) set(broken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = broken
}

const eventsURL = credentialtest.IssuerURL + "/v1/events"

// followed is a verifier that listens, with all it needs.
type followed struct {
	*verifier.Verifier
	lists  *verifiertest.Lists
	stream *stream
	end    func()
}

func newFollowed(t *testing.T) *followed {
	t.Helper()
	f := &followed{lists: verifiertest.NewLists(), stream: &stream{notices: make(chan revocation.Notice)}}
	text := strings.Replace(string(verifiertest.TrustFile(t)), `"lists": {`, `"lists": {"events": "`+eventsURL+`",`, 1)
	trust, err := verifier.ParseTrust([]byte(text))
	if err != nil || trust.Events(credentialtest.IssuerURL) != eventsURL {
		t.Fatal("no trust list with a stream", err)
	}
	f.Verifier, err = verifier.New(verifier.Config{Trust: trust, Fetcher: f.lists, Follower: f.stream})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var kept sync.WaitGroup
	kept.Go(func() { f.KeepLists(ctx) })
	f.end = func() {
		cancel()
		kept.Wait()
		f.Close()
	}
	return f
}

func (f *followed) token(t *testing.T, status revocation.Status) string {
	t.Helper()
	return verifiertest.ListToken(t, credentialtest.ListURI, time.Now().Truncate(time.Second), status)
}

func (f *followed) want(t *testing.T, status revocation.Status, fetches int) {
	t.Helper()
	synctest.Wait()
	result, err := f.Status(credentialtest.IssuerURL, credential.StatusRef{URI: credentialtest.ListURI, Index: credentialtest.Claims().Status.Index})
	if err != nil || result.Status != status || f.lists.Fetches() != fetches {
		t.Errorf("got %v (%v) after %d fetches, want %v after %d", result.Status, err, f.lists.Fetches(), status, fetches)
	}
}

func TestKeepListsHearsOfAChangeAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFollowed(t)
		defer f.end()
		synctest.Wait()
		f.lists.Put(credentialtest.ListURI, f.token(t, revocation.Valid))
		// A list that is named for the first time, without itself.
		f.stream.notices <- revocation.Notice{URI: credentialtest.ListURI}
		f.want(t, revocation.Valid, 1)
		// One that comes along needs no fetch.
		f.stream.notices <- revocation.Notice{URI: credentialtest.ListURI, Token: f.token(t, revocation.Suspended)}
		f.want(t, revocation.Suspended, 1)
		// One that is no good brings about a fetch, of a good one.
		time.Sleep(2 * time.Second)
		f.lists.Put(credentialtest.ListURI, f.token(t, revocation.Invalid))
		f.stream.notices <- revocation.Notice{URI: credentialtest.ListURI, Token: "a.b.c"}
		f.want(t, revocation.Invalid, 2)
		// One of somebody else nothing.
		f.stream.notices <- revocation.Notice{URI: "https://attacker.example/1", Token: "a.b.c"}
		f.want(t, revocation.Invalid, 2)
	})
}

// TestKeepListsLooksAtAllListsAfterAGap: what was not heard must not be missed.
func TestKeepListsLooksAtAllListsAfterAGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFollowed(t)
		defer f.end()
		synctest.Wait()
		f.lists.Put(credentialtest.ListURI, f.token(t, revocation.Valid))
		f.stream.notices <- revocation.Notice{URI: credentialtest.ListURI}
		f.want(t, revocation.Valid, 1)
		time.Sleep(2 * time.Second)
		f.stream.notices <- revocation.Notice{Token: "end"}
		f.lists.Put(credentialtest.ListURI, f.token(t, revocation.Invalid))
		time.Sleep(verifier.FollowAgain)
		f.want(t, revocation.Invalid, 2)
	})
}

func TestKeepListsWaitsLongerForAStreamThatCannotBeHad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFollowed(t)
		defer f.end()
		synctest.Wait()
		f.stream.set(true)
		f.stream.notices <- revocation.Notice{Token: "end"}
		time.Sleep(5 * time.Minute)
		times := f.stream.times()
		wait := verifier.FollowAgain
		for n := 1; n < len(times); n++ {
			if gap := times[n].Sub(times[n-1]); gap < wait/2 || gap > wait {
				t.Errorf("call %d came after %v, want %v to %v", n, gap, wait/2, wait)
			}
			wait = min(2*wait, verifier.MaxFollowAgain)
		}
		if len(times) < 12 || len(times) > 25 {
			t.Errorf("%d calls in five minutes", len(times))
		}
		f.stream.set(false)
		time.Sleep(verifier.MaxFollowAgain)
		calls := len(f.stream.times())
		f.stream.notices <- revocation.Notice{Token: "end"}
		time.Sleep(verifier.FollowAgain)
		if got := len(f.stream.times()); got != calls+1 {
			t.Errorf("%d calls within a second after a stream that was good", got-calls)
		}
		for _, uri := range f.stream.uris {
			if uri != eventsURL {
				t.Errorf("listened to %q", uri)
			}
		}
	})
}
