import { afterAll, describe, expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { words } from '../src/gate/words/index.ts'
import { accessible, axe } from './axe.ts'
import { screenshot, visit } from './browser.ts'
import { admin, admit, alert, atOnce, contrast, Holder, next, pair, refused, scan } from './gate.ts'
import { dismiss, enrol, invite, scan as scanPhone } from './phone.ts'

const text = words.en

/** What the page did to be heard and felt, since it was loaded. */
const felt = `
  window.vibrations = []
  navigator.vibrate = (pattern) => { window.vibrations.push(pattern); return true }
`
const vibrations = (page: Page) => page.evaluate(() => (globalThis as unknown as { vibrations: number[][] }).vibrations)

describe('while a person stands at the gate', () => {
  test('the office ends the badge that a phone shows: red, with no other scan', async () => {
    const invitation = await invite()
    await visit({}, async ({ page: phone }) => {
      await enrol(phone, invitation)
      await visit({ size: 'tablet', before: felt }, async ({ page, offences }) => {
        await pair(page, 'North')
        await scan(page, await scanPhone(phone))
        await page.locator('.answer.match:enabled').waitFor()
        await dismiss(invitation.person_id)
        const begun = performance.now()
        await page.locator('.verdict.no').waitFor({ timeout: atOnce })
        console.log(`from the office's answer to red: ${Math.round(performance.now() - begun)} ms`)
        await page.getByText(text.reason.revoked_now.what).waitFor()
        await refused(page, 'no', 'status_revoked')
        expect((await vibrations(page)).at(-1)).toEqual([400, 120, 400])
        expect(await page.evaluate(() => document.activeElement?.id)).toBe('verdict')
        expect(await page.locator('.verdict').getAttribute('role')).toBe('alertdialog')
        await screenshot(page, 'live-red')
        await next(page)
        // Nobody was let in: nobody has to be looked for.
        expect(await alert(page).count()).toBe(0)
        await expect.poll(async () => (await admin.visits()).at(-1)).toMatchObject({ event: 'refused', reason: 'revoked' })
        expect(offences).toEqual([])
      })
    })
  })
})

describe('after a person was let in', () => {
  test('an alert says who, and since when, until somebody has seen to it', async () => {
    await visit({ size: 'tablet', before: felt }, async ({ page, offences }) => {
      await pair(page, 'North')
      const [kept, gone] = [await Holder.arrive('faceless'), await Holder.arrive('faceless')]
      for (const each of [kept, gone]) {
        await scan(page, await each.code())
        await admit(page)
      }
      await gone.revoke()
      await alert(page).waitFor({ timeout: atOnce })
      expect((await vibrations(page)).at(-1)).toEqual([400, 120, 400])
      const name = ((await alert(page).getByRole('heading').textContent()) ?? '').split(':')[0] ?? ''
      expect(await alert(page).getByRole('alert').textContent()).toContain(text.alert.revoked(name))
      const people = await admin.present()
      const [person] = people.filter(({ badge }) => `${badge.given_name} ${badge.family_name}` === name)
      expect(person).toBeDefined()
      await screenshot(page, 'live-alert')
      // It outlives the page, and the next person.
      await page.reload()
      await alert(page).waitFor()
      await scan(page, await (await Holder.arrive('faceless')).code())
      await alert(page).waitFor()
      await admit(page)
      await page.getByRole('button', { name: text.camera.present, exact: true }).click()
      const row = page.locator('.people tr', { hasText: name })
      await row.getByText(text.present.revoked).waitFor()
      expect(await page.locator('.people .chip.failed').count()).toBe(1)
      await screenshot(page, 'live-present')
      await page.getByRole('button', { name: text.alert.acknowledgeOf(name) }).click()
      await alert(page).waitFor({ state: 'detached' })
      await row.getByText(text.present.revoked).waitFor()
      await page.reload()
      await page.locator('.chip.good').waitFor()
      expect(await alert(page).count()).toBe(0)
      expect(offences).toEqual([])
    })
  })

  test('another gate hears nothing of it, and who has left is nobody’s concern', async () => {
    await visit({}, async ({ page }) => {
      await pair(page, 'North')
      await visit({}, async ({ page: other }) => {
        await pair(other, 'South')
        const [stays, leaves] = [await Holder.arrive('faceless'), await Holder.arrive('faceless')]
        for (const each of [stays, leaves]) {
          await scan(page, await each.code())
          await admit(page)
        }
        await page.getByRole('button', { name: text.camera.outMode }).click()
        await scan(page, await leaves.code())
        await page.locator('.verdict').waitFor({ state: 'detached' })
        await leaves.revoke()
        await stays.suspend()
        await alert(page).waitFor({ timeout: atOnce })
        expect(await alert(page).count()).toBe(1)
        await alert(page).getByText(text.alert.suspended('').slice(1)).waitFor()
        expect(await alert(other).count()).toBe(0)
      })
    })
  })

  describe('without the service', () => {
    afterAll(admin.start)

    test('the tablet’s own lists raise the alert as soon as they know', async () => {
      await visit({}, async ({ page }) => {
        await pair(page, 'Far')
        const holder = await Holder.arrive('faceless')
        await admin.stop()
        await scan(page, await holder.code())
        await admit(page)
        await page.locator('.chip', { hasText: text.camera.offline }).waitFor()
        await holder.revoke()
        await admin.start()
        await alert(page).waitFor({ timeout: 40_000 })
        await page.locator('.chip.good').waitFor()
      })
    })
  })
})

test('a gate that does not hear the service says so, and goes on asking', async () => {
  await visit({ size: 'tablet' }, async ({ page }) => {
    await page.route('**/gate/v1/events', (route) => route.fulfill({ status: 503, contentType: 'application/problem+json', body: '{"code":"overloaded"}' }))
    await pair(page, 'North')
    await page.getByText(text.camera.late).waitFor({ timeout: 15_000 })
    await screenshot(page, 'live-late')
    const holder = await Holder.arrive('faceless')
    await scan(page, await holder.code())
    await admit(page)
    await page.unroute('**/gate/v1/events')
    await page.getByText(text.camera.late).waitFor({ state: 'detached', timeout: 40_000 })
    await holder.revoke()
    await alert(page).waitFor({ timeout: atOnce })
  })
})

test('axe finds nothing, and the alert stands out, light and dark', async () => {
  for (const scheme of ['light', 'dark'] as const) {
    await visit({ scheme, before: axe }, async ({ page }) => {
      await page.setViewportSize({ width: 320, height: 568 })
      await pair(page, 'North')
      const [first, second] = [await Holder.arrive('faceless'), await Holder.arrive('faceless')]
      await scan(page, await first.code())
      await admit(page)
      await first.revoke()
      await alert(page).waitFor({ timeout: atOnce })
      await accessible(page, `${scheme}, alert`)
      expect(await contrast(page, '.alert h2', '.alert'), `${scheme}, alert`).toBeGreaterThanOrEqual(7)
      await scan(page, await second.code())
      await accessible(page, `${scheme}, alert and photo`)
      await second.revoke()
      await page.locator('.verdict.no').waitFor({ timeout: atOnce })
      await accessible(page, `${scheme}, alert and red`)
      expect(await contrast(page), `${scheme}, red`).toBeGreaterThanOrEqual(7)
    })
  }
})
