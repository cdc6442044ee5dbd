// Package sdjwt is selective disclosure as RFC 9901 defines it, for JSON of any
// shape: splitting a compact SD-JWT, putting disclosures where their digests
// are, and hashing what a key-binding JWT commits to.
//
// It knows nothing of badges (package credential does), verifies no signature
// and reads no clock. What it enforces are the rules whose neglect has let
// changed claims through elsewhere: digests are taken over the text as received,
// a disclosure that nothing refers to and a digest that occurs twice are errors,
// and a disclosure never replaces a claim that is already there.
package sdjwt
