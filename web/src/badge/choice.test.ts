import { expect, test } from 'vitest'
import { allChoices, isChoice, offered, withhold } from './choice.ts'

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const names = ['given_name', 'family_name', 'picture', 'picture#integrity', 'role', 'training', 'shoe_size']
const disclosures = new Map(names.map((name) => [name, encode(['c2FsdA', name, 'x'])]))
const badge = `a.b.c~${[...disclosures.values()].join('~')}~`
const shows = (...claims: string[]) => `a.b.c~${claims.map((name) => `${disclosures.get(name)}~`).join('')}`

test('everything that the page has words for is shown, unless it is left out', () => {
  expect(withhold(badge, new Set())).toBe(shows(...names.slice(0, -1)))
  expect(withhold(badge, new Set(['name']))).toBe(shows('picture', 'picture#integrity', 'role', 'training'))
  expect(withhold(badge, new Set(['picture', 'training']))).toBe(shows('given_name', 'family_name', 'role'))
  expect(withhold(badge, new Set(allChoices))).toBe('a.b.c~')
  expect(withhold('a.b.c~', new Set())).toBe('a.b.c~')
})

test('only what the badge has is offered', () => {
  expect(offered(names)).toEqual(['name', 'picture', 'role', 'training'])
  expect(offered([])).toEqual([])
  expect([isChoice('role'), isChoice('access'), isChoice('constructor')]).toEqual([true, false, false])
})
