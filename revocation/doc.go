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
// # Format
//
//	{"alg":"ES256","kid":"…","typ":"statuslist+jwt"}
//	{"sub":"https://issuer.example/status-lists/1","iat":1795420800,
//	 "exp":1795507200,"ttl":60,"status_list":{"bits":2,"lst":"<base64url of zlib>"}}
//
// Entry i stands in byte i*bits/8 at bit offset (i*bits)%8, counted from the
// least significant bit.
//
// # What is not checked here
//
// The badge: its signature and times must have been found good before its
// status is asked for, because the answer says only what the issuer's list
// holds at an index.
package revocation
