import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Decision, Reason, Runtime } from '../verifier/index.ts'
import type { Settings, VisitRecord } from './contract.ts'
import type { Grant } from './grants.ts'
import { Keeper } from './keeper.ts'
import { Drawer, json } from './kit.ts'
import { listsEvery, missedAfter } from './news.ts'
import { checkOut, recordOf } from './record.ts'

const gate = { id: 'g1', name: 'Lane 2', site: 'North', access: 'onsite' as const, policy: '' }
const badge = { issuer: 'i', type: 't', subject: 's', status_list: 'u', index: 7, issued_at: '', expires: '2100-01-01T00:00:00Z', access: ['onsite' as const], given_name: 'Zoë' }

/** A service of one gate, whose event stream a test writes. */
class Site {
  settings: Settings = { gate, policy: {}, max_status_age_seconds: 900, register: { on: true, retention_seconds: 3600 }, help: { text: '', phone: '' } }
  online = true
  streams: ReadableStreamDefaultController<Uint8Array>[] = []
  bundles = 0
  decisions = 0
  present: { since: string; gate: string; overdue: boolean; badge: object }[] = []

  readonly get = async (url: string, options: RequestInit): Promise<Response> => {
    if (!this.online) throw new TypeError('no network')
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
        return json({ trust: 't', lists: [{ issuer: 'i', uri: 'u', token: `${++this.bundles}` }] })
      case 'v1/decisions':
        return json({ id: `service${++this.decisions}`, allow: true, reason: 'ok', at: new Date().toISOString(), badge })
      case 'v1/visits': {
        const { records } = JSON.parse(String(options.body)) as { records: VisitRecord[] }
        return json({ outcomes: records.map(({ id }) => ({ id, result: 'kept' })) })
      }
      case 'v1/present':
        return json({ at: new Date().toISOString(), present: this.present })
      case 'v1/events': {
        const body = new ReadableStream<Uint8Array>({ start: (controller) => void this.streams.push(controller) })
        return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } })
      }
    }
    throw new Error(`nobody expected ${url}`)
  }

  say(name: string, data: unknown): void {
    this.streams.at(-1)?.enqueue(new TextEncoder().encode(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`))
  }
}

/** What the lists on the tablet say. */
let status: Extract<Reason, 'ok' | 'revoked' | 'suspended'> | undefined
const runtime: Runtime = {
  reasons: [],
  unpack: (code) => code,
  open: () => ({
    verify: async () => ({ id: 'tablet', allow: true, reason: 'ok', at: new Date().toISOString(), badge }) as unknown as Decision,
    loadList: () => undefined,
    useBundle: () => {
      throw new Error('nobody brings a bundle')
    },
    lists: () => [{ issuer: 'i', uri: 'u', issuedAt: new Date().toISOString() }],
    status: (issuer, list, index) => (issuer === 'i' && list === 'u' && index === 7 ? status : undefined),
    setClockOffset: () => undefined,
    close: () => undefined,
  }),
}

let site: Site
let keeper: Keeper
let told: Grant[]

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  site = new Site()
  status = 'ok'
  told = []
  keeper = await Keeper.open(new Drawer(), site.get, async () => runtime)
  keeper.onEnded = (grant) => told.push(grant)
  await keeper.pair('ABCDE-23456')
})

afterEach(() => vi.useRealTimers())

/** Until what was begun is done. */
async function settle() {
  for (let i = 0; i < 20; i++) await vi.advanceTimersByTimeAsync(0)
}

async function listening() {
  const hangUp = keeper.listen()
  await settle()
  site.say('hello', { heartbeat: 15 })
  await settle()
  return hangUp
}

/** Somebody whom the guard let in. */
async function admitted() {
  const answer = await keeper.decide('code')
  await keeper.record(recordOf('admitted', answer, keeper.now()))
  await keeper.admit(answer)
  return answer
}

describe('what the service tells', () => {
  test('of a person who was let in comes up at once, by name', async () => {
    await listening()
    const answer = await admitted()
    site.say('ended', { decision: answer.decision.id, reason: 'revoked', at: '2026-11-23T08:00:00Z' })
    await settle()
    expect(told.map(({ decision }) => decision)).toEqual(['service1'])
    expect(keeper.endOf(answer)).toEqual({ reason: 'revoked', at: '2026-11-23T08:00:00Z' })
    expect(keeper.view().alerts).toMatchObject([{ badge: { given_name: 'Zoë' }, ended: { reason: 'revoked' } }])
    await keeper.acknowledge('service1')
    expect(keeper.view().alerts).toEqual([])
  })

  test('before the answer has come is not lost', async () => {
    await listening()
    site.say('ended', { decision: 'service1', reason: 'suspended', at: '2026-11-23T08:00:00Z' })
    await settle()
    expect(keeper.endOf(await keeper.decide('code'))?.reason).toBe('suspended')
  })

  test('of changed lists has them fetched at once, and a burst of it twice', async () => {
    await listening()
    const before = site.bundles
    await vi.advanceTimersByTimeAsync(listsEvery)
    for (let i = 0; i < 50; i++) site.say('lists', {})
    await settle()
    expect(site.bundles - before).toBe(1)
    await vi.advanceTimersByTimeAsync(10 * listsEvery)
    expect(site.bundles - before).toBe(2)
  })
})

describe('what the tablet’s own lists say', () => {
  test('of a person whom it let in by itself raises the same alert, and marks the visit', async () => {
    await listening()
    site.online = false
    const answer = await admitted()
    expect(answer.by).toBe('gate')
    site.online = true
    site.present = [{ since: '2026-11-23T08:00:00Z', gate: 'Lane 1', overdue: false, badge }]
    status = 'revoked'
    site.say('lists', {})
    await vi.advanceTimersByTimeAsync(listsEvery)
    await keeper.refresh()
    expect(told.map(({ decision }) => decision)).toEqual(['tablet'])
    expect(keeper.view().alerts).toHaveLength(1)
    expect(keeper.view().present?.people).toMatchObject([{ ended: 'revoked' }])
  })

  test('of somebody who has left raises none', async () => {
    await listening()
    await admitted()
    await keeper.record(checkOut(undefined, badge, keeper.now()))
    status = 'revoked'
    await keeper.refresh()
    expect([told, keeper.view().alerts]).toEqual([[], []])
  })
})

describe('a gate that does not hear the service', () => {
  test('says so after a while, as long as the service answers', async () => {
    const hangUp = keeper.listen()
    await vi.advanceTimersByTimeAsync(missedAfter)
    expect(keeper.view().late).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(keeper.view().late).toBe(true)
    site.say('hello', { heartbeat: 15 })
    await settle()
    expect(keeper.view().late).toBe(false)
    site.streams.at(-1)?.close()
    site.online = false
    await vi.advanceTimersByTimeAsync(missedAfter + 1)
    await keeper.refresh()
    // That there is no connection at all is said elsewhere.
    expect(keeper.view()).toMatchObject({ late: false, reachable: false })
    site.online = true
    keeper.reconnect()
    await settle()
    expect(keeper.view().reachable).toBe(true)
    expect(site.streams).toHaveLength(2)
    hangUp()
    expect(keeper.view().late).toBe(false)
  })

  test('brings everything up to date when it hears it again, and the service', async () => {
    site.online = false
    await keeper.record(recordOf('admitted', { decision: { id: 'd', badge } as unknown as Decision, by: 'gate' }, keeper.now()))
    await settle()
    expect(keeper.view().unsent).toBe(1)
    site.online = true
    await listening()
    expect(keeper.view().unsent).toBe(0)
  })

  test('looks at its lists when it hears it again', async () => {
    const before = site.bundles
    await listening()
    expect(site.bundles - before).toBe(1)
  })
})

test('a tablet that is no gate any more hears nothing, and knows nobody', async () => {
  await listening()
  const answer = await admitted()
  await keeper.unpair()
  site.say('ended', { decision: answer.decision.id, reason: 'revoked', at: '2026-11-23T08:00:00Z' })
  await settle()
  expect([told, keeper.view().alerts]).toEqual([[], []])
})
