import { expect, test } from 'vitest'
import { bundleAgeOf, freshnessOf } from './freshness.ts'

const now = Date.parse('2026-11-23T08:00:00Z')
const list = (seconds: number) => ({ issuer: 'https://a.example', uri: 'https://a.example/1', issuedAt: new Date(now - seconds * 1000).toISOString() })

test('never is said as never, not as 1970', () => {
  expect(freshnessOf([], now, 900)).toEqual({ kind: 'never' })
})

test.each([
  [0, 'fresh'],
  [599, 'fresh'],
  [600, 'aging'], // two thirds
  [900, 'aging'], // the verifier takes exactly the limit
  [900.001, 'over'],
])('%d seconds of 900 are %s', (seconds, kind) => {
  expect(freshnessOf([list(seconds)], now, 900)).toEqual({ kind, seconds })
})

test('the oldest list counts', () => {
  expect(freshnessOf([list(10), list(700), list(20)], now, 900)).toEqual({ kind: 'aging', seconds: 700 })
})

test('a date that says nothing is as old as can be', () => {
  expect(freshnessOf([{ ...list(0), issuedAt: '' }], now, 900)).toEqual({ kind: 'over', seconds: Infinity })
})

test('a list from a moment ahead is new', () => {
  expect(freshnessOf([list(-2)], now, 900)).toEqual({ kind: 'fresh', seconds: 0 })
})

const at = (seconds: number) => new Date(now + seconds * 1000).toISOString()
const root = (age: number, left: number) => ({ root: 'r', issuer: 'i', manifest: 'm', number: 1, issued_at: at(-age), expires_at: at(left) })

test('where nothing rests on a bundle, none has an age', () => {
  expect(bundleAgeOf([], now)).toBeUndefined()
})

test.each([
  [0, 'fresh'],
  [599, 'fresh'],
  [600, 'aging'], // two thirds
  [899.999, 'aging'],
  [900, 'over'], // unlike a list
])('a bundle of %d seconds of 900 is %s', (seconds, kind) => {
  expect(bundleAgeOf([root(seconds, 900 - seconds)], now)).toEqual({ kind, seconds, limit: 900 })
})

test('the bundle counts that has less of its life left', () => {
  expect(bundleAgeOf([root(700, 10_000), root(80, 20), root(5, 95)], now)).toEqual({ kind: 'aging', seconds: 80, limit: 100 })
})

test('a bundle whose dates say nothing is over', () => {
  expect(bundleAgeOf([root(1, 1), { ...root(1, 1), expires_at: '' }], now)).toMatchObject({ kind: 'over', seconds: Infinity })
})
