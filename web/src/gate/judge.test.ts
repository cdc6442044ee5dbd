import { beforeEach, describe, expect, test } from 'vitest'
import type { Decision, Request, Runtime, Settings } from '../verifier/index.ts'
import { Clock } from './clock.ts'
import type { Bundle } from './contract.ts'
import { Judge, NoJudgeError } from './judge.ts'
import { Memory } from './store.ts'

/** Keeps lists as the Go verifier does: none that is older than the one held, none that is forged. */
function fakeRuntime() {
  const opened: Settings[] = []
  const closed: number[] = []
  const asked: Request[] = []
  const runtime: Runtime = {
    reasons: [],
    unpack: (code) => code,
    open: (settings) => {
      const number = opened.push(settings)
      const held = new Map<string, number>()
      return {
        verify: async (_, request) => {
          asked.push(request)
          return { id: `by ${number}` } as Decision
        },
        loadList: (_, uri, token) => {
          const issued = Number(token)
          if (Number.isNaN(issued) || issued < (held.get(uri) ?? 0)) throw new Error('status_rollback')
          held.set(uri, issued)
        },
        lists: () => [...held].map(([uri, issued]) => ({ issuer: 'i', uri, issuedAt: new Date(issued).toISOString() })),
        status: () => undefined,
        setClockOffset: () => undefined,
        close: () => closed.push(number),
      }
    },
  }
  return { runtime, opened, closed, asked }
}

const bundle = (trust: string, ...tokens: string[]): Bundle => ({ trust, lists: tokens.map((token, i) => ({ issuer: 'i', uri: `u${i}`, token })) })

let store: Memory
let fake: ReturnType<typeof fakeRuntime>
let judge: Judge

beforeEach(() => {
  store = new Memory()
  fake = fakeRuntime()
  judge = open()
})

const open = () => new Judge(store, new Clock(), async () => fake.runtime)
const tokens = async () => (await store.get<Bundle>('kept', 'bundle'))?.lists.map(({ token }) => token)

test('without a bundle there is no verdict', async () => {
  await judge.open(900)
  await expect(judge.verify('code', { access: 'onsite' })).rejects.toBeInstanceOf(NoJudgeError)
  expect(judge.lists()).toEqual([])
})

test('the bundle outlives the page, as it was served', async () => {
  await judge.take(bundle('t', '1000', '2000'), 900, '"tag"')
  const next = open()
  await next.open(600)
  expect(next.tag).toBe('"tag"')
  expect(next.lists().map(({ issuedAt }) => Date.parse(issuedAt))).toEqual([1000, 2000])
  expect(fake.opened[1]).toMatchObject({ trust: 't', maxStatusAgeSeconds: 600 })
})

test('newer lists go to the verifier that there is, which remembers what it accepted', async () => {
  await judge.take(bundle('t', '1000'), 900)
  await judge.take(bundle('t', '2000'), 900)
  expect(fake.opened).toHaveLength(1)
  expect(await tokens()).toEqual(['2000'])
})

describe('what the verifier refuses replaces nothing:', () => {
  test.each(['500', 'forged'])('%s', async (token) => {
    await judge.take(bundle('t', '1000'), 900)
    await judge.take(bundle('t', token), 900)
    expect(await tokens()).toEqual(['1000'])
    await open().open(900)
    // Nor after the trust list has changed, which takes a new verifier.
    await judge.take(bundle('other', token), 900)
    expect(await tokens()).toEqual(['1000'])
    expect(fake.closed).toEqual([1])
  })
})

test('another limit takes another verifier', async () => {
  await judge.take(bundle('t', '1000'), 900)
  await judge.limitTo(900)
  expect(fake.opened).toHaveLength(1)
  await judge.limitTo(60)
  expect(fake.opened[1]).toMatchObject({ maxStatusAgeSeconds: 60 })
  expect(judge.lists()).toHaveLength(1)
})

test('a list that is not served any more ages nothing', async () => {
  await judge.take(bundle('t', '1000', '1000'), 900)
  await judge.take(bundle('t', '2000'), 900)
  expect(judge.lists().map(({ uri }) => uri)).toEqual(['u0'])
})

test('a verifier that could not be loaded is loaded the next time', async () => {
  let attempts = 0
  const late = new Judge(store, new Clock(), async () => {
    if (++attempts === 1) throw new TypeError('offline')
    return fake.runtime
  })
  await expect(late.take(bundle('t', '1000'), 900)).rejects.toThrow('offline')
  await late.take(bundle('t', '1000'), 900)
  expect(late.lists()).toHaveLength(1)
})
