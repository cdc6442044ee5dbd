import { describe, expect, test, vi } from 'vitest'
import { ConcernError, maxLine, maxText, raise, type Concern, type Post } from './concern.ts'
import { concernLink, isOurs, takeReference } from './reference.ts'

const badge = {
  issuer: 'https://badge.vendor.example',
  subject: 'c3ViamVjdC1vZi1zb21lYg',
  status_list: 'https://badge.vendor.example/status-lists/3',
  index: 4_711,
}
const reference = { list: badge.status_list, index: badge.index, subject: badge.subject }
const concern: Concern = { category: 'behaviour', text: ' Opened a cabinet.\nTwice. ', name: '', organization: 'Plant\t7\n', contact: '' }

function opened(hash: string) {
  const past = { replaceState: vi.fn() }
  const found = takeReference({ hash, pathname: '/concern' } as Location, past as never)
  return { found, past }
}

describe('the link', () => {
  test('names the badge behind the #, and the page reads it', () => {
    const link = concernLink(badge, 'not_the_person')
    expect(link).toBe('https://badge.vendor.example/concern#list=https://badge.vendor.example/status-lists/3&index=4711&sub=c3ViamVjdC1vZi1zb21lYg&about=not_the_person')
    const { found, past } = opened(new URL(link ?? '').hash)
    expect(found).toEqual({ reference, category: 'not_the_person' })
    expect(past.replaceState).toHaveBeenCalledWith(null, '', '/concern')
  })

  test('holds what is special in a subject', () => {
    const odd = { ...badge, subject: 'a&index=1#%é', index: 2 ** 32 - 1 }
    expect(opened(new URL(concernLink(odd) ?? '').hash).found?.reference).toEqual({ list: odd.status_list, index: odd.index, subject: odd.subject })
  })

  test('is not there without a list, or for an issuer that is no address', () => {
    expect(concernLink({ issuer: badge.issuer, subject: 'x', index: 1 })).toBeUndefined()
    expect(concernLink({ ...badge, issuer: 'javascript:alert(1)' })).toBeUndefined()
  })

  test.each(['', '#', '#list=x', '#list=x&index=1', '#list=x&sub=y', '#list=x&index=-1&sub=y', '#list=x&index=4294967296&sub=y', '#list=x&index=1e3&sub=y', `#list=${'x'.repeat(513)}&index=1&sub=y`, `#list=x&index=1&sub=${'y'.repeat(513)}`])(
    'is refused: %s',
    (hash) => expect(opened(hash).found).toBeUndefined(),
  )

  test('has a category that there is, or none', () => {
    expect(opened('#list=x&index=0&sub=y&about=rude').found).toEqual({ reference: { list: 'x', index: 0, subject: 'y' } })
  })

  test('is of the issuer whose page it is opened on', () => {
    const page = (href: string) => ({ href }) as Location
    expect(isOurs(reference, page('https://badge.vendor.example/concern'))).toBe(true)
    expect(isOurs(reference, page('https://badge.vendor.example/tenant/concern'))).toBe(false)
    expect(isOurs({ ...reference, list: 'https://h.example/t/status-lists/1' }, page('https://h.example/t/concern'))).toBe(true)
    expect(isOurs(reference, page('https://badge.vendor.example.evil/concern'))).toBe(false)
  })
})

describe('a concern', () => {
  const answers = (status: number, body: unknown) => vi.fn<Post>(async () => new Response(JSON.stringify(body), { status }))

  test('is sent beside the page, and returns its number', async () => {
    const post = answers(202, { receipt: 'NUMBER' })
    expect(await raise(reference, concern, post)).toBe('NUMBER')
    const [url, options] = post.mock.calls[0] ?? []
    expect(url).toBe('concerns')
    expect(options).toMatchObject({ method: 'POST', credentials: 'omit', redirect: 'error', headers: { 'Content-Type': 'application/json' } })
    expect(JSON.parse(String(options?.body))).toEqual({
      badge: { status_list: badge.status_list, index: 4711, subject: badge.subject },
      category: 'behaviour',
      text: 'Opened a cabinet.\nTwice.',
      reporter: { name: '', organization: 'Plant 7', contact: '' },
    })
  })

  test('at the bounds of the page is within those of the issuer', () => {
    const bytes = (text: string) => new TextEncoder().encode(text).length
    expect(bytes('€'.repeat(maxText))).toBeLessThanOrEqual(4096)
    expect(bytes('€'.repeat(maxLine))).toBeLessThanOrEqual(320)
  })

  test.each([
    [429, { code: 'too_many_requests' }, 'busy'],
    [400, { code: 'other_issuer' }, 'foreign'],
    [400, { code: 'value_invalid' }, 'refused'],
    [413, 'no problem', 'refused'],
    [503, {}, 'unavailable'],
    [202, {}, 'unavailable'],
    [200, { receipt: 'x' }, 'refused'],
  ] as const)('answered %d %o: %s', async (status, body, failure) => {
    await expect(raise(reference, concern, answers(status, body))).rejects.toMatchObject({ failure })
  })

  test('without a connection', async () => {
    await expect(raise(reference, concern, () => Promise.reject(new TypeError('Failed to fetch')))).rejects.toEqual(new ConcernError('offline'))
  })
})
