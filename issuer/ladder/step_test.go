package ladder_test

import (
	"slices"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/ladder"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
)

func check(t *testing.T, when string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\ngot  %q\nwant %q", when, got, want)
	}
}

const second = time.Second

// steady keeps the device from lapsing: it reported lately at every instant.
func (s *scene) steady(t testing.TB, at time.Time) []string {
	s.report(at.Add(-time.Hour))
	return s.step(t, at)
}

func TestStep_EachRungAtItsInstantAndNotASecondBefore(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	lapse := start.Add(baseValid)
	about := " about day 40+0s [training-expired:BASE]"
	check(t, "begin", s.steady(t, start.Add(time.Hour)))
	for _, threshold := range thresholds {
		due := lapse.Add(-threshold)
		check(t, "before the reminder", s.steady(t, due.Add(-second)))
		check(t, "reminder", s.steady(t, due), "remind at "+since(due)+" "+threshold.String()+" ahead, loses [onsite]"+about)
		check(t, "again", s.steady(t, due))
		check(t, "after the reminder", s.steady(t, due.Add(second)))
	}
	check(t, "before the lapse", s.steady(t, lapse.Add(-second)))
	check(t, "lapse", s.steady(t, lapse), "suspend at day 40+0s"+about)
	check(t, "again", s.steady(t, lapse))
	if s.state.Phase != ladder.Suspended || !s.state.Since.Equal(lapse) || !s.state.LockAt.Equal(lapse.Add(grace)) {
		t.Errorf("state %+v", s.state)
	}
	check(t, "before the lock-out", s.steady(t, lapse.Add(grace-second)))
	check(t, "lock-out", s.steady(t, lapse.Add(grace)), "lock at day 43+0s"+about)
	check(t, "again", s.steady(t, lapse.Add(grace)))
	check(t, "much later", s.steady(t, lapse.Add(100*day)))
	s.pass("BASE", lapse.Add(100*day+second))
	check(t, "good again", s.steady(t, lapse.Add(100*day+second)), "restore at day 140+1s about day 40+0s []", "unlock at day 140+1s about day 40+0s []")
	check(t, "again", s.steady(t, lapse.Add(100*day+second)))
	if s.state.Phase != ladder.Good || !s.state.LockedAt.IsZero() || !s.state.LockAt.IsZero() {
		t.Errorf("state %+v", s.state)
	}
}

func TestStep_NextIsEveryRungInTurn(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.device.LastSeen = start.Add(4 * time.Minute) // believed already
	check(t, "everything", s.run(t, start, start.Add(400*day)),
		"remind at day 5+4m0s 48h0m0s ahead, loses [onsite] about day 7+4m0s [device-stale:d]",
		"remind at day 6+12h4m0s 12h0m0s ahead, loses [onsite] about day 7+4m0s [device-stale:d]",
		"suspend at day 7+4m0s about day 7+4m0s [device-stale:d]",
		"lock at day 10+4m0s about day 7+4m0s [device-stale:d]")
	if !s.next.IsZero() {
		t.Errorf("next is %v, want never", s.next)
	}
}

func TestStep_ThresholdsCountForEvidenceThatIsGoodMoreThanTwiceAsLong(t *testing.T) {
	t.Parallel()
	lapse := policy.Lapse{At: start.Add(9 * day), Loses: []policy.Access{policy.Onsite}, Ends: true}
	for validity, want := range map[time.Duration]time.Duration{
		20 * day:     0,
		20*day + 1:   10 * day,
		400 * day:    10 * day,
		10*day + 0:   0,
		9*day + 1000: 0,
	} {
		lapse.Validity = validity
		_, actions, _ := ladder.Step(ladder.Input{
			Now: start, Active: true, Standing: policy.Standing{Eligible: true}, Lapses: []policy.Lapse{lapse},
			Times: ladder.Times{Remind: []time.Duration{10 * day}},
		})
		got := time.Duration(0)
		if len(actions) > 0 {
			got = actions[0].Threshold
		}
		if got != want {
			t.Errorf("validity %v: reminded %v ahead, want %v", validity, got, want)
		}
	}
}

func TestStep_AfterAStopOneReminderIsGivenAndNoneOfALapseThatPassed(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.pass("REMOTE", start)
	check(t, "begin", s.steady(t, start))
	check(t, "18 days and a half later", s.steady(t, start.Add(18*day+12*time.Hour)),
		"remind at day 18+0s 48h0m0s ahead, loses [remote] about day 20+0s [training-expired:REMOTE]")
	check(t, "after the lapse", s.steady(t, start.Add(20*day)))
	check(t, "and the other", s.steady(t, start.Add(39*day)),
		"remind at day 38+0s 48h0m0s ahead, loses [onsite] about day 40+0s [training-expired:BASE]")
}

func TestStep_ALateSuspensionPutsOffTheLockOut(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.steady(t, start)
	late := start.Add(baseValid + 30*day)
	check(t, "a month late", s.steady(t, late), "suspend at day 40+0s about day 40+0s [training-expired:BASE]")
	check(t, "before the grace is over", s.steady(t, late.Add(grace-second)))
	check(t, "when it is over, late again", s.steady(t, late.Add(grace+day)), "lock at day 73+0s about day 40+0s [training-expired:BASE]")
}

func TestStep_WithoutGraceTheLockOutFollowsAtOnce(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.rules.Ladder.Grace = 0
	s.steady(t, start)
	check(t, "lapse", s.steady(t, start.Add(baseValid)),
		"suspend at day 40+0s about day 40+0s [training-expired:BASE]", "lock at day 40+0s about day 40+0s [training-expired:BASE]")
}

func TestStep_NewsSuspendAndRestoreAtOnce(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.step(t, start)
	s.device.Compliance = "noncompliant"
	check(t, "bad news", s.step(t, start.Add(second)), "suspend at day 0+1s about day 0+1s [device-noncompliant:d]")
	s.device.Compliance = "compliant"
	check(t, "good news", s.step(t, start.Add(2*second)), "restore at day 0+2s about day 0+1s []")
	s.device.Compliance = "noncompliant"
	check(t, "bad news again", s.step(t, start.Add(3*second)), "suspend at day 0+3s about day 0+3s [device-noncompliant:d]")
	if want := start.Add(3*second + grace); !s.state.LockAt.Equal(want) {
		t.Errorf("locks at %v, want %v", s.state.LockAt, want)
	}
}

func TestStep_TrainingBringsRemindersAnewAndItsWithdrawalDoesNot(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.steady(t, start)
	first := "remind at day 30+0s 240h0m0s ahead, loses [onsite] about day 40+0s [training-expired:BASE]"
	check(t, "first", s.steady(t, start.Add(30*day)), first)
	s.pass("BASE", start.Add(31*day))
	check(t, "renewed", s.steady(t, start.Add(31*day)))
	check(t, "nothing of the old lapse", s.steady(t, start.Add(38*day)))
	s.training = s.training[:1]
	check(t, "withdrawn", s.steady(t, start.Add(38*day+second)),
		"remind at day 38+0s 48h0m0s ahead, loses [onsite] about day 40+0s [training-expired:BASE]")
	s.pass("BASE", start.Add(39*day))
	check(t, "renewed again", s.steady(t, start.Add(39*day)))
	check(t, "anew", s.steady(t, start.Add(69*day)), "remind at day 69+0s 240h0m0s ahead, loses [onsite] about day 79+0s [training-expired:BASE]")
}

func TestStep_SomebodyNewHasNothingToLose(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.training = nil
	check(t, "without training", s.run(t, start, start.Add(100*day)))
	if s.state.Phase != ladder.New {
		t.Errorf("phase %q", s.state.Phase)
	}
	s.pass("BASE", start.Add(100*day))
	check(t, "with it", s.steady(t, start.Add(100*day)))
	if s.state.Phase != ladder.Good {
		t.Errorf("phase %q", s.state.Phase)
	}
	had := newScene(t)
	had.training, had.state = nil, ladder.State{Phase: ladder.Good}
	check(t, "with badges from before", had.step(t, start), "suspend at day 0+0s about day 0+0s [training-missing:BASE]")
}

func TestStep_LeavingIsFinalUntilTheyAreBack(t *testing.T) {
	t.Parallel()
	t.Run("from good", func(t *testing.T) {
		t.Parallel()
		s := newScene(t)
		s.step(t, start)
		s.active = false
		check(t, "left", s.step(t, start.Add(second)), "leave at day 0+1s")
		check(t, "again", s.run(t, start.Add(second), start.Add(100*day)))
		if !s.next.IsZero() {
			t.Errorf("next %v", s.next)
		}
		s.active = true
		check(t, "back without standing", s.step(t, start.Add(101*day)))
		s.pass("BASE", start.Add(102*day))
		check(t, "back in good standing", s.steady(t, start.Add(102*day)))
	})
	t.Run("from locked, in spite of a hold", func(t *testing.T) {
		t.Parallel()
		s := newScene(t)
		s.run(t, start, start.Add(20*day))
		if s.state.Phase != ladder.Locked {
			t.Fatalf("phase %q", s.state.Phase)
		}
		s.active, s.holds = false, []ladder.Hold{{ID: "h", Until: start.Add(1000 * day)}}
		check(t, "left", s.step(t, start.Add(21*day)), "leave at day 21+0s")
		s.active, s.holds = true, nil
		check(t, "back, not good yet", s.step(t, start.Add(22*day)))
		check(t, "good", s.steady(t, start.Add(23*day)), "unlock at day 23+0s")
	})
	t.Run("from new", func(t *testing.T) {
		t.Parallel()
		s := newScene(t)
		s.active = false
		check(t, "never there", s.run(t, start, start.Add(100*day)))
	})
}

func TestStep_AHoldKeepsStandingWhicheverCameFirst(t *testing.T) {
	t.Parallel()
	hold := []ladder.Hold{{ID: "a", Until: start.Add(5 * day)}, {ID: "b", Until: start.Add(50 * day)}}
	t.Run("hold before lapse", func(t *testing.T) {
		t.Parallel()
		s := newScene(t)
		s.holds = hold
		check(t, "reminders go on; suspended when the hold ends", s.run(t, start, start.Add(53*day)),
			"remind at day 5+0s 48h0m0s ahead, loses [onsite] about day 7+0s [device-stale:d]",
			"remind at day 6+12h0m0s 12h0m0s ahead, loses [onsite] about day 7+0s [device-stale:d]",
			"suspend at day 50+0s about day 50+0s [device-stale:d training-expired:BASE]",
			"lock at day 53+0s about day 50+0s [device-stale:d training-expired:BASE]")
	})
	t.Run("hold after lock-out", func(t *testing.T) {
		t.Parallel()
		s := newScene(t)
		s.run(t, start, start.Add(11*day))
		s.holds = hold
		check(t, "restored, and suspended when it ends", s.run(t, start.Add(12*day), start.Add(51*day)),
			"restore at day 12+0s about day 7+0s []", "unlock at day 12+0s about day 7+0s []",
			"suspend at day 50+0s about day 50+0s [device-stale:d training-expired:BASE]")
	})
	t.Run("its last instant", func(t *testing.T) {
		t.Parallel()
		s := newScene(t)
		s.holds = hold
		s.step(t, start)
		s.holds[0].Until = start.Add(-day)
		check(t, "a nanosecond before", s.step(t, hold[1].Until.Add(-1)))
		check(t, "then", s.step(t, hold[1].Until), "suspend at day 50+0s about day 50+0s [device-stale:d training-expired:BASE]")
	})
	t.Run("ended early", func(t *testing.T) {
		t.Parallel()
		s := newScene(t)
		s.holds = []ladder.Hold{{Until: start.Add(50 * day)}}
		s.run(t, start, start.Add(20*day))
		s.holds = nil
		check(t, "at once", s.step(t, start.Add(21*day)), "suspend at day 21+0s about day 21+0s [device-stale:d]")
	})
	t.Run("somebody new", func(t *testing.T) {
		t.Parallel()
		s := newScene(t)
		s.training, s.holds = nil, []ladder.Hold{{Until: start.Add(day)}}
		check(t, "good while it lasts", s.run(t, start, start.Add(2*day)), "suspend at day 1+0s about day 1+0s [training-missing:BASE]")
	})
}

func TestStep_AClockThatIsSetBackDoesNothingAgain(t *testing.T) {
	t.Parallel()
	t.Run("over a lapse", func(t *testing.T) {
		t.Parallel()
		s := newScene(t)
		s.run(t, start, start.Add(seenWithin))
		for _, back := range []time.Duration{second, time.Hour, ladder.MaxClockSetback} {
			check(t, "set back by "+back.String(), s.step(t, start.Add(seenWithin-back)))
			if want := start.Add(seenWithin); !s.next.Equal(want) {
				t.Errorf("next %v, want %v", s.next, want)
			}
		}
		check(t, "there again", s.step(t, start.Add(seenWithin)))
		check(t, "set back too far", s.step(t, start.Add(seenWithin-ladder.MaxClockSetback-1)),
			"restore at day 6+21h59m59.999999999s about day 7+0s []")
	})
	t.Run("over the end of a hold", func(t *testing.T) {
		t.Parallel()
		s := newScene(t)
		s.holds = []ladder.Hold{{Until: start.Add(10 * day)}}
		s.run(t, start, start.Add(10*day))
		check(t, "set back", s.step(t, start.Add(10*day-time.Hour)))
	})
	t.Run("over a restoration that comes by itself", func(t *testing.T) {
		t.Parallel()
		s := newScene(t)
		s.steady(t, start)
		s.pass("BASE", start.Add(41*day))
		s.steady(t, start.Add(40*day))
		check(t, "back", s.steady(t, start.Add(41*day)), "restore at day 41+0s about day 40+0s []")
		check(t, "set back", s.steady(t, start.Add(41*day-time.Hour)))
	})
	t.Run("good news are heard all the same", func(t *testing.T) {
		t.Parallel()
		s := newScene(t)
		s.run(t, start, start.Add(seenWithin))
		s.report(start.Add(seenWithin - time.Hour))
		check(t, "set back", s.step(t, start.Add(seenWithin-time.Hour)), "restore at day 6+23h0m0s about day 7+0s []")
	})
	t.Run("over a lock-out", func(t *testing.T) {
		t.Parallel()
		s := newScene(t)
		s.run(t, start, start.Add(seenWithin+grace))
		check(t, "set back", s.step(t, start.Add(seenWithin+grace-time.Hour)))
		check(t, "there again", s.step(t, start.Add(seenWithin+grace)))
	})
}

// A clock that ran a year ahead for a moment suspends everybody; set right, it
// restores them, and reminders that it gave are given in their time.
func TestStep_AClockThatWasFarAheadIsForgotten(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.steady(t, start)
	s.report(start)
	s.step(t, start.Add(365*day))
	check(t, "set right", s.steady(t, start.Add(day)), "restore at day 1+0s about day 7+0s []")
	check(t, "its reminder", s.steady(t, start.Add(30*day)), "remind at day 30+0s 240h0m0s ahead, loses [onsite] about day 40+0s [training-expired:BASE]")

	early := newScene(t)
	early.steady(t, start)
	check(t, "too early", early.steady(t, start.Add(30*day)), "remind at day 30+0s 240h0m0s ahead, loses [onsite] about day 40+0s [training-expired:BASE]")
	check(t, "set right", early.steady(t, start.Add(day)))
	check(t, "in its time", early.steady(t, start.Add(30*day)), "remind at day 30+0s 240h0m0s ahead, loses [onsite] about day 40+0s [training-expired:BASE]")
}
