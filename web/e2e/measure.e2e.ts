import { readFileSync, readdirSync } from 'node:fs'
import { brotliCompressSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { test } from 'vitest'
import { customer, issuer, visit } from './browser.ts'
import { admin, Holder, next, pair } from './gate.ts'
import { enrol, invite, shown } from './phone.ts'

const scans = 50

/** The figures, each with its bound where it has one; they assert nothing, since machines differ. */
function print(what: string, value: number, unit: string, bound?: number): void {
  const verdict = bound === undefined ? '' : `  (at most ${bound} ${unit}: ${value <= bound ? 'holds' : 'DOES NOT HOLD'})`
  console.log(`${what.padEnd(64)} ${value.toFixed(unit === 'ms' ? 0 : 1).padStart(8)} ${unit}${verdict}`)
}

/** Bytes that come over the wire for one address and what it then loads by itself. */
async function firstLoad(address: string, until: (page: Page) => Promise<unknown>): Promise<number> {
  let bytes = 0
  await visit({}, async ({ page, context }) => {
    const session = await context.newCDPSession(page)
    await session.send('Network.enable')
    session.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength))
    await page.goto(address)
    await until(page)
  })
  return bytes
}

/** What a page's service worker keeps, as it is sent. */
function kept(worker: string): number {
  const [, list = '[]'] = /^const files = (.*)$/m.exec(readFileSync(`dist/${worker}-worker.js`, 'utf8')) ?? []
  const assets = readdirSync('dist/assets')
  const sizes = (JSON.parse(list) as string[]).map((name) => {
    if (name === './') return brotliCompressSync(readFileSync(`dist/${worker}.html`)).length
    const file = name.replace('../assets/', '')
    const sent = assets.includes(`${file}.br`) ? `${file}.br` : file
    return readFileSync(`dist/assets/${sent}`).length
  })
  return sizes.reduce((sum, each) => sum + each, 0)
}

test('what comes over the wire', async () => {
  print('phone page, first load', (await firstLoad(`${issuer}/badge/`, (page) => page.locator('h1').waitFor())) / 1000, 'kB', 120)
  print('check page, first load without a code', (await firstLoad(`${issuer}/c`, (page) => page.locator('.paste').waitFor())) / 1000, 'kB')
  print('gate page, first load', (await firstLoad(`${customer}/gate/`, (page) => page.locator('#pairing-code').waitFor())) / 1000, 'kB', 2500)
  print('phone page, all that is kept for later', kept('badge') / 1000, 'kB', 120)
  print('gate page, all that is kept for later, both WebAssembly files', kept('gate') / 1000, 'kB', 2500)
})

test('from a code to a decision on the screen', async () => {
  await visit({ size: 'tablet' }, async ({ page }) => {
    await pair(page, 'Measured')
    const holder = await Holder.arrive('faceless')
    for (const [where, bound] of [['online', undefined], ['offline', 300]] as const) {
      if (where === 'offline') await admin.stop()
      // The first one after a change finds out that nobody answers.
      await time(page, await holder.code())
      const times: number[] = []
      for (let i = 0; i < scans; i++) times.push(await time(page, await holder.code()))
      times.sort((a, b) => a - b)
      print(`${where}, ${scans} scans, p50`, times[Math.floor(scans * 0.5)] ?? 0, 'ms')
      print(`${where}, ${scans} scans, p95`, times[Math.floor(scans * 0.95)] ?? 0, 'ms', bound)
    }
  })
  await admin.start()
}, 240_000)

/** From a code that was read to the painted decision, by the page's own clock. */
async function time(page: Page, code: string): Promise<number> {
  await page.locator('.camera-screen:not([inert])').waitFor()
  const took = await page.evaluate(
    (code) =>
      new Promise<number>((resolve) => {
        const seen = new MutationObserver(() => {
          if (!document.querySelector('.photo-step, .verdict')) return
          seen.disconnect()
          requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - began)))
        })
        seen.observe(document.body, { childList: true, subtree: true })
        const pasted = new DataTransfer()
        pasted.setData('text/plain', code)
        const began = performance.now()
        document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: pasted, bubbles: true, cancelable: true }))
      }),
    code,
  )
  await page.locator('.answer.mismatch').click()
  await next(page)
  return took
}

test('from a phone that is opened to its code', async () => {
  await visit({}, async ({ page }) => {
    await enrol(page, await invite())
    const times: number[] = []
    for (let i = 0; i < 10; i++) {
      const began = performance.now()
      await page.reload()
      await shown(page)
      times.push(performance.now() - began)
    }
    print('phone page opened again, to the code, p50 of 10', times.sort((a, b) => a - b)[5] ?? 0, 'ms')
  })
})
