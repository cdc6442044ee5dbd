// Package visit is the customer's own register of who was admitted, who was
// refused and who is on site now.
//
// It is off by not being made, belongs to the customer alone (nothing of it goes
// to an issuer), and forgets: a register without a retention time cannot be made.
//
// # Records
//
// A gate writes a [Record] of each decision and of each check-out. Gates work
// offline, so records come late, in any order and more than once. A record is
// known by its ID, which the gate draws at random: delivered again it changes
// nothing, whatever it says then. What counts is the time in the record, not that
// of its arrival; so that a gate with a wrong clock can't write history, a record
// from further ahead than [MaxAhead] or from before the retention time is refused.
//
// # Visits
//
// A visit begins with an admission and ends when its person leaves. From all
// records of one person (issuer and subject) at one site, however they arrived,
// follows one presence or none ([Settle]):
//
//   - Who is admitted and not here begins a visit, named by that record's ID.
//   - Who is admitted and here stays in the same visit, now with the newer badge.
//     But if the visit's badge had expired by then, the person went without being
//     checked out and came back: a new visit begins.
//   - A check-out by badge ends the person's visit.
//   - A check-out by hand names a visit by the ID of any admission in it, and ends
//     that visit only: a guard with an old list in hand can't check out somebody
//     who left and came back. It counts at its own time, or at the admission's if
//     the gates' clocks had it earlier.
//   - At the same millisecond, admissions count before check-outs.
//
// Nobody is checked out by the clock: when the badge has expired, the presence is
// overdue, and somebody must look. Only the retention time ends what nobody did.
//
// # What is written
//
// Of a refusal: id, time, gate, site, reason, code and whether the gate was
// offline. No more, even if the gate sends more: a register of strangers who were
// turned away is nobody's business. reason and code come from closed sets, so
// that they hold no names either.
//
// Of an admission: the [Badge] as far as it was disclosed, the decision and the age of
// the status it rests on. Of a check-out by badge: issuer and subject. Of a
// check-out by hand: the visit.
//
// # What is not checked here
//
// Whether a record is true. A gate that is paired is believed about what it
// decided while it was offline; decisions made online are in the service's log
// under [Record.Decision].
package visit
