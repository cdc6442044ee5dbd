// Package jose signs and verifies compact JWS with ES256, and nothing else of
// JOSE: one algorithm, one serialisation, one spelling.
//
// It is the only package that imports a JOSE library, lestrrat-go/jwx/v2, whose
// authors no longer maintain that version. The library therefore never parses
// anything here. [ParseCompact] reads a token strictly (characters, segments,
// canonical base64url, JSON, header members) and jwx is handed only the signing
// input, a 64-byte signature and a P-256 key that [ParseKey] found fit. What
// jwx leaves unchecked (the header's alg, crit, the curve, duplicate and
// unescaped member names) is so decided before it is reached.
//
// Under GOOS=js the same two functions use crypto/ecdsa directly: jwx would
// bring net/http and crypto/tls into WebAssembly.
package jose
