// Package bundle is the one signed file that a verifier without a network runs
// from: the issuer's entry in the trust list, all status lists, how old they may
// get, and on request people's portraits.
//
// # Trust
//
// A customer pins one thing, once: the [Fingerprint] of the program's root key,
// compared as words or read from a QR code. Everything else comes in bundles that
// the root key signed, so the keys that sign badges and lists change without the
// customer doing anything, and a stolen one is taken out of use by the next bundle.
// A bundle without lists, a trust bundle, does only that, for verifiers that fetch
// their lists.
//
// [Open] refuses a bundle of another root, for another customer, past its time, or
// with a lower number than one that was held before. Numbers rise with every bundle
// of an issuer, so whoever can put a file on a stick can't undo a revocation with an
// old one.
//
// # Format
//
// Text of one line each, every line ended by a line feed:
//
//	<compact JWS of the manifest>
//	<part>
//	…
//
// The header brings the root's key, whose fingerprint must be the pinned one:
//
//	{"alg":"ES256","jwk":{"kty":"EC","crv":"P-256","x":"…","y":"…"},"typ":"cyberbadge-bundle+jwt"}
//
// The manifest names the parts in their order, each with what its line must be:
//
//	{"iss":"https://issuer.example","aud":"plant-7","number":41,"iat":1795420800,
//	 "exp":1798012800,"max_status_age":604800,"trust":{…},"parts":[
//	  {"kind":"list","uri":"https://issuer.example/status-lists/1","iat":1795420800,
//	   "sha256":"…","size":4711},
//	  {"kind":"portrait","digest":"…","size":16384}]}
//
// aud is absent from a bundle for anybody, max_status_age from one without lists. A
// list's line is its token, sha256 the line's SHA-256; a portrait's line is the
// picture in base64url, digest the picture's SHA-256. size is the line's length in
// bytes without the line feed.
//
// # Deltas
//
// For a site behind a slow link [Delta] writes the difference between two bundles,
// and [Apply] makes the new one of it and the old one, byte for byte. A delta is not
// signed: what comes out is opened like any bundle.
//
//	delta 41 <base64url SHA-256 of the old bundle>
//	~1 <what changes in the manifest>
//	=2
//	^3 <what changes in a list>
//	<a part that is new>
//
// =N is line N of the old bundle. ~N and ^N are line N changed by copying and
// inserting bytes: those of the token taken apart into header, payload and signature,
// and of a status list's payload into what is before the entries, the entries and
// what is behind them, each piece behind its length (unsigned LEB128). The entries are
// as they are compressed with ~, and inflated with ^: then who applies the delta
// compresses them again, and has to do it as the issuer did.
//
// The operations, in base64url, are numbers in LEB128: twice a count of bytes, then
// where in the old ones to copy them from; or twice a count and one, then the bytes.
//
// # What is not checked here
//
// What the parts say: that the trust list is one, and that its keys signed the
// lists, is found out by the verifier that uses the bundle.
package bundle
