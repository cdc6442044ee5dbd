import { describe, expect, test } from 'vitest'
import type { Badge } from './badge.ts'
import { current, isDue, isLow, lasts, longestLife, readStock, type Kept } from './stock.ts'
import { upcoming } from './upcoming.ts'

const hour = 3600
const day = 24 * hour

const keys = {} as CryptoKeyPair

function kept(begins: number, expires: number, more: Partial<Badge> = {}): Kept {
  const read = { issuedAt: 0, begins, expires, boundTo: '', access: [], name: '', training: [], equipmentCheckedAt: undefined, discloses: [], ...more }
  return { badge: `${begins}`, key: keys, read }
}

const stock = [kept(0, day), kept(day - 300, 2 * day - 300)]
const end = 2 * day - 300

describe('a stock', () => {
  test('shows the one that is good, and the next when it has settled', () => {
    for (const [now, shown] of [
      [-1, undefined],
      [0, '0'],
      [day - 300, '0'],
      [day - 181, '0'],
      [day - 180, `${day - 300}`],
      [day, `${day - 300}`],
      [end - 1, `${day - 300}`],
      [end, undefined],
    ] as const) {
      expect(current(stock, now)?.badge, String(now)).toBe(shown)
    }
    // Alone, the next is shown as soon as it begins.
    expect(current(stock.slice(1), day - 300)?.badge).toBe(`${day - 300}`)
  })

  test('lasts as long as there is no gap', () => {
    expect(lasts(stock, 0)).toBe(end)
    expect(lasts([kept(0, day), kept(day + 1, 2 * day)], 0)).toBe(day)
    expect(lasts([], 7)).toBe(7)
  })

  test('is due after half of its first badge, and low in its last quarter', () => {
    expect([isDue(stock, day / 2 - 1), isDue(stock, day / 2), isDue([], 0)]).toEqual([false, true, true])
    expect([isLow(stock, end - end / 4 - 1), isLow(stock, end - end / 4), isLow([], 0)]).toEqual([false, true, false])
  })

  test('is read in the order in which it is shown', () => {
    const badge = (nbf: number) => `e30.${btoa(JSON.stringify({ iat: 0, nbf, exp: 9 })).replace(/=/g, '')}.x~`
    expect(readStock([badge(5), badge(1)].map((each) => ({ badge: each, key: keys }))).map(({ read }) => read.begins)).toEqual([1, 5])
  })

  test('remembers the longest life', () => {
    expect([longestLife(stock, 0), longestLife(stock, 3 * day), longestLife([], 5)]).toEqual([day, 3 * day, 5])
  })
})

describe('what is coming', () => {
  const course = (code: string, validUntil: number) => ({ code, validUntil })

  test('is nothing, on most days', () => {
    const { read } = kept(0, day, { training: [course('A', 14 * day + 1)], equipmentCheckedAt: -day })
    expect(upcoming(read, day, 0)).toEqual({ courses: [] })
    // Rounded times differ by a step.
    expect(upcoming(read, day + 300, 0)).toEqual({ courses: [] })
  })

  test('is a course that lapses within two weeks', () => {
    const { read } = kept(0, day, { training: [course('B', 14 * day), course('A', 3 * day)] })
    expect(upcoming(read, day, 0)).toEqual({ courses: [course('A', 3 * day), course('B', 14 * day)] })
  })

  test('is a badge that ends with a course', () => {
    const { read } = kept(0, hour, { training: [course('A', hour + 299)], equipmentCheckedAt: -day })
    expect(upcoming(read, day, 0)).toEqual({ courses: [course('A', hour + 299)], ends: hour })
  })

  test('is equipment that has to report, where no course explains the end', () => {
    const { read } = kept(0, hour, { training: [course('A', hour + 300)], equipmentCheckedAt: -day })
    expect(upcoming(read, day, 0)).toEqual({ courses: [course('A', hour + 300)], ends: hour, equipmentCheckedAt: -day })
    expect(upcoming(kept(0, hour).read, day, 0)).toEqual({ courses: [], ends: hour })
  })
})
