// Package signal hears Shared Signals: what an issuer tells its customers' systems
// when something about a person, a device or a badge has changed (OpenID Shared
// Signals Framework 1.0 with CAEP 1.0; security event tokens, RFC 8417).
//
// A verifier hears of a revocation by the issuer's event stream or from the list
// itself. A signal is the third way, for sites whose other systems live by signals
// already, and the only one that is signed for one receiver. A [Receiver] opens
// such tokens and has the verifier deny the badge at once:
//
//	transmitter, err := signal.Discover(ctx, client, "https://badge.vendor.example", token, time.Now)
//	…
//	stream, err := transmitter.Subscribe(ctx, signal.Polled())
//	…
//	receiver, err := signal.New(signal.Config{
//		Issuer: transmitter.Issuer(), Audience: stream.Audience, Keys: transmitter.Key, Target: gate,
//	})
//	…
//	err = receiver.Poll(ctx, transmitter, stream) // or mount receiver.Push(authorization)
//
// # What a signal can do
//
// It can deny, and it can have lists fetched. It can't allow anything: the status
// list stays the authority, and the first list that is newer than the event counts
// again. An event that names no badge, or of a kind that is not known here, leads
// to a look at all lists of that issuer. Events come late, twice and in any order;
// what counts is their own time.
//
// # What is checked
//
// The token's type is secevent+jwt, so that no badge and no proof can stand in for
// one; it is signed with ES256 by a key from the issuer's key set; iss and aud are
// the stream's; iat is not ahead; jti was not seen before; there is one event; and
// there are no exp and no sub, as the framework demands. A stream that is signed
// with RS256 is refused: ask the issuer for ES256.
package signal
