import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { words } from '../src/concern/words/index.ts'
import { messages } from '../src/i18n/index.ts'
import { accessible, axe } from './axe.ts'
import { code, issuer, visit } from './browser.ts'

const text = words.en

/** A case as the office has it. */
interface Case {
  ID: string
  BadgeID: string
  PersonID: string
  Category: string
  Text: string
  Reporter: { Name: string; Organization: string; Contact: string }
}

async function cases(): Promise<Case[]> {
  const answer = await fetch(`${process.env.CYBERBADGE_CODES}/cases`)
  return ((await answer.json()) as Case[] | null) ?? []
}

/** A reference of the right form, which nobody has. */
const nobodys = `${issuer}/concern#list=${issuer}/status-lists/1&index=7&sub=AAAAAAAAAAAAAAAAAAAAAA`

const send = (page: Page) => page.getByRole('button', { name: text.send }).click()
const receipt = (page: Page) => page.locator('.receipt').textContent({ timeout: 20_000 })

describe('from the answer about a badge', () => {
  test('to a case at the office', async () => {
    const shown = await code('allowed')
    await visit({}, async ({ page: answer, context, offences }) => {
      await answer.goto(shown)
      const [page] = await Promise.all([context.waitForEvent('page'), answer.getByRole('link', { name: messages.en.check.tell }).click()])
      await page.getByRole('heading', { name: text.title }).waitFor()
      expect(new URL(page.url()).hash).toBe('')
      expect(await page.evaluate(() => window.opener === null)).toBe(true)
      await page.getByLabel(text.categories.behaviour).check()
      await page.getByLabel(text.textOptional).fill('Opened a <b>cabinet</b>.\nTwice.')
      await page.getByLabel(text.organization).fill('Plant 7')
      await send(page)
      const number = await receipt(page)
      const found = (await cases()).find((each) => each.ID === number)
      expect(found).toMatchObject({ Category: 'behaviour', Text: 'Opened a <b>cabinet</b>.\nTwice.', Reporter: { Name: '', Organization: 'Plant 7', Contact: '' } })
      expect(found?.PersonID).not.toBe('')
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe(text.sent)
      expect(await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie.length])).toEqual([0, 0, 0])
      expect(offences).toEqual([])
    })
  })

  test('a badge that nobody has gets the same answer', async () => {
    const before = (await cases()).length
    await visit({}, async ({ page, offences }) => {
      await page.goto(nobodys)
      await page.getByLabel(text.categories.tailgating).check()
      await send(page)
      expect(await receipt(page)).toMatch(/^[A-Z2-7]{26}$/)
      expect((await cases()).length).toBe(before)
      expect(offences).toEqual([])
    })
  })
})

describe('the page', () => {
  test('sends nothing without a category, and nothing else without words', async () => {
    await visit({}, async ({ page }) => {
      let calls = 0
      await page.route('**/concerns', (route) => {
        calls++
        return route.abort()
      })
      await page.goto(nobodys)
      await send(page)
      await page.getByLabel(text.categories.other).check()
      await send(page)
      expect(await page.locator('textarea:invalid').count()).toBe(1)
      expect(calls).toBe(0)
    })
  })

  test('says what is wrong, and loses nothing that was written', async () => {
    await visit({}, async ({ page }) => {
      await page.goto(`${nobodys}&about=not_the_person`)
      expect(await page.getByLabel(text.categories.not_the_person).isChecked()).toBe(true)
      await page.getByLabel(text.textOptional).fill('Another face.')
      for (const [status, problem, failure] of [
        [0, '', 'offline'],
        [429, 'too_many_requests', 'busy'],
        [503, 'store_unavailable', 'unavailable'],
        [400, 'value_invalid', 'refused'],
        [400, 'other_issuer', 'foreign'],
      ] as const) {
        await page.route('**/concerns', (route) => (status === 0 ? route.abort() : route.fulfill({ status, json: { code: problem } })))
        await send(page)
        await page.getByText(text.failed[failure].what).waitFor()
        await page.unrouteAll()
      }
      expect(await page.getByLabel(text.textOptional).inputValue()).toBe('Another face.')
      await send(page)
      await receipt(page)
    })
  })

  test('has to know the badge, and takes its own company’s alone', async () => {
    await visit({}, async ({ page, offences }) => {
      await page.goto(`${issuer}/concern`)
      await page.getByText(text.noReference.what).waitFor()
      expect(await page.locator('form').count()).toBe(0)
      await page.evaluate(() => (location.hash = '#list=https://other.example/status-lists/1&index=1&sub=x'))
      await page.getByText(text.failed.foreign.what).waitFor()
      await page.evaluate((hash) => (location.hash = hash), new URL(nobodys).hash)
      await page.getByRole('button', { name: text.send }).waitFor()
      expect(new URL(page.url()).hash).toBe('')
      expect(offences).toEqual([])
    })
  })

  test.each([
    ['fr-FR', words.fr],
    ['de-AT', words.de],
    ['es-MX', words.es],
  ] as const)('in the reader’s language: %s', async (locale, { title, send: label }) => {
    await visit({ locale }, async ({ page }) => {
      await page.goto(nobodys)
      await page.getByRole('heading', { name: title }).waitFor()
      await page.getByRole('button', { name: label, exact: true }).waitFor()
      expect(await page.title()).toBe(`${title} · Cyber Badge`)
    })
  })
})

test.each([
  ['light', 'en-GB'],
  ['dark', 'de-DE'],
] as const)('everybody can read it, from the narrowest phone on: %s, %s', async (scheme, locale) => {
  const own = locale === 'de-DE' ? words.de : words.en
  await visit({ scheme, locale, before: axe }, async ({ page }) => {
    await page.setViewportSize({ width: 320, height: 568 })
    await page.goto(`${issuer}/concern`)
    await page.getByText(own.noReference.what).waitFor()
    await accessible(page, 'no reference')
    await page.evaluate((hash) => (location.hash = hash), new URL(nobodys).hash)
    await page.getByLabel(own.categories.other).check()
    await page.getByLabel(own.textLabel).fill('Words.')
    await accessible(page, 'writing')
    await page.route('**/concerns', (route) => route.fulfill({ status: 429, json: {} }))
    await page.getByRole('button', { name: own.send, exact: true }).click()
    await page.getByText(own.failed.busy.what).waitFor()
    await accessible(page, 'failed')
    await page.unrouteAll()
    await page.route('**/concerns', (route) => route.fulfill({ status: 202, json: { receipt: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ' } }))
    await page.getByRole('button', { name: own.send, exact: true }).click()
    await page.getByText(own.sent).waitFor()
    await accessible(page, 'sent')
  })
})
