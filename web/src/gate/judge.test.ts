import { beforeEach, describe, expect, test } from 'vitest'
import type { Decision, HeldBundle, Request, Runtime, Settings } from '../verifier/index.ts'
import { Clock } from './clock.ts'
import type { Bundle, Root } from './contract.ts'
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
      if (settings.roots?.some(({ manifest }) => manifest === 'forged')) throw Object.assign(new Error('no'), { code: 'bundle_invalid' })
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
        useBundle: (text) => carriedBundle(text, settings),
        lists: () => [...held].map(([uri, issued]) => ({ issuer: 'i', uri, issuedAt: new Date(issued).toISOString() })),
        status: () => undefined,
        setClockOffset: () => undefined,
        close: () => closed.push(number),
      }
    },
  }
  return { runtime, opened, closed, asked }
}

/** A file of the root key r, by its number; as the Go verifier judges it. */
function carriedBundle(text: string, { roots = [] }: Settings): HeldBundle {
  const [manifest = '', ...lines] = text.split('\n')
  const number = numberOf(manifest)
  if (Number.isNaN(number)) throw Object.assign(new Error('no'), { code: 'bundle_invalid' })
  if (roots.some((each) => numberOf(each.manifest) > number)) throw Object.assign(new Error('no'), { code: 'bundle_rollback' })
  return { root: 'r', issuer: 'i', number, issuedAt: '2026-11-23T08:00:00Z', expires: '2026-12-23T08:00:00Z', lists: lines.length, manifest }
}

const numberOf = (manifest: string) => Number(manifest.split('.')[2] || 'none')

/** A file with a list for each token, and its first line. */
function file(number: number, ...tokens: string[]): string {
  const parts = tokens.map((_, i) => ({ kind: 'list', uri: `u${i}` }))
  return [`h.${Buffer.from(JSON.stringify({ parts })).toString('base64url')}.${number}`, ...tokens].join('\n')
}

const root = (number: number, manifest = file(number)): Root => ({
  root: 'r',
  customer: 'us',
  issuer: 'i',
  manifest,
  number,
  issued_at: '2026-11-23T08:00:00Z',
  expires_at: '2026-12-23T08:00:00Z',
})

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

describe('where the service rests on bundles,', () => {
  const served = (number: number, ...given: string[]): Bundle => ({ ...bundle('t', ...given), roots: [root(number)] })
  const numbers = () => judge.roots.map(({ number }) => number)

  test('so does the verifier, anew when they change, and after the page was loaded again', async () => {
    await judge.take(served(4, '1000'), 900)
    expect(fake.opened[0]?.roots).toEqual([{ root: 'r', issuer: 'i', customer: 'us', manifest: file(4) }])
    await judge.take(served(4, '2000'), 900)
    expect(fake.opened).toHaveLength(1)
    await judge.take(served(5, '2000'), 900)
    expect(fake.opened[1]?.roots?.map(({ manifest }) => manifest)).toEqual([file(5)])
    expect(fake.closed).toEqual([1])
    judge = open()
    await judge.open(900)
    expect(numbers()).toEqual([5])
    expect(fake.opened[2]).toMatchObject({ roots: [{ manifest: file(5) }] })
  })

  test('an older one takes the place of nothing, and neither does one that cannot be opened', async () => {
    await judge.take(served(5, '1000'), 900)
    await judge.take(served(4, '1000'), 900)
    expect(numbers()).toEqual([5])
    await expect(judge.take({ ...served(6, '1000'), roots: [root(6, 'forged')] }, 900)).rejects.toThrow('no')
    expect(fake.closed).toEqual([])
    expect(judge.lists()).toHaveLength(1)
  })

  test('a service that pins no root any more has the last word', async () => {
    await judge.take(served(5, '1000'), 900)
    await judge.take(bundle('t', '1000'), 900)
    expect(numbers()).toEqual([])
    expect(fake.opened[1]).not.toHaveProperty('roots')
  })

  test('a newer one can be brought, which outlives the page and what the service has', async () => {
    await judge.take(served(4, '1000'), 900, '"tag"')
    expect((await judge.carry(file(6, '3000', '3000'))).map(({ number }) => number)).toEqual([6])
    expect(await tokens()).toEqual(['3000', '3000'])
    expect(judge.tag).toBeUndefined()
    judge = open()
    await judge.open(900)
    expect(fake.opened.at(-1)).toMatchObject({ roots: [{ manifest: file(6, '3000', '3000').split('\n')[0], customer: 'us' }] })
    expect(judge.lists()).toHaveLength(2)
    expect(judge.isAhead).toBe(true)
    // The service is behind, and has newer news of one list.
    await judge.take(served(4, '4000'), 900)
    expect(numbers()).toEqual([6])
    expect(await tokens()).toEqual(['4000', '3000'])
    expect(judge.isAhead).toBe(true)
    await judge.take({ ...bundle('t', '4000'), roots: [root(6, file(6, '3000', '3000').split('\n')[0])] }, 900)
    expect(judge.isAhead).toBe(false)
  })

  test.each([
    ['an older one', file(3, '3000'), 'bundle_rollback'],
    ['keys alone', file(6), 'no_lists'],
    ['no bundle', 'hello', 'bundle_invalid'],
  ])('%s that is brought changes nothing', async (_, text, code) => {
    await judge.take(served(4, '1000'), 900, '"tag"')
    await expect(judge.carry(text)).rejects.toMatchObject({ code })
    expect(numbers()).toEqual([4])
    expect(await tokens()).toEqual(['1000'])
    expect(judge.tag).toBe('"tag"')
    // What was tried is gone, and what there was is not.
    expect(fake.closed).toEqual([2])
  })

  test('nothing can be brought where no root key is pinned', async () => {
    await judge.take(bundle('t', '1000'), 900)
    await expect(judge.carry(file(6, '3000'))).rejects.toBeInstanceOf(NoJudgeError)
  })
})
