package revocation_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// serveTagged serves a list with a tag, and 304 to who names the tag.
func (s *site) serveTagged(text, tag string) (unchanged *int) {
	unchanged = new(int)
	s.serve(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			*unchanged++
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("Content-Type", revocation.MediaType)
		_, _ = io.WriteString(w, text)
	})
	return unchanged
}

func TestAListThatHasNotChangedIsNotFetchedAgain(t *testing.T) {
	t.Parallel()
	events := newEvents()
	s := newSite(t, events.observe)
	unchanged := s.serveTagged(s.token(t, revocation.Valid, nil), `"1"`)
	s.want(t, revocation.Valid, "", 1)
	s.Move(time.Minute)
	s.want(t, revocation.Valid, "", 2)
	events.wait(t, revocation.ListUnchanged, "")
	if *unchanged != 1 {
		t.Errorf("%d answers without a list", *unchanged)
	}
	// It was looked for, so the next look has its time.
	s.Move(time.Minute - time.Nanosecond)
	s.want(t, revocation.Valid, "", 2)
	s.Move(time.Nanosecond)
	s.serveTagged(s.token(t, revocation.Invalid, nil), `"2"`)
	s.want(t, revocation.Invalid, "", 3)
}

// TestA304MakesNoListYounger is about a cache that has nothing else to say: what is
// signed is what counts.
func TestA304MakesNoListYounger(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.serveTagged(s.token(t, revocation.Valid, nil), `"1"`)
	for range 16 {
		s.wantAnswer(t, revocation.Valid, "")
		s.Move(time.Minute)
	}
	s.wantAnswer(t, 0, code.StatusStale)
	if result, _ := s.check(t); result.Age != 16*time.Minute || !result.IssuedAt.Equal(start) {
		t.Errorf("got %+v", result)
	}
	// Asking every second would win nothing.
	asked := s.fetches.Load()
	s.Move(revocation.DefaultCooldown - time.Nanosecond)
	s.want(t, 0, code.StatusStale, int(asked))
	s.Move(time.Nanosecond)
	s.publish(t, revocation.Invalid)
	s.want(t, revocation.Invalid, "", int(asked)+1)
}

func TestACopyThatWasNotFetchedIsNotNamed(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	unchanged := s.serveTagged(s.token(t, revocation.Valid, nil), `"1"`)
	s.want(t, revocation.Valid, "", 1)
	if err := s.checker.Load(issuerURL, s.uri, s.token(t, revocation.Suspended, nil)); err != nil {
		t.Fatal(err)
	}
	s.Move(time.Minute)
	s.serveTagged(s.token(t, revocation.Invalid, nil), `"1"`)
	s.want(t, revocation.Invalid, "", 2)
	if *unchanged != 0 {
		t.Error("the tag of another list was named")
	}
}

// unasked says that nothing has changed to who has nothing.
type unasked struct{ fetcherFunc }

func (unasked) FetchIfChanged(context.Context, string, revocation.Known) (revocation.Fetched, error) {
	return revocation.Fetched{NotModified: true}, nil
}

func TestNotModifiedWithoutACopyIsNoList(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(config *revocation.CheckerConfig) { config.Fetcher = unasked{} })
	s.want(t, 0, code.StatusUnavailable, 0)
}

// TestAToldChangeIsFetchedPastCaches is about caches that may hold a list for half
// of its ttl: word of a change must not end there.
func TestAToldChangeIsFetchedPastCaches(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	before, after := s.token(t, revocation.Valid, nil), s.token(t, revocation.Invalid, nil)
	s.serve(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", revocation.MediaType)
		text := before
		if r.Header.Get("Cache-Control") == "no-cache" {
			text = after
		}
		_, _ = io.WriteString(w, text)
	})
	s.want(t, revocation.Valid, "", 1)
	s.Move(revocation.MinRefresh)
	if err := s.checker.Refresh(issuerURL, s.uri); err != nil {
		t.Fatal(err)
	}
	s.want(t, revocation.Invalid, "", 2)
}

// TestACachesOlderCopyIsNoRollback: a list came along with word of it, and a cache
// does not have it yet. One that no cache may hold any more is another matter.
func TestACachesOlderCopyIsNoRollback(t *testing.T) {
	t.Parallel()
	for age, rollback := range map[time.Duration]bool{time.Minute - time.Second: false, time.Minute: true} {
		events := newEvents()
		s := newSite(t, events.observe)
		s.want(t, revocation.Valid, "", 1)
		s.Move(age - revocation.MinRefresh)
		s.load(t, revocation.Invalid)
		s.Move(revocation.MinRefresh)
		if err := s.checker.Refresh(issuerURL, s.uri); err != nil {
			t.Fatal(err)
		}
		s.want(t, revocation.Invalid, "", 2)
		if rollback {
			events.wait(t, revocation.ListRollback, code.StatusRollback)
		} else {
			events.wait(t, revocation.ListUnchanged, "")
			events.none(t, revocation.ListRollback)
		}
	}
}
