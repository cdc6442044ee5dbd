package grant_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/clocktest"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/grant"
	"github.com/cyberbadge/cyberbadge/verifier/verifiertest"
)

// site is a verifier with a register of what it let in.
type site struct {
	*verifier.Verifier
	clock   *clocktest.Clock
	granted *grant.Register
	ended   []grant.Ending
}

func newSite(t *testing.T, limit int) *site {
	t.Helper()
	s := &site{clock: clocktest.New(credentialtest.Now)}
	var err error
	s.Verifier, err = verifier.New(verifier.Config{Trust: verifiertest.Trust(t), Now: s.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	s.granted, err = grant.New(grant.Config{
		Status: s.Status,
		Ended:  func(e grant.Ending) { s.ended = append(s.ended, e) },
		Max:    limit,
		Now:    s.clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.OnList(s.granted.Changed))
	s.list(t, revocation.Valid)
	return s
}

// list has a list taken in which the badge of the test kit has that status.
func (s *site) list(t *testing.T, status revocation.Status) {
	t.Helper()
	s.clock.Move(time.Second)
	token := verifiertest.ListToken(t, credentialtest.ListURI, s.clock.Now(), status)
	if err := s.LoadList(credentialtest.IssuerURL, credentialtest.ListURI, token); err != nil {
		t.Fatal(err)
	}
}

// admit decides about the badge of the test kit, and notes what comes out.
func (s *site) admit(t *testing.T, nonce string) verifier.Decision {
	t.Helper()
	return s.admitAt(t, "north", nonce)
}

func (s *site) admitAt(t *testing.T, gate, nonce string) verifier.Decision {
	t.Helper()
	presentation := credentialtest.MustBind(t, credentialtest.MustIssue(t, credentialtest.Claims()), credential.Proof{
		Audience: credential.GateAudience, Nonce: nonce, IssuedAt: s.clock.Now(),
	})
	decision := s.Verify(t.Context(), presentation, verifier.Request{Access: credential.Remote, Site: "Plant 7", Gate: gate})
	s.granted.Note(decision)
	return decision
}

// wantEnded checks which decisions ended, and empties the record of it.
func (s *site) wantEnded(t *testing.T, reason verifier.Reason, decisions ...verifier.Decision) {
	t.Helper()
	if len(s.ended) != len(decisions) {
		t.Fatalf("%d grants ended, want %d", len(s.ended), len(decisions))
	}
	for i, d := range decisions {
		want := grant.Ending{Reason: reason, EndedAt: s.clock.Now(), Grant: grant.Grant{
			Decision: d.ID, At: d.At, Access: credential.Remote, Site: "Plant 7", Gate: "north",
			Issuer: credentialtest.IssuerURL, Subject: d.Badge.Subject,
			List: credentialtest.ListURI, Index: d.Badge.Index, Expires: d.Badge.Expires,
		}}
		if s.ended[i] != want {
			t.Errorf("ended\n%+v, want\n%+v", s.ended[i], want)
		}
	}
	s.ended = nil
}

func TestARevokedBadgeEndsAllThatWasGrantedOnItOnce(t *testing.T) {
	t.Parallel()
	for status, reason := range map[revocation.Status]verifier.Reason{
		revocation.Invalid: verifier.Revoked, revocation.Suspended: verifier.Suspended,
	} {
		s := newSite(t, 0)
		first, second := s.admit(t, "1"), s.admit(t, "2")
		s.list(t, revocation.Valid)
		s.wantEnded(t, "")
		s.list(t, status)
		s.wantEnded(t, reason, first, second)
		s.list(t, revocation.Valid)
		s.list(t, status)
		s.wantEnded(t, "")
		if n := s.granted.Len(); n != 0 {
			t.Errorf("%d grants are remembered after their end", n)
		}
	}
}

func TestASignalEndsWhatWasGranted(t *testing.T) {
	t.Parallel()
	s := newSite(t, 0)
	admitted := s.admit(t, "1")
	badge := admitted.Badge
	if err := s.Deny(badge.Issuer, badge.StatusList, badge.Index+1, revocation.Invalid, s.clock.Now()); err != nil {
		t.Fatal(err)
	}
	s.wantEnded(t, "")
	if err := s.Deny(badge.Issuer, badge.StatusList, badge.Index, revocation.Invalid, s.clock.Now()); err != nil {
		t.Fatal(err)
	}
	s.wantEnded(t, verifier.Revoked, admitted)
}

// TestAListThatChangesBetweenDecisionAndNoteEndsTheGrant: otherwise nothing would
// ever look at it again.
func TestAListThatChangesBetweenDecisionAndNoteEndsTheGrant(t *testing.T) {
	t.Parallel()
	s := newSite(t, 0)
	decision := s.admit(t, "1")
	s.granted.Forget(decision.ID)
	s.list(t, revocation.Invalid)
	s.wantEnded(t, "")
	s.granted.Note(decision)
	s.wantEnded(t, verifier.Revoked, decision)
}

func TestWhatWasDeniedOrIsOverIsNotRemembered(t *testing.T) {
	t.Parallel()
	s := newSite(t, 0)
	s.admit(t, "1")
	if denied := s.admitAt(t, "south", "1"); denied.Reason != verifier.Replayed {
		t.Fatalf("reason %s", denied.Reason)
	}
	if n := s.granted.Len(); n != 1 {
		t.Errorf("%d grants, want that of the decision that allowed", n)
	}
	over := s.admit(t, "2")
	s.granted.Forget(over.ID)
	s.granted.Forget("unknown")
	if n := s.granted.Len(); n != 1 {
		t.Errorf("%d grants after one was over", n)
	}
}

func TestAGrantWhoseBadgeExpiredEndsWithoutAWord(t *testing.T) {
	t.Parallel()
	s := newSite(t, 0)
	s.clock.Set(s.admit(t, "1").Badge.Expires.Add(-2 * time.Second))
	last := s.admit(t, "2")
	s.list(t, revocation.Valid)
	if last.Reason != verifier.StatusStale {
		t.Fatalf("reason %s: the list was to be too old for a decision", last.Reason)
	}
	s.list(t, revocation.Invalid) // at the very instant at which the badge expires
	s.wantEnded(t, "")
}

func TestAFullRegisterForgetsWhatExpiredAndThenTheOldest(t *testing.T) {
	t.Parallel()
	const limit = 3
	s := newSite(t, limit)
	var kept []verifier.Decision
	for i := range limit + 1 {
		kept = append(kept, s.admit(t, fmt.Sprint(i)))
		if want := min(i+1, limit); s.granted.Len() != want {
			t.Errorf("%d grants after %d decisions, want %d", s.granted.Len(), i+1, want)
		}
	}
	s.list(t, revocation.Invalid)
	s.wantEnded(t, verifier.Revoked, kept[1:]...)
}

// TestOneBadgeHasNotAllTheRoom: a holder asks again and again, so that what others
// were granted is forgotten, or the first of their own.
func TestOneBadgeHasNotAllTheRoom(t *testing.T) {
	t.Parallel()
	s := newSite(t, grant.MaxGrantsOfBadge+2)
	other := s.admit(t, "other")
	other.Badge.Index++
	s.granted.Forget(other.ID)
	s.granted.Note(other)
	mine := s.admit(t, "mine")
	first := mine.ID
	for i := range grant.MaxGrantsOfBadge {
		mine.ID = fmt.Sprint("mine-", i)
		s.granted.Note(mine)
		if want := 1 + min(i+2, grant.MaxGrantsOfBadge); s.granted.Len() != want {
			t.Fatalf("%d grants after %d of one badge, want %d", s.granted.Len(), i+2, want)
		}
	}
	s.list(t, revocation.Invalid)
	if n := len(s.ended); n != grant.MaxGrantsOfBadge {
		t.Errorf("%d grants ended, want %d", n, grant.MaxGrantsOfBadge)
	}
	for _, e := range s.ended {
		if e.Decision == first || e.Index != mine.Badge.Index {
			t.Errorf("ended: %+v", e)
		}
	}
}

// TestAFullRegisterLooksForWhatExpiredOnceAMinute: otherwise every decision would.
func TestAFullRegisterLooksForWhatExpiredOnceAMinute(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2)
	lasting, brief := s.admit(t, "1"), s.admit(t, "2")
	for _, d := range []*verifier.Decision{&lasting, &brief} {
		s.granted.Forget(d.ID)
	}
	brief.Badge.Expires = s.clock.Now().Add(30 * time.Second)
	note := func(d verifier.Decision, id string) {
		t.Helper()
		d.ID = id
		s.granted.Note(d)
	}
	note(lasting, "first")
	note(brief, "brief")
	s.clock.Move(time.Minute)
	note(lasting, "second") // the brief one goes, the first stays
	note(lasting, "third")  // within the minute the oldest goes
	s.list(t, revocation.Invalid)
	var ended []string
	for _, e := range s.ended {
		ended = append(ended, e.Decision)
	}
	if strings.Join(ended, " ") != "second third" {
		t.Errorf("ended: %v", ended)
	}
}

func TestNewReportsEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := grant.New(grant.Config{Max: grant.MaxGrants + 1})
	for _, part := range []string{"no Status: nothing could end", "no Ended: nobody would be told", "a Max of 65537, not 1 to 65536"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v lacks %q", err, part)
		}
	}
	good := grant.Config{Status: newSite(t, 0).Status, Ended: func(grant.Ending) {}, Max: grant.MaxGrants}
	if _, err := grant.New(good); err != nil {
		t.Error(err)
	}
}

// BenchmarkChanged is what a newer list costs whoever fetches it, with a full register
// in which every grant rests on it and none ends.
func BenchmarkChanged(b *testing.B) {
	granted, err := grant.New(grant.Config{
		Status: func(string, credential.StatusRef) (revocation.Result, error) { return revocation.Result{}, nil },
		Ended:  func(grant.Ending) { b.Error("a grant ended") },
	})
	if err != nil {
		b.Fatal(err)
	}
	decision := verifier.Decision{Allow: true, Badge: &verifier.Badge{Issuer: "i", StatusList: "u", Expires: time.Now().Add(time.Hour)}}
	for i := range grant.MaxGrants {
		decision.ID, decision.Badge.Index = fmt.Sprint(i), uint64(i)
		granted.Note(decision)
	}
	for b.Loop() {
		granted.Changed(revocation.ListChange{Issuer: "i", URI: "u", Entries: true})
	}
}

// BenchmarkNote is what a decision costs more because it is remembered.
func BenchmarkNote(b *testing.B) {
	granted, err := grant.New(grant.Config{
		Status: func(string, credential.StatusRef) (revocation.Result, error) { return revocation.Result{}, nil },
		Ended:  func(grant.Ending) {},
	})
	if err != nil {
		b.Fatal(err)
	}
	decision := verifier.Decision{Allow: true, Badge: &verifier.Badge{Issuer: "i", StatusList: "u", Expires: time.Now().Add(time.Hour)}}
	for i := 0; b.Loop(); i++ {
		decision.ID, decision.Badge.Index = fmt.Sprint(i), uint64(i)
		granted.Note(decision)
	}
}
