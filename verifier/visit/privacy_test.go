package visit_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/verifier/visit"
)

// traces are all texts in a record that lead to a person.
func traces(r visit.Record) []string {
	return []string{
		r.Badge.Issuer, r.Badge.Subject, r.Badge.StatusList, r.Badge.GivenName, r.Badge.FamilyName,
		r.Badge.Organization, r.Badge.Role, r.Decision,
	}
}

func stranger(event visit.Event) visit.Record {
	return visit.Record{
		ID: "stranger", At: start, Event: event, Reason: "access_not_granted", Code: "access_not_granted",
		Offline: true, Again: true, Decision: "DECISION1234567890", StatusIssuedAt: start, Visit: "VISIT1234567890",
		Badge: &visit.Badge{
			Issuer: "https://badge.stranger.example", Subject: "stranger-subject", StatusList: "https://badge.stranger.example/lists/9",
			Index: 1234, GivenName: "Severin", FamilyName: "Strangersson", Organization: "Strange Ltd", Role: "Strange role",
			Expires: at(600),
		},
	}
}

func TestPrivacy_NothingOfRefusedStrangersIsWritten(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	r := stranger(visit.Refused)
	f.keep(t, north, visit.Kept, r)
	for _, text := range append(traces(r), r.Visit) {
		if f.has(t, text) {
			t.Errorf("the database has %q in it", text)
		}
	}
	if !f.has(t, r.Reason) || !f.has(t, r.ID) {
		t.Error("the search finds nothing, not even what was kept")
	}
	rows := f.rows(t, "plant 7")
	want := "map[again:false at:2026-03-02T08:00:00.000Z code:access_not_granted event:refused gate:gate-1 gate_name:North id:stranger offline:true reason:access_not_granted site:plant 7]"
	if got := fmt.Sprint(rows[0]); got != want {
		t.Errorf("kept:\n%s\nwant:\n%s", got, want)
	}
}

func TestPrivacy_NothingOfARecordThatIsNotKeptIsWritten(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	r := stranger(visit.Admitted) // with a refusal's reason
	f.keep(t, north, visit.Rejected, r)
	f.keep(t, north, visit.Kept, refused("other", 0))
	for _, text := range append(traces(r), r.ID) {
		if f.has(t, text) {
			t.Errorf("the database has %q in it", text)
		}
	}
}

func TestPrivacy_CheckOutsKeepThePersonAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	byBadge, byHand := stranger(visit.Left), stranger(visit.Left)
	byBadge.Visit, byBadge.ID = "", "by-badge"
	f.keep(t, north, visit.Kept, byHand)
	if f.has(t, byHand.Badge.Subject) {
		t.Error("a check-out by hand keeps who it was, beside the visit")
	}
	f.keep(t, north, visit.Kept, byBadge)
	for _, text := range traces(byBadge)[2:7] {
		if f.has(t, text) {
			t.Errorf("the database has %q in it", text)
		}
	}
}

func TestForget_AtTheBoundAndASecondBeyond(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first, second := admitted("a", "nadia", 0), admitted("b", "omar", 0)
	second.Badge.GivenName, second.Badge.FamilyName = "Omar", "Okonkwo"
	second.At = start.Add(time.Second)
	f.keep(t, north, visit.Kept, first, refused("r", 0))
	f.keep(t, other, visit.Kept, left("l", "nadia", 0))
	f.Set(at(1))
	f.keep(t, north, visit.Kept, second)
	for _, c := range []struct {
		now       time.Duration
		forgotten int
		present   []string
	}{
		{retention, 0, []string{"a", "b"}},
		{retention + time.Second, 3, []string{"b"}},
		{retention + time.Second, 0, []string{"b"}},
		{retention + 2*time.Second, 1, nil},
	} {
		f.Set(start.Add(c.now))
		n, err := f.Forget(t.Context())
		if err != nil || n != c.forgotten {
			t.Errorf("after %v: %d forgotten, %v; want %d", c.now, n, err, c.forgotten)
		}
		f.present(t, c.present...)
		if c.forgotten == 3 && (f.has(t, "Nowakowska") || f.has(t, "nadia") || !f.has(t, "Okonkwo")) {
			t.Error("the files have the first person in them, or not the second")
		}
	}
	if f.has(t, "Okonkwo") || f.has(t, "omar") {
		t.Error("the files have the second person in them")
	}
	if rows := f.rows(t, "plant 7"); len(rows) != 0 {
		t.Errorf("left: %v", rows)
	}
}

func TestForget_AVisitIsNamedByWhatIsLeftOfIt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	long := admitted("a", "nadia", 0)
	long.Badge.Expires = start.Add(2 * retention)
	again := long
	again.ID, again.At = "b", at(30)
	f.Set(at(30))
	f.keep(t, north, visit.Kept, long)
	f.keep(t, south, visit.Kept, again)
	f.present(t, "a")
	f.Set(start.Add(retention + time.Minute))
	if n, err := f.Forget(t.Context()); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	if p := f.present(t, "b"); len(p) == 1 && (p[0].Since != at(30) || p[0].GateName != "South") {
		t.Errorf("presence %+v", p[0])
	}
	out := visit.Record{ID: "c", At: f.Now(), Event: visit.Left, Visit: "b"}
	f.keep(t, north, visit.Kept, out)
	f.present(t)
}

// TestForget_NobodyComesBack: a check-out is not forgotten before what it ended,
// not even one by hand from a gate whose clock was behind.
func TestForget_NobodyComesBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.Set(at(60))
	f.keep(t, north, visit.Kept, admitted("a", "nadia", 10), admitted("b", "nadia", 20), leftByHand("c", "b", 5), leftByHand("d", "a", 30))
	f.keep(t, north, visit.Kept, leftByHand("f", "e", 5), admitted("e", "omar", 20)) // the check-out came first
	for minute := range 40 {
		f.Set(start.Add(retention).Add(time.Duration(minute) * time.Minute))
		if _, err := f.Forget(t.Context()); err != nil {
			t.Fatal(err)
		}
		// A late record has the persons looked at anew.
		f.keep(t, north, visit.Kept, left(fmt.Sprint("n", minute), "nadia", 1+minute), left(fmt.Sprint("o", minute), "omar", 1+minute))
		f.present(t)
	}
}
