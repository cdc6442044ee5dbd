// Package notify turns queued messages into something delivered: mail, a card in
// a chat room, a signed webhook, a locked laptop.
//
// A [Message] is a row of the outbox. It is written in the transaction that
// changes somebody's standing, so that there is no change without its messages
// and no message without its change. It holds ids and reasons only. Names and
// addresses are looked up in a [Directory] when it is delivered: somebody who was
// erased meanwhile has none, and a new manager is told instead of the old one.
//
// A [Courier] works the [Outbox] off. For each channel it runs a loop of its own
// that claims what is due, hands it to that channel's [Carrier] and reports the
// [Outcome] of each. It promises:
//
//   - At least once. A message is claimed for a time; when nothing is reported by
//     then it is handed out again. A carrier makes repetitions harmless where it
//     can, by an id that does not change.
//   - In order. The outbox hands out a message only when everything older for the
//     same person and channel is settled. Between channels there is no order: mail
//     that bounces for days must not keep a laptop locked.
//   - Patience. What fails is tried again after [FirstRetry], then after twice that,
//     up to [MaxRetry], with some chance in it; after [MaxAttempts] tries, more
//     than three days, or at once when trying again is useless, it is dead. Dead
//     messages stay where an officer finds them and can send them again.
//   - Independence. A channel that hangs holds up nobody but itself, and a carrier
//     that panics loses nothing.
//
// Somebody who cannot be reached is not passed over in silence: what was for them
// goes to the program's fallback address, says so, and so does the outcome
// ([Delivery.Instead]).
//
// Packages below hold the carriers: letter puts messages into words, mail, chat
// and webhook send them, and lockout locks and unlocks devices.
package notify
