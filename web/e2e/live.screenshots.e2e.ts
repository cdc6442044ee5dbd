import { describe, test } from 'vitest'
import { words } from '../src/gate/words/index.ts'
import { screenshot, visit } from './browser.ts'
import { admit, alert, atOnce, Holder, pair, scan } from './gate.ts'

describe('pictures of alerts, for people to look at', () => {
  test.each([
    ['phone', 'light', 'en'],
    ['phone', 'dark', 'fr'],
    ['tablet', 'light', 'de'],
    ['tablet', 'dark', 'es'],
  ] as const)('%s, %s, %s', async (size, scheme, locale) => {
    const own = words[locale]
    await visit({ size, scheme, locale }, async ({ page }) => {
      const picture = (name: string) => screenshot(page, `live-${name}-${size}-${scheme}`)
      await pair(page, 'North gate', { text: own })
      const people = await Promise.all(Array.from({ length: 5 }, () => Holder.arrive()))
      for (const each of people) {
        await scan(page, await each.code())
        await page.locator('img.photo').waitFor()
        await admit(page)
      }
      const [first, second, third, ...rest] = people as [Holder, Holder, Holder, ...Holder[]]
      await first.suspend()
      await alert(page).waitFor({ timeout: atOnce })
      await picture('alert')
      await page.getByRole('button', { name: own.camera.present, exact: true }).click()
      await page.locator('.people .chip.failed').first().waitFor()
      await picture('present')
      await page.getByRole('button', { name: own.back }).click()
      const next = await Holder.arrive()
      await scan(page, await next.code())
      await page.locator('img.photo').waitFor()
      await picture('alert-photo')
      await next.revoke()
      await page.locator('.verdict.no').waitFor({ timeout: atOnce })
      await picture('alert-red')
      await page.getByRole('button', { name: own.verdict.next }).click()
      for (const each of [second, third, ...rest]) await each.revoke()
      await page.locator('.alerts .more').waitFor({ timeout: atOnce })
      await picture('alerts')
    })
  })
})
