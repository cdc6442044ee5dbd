// Package qr packs a badge's presentation into a gate code, the text of the
// shortest QR code that restores the presentation byte for byte, and unpacks it.
//
// A presentation is a compact SD-JWT (RFC 9901 section 4): an issuer-signed
// JWT, the disclosures that the holder shows and, nearly always, a key-binding
// JWT. As text it needs a QR code of about 150 modules a side, which a camera
// reads only from very near. A gate code holds the same in about 77:
//
//	HTTPS://BADGE.VENDOR.EXAMPLE/C#2417609…
//
// The part before '#' is the issuer's check page, in capitals because QR codes
// have a short form for those; a browser never sends what follows '#'. The
// digits are one decimal number, again for the QR code's sake, and the number's
// bytes are a frame:
//
//	format | length of the deflated text | deflated text | side stream
//
// The text is the presentation's JSON with tokens (bytes that JSON text never
// holds) where something was taken out: what is random anyway (salts, hashes,
// keys, signatures) stands as raw bytes in the side stream, and what follows
// from the rest (the digests of shown disclosures, sd_hash, the holder key's y)
// is left out and computed again. The text is deflated against a dictionary
// that is frozen with the format. docs/gate-code.md is the specification.
//
// # What it promises
//
// [Unpack] of what [Pack] returned is the same presentation, byte for byte:
// Pack unpacks every code before it returns it. Any compact SD-JWT may be
// packed; one of the badge profile gets shortest. Every code that a released
// version packed will be unpacked by every later one.
//
// # What it does not promise
//
// A gate code carries no trust. Unpacking recomputes digests, so they match by
// construction; only a verifier that checks the restored presentation's
// signatures has checked anything. Several codes can unpack to the same
// presentation, so nothing may be keyed by a code's text.
//
// Input is what a camera saw, that is, hostile. Every length is bounded before
// work is done on it, and errors never repeat the input.
//
// The package needs only the standard library, without net/http, so that it
// runs inside WebAssembly. Drawing is in package draw. All functions are pure
// and safe for concurrent use.
package qr
