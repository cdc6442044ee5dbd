import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { CarryTrouble } from '../src/gate/carried.ts'
import { words, type Words } from '../src/gate/words/index.ts'
import { accessible, axe } from './axe.ts'
import { screenshot, visit } from './browser.ts'
import { admin, admit, bundles, Holder, next, pair, refused, scan, smallPrint } from './gate.ts'

const text = words.en
/** What stands before the age. */
const bundleAge = (own: Words = text) => own.camera.bundle('').trim()

let folder: string
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'cyberbadge-stick-'))))
afterAll(() => rmSync(folder, { recursive: true }))
beforeEach(admin.start)

/** A file on the stick that somebody brings. */
async function bring(page: Page, path: string): Promise<void> {
  await page.locator('.about input[type=file]').setInputFiles(path)
}

async function refusedFile(page: Page, path: string, trouble: CarryTrouble): Promise<void> {
  await bring(page, path)
  await page.getByText(text.about.bundleFailed[trouble].what).waitFor()
}

const openAbout = (page: Page, own: Words = text) => page.getByRole('button', { name: own.camera.about, exact: true }).click()
const closeAbout = (page: Page, own: Words = text) => page.getByRole('button', { name: own.back }).click()

test('a site without a network: what a stick brings decides, and never goes back', async () => {
  await visit({ size: 'tablet', before: axe }, async ({ page, offences }) => {
    const [stays, goes] = [await Holder.arrive('faceless'), await Holder.arrive('faceless')]
    const first = await bundles.export()
    await bundles.import(first)
    await pair(page, 'North')
    await page.locator('.chip', { hasText: bundleAge() }).waitFor()
    // Online, too, a verdict says what it rests on.
    await scan(page, await stays.code())
    await page.locator('.answer.match:enabled').click()
    expect(await smallPrint(page)).toContain(`${text.verdict.byService} · `)
    expect(await smallPrint(page)).toContain(bundleAge())
    await page.locator('.verdict').waitFor({ state: 'detached' })

    await admin.stop()
    await scan(page, await goes.code())
    await page.locator('.answer.match:enabled').click()
    expect(await smallPrint(page)).toContain(text.verdict.byGate)
    expect(await smallPrint(page)).toContain(bundleAge())
    await page.locator('.verdict').waitFor({ state: 'detached' })

    await goes.revoke()
    const second = await bundles.export()
    await openAbout(page)
    await page.getByText(text.about.bundleNumber(String(first.number)), { exact: true }).waitFor()
    await bring(page, second.path)
    await page.getByText(text.about.bundleTaken(String(second.number))).waitFor()
    await page.getByText(text.about.bundleNumber(String(second.number)), { exact: true }).waitFor()
    await accessible(page, 'a bundle that was taken')
    await screenshot(page, 'bundle-taken')

    await refusedFile(page, first.path, 'bundle_rollback')
    await accessible(page, 'a bundle that was refused')
    await screenshot(page, 'bundle-rollback')
    await refusedFile(page, (await bundles.export('plant-8')).path, 'bundle_not_for_us')
    const damaged = join(folder, 'damaged.bundle')
    copyFileSync(second.path, damaged)
    writeFileSync(damaged, readFileSync(damaged, 'utf8').replace(/.\n$/, '\n'))
    await refusedFile(page, damaged, 'bundle_invalid')
    await page.getByText(text.about.bundleNumber(String(second.number)), { exact: true }).waitFor()
    await closeAbout(page)

    const isRed = async () => {
      await scan(page, await goes.code())
      await refused(page, 'no', 'status_revoked')
      expect(await smallPrint(page)).toContain(text.verdict.byGate)
      expect(await smallPrint(page)).toContain(bundleAge())
    }
    await isRed()
    await screenshot(page, 'bundle-red')
    await page.reload()
    await page.locator('.chip', { hasText: bundleAge() }).waitFor()
    await isRed()
    await next(page)
    await scan(page, await stays.code())
    await admit(page)

    // The service is back with the older bundle, and this tablet knows better.
    await admin.start()
    await page.locator('.chip.good').waitFor({ timeout: 20_000 })
    await isRed()
    await next(page)
    await bundles.import(second)
    await expect.poll(async () => {
      await scan(page, await goes.code())
      const said = (await smallPrint(page)) ?? ''
      await next(page)
      return said.includes(text.verdict.byService) && said.includes('status_revoked')
    }, { timeout: 45_000, interval: 1_000 }).toBe(true)
    expect(offences.filter((each) => !each.includes('ERR_CONNECTION_REFUSED'))).toEqual([])
  })
})

test('a warning at two thirds of its time; from its end on nobody comes in', async () => {
  await visit({}, async ({ page, context }) => {
    const holder = await Holder.arrive('faceless')
    await bundles.import(await bundles.export('plant-7', '1h'))
    await pair(page, 'North')
    await page.clock.install()
    await page.reload()
    await page.locator('.chip.good').waitFor()
    await context.setOffline(true)
    await page.clock.fastForward('41:00')
    await page.locator('.chip.warned', { hasText: bundleAge() }).waitFor()
    await page.clock.fastForward('20:00')
    await page.locator('.chip.failed', { hasText: text.camera.bundleOver('', '').split(':')[0] as string }).waitFor()
    await scan(page, await holder.code(-3_660))
    await refused(page, 'unsure', 'bundle_stale')
    await page.getByText(text.reason.bundle_ended.what).waitFor()
    await page.getByRole('button', { name: text.verdict.help }).click()
    await page.getByText(text.help.newBundle).waitFor()
    await screenshot(page, 'bundle-ended')
  })
})

test.each([
  ['phone', 'light', 'de'],
  ['phone', 'dark', 'fr'],
  ['tablet', 'light', 'es'],
  ['tablet', 'dark', 'en'],
] as const)('pictures for people to look at: %s, %s, %s', async (size, scheme, locale) => {
  const own = words[locale]
  await visit({ size, scheme, locale }, async ({ page }) => {
    const first = await bundles.export()
    await bundles.import(first)
    await pair(page, 'North gate', { text: own })
    await admin.stop()
    await page.locator('.chip', { hasText: own.camera.offline }).waitFor({ timeout: 45_000 })
    await screenshot(page, `bundle-camera-${size}-${scheme}`)
    await openAbout(page, own)
    await bring(page, (await bundles.export()).path)
    await page.locator('.bundle-outcome:not(:empty)', { hasText: own.about.bundleTaken('').slice(0, 4) }).waitFor()
    await screenshot(page, `bundle-taken-${size}-${scheme}`)
    await bring(page, first.path)
    await page.getByText(own.about.bundleFailed.bundle_rollback.what).waitFor()
    await screenshot(page, `bundle-rollback-${size}-${scheme}`)
  })
})
