import { beforeEach, describe, expect, test } from 'vitest'
import type { Decision, Request, Runtime } from '../verifier/index.ts'
import type { Settings, VisitRecord } from './contract.ts'
import { UndecidedError } from './decide.ts'
import { Keeper } from './keeper.ts'
import { Drawer, json } from './kit.ts'
import { pairTrouble } from './pairing.ts'
import { recordOf } from './record.ts'
import { RefusedError, UnreachableError } from './service.ts'

const gate = { id: 'g1', name: 'Lane 2', site: 'North', access: 'onsite' as const, policy: 'strict' }
const settings: Settings = { gate, policy: { equipment: true }, max_status_age_seconds: 900, register: { on: true, retention_seconds: 3600 }, help: { text: '', phone: '' } }

/** A service of one gate, with switches. */
class Site {
  online = true
  ended = false
  settings = settings
  visits: VisitRecord[] = []
  readonly calls: string[] = []

  readonly get = async (url: string, options: RequestInit): Promise<Response> => {
    this.calls.push(url)
    if (!this.online) throw new TypeError('no network')
    if (this.ended && url !== 'v1/nonce') return json({ code: 'gate_unknown' }, 403)
    switch (url) {
      case 'v1/pairing':
        return json({ gate }, 201)
      case 'v1/nonce':
        return json({ nonce: 'n' })
      case 'v1/session':
        return new Response(null, { status: 204 })
      case 'v1/settings':
        return json(this.settings)
      case 'v1/bundle':
        return json({ trust: 't', lists: [{ issuer: 'i', uri: 'u', token: 'x' }] })
      case 'v1/decisions':
        return json({ id: 'service', allow: true, reason: 'ok' })
      case 'v1/visits': {
        const { records } = JSON.parse(String(options.body)) as { records: VisitRecord[] }
        this.visits.push(...records)
        return json({ outcomes: records.map(({ id }) => ({ id, result: 'kept' })) })
      }
      case 'v1/present':
        return json({ at: new Date().toISOString(), present: [] })
    }
    throw new Error(`nobody expected ${url}`)
  }
}

const asked: Request[] = []
const runtime: Runtime = {
  reasons: [],
  unpack: (code) => code,
  open: () => ({
    verify: async (_, request) => {
      asked.push(request)
      return { id: 'tablet', allow: true, reason: 'ok' } as Decision
    },
    loadList: () => undefined,
    useBundle: () => {
      throw new Error('nobody brings a bundle')
    },
    lists: () => [{ issuer: 'i', uri: 'u', issuedAt: new Date().toISOString() }],
    status: () => undefined,
    setClockOffset: () => undefined,
    close: () => undefined,
  }),
}

let site: Site
let store: Drawer
const open = () => Keeper.open(store, site.get, async () => runtime)

beforeEach(() => {
  site = new Site()
  store = new Drawer()
  asked.length = 0
})

async function paired() {
  const keeper = await open()
  await keeper.pair('ABCDE-23456')
  return keeper
}

const line = (keeper: Keeper) => recordOf('refused', { decision: { id: 'd', reason: 'expired' } as Decision, by: 'gate' }, keeper.now())

test('pairing brings everything that the gate needs', async () => {
  const view = (await paired()).view()
  expect(view).toMatchObject({ gate, ended: false, reachable: true, freshness: { kind: 'fresh' }, unsent: 0 })
  expect(site.calls).toEqual(['v1/pairing', 'v1/nonce', 'v1/session', 'v1/settings', 'v1/bundle', 'v1/present'])
})

test('the service decides while it answers, and the tablet by the same rules when it does not', async () => {
  const keeper = await paired()
  expect(await keeper.decide('code')).toMatchObject({ by: 'service', decision: { id: 'service' } })
  site.online = false
  expect(await keeper.decide('code')).toMatchObject({ by: 'gate', decision: { id: 'tablet' } })
  expect(asked).toEqual([{ access: 'onsite', site: 'North', gate: 'g1', policy: { equipment: true } }])
  expect(keeper.view().reachable).toBe(false)
})

test('a tablet without the site’s rules decides nothing', async () => {
  const first = await paired()
  await store.write({ table: 'kept', key: 'settings' })
  site.online = false
  const keeper = await open()
  expect(keeper.view().gate).toEqual(first.view().gate)
  await expect(keeper.decide('code')).rejects.toBeInstanceOf(UndecidedError)
})

describe('lines for the register', () => {
  test('wait for the service and are sent once each, also after the page was loaded again', async () => {
    const keeper = await paired()
    site.online = false
    for (let i = 0; i < 10; i++) await keeper.record(line(keeper))
    expect(keeper.view().unsent).toBe(10)
    const again = await open()
    expect(again.view().unsent).toBe(10)
    site.online = true
    await again.refresh()
    await again.refresh()
    expect(site.visits).toHaveLength(10)
    expect(new Set(site.visits.map(({ id }) => id)).size).toBe(10)
    expect(again.view().unsent).toBe(0)
  })

  test('are not made where the register is off, and the list goes', async () => {
    const keeper = await paired()
    expect(keeper.view().present).toBeDefined()
    site.settings = { ...settings, register: { on: false, retention_seconds: 0 } }
    await keeper.refresh()
    await keeper.record(line(keeper))
    expect(keeper.view()).toMatchObject({ unsent: 0, present: undefined })
    expect(await store.get('kept', 'present')).toBeUndefined()
  })
})

describe('a gate that was ended', () => {
  test('forgets all but what it has to send', async () => {
    const keeper = await paired()
    site.online = false
    await keeper.record(line(keeper))
    site.online = true
    site.ended = true
    await expect(keeper.decide('code')).rejects.toMatchObject({ code: 'gate_unknown' })
    expect(keeper.view()).toMatchObject({ gate: undefined, ended: true, settings: undefined, elsewhere: 1 })
    for (const key of ['pairing', 'settings', 'bundle', 'present']) expect(await store.get('kept', key), key).toBeUndefined()
    expect((await open()).view().gate).toBeUndefined()

    site.ended = false
    await keeper.pair('ABCDE-23456')
    expect(site.visits).toHaveLength(1)
  })

  test('ends at the next refresh, too', async () => {
    const keeper = await paired()
    site.ended = true
    await keeper.refresh()
    expect(keeper.view()).toMatchObject({ gate: undefined, ended: true })
  })
})

test.each([
  [new UnreachableError('x'), 'offline'],
  [new RefusedError(403, 'pairing_refused'), 'pairing_refused'],
  [new RefusedError(429, 'too_many_attempts'), 'too_many_attempts'],
  [new RefusedError(500, 'internal_error'), 'refused'],
  [new Error('x'), 'refused'],
])('%s is told as %s', (error, trouble) => {
  expect(pairTrouble(error)).toBe(trouble)
})
