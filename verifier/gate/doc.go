// Package gate pairs tablets with a verifier and knows them again.
//
// A gate is a tablet (or a phone, or a computer with a scanner) that a guard
// works with. It holds a P-256 key that never leaves its browser; the service
// holds the public half. What a gate may do follows from the pairing alone: which
// site it stands at, which access it asks for, which policy it applies. Nothing
// that the gate sends can change that.
//
// # Life of a gate
//
//	desk, err := gate.NewDesk(gate.Config{Store: store, Policies: names})
//	code, expires, err := desk.Invite(ctx, gate.Invitation{Name: "North", Access: credential.Onsite})
//	g, err := desk.Pair(ctx, code, key)           // the tablet, within 15 minutes
//	session, g, err := desk.Open(ctx, proof)      // the tablet, whenever it has no session
//	g, err = desk.Authenticate(ctx, session)      // every call
//	err = desk.End(ctx, g.ID)                     // lost, stolen or retired
//
// An administrator invites; the pairing code is read out or typed, so it is short,
// has no letters that look alike, lives 15 minutes, and pairs one gate. A pairing
// whose answer was lost is over like any other: invite again, and have the tablet
// make a new key, because two living gates never share one.
//
// # Proof of a gate
//
// To open a session the gate signs a nonce of the desk:
//
//	header   {"alg":"ES256","typ":"cyberbadge-gate+jwt","kid":<id of the gate>}
//	payload  {"aud":"cyberbadge:gate-session","nonce":<from [Desk.Nonce]>,"iat":<seconds>}
//
// The nonce says that the proof is new, so iat is not judged: a tablet whose
// clock is wrong must still reach the service that could tell it so. Nonces die
// with the process that made them.
//
// # What is kept
//
// Codes and sessions are random and kept as SHA-256 hashes. A session is good for
// [SessionLife], and for nothing once its gate has ended. Whoever reads the store
// can impersonate nobody.
//
// # Guessing
//
// A code has 50 bits. At most [MaxWrongCodes] wrong ones are taken per
// [AttemptWindow], from everybody together: who asks cannot be told apart by
// address behind a proxy. Somebody who sends wrong codes on purpose can so keep
// others from pairing; gates that are paired are not touched by it.
//
// # What is not checked here
//
// Whether badges are good (package verifier), who may invite, and transport: the
// session is a bearer token and belongs in a Secure, HttpOnly, SameSite cookie.
package gate
