import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { words } from '../src/gate/words/index.ts'
import { accessible, axe } from './axe.ts'
import { code as codeOf, customer, issuer, screenshot, visit } from './browser.ts'
import { writeClip } from './clip.ts'
import { admin, admit, contrast, Holder, next, pair, readPicture, refused, scan, smallPrint, type } from './gate.ts'
import { enrol, invite } from './phone.ts'

const text = words.en

let folder: string
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'cyberbadge-gate-'))))
afterAll(() => rmSync(folder, { recursive: true }))

describe('from a phone to a gate', () => {
  test('the screen of a phone, before the camera: the photo, then green; revoked, then red', async () => {
    const screen = join(folder, 'phone.png')
    const invitation = await invite()
    await visit({}, async ({ page }) => {
      await enrol(page, invitation)
      writeFileSync(screen, await page.screenshot())
    })
    const shown = readPicture(screen)
    const clip = join(folder, 'phone.y4m')
    writeClip(clip, [{ seconds: 1 }, { seconds: 1, code: 'https://menu.example/' }, { seconds: 1, code: shown, torn: true }, { seconds: 3, code: shown }])
    await visit({ camera: clip, size: 'tablet' }, async ({ page, offences }) => {
      await pair(page, 'North')
      await page.locator('.photo-step').waitFor({ timeout: 20_000 })
      await screenshot(page, 'proof-photo-step')
      await admit(page)
      // The same screen, dropped on the gate as a picture.
      await page.locator('input[type=file]').setInputFiles(screen)
      await page.locator('.photo-step').waitFor()
      expect(await page.locator('.chip.again').textContent()).toBe(text.photo.again)
      expect(offences).toEqual([])
    })
  })

  test('a badge that is revoked: red as soon as the list is due', async () => {
    await visit({ size: 'tablet' }, async ({ page, offences }) => {
      await pair(page, 'North')
      const holder = await Holder.arrive()
      await scan(page, await holder.code())
      await page.locator('img.photo').waitFor()
      await admit(page)
      await holder.revoke()
      await expect
        .poll(
          async () => {
            await scan(page, await holder.code())
            const isRed = await page.locator('.verdict.no').isVisible()
            if (isRed) return 'red'
            await page.locator('.answer.mismatch').click()
            await next(page)
            return 'not yet'
          },
          { timeout: 10_000, interval: 300 },
        )
        .toBe('red')
      await refused(page, 'no', 'status_revoked')
      await screenshot(page, 'proof-revoked')
      expect(offences).toEqual([])
    })
  })

  test('somebody else with the phone is refused, and nothing of them is kept', async () => {
    await visit({}, async ({ page }) => {
      await pair(page, 'North')
      const holder = await Holder.arrive()
      await scan(page, await holder.code())
      await page.locator('.answer.mismatch').click()
      await refused(page, 'no', 'photo_mismatch')
      await page.getByText(text.reason.photo_mismatch.what).waitFor()
      const link = await page.getByRole('link', { name: text.verdict.tell }).getAttribute('href')
      expect(link).toMatch(new RegExp(`^${issuer}/concern#list=${issuer}/status-lists/\\d+&index=\\d+&sub=[\\w-]{22}&about=not_the_person$`))
      await page.getByRole('button', { name: text.verdict.help }).click()
      const drawn = join(folder, 'concern.png')
      await page.locator('.tell-by-phone svg').screenshot({ path: drawn })
      expect(readPicture(drawn)).toBe(link)
      await next(page)
      await expect.poll(async () => (await admin.visits()).at(-1)).toMatchObject({ event: 'refused', reason: 'photo_mismatch' })
      expect((await admin.visits()).at(-1)?.badge).toBeUndefined()
    })
  })

  test('without a portrait the guard is asked for a document', async () => {
    await visit({}, async ({ page }) => {
      await pair(page, 'North')
      const holder = await Holder.arrive('faceless')
      await scan(page, await holder.code())
      await page.getByText(text.photo.noPortrait).waitFor()
      await page.getByRole('button', { name: text.photo.documentMatch }).click()
      await page.locator('.verdict.yes').waitFor()
    })
  })

  test('what a gate asks for is settled when it is paired', async () => {
    await visit({}, async ({ page }) => {
      await pair(page, 'Switchgear', { policy: 'switchgear' })
      await page.locator('.place strong', { hasText: 'switchgear' }).waitFor()
      await page.locator('.place strong', { hasText: 'Plant 7' }).waitFor()
      const holder = await Holder.arrive()
      await scan(page, await holder.code())
      await admit(page)
    })
  })
})

describe('one code', () => {
  test('is stale after a while, good again here, and good nowhere else', async () => {
    await visit({}, async ({ page }) => {
      await pair(page, 'North')
      const holder = await Holder.arrive()
      await scan(page, await holder.code(100))
      await refused(page, 'no', 'kb_iat_out_of_window')
      await page.getByText(words.en.help.live).waitFor({ state: 'detached' })
      await page.getByRole('button', { name: text.verdict.help }).click()
      await page.getByText(words.en.help.live).waitFor()
      await screenshot(page, 'proof-stale-help')
      await next(page)
      const code = await holder.code()
      await scan(page, code)
      await admit(page)
      await scan(page, code)
      await page.locator('.chip.again').waitFor()
      await admit(page)
      await visit({}, async ({ page: other }) => {
        await pair(other, 'South')
        await scan(other, code)
        await refused(other, 'no', 'kb_nonce_replayed')
        await screenshot(other, 'proof-replayed')
      })
    })
  })
})

describe('what is not a badge', () => {
  test('a stranger’s code is a quiet word', async () => {
    await visit({}, async ({ page }) => {
      await pair(page, 'North')
      await type(page, 'https://menu.example/today')
      await page.getByText(text.camera.foreign).waitFor()
      expect(await page.locator('.verdict').count()).toBe(0)
    })
  })

  test('another company’s badge is nobody’s fault', async () => {
    await visit({}, async ({ page }) => {
      await pair(page, 'North')
      await scan(page, await codeOf('elsewhere'))
      await refused(page, 'unsure', 'claim_iss_untrusted')
    })
  })

  test('a picture without a code, and a file that is no picture', async () => {
    await visit({}, async ({ page }) => {
      await pair(page, 'North')
      const empty = join(folder, 'empty.png')
      writeFileSync(empty, await page.screenshot())
      await page.locator('input[type=file]').setInputFiles(empty)
      await page.getByText(text.camera.trouble.picture_without_code.what).waitFor()
      await page.locator('input[type=file]').setInputFiles({ name: 'x.png', mimeType: 'image/png', buffer: Buffer.from('none') })
      await page.getByText(text.camera.trouble.picture_unreadable.what).waitFor()
    })
  })

  test('a name that is markup stays a name', async () => {
    await visit({}, async ({ page, offences }) => {
      await pair(page, 'North')
      await scan(page, await codeOf('scripted'))
      await page.getByText('<img src=x onerror=alert(1)>').first().waitFor()
      // Its picture is not the one that was signed.
      await page.getByText(text.photo.unavailable).waitFor()
      await admit(page)
      expect(offences.filter((each) => !each.includes('404'))).toEqual([])
    })
  })
})

describe('a scanner that types', () => {
  /** How an American scanner's keys come out on a German computer. */
  const german = (text: string) => text.replace(/[:/#?&YZyz-]/g, (each) => ({ ':': 'Ö', '/': '-', '#': '§', Y: 'Z', Z: 'Y', y: 'z', z: 'y', '-': 'ß' })[each] ?? each)

  test('on a keyboard of another country: its codes are understood, anything else is told so', async () => {
    await visit({}, async ({ page }) => {
      await pair(page, 'North')
      const holder = await Holder.arrive()
      const code = await holder.code()
      expect(german(code)).not.toBe(code)
      await scan(page, german(code))
      await page.locator('.photo-step').waitFor()
      await page.locator('.answer.mismatch').click()
      await next(page)
      await type(page, 'HTTPSÖ--0123456789')
      await page.getByText(text.camera.trouble.keyboard_layout.what).waitFor()
    })
  })
})

describe('without the service', () => {
  afterAll(admin.start)

  test('a gate decides, keeps what it did, and sends it once', async () => {
    await visit({ size: 'tablet' }, async ({ page }) => {
      await pair(page, 'Far')
      const people = await Promise.all(Array.from({ length: 10 }, () => Holder.arrive('faceless')))
      const gone = await Holder.arrive('faceless')
      await gone.revoke()
      // The lists of this tablet know of it once they were fetched again.
      await expect.poll(() => listHas(page, gone), { timeout: 30_000, interval: 500 }).toBe('status_revoked')
      await admin.stop()
      for (const each of people) {
        await scan(page, await each.code())
        await page.locator('.photo-step').waitFor()
        await admit(page)
      }
      await page.locator('.chip', { hasText: text.camera.offline }).waitFor()
      await page.getByText(text.camera.unsent('10')).waitFor()
      await screenshot(page, 'proof-offline')
      await scan(page, await gone.code())
      await refused(page, 'no', 'status_revoked')
      expect(await smallPrint(page)).toContain(text.verdict.byGate)
      await screenshot(page, 'proof-offline-revoked')
      const before = (await admin.visits()).length
      await page.reload()
      await page.getByText(text.camera.unsent('11')).waitFor()
      await scan(page, await (people[0] as Holder).code())
      await page.locator('.photo-step').waitFor()
      await page.reload()
      await admin.start()
      await page.getByText(text.camera.unsent('11')).waitFor({ state: 'detached', timeout: 20_000 })
      const kept = (await admin.visits()).slice(before)
      expect(kept.filter(({ event, offline }) => event === 'admitted' && offline)).toHaveLength(10)
      expect(kept.filter(({ event }) => event === 'refused')).toHaveLength(1)
      expect(new Set(kept.map(({ id }) => id)).size).toBe(kept.length)
      expect(new Set((await admin.present()).map(({ badge }) => badge.subject)).size).toBe((await admin.present()).length)
    })
  })

  test('past the limit nobody gets in, and the gate says why', async () => {
    await visit({}, async ({ page, context }) => {
      await pair(page, 'Far')
      const holder = await Holder.arrive('faceless')
      await page.clock.install()
      await page.reload()
      await page.locator('.chip.good').waitFor()
      await context.setOffline(true)
      await page.clock.fastForward('11:00')
      await page.locator('.chip.warned', { hasText: 'nobody gets in' }).waitFor()
      await scan(page, await holder.code(-660))
      await page.locator('.photo-step').waitFor()
      await page.locator('.answer.mismatch').waitFor()
      await page.clock.fastForward('01:00')
      await page.locator('.answer.match:enabled').click()
      await page.locator('.verdict.yes').waitFor()
      await page.clock.fastForward('00:01')
      await page.locator('.camera-screen:not([inert])').waitFor()
      await page.clock.fastForward('04:00')
      await page.locator('.chip.failed').waitFor()
      await scan(page, await holder.code(-961))
      await refused(page, 'unsure', 'status_stale')
      await page.getByText(text.reason.status_stale.what).waitFor()
      await screenshot(page, 'proof-stale-lists')
    })
  })

  test('a service that is slow is not waited for', async () => {
    await visit({}, async ({ page }) => {
      await pair(page, 'Far')
      const holder = await Holder.arrive('faceless')
      await page.route('**/gate/v1/decisions', () => undefined)
      await scan(page, await holder.code())
      await page.locator('.photo-step').waitFor({ timeout: 3_000 })
      await page.locator('.answer.match:enabled').click()
      expect(await smallPrint(page)).toContain(text.verdict.byGate)
    })
  })
})

/** What this tablet says of a badge by itself. */
async function listHas(page: Page, holder: Holder): Promise<string> {
  await page.route('**/gate/v1/decisions', (route) => route.abort())
  await scan(page, await holder.code())
  const code = (await page.locator('.verdict').count()) > 0 ? ((await smallPrint(page)) ?? '').split(' ')[0] : 'yes'
  if (code === 'yes') await page.locator('.answer.mismatch').click()
  await next(page)
  await page.unroute('**/gate/v1/decisions')
  return code ?? ''
}

describe('the register', () => {
  test('who came in and left, on the gate and for the admin', async () => {
    await visit({ size: 'tablet' }, async ({ page, offences }) => {
      await pair(page, 'North')
      const [first, second] = [await Holder.arrive('faceless'), await Holder.arrive('faceless')]
      const before = (await admin.present()).length
      for (const each of [first, second]) {
        await scan(page, await each.code())
        await admit(page)
      }
      await expect.poll(async () => (await admin.present()).length).toBe(before + 2)
      await page.getByRole('button', { name: text.camera.outMode }).click()
      await type(page, await first.code())
      await page.locator('.verdict.left').waitFor()
      await page.locator('.verdict').waitFor({ state: 'detached' })
      await expect.poll(async () => (await admin.present()).length).toBe(before + 1)
      await page.getByRole('button', { name: text.camera.present, exact: true }).click()
      await page.locator('.people').waitFor()
      await screenshot(page, 'proof-present')
      const row = page.locator('.people tbody tr').last()
      await row.getByRole('button').click()
      await row.getByRole('button').click()
      await expect.poll(async () => (await admin.present()).length).toBe(before)
      expect(offences).toEqual([])
    })
  })

  test('an ended gate says so and lets nobody in', async () => {
    await visit({}, async ({ page }) => {
      await pair(page, 'Stolen')
      const { id } = (await admin.gates()).find(({ name }) => name === 'Stolen') ?? { id: '' }
      await admin.end(id)
      await type(page, await (await Holder.arrive('faceless')).code())
      await page.getByText(text.pairing.ended.what).waitFor({ timeout: 40_000 })
      await screenshot(page, 'proof-ended')
    })
  })
})

test('axe finds nothing, and the verdict stands out, light and dark', async () => {
  for (const scheme of ['light', 'dark'] as const) {
    await visit({ scheme, before: axe }, async ({ page }) => {
      await page.setViewportSize({ width: 320, height: 568 })
      await page.goto(`${customer}/gate/`)
      await page.locator('#pairing-code').waitFor()
      await accessible(page, `${scheme}, pairing`)
      await pair(page, 'North')
      await accessible(page, `${scheme}, camera`)
      const holder = await Holder.arrive()
      await scan(page, await holder.code())
      await page.locator('img.photo').waitFor()
      await accessible(page, `${scheme}, photo`)
      await page.locator('.answer.mismatch').click()
      await page.locator('.verdict.no').waitFor()
      await accessible(page, `${scheme}, no`)
      expect(await contrast(page), `${scheme}, no`).toBeGreaterThanOrEqual(7)
      await next(page)
      await scan(page, await codeOf('elsewhere'))
      await accessible(page, `${scheme}, unsure`)
      expect(await contrast(page), `${scheme}, unsure`).toBeGreaterThanOrEqual(7)
      await next(page)
      await page.clock.install()
      await scan(page, await holder.code())
      await page.clock.fastForward(1_000)
      await page.locator('.answer.match:enabled').click()
      await page.locator('.verdict.yes').waitFor()
      expect(await contrast(page), `${scheme}, yes`).toBeGreaterThanOrEqual(7)
    })
  }
})
