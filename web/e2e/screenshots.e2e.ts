import { describe, test } from 'vitest'
import { messages } from '../src/i18n/index.ts'
import { code, issuer, screenshot, visit } from './browser.ts'
import { dismiss, enrol, invite } from './phone.ts'

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
  test.each([
    ['phone', 'light', 'en'],
    ['phone', 'dark', 'de'],
    ['tablet', 'light', 'fr'],
    ['tablet', 'dark', 'es'],
  ] as const)('the badge on a %s, %s, %s', async (size, scheme, locale) => {
    const text = messages[locale]
    await visit({ size, scheme, locale }, async ({ page }) => {
      const picture = (name: string) => screenshot(page, `badge-${name}-${size}-${scheme}`)
      await page.goto(`${issuer}/badge/`)
      await page.getByText(text.badge.strangerWhat).waitFor()
      await picture('none')
      const invitation = await invite()
      await page.goto(invitation.link)
      await page.getByLabel(text.badge.codeLabel, { exact: true }).fill(invitation.tx_code === '000000' ? '000001' : '000000')
      await page.getByRole('button', { name: text.badge.enrol }).click()
      await page.getByRole('alert').waitFor()
      await picture('wrong-code')
      await enrol(page, invitation, text)
      await picture('code')
      await dismiss(invitation.person_id)
      await page.getByRole('button', { name: text.badge.renew }).click()
      await page.getByText(text.badge.deniedTitle).waitFor()
      await picture('denied')
    })
  })
})
