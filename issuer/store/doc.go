// Package store says what the issuer keeps and what it may rely on: people,
// their portraits and evidence, badges, status lists, phones, API tokens and the record of who
// did what. It holds interfaces, plain types and the rules every engine shares;
// package sqlite is the engine, package storetest the suite an engine must pass.
//
// # Contract
//
// It holds for every method of every interface here:
//
//   - Atomic: a method's whole effect, the events it records included, is made
//     or none of it is. When a writing method returns nil the effect is durable:
//     it outlives the process and a loss of power.
//   - Safe for concurrent use. Writes take effect one after another; a read that
//     starts after a write has returned sees it.
//   - Nothing is changed by a method that returns an error, with one exception:
//     [ErrUncertain]. Reading the record back tells, and each method says what
//     repeating it does.
//   - A context that ends before the work began leaves no trace and the error is
//     the context's. One that ends later gives [ErrUncertain].
//   - Times are kept to the microsecond, in UTC, and come back so. The zero time
//     is kept as the zero time.
//   - Text is valid UTF-8 without NUL and at most [MaxText] bytes, so that each
//     engine keeps it alike. Anything else is [ErrInvalid].
//   - Order of text is the order of its bytes.
//
// # A badge's life
//
// A badge is recorded before it is signed, so that whatever dies in between,
// nothing signed is unknown to the issuer:
//
//	ReserveBadge ──▶ prepared ──(sign)── CompleteBadge ──▶ issued
//
// Its status runs beside that, from the moment of the reservation:
//
//	valid ◀──▶ suspended
//	  └──▶ invalid ◀──┘      final: ErrFinal on any way back
//
// A badge is suspended as long as it has a [Cause], of which it may have several: an
// officer who reinstates it does not undo what its person's standing did.
//
// The reservation gives the badge a random index in a status list. An index is
// given once and never again, whatever becomes of the badge.
//
// # Judging
//
// How people stand is for the issuer to decide, and for the store to keep. A [Judge]
// is called inside the transaction that changes what a person's standing rests on,
// with the [Situation] as it is then; what it answers, the [Judgement], is written in
// that transaction: the [Record], changes of badges, messages, events. A record names
// the instant at which its person has to be judged again (Rejudge), and the policy
// under which it was made.
//
// # Messages
//
// The store is the outbox of package notify. A message is queued once for each key,
// ever: of what was purged or erased the hash of the key stays. Of a person's
// messages on one channel only the oldest is handed out.
//
// # A phone's enrolment
//
// It begins with an invitation and gives one phone tokens, with which it fetches
// badges until the enrolment ends:
//
//	AddInvitation ──▶ open ──RedeemInvitation──▶ redeemed ──▶ ended
//	                    └──(too many wrong codes)──────────────▲
//
// A person has one phone: the next invitation ends what went before, badges
// included.
//
// # Portraits
//
// A portrait is kept once, by its digest, beside people and not as part of them:
// what other systems send about a person leaves it alone. One that nobody has any
// more stays as long as a badge that names it may be good.
//
// # What sources take back
//
// Training that its source withdrew stays out for good, in whatever file it comes
// again: of a statement that is void nothing makes a good one. A device that is gone
// may come back.
//
// # What is not kept
//
// Of API tokens, codes, phones' tokens and signed badges only SHA-256 hashes are kept. Events are never
// changed or erased, so they name people by opaque id alone: the caller must
// keep names out of reasons and other text that ends up in an event. The words of an
// officer about a hold are kept beside it, and not in its event.
//
// # What changed about a person
//
// An event of a person names the fields that changed, and has hashes of the record
// before and after ([Salt]): nobody learns a name from them, yet whoever has a record
// as it was can show that it was so, and that nobody changed it since by hand. The salt
// is erased with the person; then the hashes are of nothing any more.
//
// # Who was erased
//
// Sources send what they sent before. So that this does not bring back who was erased,
// marks of their identifiers stay: hashes under a key that is not in here ([Mark]).
// Evidence that bears one is left out and counted.
//
// # Events
//
// Each event carries a hash over itself and the one before it ([Head]), so that a
// change of any shows from there on. Whoever can write to the database could work out
// another chain from the beginning: against that, keep a head somewhere else and hand
// it to VerifyEvents.
//
// The package decides nothing: who is eligible, whether a person may still be
// issued a badge, and when a suspended badge comes back are for the issuer.
package store
