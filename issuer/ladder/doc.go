// Package ladder decides what a lapse sets off for one person, and when: remind
// before it, suspend at it, lock the equipment after a time of grace, and undo
// both at once when the person is in good standing again.
//
// [Step] is a pure function: no clock, no I/O, no database. It is given the
// instant, what the policy says of the person at that instant, and the [State]
// that the step before it returned; it returns the new state, the actions that
// are due, and the next instant at which there is anything to do if nothing is
// heard until then. Whoever drives it writes state and actions down in one
// transaction, and calls it again when that instant has come or when news has:
//
//	state, actions, next := ladder.Step(ladder.Input{
//		Now: now, Active: person.Active,
//		Standing: rules.Standing(person, training, devices, now),
//		Lapses:   rules.Lapses(person, training, devices, now),
//		State:    state, Holds: holds, Times: rules.Ladder,
//	})
//
// # The phases
//
//	new ──► good ──► suspended ──► locked      each of them ──► left ──► new
//	         ▲            │           │
//	         └────────────┴───────────┘
//
// Somebody new has never been in good standing and has nothing to lose: they are
// neither suspended nor locked out, and their laptop is what they take the
// training on. A person who has badges, but no state yet, begins as
// State{Phase: Good}.
//
//   - Good to suspended: at the instant of the lapse, or at once when news make
//     it so. [State].LockAt is then set, counted from the step that really
//     suspended and not from when that was due: somebody who was not told is not
//     locked out.
//   - Suspended to locked: at LockAt.
//   - Back to good: at once. It gives [Restore], after a lock-out [Unlock] as well.
//   - Left: at once when the person is not active any more. A lock-out stays; it
//     is undone when they are back and in good standing.
//
// # Reminders
//
// A reminder is about one lapse ahead, and each lapse has its own: those of a
// course go on while a laptop's next report is always due sooner. A threshold
// counts only for evidence whose whole validity is more than twice as long, so
// that a laptop which reports every week is not reminded a week ahead. When
// several thresholds of a lapse have passed unseen, because the program stood
// still, the course was taken late or the person has just become good, one
// reminder is sent, that of the smallest. Once the lapse has passed there is none.
//
// Training that moves a lapse makes it another lapse, whose reminders begin anew.
// Should the training be withdrawn, the former lapse is remembered, and what was
// said about it is not said twice.
//
// # Holds
//
// While an officer's [Hold] lasts, the person counts as good whatever the evidence
// says: nobody is suspended or locked out, and whoever was is restored, so that it
// makes no difference whether the hold or the lapse came first. When the hold ends
// and the evidence is still not good, that is the instant of the suspension, and
// the grace is counted from there. Reminders go on. A hold does not cover a person
// who left.
//
// # Late, again, and backwards
//
// Step may be called at any instant, as late and as often as one likes: what is
// due is found out from the state, not from having been there. Of a time that was
// missed, only what still matters is done.
//
// A clock may be set back. Up to [MaxClockSetback] before the last change of
// phase, what would by itself come to pass once more counts as having passed, so
// that nobody is restored and suspended again. If the clock goes back further
// than that, it was wrong before: what it set off is judged anew.
package ladder
