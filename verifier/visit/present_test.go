package visit_test

import (
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/verifier/visit"
)

func TestPresent_FromAdmissionToCheckOut(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	present := f.present(t)
	if present == nil {
		t.Error("nobody is nil: JSON would have null")
	}
	f.keep(t, north, visit.Kept, admitted("a", "nadia", 0))
	f.keep(t, south, visit.Kept, admitted("b", "omar", -5))
	f.keep(t, other, visit.Kept, admitted("c", "petra", -6))
	present = f.present(t, "b", "a")
	want := visit.Presence{Visit: "a", Since: at(0), GateName: "North", Badge: *badge("nadia", at(600))}
	if present[1] != want {
		t.Errorf("presence %+v, want %+v", present[1], want)
	}
	f.Set(at(10))
	f.keep(t, south, visit.Kept, left("d", "nadia", 10))
	f.present(t, "b")
	f.keep(t, north, visit.Kept, leftByHand("e", "b", 10))
	f.present(t)
}

func TestPresent_OnePersonOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	renewed := admitted("b", "nadia", 20)
	renewed.Badge.Expires = at(1200)
	f.Set(at(30))
	f.keep(t, north, visit.Kept, admitted("a", "nadia", 10))
	f.keep(t, south, visit.Kept, renewed)
	p := f.present(t, "a")[0]
	if p.Since != at(10) || p.GateName != "North" || p.Badge.Expires != at(1200) {
		t.Errorf("presence %+v: want it to begin with the first and to have the badge of the second", p)
	}
	namesake := admitted("c", "nadia", 25)
	namesake.Badge.Issuer = "https://badge.other.example"
	f.keep(t, north, visit.Kept, namesake)
	f.present(t, "a", "c")
	f.keep(t, other, visit.Kept, admitted("d", "nadia", 26))
	f.present(t, "a", "c")
	f.keep(t, south, visit.Kept, leftByHand("e", "b", 30)) // any admission names the visit
	f.present(t, "c")
}

func TestPresent_TheRecordsTimesCount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.Set(at(100))
	f.keep(t, north, visit.Kept, left("b", "nadia", 20), leftByHand("d", "c", 20))
	f.keep(t, south, visit.Kept, admitted("a", "nadia", 10), admitted("c", "omar", 10))
	f.present(t)
	f.keep(t, south, visit.Kept, admitted("e", "nadia", 21))
	f.present(t, "e")
	f.keep(t, north, visit.Kept, left("f", "nadia", 20)) // late, and of the visit before
	f.present(t, "e")
	f.keep(t, north, visit.Kept, admitted("g", "omar", 20)) // the same instant: he left after it
	f.present(t, "e")
	f.keep(t, north, visit.Kept, admitted("h", "nadia", 15)) // between, and over
	f.present(t, "e")
}

func TestPresent_CheckOutByHand(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.Set(at(100))
	f.keep(t, north, visit.Kept, admitted("a", "nadia", 10), left("b", "nadia", 20), admitted("c", "nadia", 30))
	f.keep(t, north, visit.Kept, leftByHand("d", "a", 40))
	f.present(t, "c") // a list from before 20 must not end what began at 30
	f.keep(t, north, visit.Kept, leftByHand("e", "nobody", 40), leftByHand("f", "b", 40), leftByHand("g", "d", 40))
	f.keep(t, other, visit.Kept, leftByHand("h", "c", 40))
	f.present(t, "c") // other sites and what is no admission end nothing
	f.keep(t, south, visit.Kept, leftByHand("i", "c", 29))
	f.present(t) // a gate whose clock is behind
	f.keep(t, north, visit.Kept, admitted("j", "nadia", 31))
	f.present(t, "j")
}

func TestPresent_ExpiredIsOverdueAndNotGone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.keep(t, north, visit.Kept, admitted("a", "nadia", 0))
	for _, c := range []struct {
		now     time.Time
		overdue bool
	}{
		{at(600).Add(-time.Millisecond), false},
		{at(600), true},
		{start.Add(retention), true},
	} {
		f.Set(c.now)
		if _, err := f.Forget(t.Context()); err != nil {
			t.Fatal(err)
		}
		if p := f.present(t, "a")[0]; p.Overdue != c.overdue {
			t.Errorf("at %v overdue is %v", c.now, p.Overdue)
		}
	}
}

func TestPresent_BackAfterTheBadgeExpiredIsANewVisit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.Set(at(2000))
	lastMoment, back := admitted("b", "nadia", 599), admitted("c", "nadia", 600)
	back.Badge.Expires = at(1200)
	f.keep(t, south, visit.Kept, back)
	f.keep(t, north, visit.Kept, admitted("a", "nadia", 0), lastMoment)
	f.present(t, "c")
	f.keep(t, north, visit.Kept, leftByHand("d", "a", 700))
	f.present(t, "c")
	f.keep(t, north, visit.Kept, leftByHand("e", "c", 700))
	f.present(t)
}

func TestSettle_NobodyFromNothing(t *testing.T) {
	t.Parallel()
	if stay := visit.Settle(nil); stay != nil {
		t.Errorf("stay %+v", stay)
	}
}
