import type { List } from '../verifier/index.ts'
import type { Root } from './contract.ts'

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

/** How much of its life the bundle has behind it that ends first by that. */
export interface BundleAge {
  kind: 'fresh' | 'aging' | 'over'
  seconds: number
  /** From the issue to the end. */
  limit: number
}

/** Nothing where no decision rests on a bundle. Now is in milliseconds. */
export function bundleAgeOf(roots: readonly Root[], now: number): BundleAge | undefined {
  const ages = roots.map((root) => ageOfBundle(root, now))
  return ages.sort((a, b) => b.seconds / b.limit - a.seconds / a.limit)[0]
}

function ageOfBundle({ issued_at, expires_at }: Root, now: number): BundleAge {
  const [issued, expires] = [Date.parse(issued_at), Date.parse(expires_at)]
  if (!(issued < expires)) return { kind: 'over', seconds: Infinity, limit: 1 }
  const [seconds, limit] = [Math.max(0, (now - issued) / 1000), (expires - issued) / 1000]
  // Unlike a list, a bundle is none any more at the instant of its end.
  const kind = seconds >= limit ? 'over' : seconds >= limit * warnFrom ? 'aging' : 'fresh'
  return { kind, seconds, limit }
}
