import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, test } from 'vitest'
import { words as consoleWords } from '../src/console/words/index.ts'
import { words } from '../src/gate/words/index.ts'
import { messages } from '../src/i18n/index.ts'
import { code, customer, issuer, office, screenshot, visit } from './browser.ts'
import { writeClip } from './clip.ts'
import { admit, Holder, next, pair, scan } from './gate.ts'
import { ask, issue, propose, raise, signIn } from './office.ts'
import { enrol, invite, inviteLapsed, redeem } from './phone.ts'
import { writeSheet } from './sheet.ts'

afterAll(() => visit({ size: 'tablet' }, ({ page }) => writeSheet(page)), 120_000)

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
      await redeem(page, await inviteLapsed(), text)
      await page.getByText(text.badge.deniedTitle).waitFor()
      await picture('denied')
    })
  })

  test.each([
    ['phone', 'light', 'en'],
    ['phone', 'dark', 'es'],
    ['tablet', 'light', 'de'],
    ['tablet', 'dark', 'fr'],
  ] as const)('the gate on a %s, %s, %s', async (size, scheme, locale) => {
    const text = words[locale]
    const clip = join(tmpdir(), `cyberbadge-${process.pid}.y4m`)
    writeClip(clip, [{ seconds: 1 }])
    await visit({ size, scheme, locale, camera: clip }, async ({ page, context }) => {
      const picture = (name: string) => screenshot(page, `gate-${name}-${size}-${scheme}`)
      await page.goto(`${customer}/gate/`)
      await page.locator('#pairing-code').waitFor()
      await picture('pairing')
      await pair(page, 'North gate', { text })
      await picture('camera')
      const [holder, faceless] = [await Holder.arrive(), await Holder.arrive('faceless')]
      await scan(page, await holder.code())
      await page.locator('img.photo').waitFor()
      await picture('photo')
      await page.clock.install()
      await page.clock.fastForward(1_000)
      await page.locator('.answer.match:enabled').click()
      await page.locator('.verdict.yes').waitFor()
      await picture('yes')
      await page.clock.fastForward(1_000)
      await page.clock.resume()
      await scan(page, await faceless.code())
      await picture('document')
      await page.locator('.answer.mismatch').click()
      await page.locator('.verdict.no').waitFor()
      await picture('no')
      await next(page, text)
      await scan(page, await faceless.code(100))
      await page.getByRole('button', { name: text.verdict.help }).click()
      await picture('no-help')
      await next(page, text)
      await scan(page, await code('elsewhere'))
      await picture('unsure')
      await next(page, text)
      await page.getByRole('button', { name: text.camera.present, exact: true }).click()
      await picture('present')
      await page.getByRole('button', { name: text.back }).click()
      await context.setOffline(true)
      await scan(page, await faceless.code())
      await page.locator('.photo-step').waitFor()
      await admit(page)
      await picture('offline')
    })
  })

  test.each([
    ['phone', 'light', 'en', 'en-GB'],
    ['phone', 'dark', 'de', 'de-DE'],
    ['tablet', 'light', 'fr', 'fr-FR'],
    ['tablet', 'dark', 'es', 'es-ES'],
  ] as const)('the console on a %s, %s, %s', async (size, scheme, language, locale) => {
    const text = consoleWords[language]
    const badge = await issue()
    let receipt = ''
    let proposal = ''
    await visit({}, async ({ page }) => {
      receipt = await raise(page, badge, 'Opened a cabinet in switchgear room 4 without a work order.\nHe said that he was only looking.')
      await signIn(page, 'olga')
      const { person_id: person } = await ask<{ person_id: string }>(page, 'GET', `/v1/badges/${badge.id}`)
      proposal = await propose(page, [person], 'The phone was in a van that was robbed.')
    })
    await visit({ size, scheme, locale }, async ({ page }) => {
      const picture = (name: string) => screenshot(page, `console-${name}-${size}-${scheme}`)
      await page.goto(`${office}/console/`)
      await page.getByRole('button', { name: text.door.signIn, exact: true }).waitFor()
      await picture('door')
      await signIn(page, 'ada', { to: `${office}/console/#case=${receipt}`, text })
      await page.locator('.rows > li').nth(5).waitFor()
      await page.locator(`#case-${receipt}`).waitFor()
      await page.locator(`#proposal-${proposal}`).waitFor()
      await page.waitForLoadState('networkidle')
      await picture('desk')
      for (const summary of await page.locator('article summary').all()) await summary.click()
      await picture('deciding')
      const [concern, proposed] = [page.locator(`article[aria-labelledby="case-${receipt}"]`), page.locator(`article[aria-labelledby="proposal-${proposal}"]`)]
      await concern.getByRole('button', { name: text.cases.suspend }).click()
      await concern.getByRole('button', { name: text.cases.reinstate }).waitFor()
      await concern.locator('input[value=upheld]').check()
      await concern.getByRole('button', { name: text.cases.closeNow }).click()
      await concern.getByText(text.cases.closed(text.cases.outcomes.upheld)).waitFor()
      await proposed.getByLabel(text.proposals.refuseNote).fill('…')
      await proposed.getByRole('button', { name: text.proposals.refuseNow }).click()
      await proposed.getByText(text.proposals.states.rejected).waitFor()
      await picture('decided')
      await page.getByRole('button', { name: text.door.signOut }).click()
      await page.getByText(text.door.signedOut).waitFor()
      await picture('signed-out')
    })
    if (size === 'tablet')
      await visit({ scheme, locale }, async ({ page }) => {
        await page.goto(`${issuer}/console/`)
        await page.getByText(text.door.off.what).waitFor()
        await screenshot(page, `console-off-phone-${scheme}`)
      })
  }, 120_000)
})
