import { verdicts, type Reason } from '../verifier/decision.ts'

/** Why the screen is not green: the verifier's reason, or one of this page's own. */
export type Cause =
  | Reason
  | 'revoked_now' // the badge was good when it was scanned
  | 'suspended_now' // the same
  | 'bundle_ended' // the bundle that this gate decides by is past its time
  | 'photo_mismatch' // the guard said that it is not the person
  | 'undecided' // neither the service nor the tablet could decide
  | 'not_checked_out' // who it is was not proven, so nobody was checked out

/** One thing that a guard can do. */
export type Step =
  | 'live'
  | 'newCode'
  | 'clocks'
  | 'phoneOnline'
  | 'tabletOnline'
  | 'newBundle'
  | 'refreshPhone'
  | 'rescan'
  | 'restart'
  | 'keep'
  | 'person'
  | 'office'
  | 'byHand'
  | 'call'
  | 'noGreen'

const first: Record<Exclude<Cause, 'ok'>, Step[]> = {
  malformed: ['live', 'rescan', 'restart'],
  unsupported: ['refreshPhone', 'rescan'],
  untrusted_issuer: ['office'],
  unknown_key: ['refreshPhone', 'tabletOnline', 'rescan'],
  bad_signature: ['keep'],
  bad_disclosure: ['keep'],
  expired: ['phoneOnline', 'clocks', 'rescan'],
  not_yet_valid: ['clocks', 'rescan'],
  holder_binding_missing: ['live', 'rescan'],
  holder_binding_invalid: ['live', 'rescan'],
  stale_presentation: ['live', 'rescan', 'clocks', 'refreshPhone'],
  replayed: ['newCode', 'live'],
  revoked: ['person'],
  suspended: ['person', 'phoneOnline'],
  status_unavailable: ['tabletOnline', 'rescan', 'restart'],
  status_stale: ['tabletOnline', 'clocks', 'rescan'],
  access_not_granted: ['person', 'office'],
  policy_denied: ['office'],
  internal_error: ['rescan', 'restart'],
  revoked_now: ['keep', 'person', 'office'],
  suspended_now: ['keep', 'person', 'office'],
  bundle_ended: ['newBundle', 'clocks', 'rescan'],
  photo_mismatch: ['keep'],
  undecided: ['tabletOnline', 'rescan', 'restart'],
  not_checked_out: ['live', 'rescan', 'byHand'],
}

/**
 * What to do, in order. It ends with the site's help desk, and with that nobody
 * comes in without a green screen: help must not end in "let them in this once".
 */
export function helpFor(cause: Cause): Step[] {
  if (cause === 'not_checked_out') return first[cause]
  return [...(cause === 'ok' ? [] : first[cause]), 'call', 'noGreen']
}

/** A reason of a newer service than this page is an error to it. */
export function causeOf(reason: string, code?: string): Cause {
  if (code === 'bundle_stale') return 'bundle_ended'
  return Object.hasOwn(verdicts, reason) ? (reason as Reason) : 'internal_error'
}
