import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { messages, type Messages } from '../src/i18n/index.ts'
import type { Reason, Verdict } from '../src/verifier/decision.ts'
import { accessible, axe } from './axe.ts'
import { code, issuer, visit, type Options } from './browser.ts'

const en = messages.en

async function expectResult(page: Page, verdict: Verdict, what: string, text: Messages = en) {
  const result = page.getByRole('alert')
  await result.waitFor({ timeout: 30_000 })
  expect(await result.getByRole('heading').textContent()).toBe(text.verdict[verdict])
  expect(await result.locator('.what').textContent()).toBe(what)
  expect(await result.getAttribute('class')).toBe(`result ${verdict}`)
}

/** Opens a code as a camera does. */
async function scan(kind: string, then: (page: Page) => Promise<void>, options: Options = {}) {
  const text = await code(kind)
  await visit(options, async ({ page, offences }) => {
    await page.goto(text)
    await then(page)
    expect(offences).toEqual([])
  })
}

const cases: { kind: string; verdict: Verdict; reason: Reason; shown: boolean; code: string }[] = [
  { kind: 'allowed', verdict: 'yes', reason: 'ok', shown: true, code: 'ok' },
  { kind: 'pictured', verdict: 'yes', reason: 'ok', shown: true, code: 'ok' },
  { kind: 'stale', verdict: 'no', reason: 'stale_presentation', shown: false, code: 'kb_iat_out_of_window' },
  { kind: 'revoked', verdict: 'no', reason: 'revoked', shown: true, code: 'status_revoked' },
  { kind: 'suspended', verdict: 'no', reason: 'suspended', shown: true, code: 'status_suspended' },
  { kind: 'changed', verdict: 'no', reason: 'bad_signature', shown: false, code: 'signature_invalid' },
  { kind: 'copied', verdict: 'no', reason: 'holder_binding_missing', shown: false, code: 'kb_missing' },
  { kind: 'remote', verdict: 'no', reason: 'access_not_granted', shown: true, code: 'access_not_granted' },
  { kind: 'smuggled', verdict: 'unsure', reason: 'untrusted_issuer', shown: false, code: 'claim_iss_untrusted' },
]

describe('a code that a camera opens', () => {
  test.each(cases)('$kind: $verdict', async (expected) => {
    await scan(expected.kind, async (page) => {
      await expectResult(page, expected.verdict, en.reason[expected.reason].what)
      expect(await page.locator('.person').count()).toBe(expected.shown ? 1 : 0)
      expect(await page.locator('.small code').first().textContent()).toBe(expected.code)
      // Nothing of the code stays where somebody could find it.
      expect(new URL(page.url()).hash).toBe('')
      expect(await page.evaluate(() => history.length)).toBeLessThanOrEqual(2)
      expect(await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie.length])).toEqual([0, 0, 0])
    })
  })

  test('says who it is, until when, and what to compare', async () => {
    await scan('pictured', async (page) => {
      await expectResult(page, 'yes', en.reason.ok.what)
      const facts = await page.locator('.facts').textContent()
      expect(facts).toContain('On site · Remote')
      expect(facts).toContain('CB-101')
      expect(await page.locator('.portrait').evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(240)
      const compare = await page.locator('.compare').textContent()
      expect(compare).toContain(en.check.compareFace)
      expect(compare).toContain(new URL(issuer).host)
    })
  })

  test('in each language of the reader', async () => {
    for (const [locale, text] of [['fr-FR', messages.fr], ['de-AT', messages.de], ['es-MX', messages.es], ['pt-BR', messages.en]] as const) {
      await scan('revoked', async (page) => expectResult(page, 'no', text.reason.revoked.what, text), { locale })
    }
  })

  test('a name that is a page stays a name, and a picture that was exchanged is not shown', async () => {
    const text = await code('scripted')
    await visit({}, async ({ page, offences }) => {
      await page.goto(text)
      await expectResult(page, 'yes', en.reason.ok.what)
      expect(await page.locator('.person h2').textContent()).toBe('<img src=x onerror=alert(1)> <b>Bold</b>')
      expect(await page.locator('img').count()).toBe(0)
      expect(await page.locator('.compare').textContent()).toContain(en.check.compareIdentity)
      // Chromium reports the picture whose digest is another.
      expect(offences.filter((each) => !each.includes('integrity'))).toEqual([])
    })
  })
})

describe('a page that is open already', () => {
  test('takes the next code, and the same one only once', async () => {
    const first = await code('allowed')
    const second = await code('revoked')
    await visit({}, async ({ page, offences }) => {
      await page.goto(first)
      await expectResult(page, 'yes', en.reason.ok.what)
      await page.evaluate((hash) => (location.hash = hash), new URL(second).hash)
      await page.getByText(en.reason.revoked.what).waitFor()
      await page.evaluate((hash) => (location.hash = hash), new URL(first).hash)
      await page.getByText(en.reason.replayed.what).waitFor()
      expect(new URL(page.url()).hash).toBe('')
      expect(offences).toEqual([])
    })
  })

  test('puts the answer away', async () => {
    await scan('allowed', async (page) => {
      await expectResult(page, 'yes', en.reason.ok.what)
      await page.evaluate(() => dispatchEvent(new Event('pagehide')))
      await page.getByText(en.check.cleared).waitFor()
      expect(await page.locator('.person').count()).toBe(0)
    })
  })

  test('explains itself, and takes what is pasted', async () => {
    const texts: [string, Verdict, Reason][] = [
      ['hello', 'unsure', 'malformed'],
      ['https://menu.example/today', 'unsure', 'malformed'],
      [await code('elsewhere'), 'unsure', 'untrusted_issuer'],
      [await code('allowed'), 'yes', 'ok'],
    ]
    await visit({}, async ({ page, offences }) => {
      await page.goto(`${issuer}/c`)
      await page.getByText(en.check.explanation).waitFor()
      expect(await page.evaluate(() => performance.getEntriesByType('resource').some((each) => each.name.includes('.wasm')))).toBe(false)
      for (const [text, verdict, reason] of texts) {
        await page.getByLabel(en.check.paste).fill(text)
        await page.getByRole('button', { name: en.check.submit }).click()
        await expectResult(page, verdict, en.reason[reason].what)
        await page.getByRole('button', { name: en.check.another }).click()
      }
      expect(offences).toEqual([])
    })
  })
})

describe('when nothing can be checked', () => {
  test.each([
    ['no connection', '/trust-list.json', 'abort', 'offline'],
    ['no verifier', '**/*.wasm', 'abort', 'offline'],
    ['a server that fails', '/trust-list.json', 'fail', 'unavailable'],
  ] as const)('%s', async (_name, path, how, failure) => {
    const text = await code('allowed')
    await visit({}, async ({ page }) => {
      await page.route(path.startsWith('/') ? `${issuer}${path}` : path, (route) =>
        how === 'abort' ? route.abort() : route.fulfill({ status: 503, body: '' }),
      )
      await page.goto(text)
      await expectResult(page, 'unsure', en.check.failed[failure].what)
      await page.unrouteAll()
      await page.getByRole('button', { name: en.check.again }).click()
      await page.getByText(en.reason.ok.what).waitFor()
    })
  })

  test('no list', async () => {
    const text = await code('allowed')
    await visit({}, async ({ page }) => {
      await page.route(`${issuer}/status-lists/**`, (route) => route.fulfill({ status: 200, contentType: 'text/html', body: '<h1>Welcome to the hotel</h1>' }))
      await page.goto(text)
      await expectResult(page, 'unsure', en.reason.status_unavailable.what)
    })
  })

  test('a browser without WebAssembly', async () => {
    const text = await code('allowed')
    await visit({ before: 'delete globalThis.WebAssembly' }, async ({ page, offences }) => {
      await page.goto(text)
      await expectResult(page, 'unsure', en.check.failed.old_browser.what)
      expect(offences).toEqual([])
    })
  })

  test('a phone whose clock is an hour off is put right', async () => {
    const before = 'const now = Date.now; Date = class extends Date { constructor(...a) { a.length ? super(...a) : super(now() + 3600e3) } static now() { return now() + 3600e3 } }'
    await scan('allowed', async (page) => expectResult(page, 'yes', en.reason.ok.what), { before })
  })
})

describe.each(['light', 'dark'] as const)('everybody can read it, %s', (scheme) => {
  test.each(['', 'pictured', 'revoked', 'smuggled'])('%s', async (kind) => {
    const address = kind === '' ? `${issuer}/c` : await code(kind)
    await visit({ scheme, before: axe }, async ({ page }) => {
      await page.goto(address)
      await page.getByRole('heading').first().waitFor()
      if (kind !== '') await page.getByRole('alert').waitFor()
      for (const each of await page.locator('summary').all()) await each.click()
      await accessible(page, kind)
    })
  })
})
