// Package revocation says whether a badge still holds: Token Status Lists
// (draft-ietf-oauth-status-list) in their JWT form, written by issuers and
// checked by verifiers.
//
// # Concepts
//
// A [List] is an array of 2-bit entries, one for each badge, addressed by the
// index that the badge carries. The issuer publishes it as a signed [Token]
// under the URI that the badge names. Indices are drawn at random and never used
// again ([Indices]), so that neither the order of issuing nor the number of
// badges can be read from them.
//
// A verifier asks a [Checker]. It fetches a list once for all badges that name
// it, again when the list's ttl has passed, and keeps the last good one. It
// answers with the status and with the age of the list it comes from, or with an
// error. There is no third answer: a list that is missing, stale, unsigned,
// older than one seen before, or too short for the index is never "valid".
//
// A list that is in use is fetched ahead of its time, so that nobody waits for it,
// and what is known is good for as long as the site says when nothing can be
// fetched; with a [Cache], over a restart, too. Somebody who hears of a change has
// the list fetched at once ([Checker.Refresh]) or, when the issuer named the badge,
// the badge denied until a list says more ([Checker.Deny]). Nothing but a list ever
// allows.
//
// # What is newer
//
// Lists are ordered by iat and then by seq, a number that rises with every change
// of an entry. An older list than one that was seen is refused (status_rollback),
// also after a restart with a Cache; so are two that differ under one iat and seq
// (status_equivocation). Both are signed with the issuer's key and so are reported
// as errors, in the log and to CheckerConfig.Observe. How old a list is, only its
// own iat says: not when it was fetched, and not a server that has nothing newer.
//
// # What time it is
//
// A clock that is behind what was signed, or was set back, makes old lists look
// fresh, so it is not trusted (clock_untrusted) until it is right or a fresh list
// says that it is. One that leaps ahead is believed, because a computer that slept
// does the same, and lists only get older by it. The reasons are beside clockGuard.
//
// # Format
//
//	{"alg":"ES256","kid":"…","typ":"statuslist+jwt"}
//	{"sub":"https://issuer.example/status-lists/1","iat":1795420800,"seq":41,
//	 "exp":1795507200,"ttl":60,"status_list":{"bits":2,"lst":"<base64url of zlib>"}}
//
// Entry i stands in byte i*bits/8 at bit offset (i*bits)%8, counted from the
// least significant bit. seq is ours; a token without it has the number zero. Any
// writer's ZLIB is read; what an [Encoder] writes is made of chunks that stay as
// they are while nothing in them changes.
//
// # What is not checked here
//
// The badge: its signature and times must have been found good before its
// status is asked for, because the answer says only what the issuer's list
// holds at an index.
package revocation
