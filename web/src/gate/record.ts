import { verdictOf, type Badge } from '../verifier/decision.ts'
import type { VisitBadge, VisitEvent, VisitRecord } from './contract.ts'
import type { Answer } from './decide.ts'

/**
 * A line for the register about a decision. now is in milliseconds since 1970; reason
 * is there where a good badge did not get anybody in, or not for long. Who is refused is not named in it: nothing is kept of strangers but reason and time.
 */
export function recordOf(event: VisitEvent, { decision, by }: Answer, now: number, reason: VisitRecord['reason'] = decision.reason): VisitRecord {
  return {
    ...newRecord(event, now),
    ...(reason && { reason }),
    decision: decision.id,
    ...(decision.code && { code: decision.code }),
    ...(by === 'gate' && { offline: true }),
    ...(decision.again && { again: true }),
    ...(decision.status && { status_issued_at: decision.status.issued_at }),
    ...(event !== 'refused' && decision.badge && { badge: visitor(decision.badge) }),
  }
}

/** A line about somebody who is checked out by hand. */
export function checkOut(visit: string | undefined, badge: VisitBadge, now: number): VisitRecord {
  return { ...newRecord('left', now), ...(visit !== undefined && { visit }), badge }
}

function newRecord(event: VisitEvent, now: number): VisitRecord {
  return { id: crypto.randomUUID(), at: new Date(now).toISOString(), event }
}

/** What is kept of a badge. */
export function visitor(badge: Badge): VisitBadge {
  const { issuer, subject, status_list, index, given_name, family_name, organization, role, expires } = badge
  const all = { issuer, subject, status_list, index, given_name, family_name, organization, role, expires }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as unknown as VisitBadge
}

export type Direction = 'in' | 'out'

/** What the guard sees next. */
export type Step = 'photo' | 'left' | 'no' | 'unsure'

/**
 * Nobody comes in without the step in which the guard compares the person. Out
 * goes whoever the badge proves to be, also when it expired or was withdrawn
 * meanwhile: a list of who is on site must not hold people back. A copied code
 * proves nobody, and would check somebody else out.
 */
export function nextStep({ decision }: Answer, direction: Direction): Step {
  const verdict = verdictOf(decision)
  if (direction === 'in') return verdict === 'yes' ? 'photo' : verdict
  if (verdict === 'yes') return 'left'
  return decision.badge && mayLeave.has(decision.reason) ? 'left' : 'unsure'
}

const mayLeave = new Set(['expired', 'revoked', 'suspended', 'status_unavailable', 'status_stale', 'access_not_granted', 'policy_denied'])
