import { expect, test } from 'vitest'
import type { PresentList, VisitRecord } from './contract.ts'
import { nameOf, onSite } from './present.ts'

const person = (subject: string) => ({ issuer: 'https://a.example', subject, given_name: subject, expires: '2026-11-24T07:00:00Z' })
const now = Date.parse('2026-11-23T12:00:00Z')
const last: PresentList = {
  at: '2026-11-23T11:00:00Z',
  present: [
    { visit: 'v2', since: '2026-11-23T10:00:00Z', gate: 'South', overdue: false, badge: person('Ann') },
    { visit: 'v1', since: '2026-11-23T09:00:00Z', gate: 'North', overdue: true, badge: person('Ben') },
  ],
}
let lines = 0
const line = (event: VisitRecord['event'], more: Partial<VisitRecord>): VisitRecord => ({ id: `r${++lines}`, at: '2026-11-23T11:30:00Z', event, ...more })
const names = (unsent: VisitRecord[], from: PresentList | undefined = last) => onSite(from, unsent, 'Here', now).map(({ badge }) => nameOf(badge))

test('who is on site stands in the order in which they came', () => {
  expect(names([])).toEqual(['Ben', 'Ann'])
  expect(onSite(last, [], 'Here', now).map(({ overdue }) => overdue)).toEqual([true, false])
})

test('what this gate has not sent yet counts', () => {
  expect(names([line('admitted', { badge: person('Cid') })])).toEqual(['Ben', 'Ann', 'Cid'])
  expect(names([line('admitted', { badge: person('Ann') })])).toEqual(['Ben', 'Ann'])
  expect(names([line('left', { badge: person('Ann') })])).toEqual(['Ben'])
  expect(names([line('left', { visit: 'v1' })])).toEqual(['Ann'])
  expect(names([line('admitted', { badge: person('Cid') }), line('left', { badge: person('Cid') })])).toEqual(['Ben', 'Ann'])
  expect(names([line('refused', {})])).toEqual(['Ben', 'Ann'])
})

test('it works without ever having had a list', () => {
  expect(onSite(undefined, [line('admitted', { badge: person('Cid') })], 'Here', now)).toEqual([
    { since: '2026-11-23T11:30:00Z', gate: 'Here', overdue: false, badge: person('Cid') },
  ])
})

test('a badge that has ended meanwhile is marked', () => {
  const later = Date.parse('2026-11-24T07:00:00Z')
  expect(onSite(last, [], 'Here', later).map(({ overdue }) => overdue)).toEqual([true, true])
  expect(onSite(last, [], 'Here', later - 1).map(({ overdue }) => overdue)).toEqual([true, false])
})
