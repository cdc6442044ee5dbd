import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { messages } from '../src/i18n/index.ts'
import { issuer, visit } from './browser.ts'
import { decide, dismiss, enrol, invite, scan, shown } from './phone.ts'

const text = messages.en.badge

/** Changes what the phone keeps; the page is to be loaded again. */
function alter(page: Page, change: Record<string, unknown>): Promise<void> {
  return page.evaluate(
    ({ name, changed }) =>
      new Promise<void>((resolve, reject) => {
        const opened = indexedDB.open(name)
        opened.onerror = () => reject(opened.error)
        opened.onsuccess = () => {
          const transaction = opened.result.transaction('holder', 'readwrite')
          const store = transaction.objectStore('holder')
          const got = store.get('this phone')
          got.onsuccess = () => store.put({ ...got.result, ...changed }, 'this phone')
          transaction.oncomplete = () => (opened.result.close(), resolve())
        }
      }),
    { name: `cyberbadge ${issuer}`, changed: change },
  )
}

describe('an invitation', () => {
  test('becomes a code that a gate lets in, once', async () => {
    await visit({}, async ({ page, offences }) => {
      const invitation = await invite()
      await page.goto(invitation.link)
      await page.getByLabel(text.codeLabel, { exact: true }).waitFor()
      expect(page.url()).toBe(`${issuer}/badge/`)
      await enrol(page, invitation)
      const code = await scan(page)
      expect(code.startsWith(`${issuer.toUpperCase()}/C#`)).toBe(true)
      expect(await decide(code)).toMatchObject({ allow: true, reason: 'ok' })
      expect(await decide(code)).toMatchObject({ allow: false, reason: 'replayed' })
      // Opened again, and at any later time: straight to the code, another one.
      await page.reload()
      await shown(page)
      expect(await decide(await scan(page))).toMatchObject({ allow: true, reason: 'ok' })
      expect(offences).toEqual([])
    })
  })

  test('leaves a key that nobody can read', async () => {
    await visit({}, async ({ page }) => {
      await enrol(page, await invite())
      const outcome = await page.evaluate(
        (name) =>
          new Promise<string[]>((resolve) => {
            const opened = indexedDB.open(name)
            opened.onsuccess = () => {
              const got = opened.result.transaction('holder').objectStore('holder').get('this phone')
              got.onsuccess = async () => {
                const key = (got.result as { key: CryptoKeyPair }).key.privateKey
                const tries = (['jwk', 'pkcs8', 'raw'] as const).map((format) =>
                  crypto.subtle.exportKey(format, key).then(() => 'exported', (error: Error) => error.name),
                )
                resolve([String(key.extractable), ...(await Promise.all(tries))])
              }
            }
          }),
        `cyberbadge ${issuer}`,
      )
      expect(outcome[0]).toBe('false')
      expect(outcome.slice(1)).not.toContain('exported')
      expect(outcome[1]).toBe('InvalidAccessError')
    })
  })

  test('with a wrong code is refused in words, and can be tried again', async () => {
    await visit({}, async ({ page }) => {
      const invitation = await invite()
      await page.goto(invitation.link)
      const wrong = invitation.tx_code === '000000' ? '000001' : '000000'
      await page.getByLabel(text.codeLabel, { exact: true }).fill(wrong)
      await page.getByRole('button', { name: text.enrol }).click()
      const notice = page.getByRole('alert')
      await notice.waitFor()
      expect(await notice.textContent()).toContain(text.failed.wrong_code.what)
      expect(await notice.textContent()).toContain(text.attempts('4'))
      await page.getByLabel(text.codeLabel, { exact: true }).fill(`${invitation.tx_code.slice(0, 3)} ${invitation.tx_code.slice(3)}`)
      await page.getByRole('button', { name: text.enrol }).click()
      await shown(page)
    })
  })

  test('of another issuer is refused before anything is sent', async () => {
    await visit({}, async ({ page, offences }) => {
      for (const address of ['https://evil.example/credential-offers/x', `${issuer}.evil.example/credential-offers/x`, `${issuer}/credential-offers/../c`]) {
        await page.goto(`${issuer}/badge/?credential_offer_uri=${encodeURIComponent(address)}`)
        await page.getByText(text.failed.foreign_issuer.what).waitFor()
        expect(await page.getByLabel(text.codeLabel, { exact: true }).count()).toBe(0)
      }
      const offer = { credential_issuer: 'https://evil.example', credential_configuration_ids: ['cyber_badge'] }
      await page.goto(`${issuer}/badge/?credential_offer=${encodeURIComponent(JSON.stringify(offer))}`)
      await page.getByText(text.failed.foreign_issuer.what).waitFor()
      expect(offences).toEqual([])
    })
  })

  test('that is not there', async () => {
    await visit({}, async ({ page }) => {
      await page.goto(`${issuer}/badge/?credential_offer_uri=${encodeURIComponent(`${issuer}/credential-offers/none`)}`)
      await page.getByText(text.failed.offer_gone.what).waitFor()
      await page.goto(`${issuer}/badge/`)
      await page.getByText(text.strangerWhat).waitFor()
    })
  })
})

describe('a phone that is enrolled', () => {
  test('shows a fresh, valid code without a connection, after the first visit', async () => {
    await visit({}, async ({ page, context }) => {
      await enrol(page, await invite())
      await page.evaluate(() => navigator.serviceWorker.ready)
      const first = await scan(page)
      await context.setOffline(true)
      await page.reload()
      await shown(page)
      const second = await scan(page)
      expect(second).not.toBe(first)
      expect(await decide(second)).toMatchObject({ allow: true, reason: 'ok' })
    })
  })

  test('corrects a clock that is ten minutes off, and keeps that offline', async () => {
    const before = 'const own = Date.now; Date.now = () => own() - 600_000'
    await visit({ before }, async ({ page, context }) => {
      await enrol(page, await invite())
      expect(await decide(await scan(page))).toMatchObject({ allow: true })
      await page.evaluate(() => navigator.serviceWorker.ready)
      await context.setOffline(true)
      await page.reload()
      await shown(page)
      expect(await decide(await scan(page))).toMatchObject({ allow: true })
    })
  })

  test('renews in silence, and says why there is no badge any more', async () => {
    await visit({}, async ({ page }) => {
      const invitation = await invite()
      await enrol(page, invitation)
      await alter(page, { asked: 0 })
      const renewed = page.waitForResponse((answer) => answer.url().endsWith('/notification'))
      await page.reload()
      expect((await renewed).status()).toBe(204)
      expect(await decide(await scan(page))).toMatchObject({ allow: true })
      await dismiss(invitation.person_id)
      await page.getByRole('button', { name: text.renew }).click()
      await page.getByText(text.denied['not-employed']('')).waitFor()
      expect(await page.getByRole('img', { name: text.codeImage }).count()).toBe(0)
    })
  })
})

test('axe finds nothing, light or dark, from the narrowest phone on', async () => {
  const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  const check = async (page: Page, what: string) => {
    const found = await page.evaluate(async () => {
      const { axe } = window as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }
      return (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
    })
    expect(found, what).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth), what).toBeLessThanOrEqual(page.viewportSize()?.width ?? 0)
  }
  for (const scheme of ['light', 'dark'] as const) {
    await visit({ scheme, before: axe }, async ({ page }) => {
      await page.setViewportSize({ width: 320, height: 568 })
      const invitation = await invite()
      await page.goto(`${issuer}/badge/`)
      await page.getByText(text.strangerWhat).waitFor()
      await check(page, `${scheme}, no badge`)
      await page.goto(invitation.link)
      await page.getByLabel(text.codeLabel, { exact: true }).waitFor()
      await check(page, `${scheme}, invited`)
      await enrol(page, await invite())
      await page.getByText(text.revealsTitle).click()
      await check(page, `${scheme}, code`)
      await alter(page, { denial: 'not in good standing: training-expired:CB-101', asked: Date.now() })
      await page.reload()
      await page.getByText(text.deniedTitle).waitFor()
      await check(page, `${scheme}, denied`)
    })
  }
})
