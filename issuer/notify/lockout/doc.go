// Package lockout locks and unlocks devices through whatever manages them, at the
// end of the ladder.
//
// This is the one thing in the program that can stop people from working, so
// everything here errs on the side of doing nothing:
//
//   - Off until configured, with credentials of its own that can do this and
//     nothing else.
//   - [Config.DryRun] says what it would do and calls nobody.
//   - Just before it locks, a [Carrier] asks the [Program] again: is the lock-out
//     still due, is the device still this person's? A message that waited for days
//     locks nobody who is in good standing by now.
//   - A [Gate] lets a few devices an hour through. What is above that is held until
//     a person confirms it, and the office is told: an import that went wrong must
//     not lock out a company.
//   - Unlocking undoes what was locked here, and only that. A laptop that somebody
//     else disabled because it was stolen stays disabled.
//
// Unlocking is never held and has no limit.
//
// # What locking means
//
//	Windows (Graph)          the Entra device is disabled and the user's sign-in sessions
//	                         are revoked; Intune cannot lock Windows remotely
//	macOS, iOS, Android      Intune's remote lock; a person unlocks with the passcode, or
//	(Graph)                  with the PIN that Intune shows for a Mac: no call undoes it
//	Fleet                    its lock and unlock (Fleet Premium); for a Mac, Fleet shows
//	                         the PIN
//	anything else            a signed webhook, "device.lock" or "device.unlock"
//
// All of these may be done twice without harm, except that a second remote lock
// gives a Mac another PIN.
package lockout
