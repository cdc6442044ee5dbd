// Package verifier decides whether somebody who presents a badge may come in,
// to a site or into a network. It is what a customer embeds.
//
//	trust, err := verifier.LoadTrust("trust.json")
//	…
//	lists, err := fetch.New(fetch.Config{}) // of package revocation/fetch
//	…
//	gate, err := verifier.New(verifier.Config{Trust: trust, Fetcher: lists})
//	…
//	decision := gate.Verify(ctx, scanned, verifier.Request{Access: credential.Onsite})
//	if decision.Allow {
//		open()
//	}
//
// # A decision
//
// [Verifier.Verify] makes its checks in one order, cheapest and safest first:
// size and shape, strict parse, issuer and key, issuer signature, disclosures,
// times, the holder's proof and its replay, status, the site's policy. The
// first that fails is the reason; nothing before it was skipped. The checks
// behind it that need no connection and change nothing are still made and
// listed, so that an operator sees all that is wrong at once.
//
// A holder's proof is used up by the decision that allows, and by no other: a code
// that was denied can be shown again and gets the same reason again.
//
// A [Reason] is for people and policies: a small, closed set. A code (package
// code) is for engineers. Every code belongs to exactly one reason.
//
// # What a decision rests on
//
// The [Trust] list: which issuers, with which keys, for which credential types,
// and who signs their status lists. It is configuration. Nothing is ever learned
// from what is presented: not a key, not an address.
//
// The status list of the issuer, no older than the site's limit. A badge whose
// status can't be told is denied.
//
// A clock, from [Config]. One that is behind the lists' own times is noticed;
// one that is ahead only makes the verifier refuse more.
//
// # What a decision does not prove
//
// That the person holding the phone is the person on the badge: somebody must
// compare the photo. That the code was not relayed from elsewhere in the
// seconds it lives. That the same code was not accepted, in those seconds, by
// another verifier which shares no memory with this one.
package verifier
