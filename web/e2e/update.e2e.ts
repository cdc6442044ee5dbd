import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { issuer, visit } from './browser.ts'

/**
 * The issuer, and after an update the issuer with another build of its page: the
 * document differs, and with it the version that the worker was built with.
 */
let build = 1
let site: Server
let address = ''

beforeAll(async () => {
  site = createServer((incoming, outgoing) => {
    const { host: _, 'accept-encoding': __, ...headers } = incoming.headers
    const asked = request(issuer + incoming.url, { method: incoming.method, headers }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('end', () => {
        const isText = /html|javascript/.test(answer.headers['content-type'] ?? '')
        const body = Buffer.concat(chunks)
        const { 'content-length': ___, etag: ____, ...kept } = answer.headers
        outgoing.writeHead(answer.statusCode ?? 502, isText ? kept : answer.headers)
        outgoing.end(isText ? rebuilt(incoming.url ?? '', body.toString()) : body)
      })
    })
    incoming.pipe(asked)
  })
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  address = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
})
afterAll(() => void site.close())

function rebuilt(path: string, text: string): string {
  if (path === '/badge/') return text.replace('<html', `<html data-build="${build}"`)
  if (path === '/badge/service-worker.js') return text.replace('const version = "', `const version = "build-${build}-`)
  return text
}

test('a page that is kept offline gives way to the next build', async () => {
  await visit({}, async ({ page, context }) => {
    const shows = () => page.evaluate(() => document.documentElement.dataset.build)
    await page.goto(`${address}/badge/`)
    await page.evaluate(() => navigator.serviceWorker.ready)
    await page.reload()
    expect(await shows()).toBe('1')
    // Kept: the server need not be there.
    await context.setOffline(true)
    await page.reload()
    expect(await shows()).toBe('1')
    await context.setOffline(false)
    build = 2
    // The browser looks for it a moment after a visit, so the next visit has it.
    await page.reload()
    await expect.poll(() => page.evaluate(() => caches.keys()), { timeout: 20_000 }).toEqual([expect.stringContaining('build-2-')])
    await page.reload()
    expect(await shows()).toBe('2')
    await context.setOffline(true)
    await page.reload()
    expect(await shows()).toBe('2')
    const caches = await page.evaluate(() => globalThis.caches.keys())
    expect(caches).toHaveLength(1)
  })
})
