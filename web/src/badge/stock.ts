import { readBadge, type Badge } from './badge.ts'

/** What an issuer's policy may allow at most: policy.MaxStock. The phone asks for as many and gets what the policy allows. */
export const largestStock = 7

/** A badge with every disclosure, and the key that it is bound to. */
export interface Held {
  badge: string
  key: CryptoKeyPair
}

/** A badge that is held, read. */
export interface Kept extends Held {
  read: Badge
}

/**
 * How long a badge must have begun before it takes over: clocks at gates are
 * behind, and a code that is on its way to a gate when a badge ends would be late.
 * Badges of a stock are both good for five minutes.
 */
const settled = 120 // seconds

export function readStock(stock: Held[]): Kept[] {
  return stock.map((held) => ({ ...held, read: readBadge(held.badge) })).sort((one, other) => one.read.begins - other.read.begins)
}

/** The badge to show: of those that are good the last that has settled, else the first. */
export function current(stock: Kept[], now: number): Kept | undefined {
  const good = stock.filter(({ read }) => read.begins <= now && now < read.expires)
  return good.filter(({ read }) => read.begins + settled <= now).at(-1) ?? good[0]
}

/** Until when the stock lasts, as far as badges follow each other without a gap. */
export function lasts(stock: Kept[], now: number): number {
  let end = current(stock, now)?.read.expires ?? now
  for (const { read } of stock) {
    if (read.begins <= end && read.expires > end) end = read.expires
  }
  return end
}

/** Whether the stock should be renewed: more than half of its first badge's life is over. */
export function isDue(stock: Kept[], now: number): boolean {
  const first = stock[0]?.read
  return first === undefined || now - first.begins >= (first.expires - first.begins) / 2
}

/** Whether there is so little left that the holder should see to a connection: a quarter. */
export function isLow(stock: Kept[], now: number): boolean {
  const [first] = stock
  if (first === undefined) return false
  const end = lasts(stock, now)
  return end - now <= (end - first.read.begins) / 4
}

/** The longest life among badges; what is shorter was cut by the standing. */
export function longestLife(stock: Kept[], before: number): number {
  return Math.max(before, ...stock.map(({ read }) => read.expires - read.begins))
}
