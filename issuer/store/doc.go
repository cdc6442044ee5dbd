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
// The reservation gives the badge a random index in a status list. An index is
// given once and never again, whatever becomes of the badge.
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
// # What is not kept
//
// Of API tokens, codes, phones' tokens and signed badges only SHA-256 hashes are kept. Events are never
// changed or erased, so they name people by opaque id alone: the caller must
// keep names out of reasons and other text that ends up in an event.
//
// The package decides nothing: who is eligible, whether a person may still be
// issued a badge, and when a suspended badge comes back are for the issuer.
package store
