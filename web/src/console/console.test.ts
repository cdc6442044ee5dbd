import { afterEach, describe, expect, test, vi } from 'vitest'
import { keepAim, readAim, takeAim, toHash, type Aim } from './aim.ts'
import { call } from './call.ts'
import type { Foreseen, Person } from './contract.ts'
import { failureFor, OfficeError } from './failure.ts'
import { directory, nameOf } from './office.ts'
import { sayReason, whoLapse } from './Program.tsx'
import { readTold } from './told.ts'
import { words } from './words/index.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

/** A storage as a tab has it. */
function storage(): Storage {
  const kept = new Map<string, string>()
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  } as unknown as Storage
}

describe('what somebody came for', () => {
  test.each<[string, Aim | undefined]>([
    ['#case=GATGFNOCLBERXWWX63HTVSZCZV', { kind: 'case', id: 'GATGFNOCLBERXWWX63HTVSZCZV' }],
    ['#proposal=a_b-1', { kind: 'proposal', id: 'a_b-1' }],
    [`#case=${'A'.repeat(64)}`, { kind: 'case', id: 'A'.repeat(64) }],
    [`#case=${'A'.repeat(65)}`, undefined],
    ['#case=', undefined],
    ['#case=../x', undefined],
    ['#case=A&x=1', undefined],
    ['#person=A', undefined],
    ['case=A', undefined],
    ['', undefined],
  ])('%s', (hash, aim) => {
    expect(readAim(hash)).toEqual(aim)
    if (aim) expect(toHash(aim)).toBe(hash)
  })

  test('outlives a sign-in, once, and not the next one', () => {
    const tab = storage()
    const aim: Aim = { kind: 'case', id: 'A' }
    keepAim(aim, tab)
    expect(takeAim(tab)).toEqual(aim)
    expect(takeAim(tab)).toBeUndefined()
    keepAim(aim, tab)
    keepAim(undefined, tab)
    expect(takeAim(tab)).toBeUndefined()
  })
})

describe('a call', () => {
  const answer = (response: Response | Promise<never>) => vi.stubGlobal('fetch', vi.fn(async () => response))

  test('goes to the page’s own server with its session, and follows nothing', async () => {
    answer(Response.json({ good: true }))
    expect(await call('POST', '/v1/x', { a: 1 })).toEqual({ good: true })
    expect(vi.mocked(fetch).mock.calls[0]).toMatchObject([
      '/v1/x',
      { method: 'POST', body: '{"a":1}', headers: { 'Content-Type': 'application/json' }, credentials: 'same-origin', redirect: 'error', cache: 'no-store' },
    ])
  })

  test.each([
    [401, 'session_missing', 'ended'],
    [401, 'credential_missing', 'ended'],
    [403, 'scope_missing', 'forbidden'],
    [403, 'four_eyes', 'forbidden'],
    [403, 'step_up_required', 'fresh'],
    [404, 'not_found', 'changed'],
    [409, 'proposal_not_open', 'changed'],
    [409, 'conflict', 'changed'],
    [429, 'too_many_requests', 'busy'],
    [503, 'overloaded', 'busy'],
    [503, 'outcome_unknown', 'uncertain'],
    [503, 'store_unavailable', 'unavailable'],
    [500, '', 'unavailable'],
    [400, 'value_invalid', 'refused'],
    [415, 'constructor', 'refused'],
  ] as const)('that is answered %d %s came to nothing: %s', async (status, code, failure) => {
    expect(failureFor(status, code)).toBe(failure)
    answer(Response.json({ code, detail: 'Words.', instance: 'urn:cyberbadge:request:ABC' }, { status }))
    await expect(call('GET', '/v1/x')).rejects.toMatchObject({ failure, detail: 'Words.', request: 'ABC' })
  })

  test('that a proxy answers says what can be said', async () => {
    answer(new Response('<h1>Bad gateway</h1>', { status: 502 }))
    await expect(call('GET', '/v1/x')).rejects.toMatchObject({ failure: 'unavailable', detail: '', request: '' })
  })

  test('without a connection, or whose answer is cut short, is not taken for done', async () => {
    answer(Promise.reject(new TypeError('failed')))
    await expect(call('POST', '/v1/x', {})).rejects.toMatchObject({ failure: 'offline' })
    answer(new Response('{"id":'))
    await expect(call('POST', '/v1/x', {})).rejects.toMatchObject({ failure: 'uncertain' })
    answer(new Response('{"id":'))
    await expect(call('GET', '/v1/x')).rejects.toMatchObject({ failure: 'unavailable' })
  })
})

describe('what the document tells', () => {
  test('that there is a provider, or none', () => {
    expect(readTold('{"sign_in":true}')).toEqual({ signIn: true })
    expect(readTold('{"sign_in":false}')).toEqual({ signIn: false })
    expect(readTold(undefined)).toEqual({ signIn: true })
  })

  test('why nobody was signed in', () => {
    const refused = { code: 'not_an_officer', detail: 'Ask.', instance: 'urn:cyberbadge:request:ABC' }
    expect(readTold(JSON.stringify({ sign_in: true, refused }))).toEqual({ signIn: true, refused: { code: 'not_an_officer', detail: 'Ask.', request: 'ABC' } })
    expect(readTold('{"sign_in":true,"refused":{"code":"constructor"}}').refused).toEqual({ code: 'other', detail: '', request: '' })
  })
})

test('a person is asked for once, and again after a failure', async () => {
  const person = { display_name: 'Zoë' } as Person
  const ask = vi.fn().mockRejectedValueOnce(new OfficeError('busy')).mockResolvedValue(person)
  const look = directory(ask)
  await expect(look('a/b')).rejects.toMatchObject({ failure: 'busy' })
  expect(await look('a/b')).toBe(person)
  expect(await look('a/b')).toBe(person)
  expect(ask.mock.calls).toEqual([['GET', '/v1/people/a%2Fb'], ['GET', '/v1/people/a%2Fb']])
})

test('a person is named as well as is known', () => {
  const person = { id: 'x', external_id: '0700004', display_name: '', given_name: 'Zoë', family_name: 'Nuñez', organization: '' }
  expect(nameOf({ ...person, display_name: 'Zoë N.' })).toBe('Zoë N.')
  expect(nameOf(person)).toBe('Zoë Nuñez')
  expect(nameOf({ ...person, given_name: '', family_name: '' })).toBe('0700004')
})

test('who lapses twice is one person, and who keeps a badge is none', () => {
  const lapse = (person: string, ends: boolean) => ({ person_id: person, ends }) as Foreseen
  expect(whoLapse([lapse('a', true), lapse('a', true), lapse('b', false), lapse('c', true)])).toBe(2)
})

test('reasons are in words, and one that is not known is as the issuer writes it', () => {
  expect(sayReason('training-expired:CB-101', words.en.forecast)).toBe('Training CB-101 expires')
  expect(sayReason('suspended-by-office', words.de.forecast)).toBe('Ruht auf Anordnung des Büros')
  expect(sayReason('something-new:B', words.en.forecast)).toBe('something-new:B')
})
