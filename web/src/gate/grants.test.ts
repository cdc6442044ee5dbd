import { beforeEach, describe, expect, test } from 'vitest'
import type { Badge, Decision } from '../verifier/index.ts'
import { comparedWithin, endedFor, Grants, maxGrants, type Grant, type Held } from './grants.ts'
import { Memory } from './store.ts'

const at = '2026-11-23T08:00:00Z'
const now = Date.parse(at)
const badge = (index: number): Badge => ({
  issuer: 'https://a.example',
  type: 'https://a.example/vct',
  subject: `s${index}`,
  status_list: 'https://a.example/1',
  index,
  issued_at: at,
  expires: '2026-11-24T08:00:00Z',
  access: ['onsite'],
  given_name: 'Zoë',
})
const yes = (id: string, index = 1): Decision => ({ id, allow: true, reason: 'ok', at, access: 'onsite', checks: [], badge: badge(index) })
const revoked = (decision: string) => ({ decision, reason: 'revoked' as const, at: '2026-11-23T09:00:00Z' })

let store: Memory
let grants: Grants
let told: Grant[]

async function open(onDisk = true) {
  const made = await Grants.open(store)
  made.onDisk = onDisk
  made.onEnded = (grant) => told.push(grant)
  return made
}

beforeEach(async () => {
  store = new Memory()
  told = []
  grants = await open()
})

describe('an end', () => {
  test('is told once, with who it is, however often it is heard of', async () => {
    grants.note(yes('d1'))
    await grants.admit('d1', at)
    grants.end(revoked('d1'))
    grants.end({ ...revoked('d1'), reason: 'suspended' })
    grants.review(() => ({ reason: 'revoked', issuedAt: at }), now)
    expect(told).toHaveLength(1)
    expect(told[0]).toMatchObject({ decision: 'd1', admitted: at, badge: { given_name: 'Zoë' }, ended: { reason: 'revoked', at: '2026-11-23T09:00:00Z' } })
    expect(grants.endOf('d1')).toEqual({ reason: 'revoked', at: '2026-11-23T09:00:00Z' })
  })

  test('that is heard of before the decision counts as soon as that comes', () => {
    grants.end(revoked('d1'))
    expect(told).toEqual([])
    grants.note(yes('d2'))
    expect(told).toEqual([])
    grants.note(yes('d1'))
    expect(told.map(({ decision }) => decision)).toEqual(['d1'])
  })

  test('is found in the tablet’s own lists', () => {
    for (const [id, index] of [['d1', 1], ['d2', 2], ['d3', 3]] as const) grants.note(yes(id, index))
    const reasons = { 1: 'ok', 2: 'suspended', 3: undefined } as const
    grants.review(({ index }) => {
      const reason = reasons[index as 1 | 2 | 3]
      return reason && { reason, issuedAt: at }
    }, now)
    expect(told.map(({ decision, ended }) => [decision, ended?.reason])).toEqual([['d2', 'suspended']])
  })

  test('of a refusal, or of nobody known, is nothing', () => {
    grants.note({ ...yes('d1'), allow: false, reason: 'revoked' })
    const { badge: _, ...nameless } = yes('d2')
    grants.note(nameless)
    grants.review(() => ({ reason: 'revoked', issuedAt: at }), now)
    expect(told).toEqual([])
  })
})

describe('an alert', () => {
  test('is for who was let in, until a guard knows, also after the page was loaded again', async () => {
    grants.note(yes('d1', 1))
    grants.note(yes('d2', 2))
    await grants.admit('d1', at)
    grants.end(revoked('d1'))
    grants.end(revoked('d2'))
    expect(grants.alerts().map(({ decision }) => decision)).toEqual(['d1'])
    const again = await open()
    expect(again.alerts().map(({ decision }) => decision)).toEqual(['d1'])
    await again.acknowledge('d1')
    expect(again.alerts()).toEqual([])
    expect((await open()).alerts()).toEqual([])
  })

  test('comes for who is let in at the very moment', async () => {
    grants.note(yes('d1'))
    grants.end(revoked('d1'))
    expect(grants.alerts()).toEqual([])
    await grants.admit('d1', at)
    expect(grants.alerts()).toHaveLength(1)
  })

  test('is not for who has left', async () => {
    grants.note(yes('d1'))
    await grants.admit('d1', at)
    await grants.left(badge(2))
    expect(grants.endOf('d1')).toBeUndefined()
    await grants.left(badge(1))
    grants.end(revoked('d1'))
    expect([told, grants.alerts()]).toEqual([[], []])
  })
})

test('nothing is on disk where the site keeps no register', async () => {
  grants = await open(false)
  grants.note(yes('d1'))
  await grants.admit('d1', at)
  expect(await store.get('kept', 'grants')).toBeUndefined()
  grants.end(revoked('d1'))
  expect(grants.alerts()).toHaveLength(1)
  expect(await store.get('kept', 'grants')).toBeUndefined()
})

test('another gate has nothing of it', async () => {
  grants.note(yes('d1'))
  await grants.admit('d1', at)
  await grants.clear()
  grants.end(revoked('d1'))
  expect([told, grants.alerts(), await store.get('kept', 'grants')]).toEqual([[], [], undefined])
})

describe('what is over is forgotten', () => {
  const expires = Date.parse('2026-11-24T08:00:00Z')

  test('with the badge', async () => {
    grants.note(yes('d1'))
    await grants.admit('d1', at)
    await grants.forget(expires - 1)
    grants.review(() => ({ reason: 'ok', issuedAt: at }), now)
    expect(await store.get('kept', 'grants')).toHaveLength(1)
    await grants.forget(expires)
    expect(await store.get('kept', 'grants')).toEqual([])
  })

  test('a day later if it has ended', async () => {
    grants.note(yes('d1'))
    await grants.admit('d1', at)
    grants.end(revoked('d1'))
    await grants.forget(expires + endedFor - 1)
    expect(grants.alerts()).toHaveLength(1)
    await grants.forget(expires + endedFor)
    expect(grants.alerts()).toEqual([])
  })

  test('soon if the person was not let in', async () => {
    grants.note(yes('d1'))
    await grants.forget(now + comparedWithin - 1)
    grants.end(revoked('d1'))
    expect(told).toHaveLength(1)
    await grants.forget(now + comparedWithin)
    expect(grants.endOf('d1')).toBeUndefined()
  })

  test('and the oldest beyond so many', () => {
    for (let i = 0; i <= maxGrants; i++) grants.note(yes(`d${i}`))
    grants.end(revoked('d0'))
    grants.end(revoked('d1'))
    expect(told.map(({ decision }) => decision)).toEqual(['d1'])
  })
})

describe('the mark of somebody on site', () => {
  const held = (reason: Held['reason'], issuedAt: string): Held => ({ reason, issuedAt })

  test('is what the lists say, of badges of other gates as well', () => {
    expect(grants.mark(badge(9), held('suspended', at))).toBe('suspended')
    expect(grants.mark(badge(9), held('ok', at))).toBeUndefined()
    expect(grants.mark(badge(9), undefined)).toBeUndefined()
  })

  test('is what was told, until a newer list knows better', () => {
    grants.note(yes('d1'))
    grants.end({ ...revoked('d1'), reason: 'suspended' })
    expect(grants.mark(badge(1), undefined)).toBe('suspended')
    expect(grants.mark(badge(1), held('ok', '2026-11-23T09:00:00Z'))).toBe('suspended')
    expect(grants.mark(badge(1), held('ok', '2026-11-23T09:00:01Z'))).toBeUndefined()
    expect(grants.mark(badge(2), undefined)).toBeUndefined()
  })
})
