// Package office is who may do what in the program office: officers who sign in,
// API tokens that programs use, and changes that take two.
//
//	o, err := office.New(office.Config{
//		Issuer: "https://login.vendor.example", ClientID: "cyberbadge", ClientSecret: secret,
//		Address: "https://badges.vendor.example",
//		RoleClaim: "groups", Roles: map[string]office.Role{"badge-admins": office.RoleAdmin},
//		HTTP: office.NewHTTPClient(outbound), Records: database,
//	})
//
// It knows nothing of routes and cookies (package server does) and nothing of SQL:
// what it keeps goes through the interfaces of [Records].
//
// # Signing in
//
// Officers sign in at the vendor's identity provider, by OpenID Connect: the
// authorization code flow with PKCE (S256), state and nonce. [Office.Begin] gives
// the address to send the browser to and a flow that the browser keeps, sealed, in
// a cookie of its own; [Office.Finish] takes both back. Checked are, in this order:
//
//  1. the flow: ours, of this browser, not older than [SignInAge], not used before,
//     with the state of the answer. So nobody is signed in as somebody else by a
//     link (RFC 9700, section 4.7);
//  2. the answer: of this provider (RFC 9207), no error, one code;
//  3. the ID token, which comes from the provider's token endpoint and from nowhere
//     else: compact, each member once, signed with a key of the provider's and an
//     asymmetric algorithm, of this issuer, for this client and nobody beside it, with
//     the nonce of the flow, not expired, not older than the flow;
//  4. the role.
//
// The provider is found by discovery when it is first needed. While it is down
// nobody new gets in, and who is in stays in.
//
// # Who somebody is
//
// An officer is the pair of issuer and subject, and nothing else: addresses change
// hands. Events name [OfficerID], which is made from the pair. Name and address are
// kept for people to read, the address only if the provider says that it verified
// it.
//
// # Roles
//
// viewer < officer < admin. They come from one place, never from two:
//
//   - from a claim of the ID token, with a table of what its values mean. A role
//     that is taken away there lasts until the session ends, [DefaultLife] at most;
//   - or from the list in [Records], looked at with every call. The operator makes
//     the first admins ([Office.Appoint]), and every change after that takes two. The
//     last admin can't be taken off.
//
// # Sessions
//
// A session is 32 random bytes, of which the SHA-256 is kept. It ends when it is
// not used for Idle, after Life whatever it is used for, and when its officer signs
// out. Every sign-in makes another one and ends the one before it, so that a session
// that was put into a browser is worth nothing.
//
// # What takes two
//
// Some changes could undo the program by themselves: the policy, the keys, the
// officers, revoking the badges of many. They are made as a [Proposal], which waits
// for an admin to approve it: somebody else, signed in, who showed credentials
// within the last five minutes. A token proposes but never approves, and its
// proposals are those of the officer who made it. What is approved is done at once,
// and once: see [Action] for what that asks of what is done.
//
// Two pairs of eyes are a bound on any one officer and on whoever got hold of one
// session. They are none on who owns the machine, the database and the keys.
package office
