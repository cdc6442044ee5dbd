import { describe, expect, test } from 'vitest'
import { Clock } from './clock.ts'
import { isUnknownGate, RefusedError, Service, UnreachableError } from './service.ts'

type Answer = Response | Error
const json = (body: unknown, status = 200, headers: Record<string, string> = {}) => new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json', ...headers } })

/** A service that answers in the given order, and what it was asked. */
function stage(...given: (Answer | (() => Answer))[]) {
  const answers = [...session(), ...given]
  const asked: { url: string; options: RequestInit }[] = []
  const clock = new Clock()
  const service = new Service(clock, async (url, options) => {
    asked.push({ url, options })
    const next = answers.shift()
    const answer = typeof next === 'function' ? next() : next
    if (!answer) throw new Error(`nobody expected ${url}`)
    if (answer instanceof Error) throw answer
    return answer
  })
  service.identify(async (nonce) => `proof of ${nonce}`)
  return { service, asked, urls: () => asked.map(({ url }) => url) }
}

const session = () => [json({ nonce: 'n1' }), new Response(null, { status: 204 })]
const noSession = () => json({ code: 'gate_session_missing' }, 401)

describe('a session', () => {
  test('is opened unseen, and again when it has ended: what was asked for is asked once more', async () => {
    const { service, asked, urls } = stage(noSession(), ...session(), json({ id: 'd' }))
    expect(await service.decide('code')).toEqual({ id: 'd' })
    expect(urls()).toEqual(['v1/nonce', 'v1/session', 'v1/decisions', 'v1/nonce', 'v1/session', 'v1/decisions'])
    expect(asked[1]?.options.body).toBe('{"proof":"proof of n1"}')
    expect(asked[5]?.options).toMatchObject({ method: 'POST', body: '{"presentation":"code"}', credentials: 'same-origin', redirect: 'error' })
  })

  test('is not opened a second time for the same call', async () => {
    const { service } = stage(noSession(), ...session(), noSession())
    await expect(service.decide('code')).rejects.toMatchObject({ status: 401 })
  })

  test('is opened once for two calls', async () => {
    const { service, urls } = stage(json({ at: 'x', present: [] }), json({ at: 'x', present: [] }))
    await Promise.all([service.present(), service.present()])
    expect(urls().filter((url) => url === 'v1/session')).toHaveLength(1)
  })

  test('of a gate that was ended is refused by its name', async () => {
    const { service } = stage(noSession(), json({ nonce: 'n1' }), json({ code: 'gate_unknown' }, 403))
    const error = await service.decide('code').catch((refused: unknown) => refused)
    expect(isUnknownGate(error)).toBe(true)
  })
})

describe('no answer', () => {
  test.each([
    ['no network', () => new TypeError('failed')],
    ['none in time', () => new DOMException('', 'TimeoutError')],
    ['a proxy’s', () => json({}, 502)],
    ['somebody else’s page', () => new Response('<html>')],
  ])('%s', async (_, answer) => {
    const { service } = stage(json({ at: 'x', present: [] }), answer)
    let told = 0
    service.onReach = () => told++
    await service.present()
    expect(service.reachable).toBe(true)
    await expect(service.present()).rejects.toBeInstanceOf(UnreachableError)
    expect([service.reachable, told]).toEqual([false, 2])
  })

  test('a refusal is one, whatever it says', async () => {
    const { service } = stage(new Response('no', { status: 500 }))
    await expect(service.present()).rejects.toEqual(new RefusedError(500, 'unknown'))
    expect(service.reachable).toBe(true)
  })
})

test('what has not changed is not sent again', async () => {
  const { service, asked } = stage(json({ trust: 't', lists: [] }, 200, { ETag: '"1"' }), new Response(null, { status: 304 }))
  expect(await service.bundle()).toEqual({ value: { trust: 't', lists: [] }, tag: '"1"' })
  expect(await service.bundle('"1"')).toBe('unchanged')
  expect(asked.at(-1)?.options).toMatchObject({ headers: { 'If-None-Match': '"1"' }, cache: 'no-store' })
})

test('every answer tells the time, a refusal too', async () => {
  const ahead = new Date(Date.now() + 3_600_000).toUTCString()
  const refusal = json({ code: 'pairing_refused' }, 403, { Date: ahead })
  const clock = new Clock()
  const service = new Service(clock, async () => refusal)
  await expect(service.pair('ABCDE-23456', {})).rejects.toMatchObject({ code: 'pairing_refused' })
  expect(Math.abs(clock.offset() - 3_600_000)).toBeLessThan(2_000)
})
