// Package issuer is the program: it takes in evidence about people, tells who is
// in good standing, issues badges to those who are, and revokes them.
//
// A [Program] is built from a store, a policy and two keys, and is what the
// issuer's server and command line call. The rooms below it each do one thing:
// evidence (the records), source (other systems' formats), portrait (pictures of
// people), policy (from evidence to standing), ladder (what a lapse sets off), notify
// (telling people), store (the database).
//
// # From evidence to consequences
//
// [Program.Receive] and [Program.Import] take in what other systems send. Whoever it
// touches is judged in the same transaction: the policy says how they stand, the
// ladder what follows from it, and the record of their standing, the suspension or
// revocation of badges, the messages to person and manager and the events of all
// that are written together with the evidence, or nothing is. So there is no moment
// at which the evidence is known and its consequence is not, and nothing that a
// crash could do halfway or twice.
//
//	evidence, a hold, a policy ─┐
//	an instant that has come  ──┴▶ judge ──▶ record · badges · messages · events
//
// What time alone brings about is done by [Program.Run], the scheduler. It keeps no
// list of its own: each record names the next instant at which its person has to be
// judged, so that a process which was killed, or stood still for a week, finds what
// is due when it is back. [Program.Advance] is the same without the waiting.
// [Program.Forecast] says what will happen if nothing comes.
//
// A source that broke must not lock out a company: an import by which more people
// lose their good standing than [Config].MassLimit allows is refused whole, until
// somebody confirms it. One that says one by one that people left, as provisioning
// does, can't be refused so: when as many have left within an hour, the next ones are
// suspended and the office is told. A correction gives them their badges back; without
// one, as many as may go leave for good in each hour that follows. Nor must our own
// stop: after one, what many people's devices have not told us suspends nobody until
// somebody confirms it ([Program.Advance], [Program.CatchUp]).
//
// Whoever is not in good standing when the program first hears of them is not
// eligible, and that is all: there never was a badge to suspend, so nobody is told of
// it and no device is locked. A first import tells of what is ahead, and of nothing
// that is past.
//
// Messages wait in [Program.Outbox] for a notify.Courier, which asks
// [Program.Directory] for names and addresses. Whoever has no manager is told of at
// the courier's fallback address, and the message's outcome says so.
//
// A badge is suspended for one or more causes: the standing, an officer, a
// customer's concern. Each ends by itself, and only without any is the badge valid.
// A hold ([Program.AddHold]) keeps a lapse from suspending and locking out; it is no
// standing, so that no badge is issued for it.
//
// # Policies
//
// The configuration's policy is in force until [Program.ActivatePolicy] puts another
// one in its place, now or at an instant ahead. That one is kept in the database.
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
// transaction. [Program.PublishLists] signs every list whose entries changed, at once
// or, after another change, a twentieth of a second later; it signs all of them anew
// before they are old, and a kill between the change and the signature loses nothing,
// because it begins with what the database says. [Program.ListToken] never hands out a
// list from before a change that this process has made, whether or not PublishLists
// has got to it. Tokens of one list are ordered by their time of issue, then by their
// seq, which is the version of the entries.
//
// Who wants to know of a list subscribes ([Program.OnListPublished]): the server's
// event stream, and [Program.KeepListFolder], which keeps static files for a web
// server. [Program.ListsReady] says when lists can't be published.
//
// # Keeping and forgetting
//
// Every change is an event; events are chained, so that [Program.VerifyEvents]
// notices when one was changed or left out. They name people by opaque ids, which is
// why [Program.ErasePerson] can forget somebody and leave the chain whole.
// [Program.ExportPerson] tells all that is kept, [Program.Purge] deletes what has
// been over for long enough.
package issuer
