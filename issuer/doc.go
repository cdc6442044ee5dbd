// Package issuer is the program: it takes in evidence about people, tells who is
// in good standing, issues badges to those who are, and revokes them.
//
// A [Program] is built from a store, a policy and two keys, and is what the
// issuer's server and command line call. The rooms below it each do one thing:
// evidence (the records), source (other systems' formats), portrait (pictures of
// people), policy (from evidence to standing), store (the database).
//
// # Issuing
//
// A badge is written down before it is signed. [Program.Issue] asks the policy,
// checks the claims, reserves an index of a status list in a transaction that is
// on disk before the signing key is used, signs, opens what it signed, records
// its hash, and only then returns it. Whatever dies in between leaves a record
// under which the badge, if it was signed at all, can be found and revoked.
//
// # Portraits
//
// [Program.SetPortrait] and imports bring portraits (package portrait), which badges
// name from then on by an address under [PicturePath] and by their digest. A
// portrait that was replaced or taken away stays reachable for [KeepPortraits],
// since a badge that names it may be good as long.
//
// # Revoking
//
// [Program.SetStatus] changes the badge and its entry in the status list in one
// transaction. [Program.ListToken] signs the list as it is in the database at
// that moment, so a revocation is published by the time its caller has an
// answer.
package issuer
