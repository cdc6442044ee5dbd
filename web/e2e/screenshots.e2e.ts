import { describe, test } from 'vitest'
import { code, issuer, screenshot, visit } from './browser.ts'

describe('pictures for people to look at', () => {
  test.each([
    ['phone', 'light'],
    ['phone', 'dark'],
    ['tablet', 'light'],
    ['tablet', 'dark'],
  ] as const)('%s, %s', async (size, scheme) => {
    for (const [name, kind, locale] of [
      ['explanation', '', 'en-GB'],
      ['yes', 'pictured', 'en-GB'],
      ['yes-without-picture', 'allowed', 'de-DE'],
      ['no', 'revoked', 'fr-FR'],
      ['no-stale', 'stale', 'de-DE'],
      ['unsure', 'smuggled', 'es-ES'],
    ] as const) {
      const address = kind === '' ? `${issuer}/c` : await code(kind)
      await visit({ size, scheme, locale }, async ({ page }) => {
        await page.goto(address)
        await page.locator(kind === '' ? '.paste' : '.result').waitFor()
        await screenshot(page, `check-${name}-${size}-${scheme}`)
      })
    }
  })
})
