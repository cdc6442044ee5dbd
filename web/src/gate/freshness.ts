import type { List } from '../verifier/index.ts'

/**
 * How old the status lists are that this tablet decides on without the service, by
 * the dates that their issuers signed.
 */
export type Freshness =
  | { kind: 'never' } // there have never been any
  | { kind: 'fresh' | 'aging' | 'over'; seconds: number }

/** From this part of the limit on, the guard is warned. */
export const warnFrom = 2 / 3

/** The oldest list counts: any badge may be on it. Now is in milliseconds, the limit in seconds. */
export function freshnessOf(lists: readonly List[], now: number, limit: number): Freshness {
  if (lists.length === 0) return { kind: 'never' }
  const seconds = Math.max(...lists.map((list) => age(list, now)))
  // The verifier takes a list of exactly the limit.
  const kind = seconds > limit ? 'over' : seconds >= limit * warnFrom ? 'aging' : 'fresh'
  return { kind, seconds }
}

/** A date that says nothing is as old as can be. */
function age(list: List, now: number): number {
  const issued = Date.parse(list.issuedAt)
  return Number.isNaN(issued) ? Infinity : Math.max(0, (now - issued) / 1000)
}
