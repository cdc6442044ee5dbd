import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { readBadge } from '../src/badge/badge.ts'
import { largestStock } from '../src/badge/stock.ts'
import { unpack } from '../src/gatecode/index.ts'
import { messages } from '../src/i18n/index.ts'
import { accessible, axe } from './axe.ts'
import { issuer, visit } from './browser.ts'
import { background, decide, dismiss, enrol, invite, inviteLapsed, redeem, scan, shown } from './phone.ts'

const text = messages.en.badge

const seconds = () => Math.floor(Date.now() / 1000)

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
                const keys = (got.result as { keys: CryptoKeyPair[] }).keys.map(({ privateKey }) => privateKey)
                const tries = keys.flatMap((key) =>
                  (['jwk', 'pkcs8', 'raw'] as const).map((format) => crypto.subtle.exportKey(format, key).then(() => 'exported', (error: Error) => error.name)),
                )
                resolve([String(keys.some((key) => key.extractable)), ...(await Promise.all(tries))])
              }
            }
          }),
        `cyberbadge ${issuer}`,
      )
      expect(outcome[0]).toBe('false')
      expect(outcome).toHaveLength(1 + 3 * largestStock)
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

  test('is still there when the page was loaded anew, until it is used', async () => {
    await visit({}, async ({ page }) => {
      const invitation = await invite()
      await page.goto(invitation.link)
      await page.getByLabel(text.codeLabel, { exact: true }).waitFor()
      await page.goto(`${issuer}/badge/`)
      await page.getByLabel(text.codeLabel, { exact: true }).fill(invitation.tx_code)
      await page.getByRole('button', { name: text.enrol }).click()
      await shown(page)
      await page.reload()
      await shown(page)
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
      // Who leaves takes no phone along: the enrolment has ended with the badges.
      await page.getByText(text.failed.ended.what).waitFor()
      expect(await page.getByRole('img', { name: text.codeImage }).count()).toBe(0)
    })
  })

  test('is told each reason, since when, and what to do first', async () => {
    await visit({}, async ({ page }) => {
      await redeem(page, await inviteLapsed())
      await page.getByText(text.deniedTitle).waitFor()
      const card = page.getByRole('alert')
      await card.getByText(text.remedy.course).waitFor()
      expect(await card.getByRole('listitem').count()).toBeGreaterThan(1)
      expect(await card.getByRole('listitem').first().textContent()).toMatch(/^Training CB-\d+ has expired\.Since: \S+/)
      expect(await page.getByRole('link').count()).toBe(0)
      await page.getByRole('button', { name: text.recheck }).waitFor()
      // An issuer whose policy has addresses links to the one for the first reason, if it is harmless.
      for (const [link, count] of [['https://learning.example/101', 1], ['javascript:alert(1)', 0]] as const) {
        await alter(page, { denial: { description: 'not in good standing: training-missing:CB-101', link }, asked: seconds() })
        await page.reload()
        await page.getByText(text.denied['training-missing']('CB-101')).waitFor()
        expect(await page.getByRole('link', { name: text.remedyLink.course }).count()).toBe(count)
      }
    })
  })

  test('names the code when the server fails and there is nothing to show', async () => {
    await visit({}, async ({ page }) => {
      await enrol(page, await invite())
      await alter(page, { stock: [], asked: 0 })
      await page.route('**/token', (route) => route.fulfill({ status: 503, json: { error: 'temporarily_unavailable', error_description: 'try later' } }))
      await page.reload()
      await page.getByText(text.support('temporarily_unavailable: try later')).waitFor()
      await page.getByText(text.failed.busy.next).waitFor()
    })
  })

  test('shows nothing in the background, and a fresh code when it is back', async () => {
    await visit({}, async ({ page }) => {
      await enrol(page, await invite())
      const before = await scan(page)
      await background(page, true)
      await page.getByRole('img', { name: text.codeImage }).waitFor({ state: 'detached', timeout: 500 })
      await background(page, false)
      await shown(page)
      const after = await scan(page)
      expect(after).not.toBe(before)
      expect(await decide(after)).toMatchObject({ allow: true })
    })
  })
})

describe('a stock of badges', () => {
  /** The badge in the code on the screen. */
  const onScreen = async (page: Page) => {
    const presentation = await unpack(await scan(page))
    return readBadge(presentation.slice(0, presentation.lastIndexOf('~') + 1))
  }

  test('is shown one after the other without signal, and runs out at once', async () => {
    await visit({}, async ({ page, context }) => {
      await page.clock.install({ time: new Date() })
      await enrol(page, await invite())
      await page.evaluate(() => navigator.serviceWorker.ready)
      await context.setOffline(true)
      const first = await onScreen(page)
      const weekday = (seconds: number) => new Intl.DateTimeFormat('en-GB', { weekday: 'long', timeZone: 'Europe/Berlin' }).format(seconds * 1000)
      const last = first.expires + 86_400 - 300
      await page.getByText(`Works without signal until ${weekday(last)}`).waitFor()
      const left = async (seconds: number) => page.clock.setSystemTime(seconds * 1000)
      const codes = page.getByRole('img', { name: text.codeImage })

      await left(first.expires - 200)
      await page.clock.runFor(2_000)
      expect((await onScreen(page)).expires).toBe(first.expires)
      await left(first.expires - 100)
      await page.clock.runFor(2_000)
      await expect.poll(async () => (await onScreen(page)).expires).toBe(last)
      expect((await onScreen(page)).begins).toBe(first.expires - 300)
      await page.getByText('Connect this phone soon').waitFor({ state: 'detached' })

      await left(last - 3600)
      await page.clock.runFor(2_000)
      await page.getByText(/Connect this phone soon: in \d+ minutes/).waitFor()
      await page.reload()
      await shown(page)
      expect((await onScreen(page)).expires).toBe(last)

      await left(last - 2)
      await page.clock.runFor(1_000)
      expect(await codes.count()).toBe(1)
      await page.clock.runFor(2_000)
      expect(await codes.count()).toBe(0)
      await page.getByText(text.expiredTitle).waitFor()
      await page.getByText(text.expiredNext).waitFor()
    })
  })

  test('is replaced as a whole when it is renewed', async () => {
    await visit({}, async ({ page }) => {
      await enrol(page, await invite())
      const indices = () =>
        page.evaluate(
          (name) =>
            new Promise<string[]>((resolve) => {
              const opened = indexedDB.open(name)
              opened.onsuccess = () => {
                const got = opened.result.transaction('holder').objectStore('holder').get('this phone')
                got.onsuccess = () => (opened.result.close(), resolve((got.result as { stock: { badge: string }[] }).stock.map(({ badge }) => badge)))
              }
            }),
          `cyberbadge ${issuer}`,
        )
      const before = await indices()
      const renewed = page.waitForResponse((answer) => answer.url().endsWith('/notification'))
      await page.getByRole('button', { name: text.renew }).click()
      await renewed
      await page.getByRole('button', { name: text.renew }).waitFor()
      const after = await indices()
      expect([before.length, after.length]).toEqual([2, 2])
      expect(after.filter((badge) => before.includes(badge))).toEqual([])
      expect(after.map((badge) => readBadge(badge).boundTo)).toEqual(before.map((badge) => readBadge(badge).boundTo))
      expect(await decide(await scan(page))).toMatchObject({ allow: true })
    })
  })

  test('that the standing cuts short says why and until when', async () => {
    await visit({}, async ({ page }) => {
      await enrol(page, await invite())
      await alter(page, { life: 3 * 86_400, asked: seconds() })
      await page.reload()
      await page.getByText(/^Your equipment has to report again/).waitFor()
      await page.getByText(/^Unless that changes, your badge ends: \S+/).waitFor()
      await alter(page, { asked: seconds() + 7200 })
      await page.route('**/token', (route) => route.abort())
      await page.reload()
      await page.getByText(text.clockBack).waitFor()
    })
  })
})

describe('what the code reveals', () => {
  test('is the choice of its holder, and is kept', async () => {
    await visit({}, async ({ page }) => {
      await enrol(page, await invite())
      const everything = await onlyNames(page)
      expect(everything).toEqual(expect.arrayContaining(['given_name', 'family_name', 'organization', 'role', 'training', 'equipment']))
      await page.getByText(text.revealsTitle).click()
      for (const choice of ['role', 'training', 'equipment'] as const) await page.getByRole('checkbox', { name: text.claims[choice] }).uncheck()
      await page.getByText(text.leftOut([text.claims.role, text.claims.training, text.claims.equipment].join(', '))).waitFor()
      const fewer = everything.filter((name) => !['role', 'training', 'equipment'].includes(name))
      await expect.poll(() => onlyNames(page)).toEqual(fewer)
      expect(await decide(await scan(page))).toMatchObject({ allow: true, reason: 'ok' })

      await page.reload()
      await shown(page)
      expect(await onlyNames(page)).toEqual(fewer)
      await page.getByText(text.revealsTitle).click()
      expect(await page.getByRole('checkbox', { name: text.claims.role }).isChecked()).toBe(false)
      expect(await page.getByRole('checkbox', { name: text.claims.name }).isChecked()).toBe(true)
      await page.getByRole('checkbox', { name: text.claims.role }).check()
      await expect.poll(() => onlyNames(page)).toContain('role')
    })
  })

  /** The claims that are disclosed by the code on the screen. */
  async function onlyNames(page: Page): Promise<string[]> {
    const presentation = await unpack(await scan(page))
    // What follows the last tilde is the proof.
    return readBadge(presentation.slice(0, presentation.lastIndexOf('~') + 1)).discloses
  }
})

test('axe finds nothing, light or dark, from the narrowest phone on', async () => {
  for (const scheme of ['light', 'dark'] as const) {
    await visit({ scheme, before: axe }, async ({ page }) => {
      await page.setViewportSize({ width: 320, height: 568 })
      const invitation = await invite()
      await page.goto(`${issuer}/badge/`)
      await page.getByText(text.strangerWhat).waitFor()
      await accessible(page, `${scheme}, no badge`)
      await page.goto(invitation.link)
      await page.getByLabel(text.codeLabel, { exact: true }).waitFor()
      await accessible(page, `${scheme}, invited`)
      await enrol(page, await invite())
      await alter(page, { life: 3 * 86_400 })
      await page.reload()
      await shown(page)
      await page.getByText(text.revealsTitle).click()
      await page.getByRole('checkbox').first().uncheck()
      await accessible(page, `${scheme}, code`)
      const denial = { description: 'not in good standing: training-expired:CB-101 at 2026-11-01T08:00:00Z, device-stale:LT-1', link: 'https://learning.example/101' }
      await alter(page, { denial, asked: seconds() })
      await page.reload()
      await page.getByText(text.deniedTitle).waitFor()
      await accessible(page, `${scheme}, denied`)
    })
  }
})
