import { afterEach, expect, test, vi } from 'vitest'
import { UnsupportedError, type Runtime, type Settings } from '../verifier/index.ts'
import { clockOffset, connect, failureOf, getPicture, type Get, type Issuer } from './issuer.ts'
import { takeCode } from './code.ts'

const trust = JSON.stringify({ issuers: [{ issuer: 'https://badge.vendor.example', name: 'Vendor' }] })

afterEach(() => vi.restoreAllMocks())

test('the clock is corrected by what is more than the way of the answer', () => {
  const server = Date.parse('2026-11-23T08:00:00Z')
  const date = new Date(server).toUTCString()
  expect(clockOffset(date, server + 400, server + 600)).toBe(0)
  expect(clockOffset(date, server + 3_400, server + 3_500)).toBe(0)
  expect(clockOffset(date, server + 3_600, server + 3_600)).toBe(-3_100)
  expect(clockOffset(date, server - 60_000, server - 60_000)).toBe(60_500)
  // An answer that took ten seconds says little.
  expect(clockOffset(date, server - 10_000, server)).toBe(0)
  expect(clockOffset(null, server, server)).toBe(0)
  expect(clockOffset('soon', server, server)).toBe(0)
})

test('what failed', () => {
  expect(failureOf(new TypeError('Failed to fetch'))).toBe('offline')
  expect(failureOf(new DOMException('', 'TimeoutError'))).toBe('offline')
  expect(failureOf(new UnsupportedError('no WebAssembly'))).toBe('old_browser')
  expect(failureOf(new Error('HTTP status 503'))).toBe('unavailable')
})

function runtime(opened: { settings?: Settings; fetchList?: ((uri: string) => Promise<string>) | undefined }): Runtime {
  return {
    reasons: [],
    unpack: (code) => code,
    open: (settings, fetchList) => {
      Object.assign(opened, { settings, fetchList })
      return {} as Issuer['verifier']
    },
  }
}

test('the trust list goes to the verifier as it was served', async () => {
  const opened: { settings?: Settings; fetchList?: (uri: string) => Promise<string> } = {}
  const asked: [string, RequestInit | undefined][] = []
  const get: Get = async (url, options) => {
    asked.push([url, options])
    return new Response(url === '/trust-list.json' ? trust : 'token', { headers: { 'Content-Type': 'application/statuslist+jwt' } })
  }
  const issuer = await connect(get, async () => runtime(opened))
  expect(issuer).toMatchObject({ url: 'https://badge.vendor.example', name: 'Vendor' })
  expect(opened.settings?.trust).toBe(trust)
  expect(await opened.fetchList?.('https://badge.vendor.example/status-lists/1')).toBe('token')
  for (const [url, options] of asked) {
    expect(options, url).toMatchObject({ cache: 'no-store', credentials: 'omit', redirect: 'error' })
  }
})

test('what is no list is not taken for one', async () => {
  const opened: { fetchList?: (uri: string) => Promise<string> } = {}
  const answers = [new Response(trust), new Response('<h1>', { headers: { 'Content-Type': 'text/html' } }), new Response('', { status: 500 })]
  await connect(async () => answers.shift()!, async () => runtime(opened))
  await expect(opened.fetchList?.('x')).rejects.toThrow('content type text/html')
  await expect(opened.fetchList?.('x')).rejects.toThrow('HTTP status 500')
})

test('a trust list that names nobody is no connection', async () => {
  const get: Get = async () => new Response('{"issuers":[]}')
  await expect(connect(get, async () => runtime({}))).rejects.toMatchObject({ failure: 'unavailable' })
})

test('a picture from elsewhere is not asked for', async () => {
  const issuer = { url: 'https://badge.vendor.example' } as Issuer
  const get = vi.fn<Get>()
  const badge = (picture: string, picture_integrity?: string) => ({ badge: { picture, picture_integrity } }) as never
  expect(await getPicture(issuer, badge('https://badge.vendor.example.evil/x', 'sha256-x'), get)).toBeUndefined()
  expect(await getPicture(issuer, badge('https://badge.vendor.example/x'), get)).toBeUndefined()
  expect(await getPicture(issuer, {} as never, get)).toBeUndefined()
  expect(get).not.toHaveBeenCalled()
})

test('what is no picture is not shown', async () => {
  const issuer = { url: 'https://badge.vendor.example' } as Issuer
  const decision = { badge: { picture: 'https://badge.vendor.example/x', picture_integrity: 'sha256-x' } } as never
  const svg = new Response('<svg/>', { headers: { 'Content-Type': 'image/svg+xml' } })
  expect(await getPicture(issuer, decision, async () => svg)).toBeUndefined()
  expect(await getPicture(issuer, decision, () => Promise.reject(new TypeError('digest')))).toBeUndefined()
})

test('the code leaves the address at once', () => {
  const past = { replaceState: vi.fn() }
  const page = { hash: '#123', origin: 'https://badge.vendor.example', pathname: '/C' } as Location
  expect(takeCode(page, past as never)).toBe('https://badge.vendor.example/C#123')
  expect(past.replaceState).toHaveBeenCalledWith(null, '', '/C')
  expect(takeCode({ ...page, hash: '' }, past as never)).toBeUndefined()
  expect(takeCode({ ...page, hash: '#' }, past as never)).toBeUndefined()
})
