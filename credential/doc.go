// Package credential says what a badge is: its claims, how it is signed, how it
// is opened, how its holder discloses parts of it and proves possession of the
// key it is bound to.
//
// # Concepts
//
// A badge is an SD-JWT VC (RFC 9901; draft-ietf-oauth-sd-jwt-vc): a JWS with
// typ "dc+sd-jwt", signed with ES256, whose personal claims stand in it only as
// digests. The issuer hands it to the holder with every disclosure:
//
//	<issuer-signed JWT>~<disclosure>~<disclosure>~…~
//
// The holder drops the disclosures that are nobody's business ([Disclose]) and
// appends a key-binding JWT signed by the key that the badge names in cnf
// ([Bind]). The result is a presentation:
//
//	<issuer-signed JWT>~<disclosure>~…~<key-binding JWT>
//
// # Use
//
// An issuer makes an [Issuer], turns claims into a [Draft] with
// [Issuer.Prepare], records what it is about to sign, and calls [Issuer.Sign].
// Whoever checks a badge makes an [Opener] with the keys it trusts and calls
// [Opener.Open] or [Opener.OpenPresentation]. Both return claims only when the
// signature is good and every disclosure is accounted for; there is no way to
// reach the content of a badge that was not verified.
//
// # What is not checked here
//
// The package reads no clock, opens no connection and keeps no state. Opening a
// badge says who signed it and what it says. It does not say that the badge is
// valid now ([Badge.CheckTime] takes the instant from the caller), that its
// holder is the one presenting it ([Presentation.CheckProof]), that it has not
// been shown before, that it has not been revoked (package revocation), or that
// it is enough for a site (package verifier, which does all of these in the
// right order and is what a customer should embed).
//
// # Compatibility
//
// Every badge that a release of this package signed can be opened by every
// later release until the badge expires. Codes of refusals (package code) keep
// their meaning.
package credential
