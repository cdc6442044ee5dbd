import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { quietFor } from '../src/console/useQuiet.ts'
import { words } from '../src/console/words/index.ts'
import { accessible, axe } from './axe.ts'
import { issuer, office, visit } from './browser.ts'
import { ask, authenticate, issue, letters, linkTo, propose, raise, signIn } from './office.ts'

const text = words.en

interface BadgeRecord {
  status: string
  person_id: string
}

const badgeOf = (page: Page, id: string) => ask<BadgeRecord>(page, 'GET', `/v1/badges/${id}`)
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()
const article = (page: Page, id: string) => page.locator(`article[aria-labelledby$="-${id}"]`)
const focused = (page: Page) => page.evaluate(() => document.activeElement?.id)

describe('at the door', () => {
  test('where no provider is configured it says so, and offers nothing', async () => {
    await visit({}, async ({ page, offences }) => {
      await page.goto(`${issuer}/console/`)
      await page.getByText(text.door.off.what).waitFor()
      expect(await page.getByRole('button').count()).toBe(0)
      expect(offences).toEqual([])
    })
  })

  test('somebody who is no officer is told so in words, and another can sign in', async () => {
    await visit({}, async ({ page }) => {
      await page.goto(`${office}/console/#case=ABC`)
      await press(page, text.door.signIn)
      await authenticate(page, 'eve')
      await page.getByText(text.door.refused.not_an_officer.what).waitFor()
      expect(page.url()).toBe(`${office}/console/#case=ABC`)
      await press(page, text.door.anotherAccount)
      await authenticate(page, 'zoe')
      await page.getByText(text.cases.missing.what).waitFor()
      expect(page.url()).toBe(`${office}/console/#case=ABC`)
    })
  })

  test('who signs out leaves nothing behind', async () => {
    await visit({}, async ({ page, context, offences }) => {
      await signIn(page, 'zoe')
      await page.getByText('Zoë Nuñez').waitFor()
      expect(await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie.length])).toEqual([0, 0, 0])
      await press(page, text.door.signOut)
      await page.getByText(text.door.signedOut).waitFor()
      expect(await page.getByRole('link', { name: text.door.endElsewhere }).getAttribute('href')).toMatch(/^https:\/\/127\.0\.0\.1:\d+\//)
      expect((await context.cookies(office)).filter(({ name }) => name.startsWith('__Host-'))).toEqual([])
      expect(offences).toEqual([])
      await page.reload()
      await page.getByRole('button', { name: text.door.signIn, exact: true }).waitFor()
    })
  })

  test('a session that ends is begun anew, and what was looked for is still there', async () => {
    await visit({}, async ({ page, context }) => {
      const badge = await issue()
      const receipt = await raise(page, badge, 'Looked around.')
      await signIn(page, 'zoe', { to: await linkTo(receipt) })
      await article(page, receipt).waitFor()
      await page.waitForLoadState('networkidle')
      await context.clearCookies({ domain: '127.0.0.1', name: '__Host-cyberbadge-office' })
      await article(page, receipt).getByRole('button', { name: text.cases.suspend }).click()
      await page.getByText(text.door.ended).waitFor()
      await press(page, text.door.signIn)
      await article(page, receipt).waitFor()
      expect(await focused(page)).toBe(`case-${receipt}`)
      expect((await badgeOf(page, badge.id)).status).toBe('valid')
    })
  })

  test('what nobody looks at for a quarter of an hour is put away', async () => {
    await visit({}, async ({ page }) => {
      await signIn(page, 'vic')
      await page.clock.install()
      await page.reload()
      await page.locator('.rows > li').first().waitFor()
      await page.clock.fastForward(quietFor + 60_000)
      await page.getByText(text.door.away).waitFor()
      expect(await page.getByText('Vic Moreau').count()).toBe(0)
      await press(page, text.door.showAgain)
      await page.getByText('Vic Moreau').waitFor()
    })
  })
})

test('from a customer’s concern to what becomes of it', async () => {
  const badge = await issue()
  let receipt = ''
  await visit({}, async ({ page }) => {
    receipt = await raise(page, badge, 'Opened a <b>cabinet</b>.\nTwice.')
  })
  await visit({ size: 'tablet' }, async ({ page, offences }) => {
    // The letter is opened by somebody who is not signed in.
    await signIn(page, 'olga', { to: await linkTo(receipt) })
    const shown = article(page, receipt)
    await shown.getByText('Opened a <b>cabinet</b>.').waitFor()
    await shown.getByText('Guard of Plant 7').waitFor()
    expect(await focused(page)).toBe(`case-${receipt}`)
    expect(page.url()).toBe(`${office}/console/#case=${receipt}`)
    const { display_name: name } = await ask<{ display_name: string }>(page, 'GET', `/v1/people/${(await badgeOf(page, badge.id)).person_id}`)
    await shown.getByText(name).waitFor()

    await shown.getByRole('button', { name: text.cases.suspend }).click()
    await shown.getByText(/^Suspended on this case since/).waitFor()
    expect((await badgeOf(page, badge.id)).status).toBe('suspended')
    await shown.getByRole('button', { name: text.cases.reinstate }).click()
    await shown.getByRole('button', { name: text.cases.suspend }).waitFor()
    expect((await badgeOf(page, badge.id)).status).toBe('valid')
    await shown.getByRole('button', { name: text.cases.suspend }).click()
    await shown.getByText(/^Suspended on this case since/).waitFor()

    await shown.getByText(text.cases.close, { exact: true }).click()
    await shown.getByRole('button', { name: text.cases.closeNow }).click()
    expect(await shown.locator('input:invalid').count()).toBeGreaterThan(0)
    await shown.getByLabel(text.cases.outcomes.upheld).check()
    await shown.getByLabel(text.cases.note).fill('The site has it on film.')
    await shown.getByRole('button', { name: text.cases.closeNow }).click()
    await shown.getByText(text.cases.closed(text.cases.outcomes.upheld)).waitFor()
    expect(await ask(page, 'GET', `/v1/cases/${receipt}`)).toMatchObject({ state: 'closed', outcome: 'upheld', note: 'The site has it on film.' })
    expect((await badgeOf(page, badge.id)).status).toBe('suspended')

    // Once more by the link, when it is over: the suspension can still be ended.
    await page.reload()
    await shown.getByText(text.cases.closed(text.cases.outcomes.upheld)).waitFor()
    await shown.getByRole('button', { name: text.cases.reinstate }).click()
    await shown.getByRole('button', { name: text.cases.reinstate }).waitFor({ state: 'detached' })
    expect((await badgeOf(page, badge.id)).status).toBe('valid')
    expect(offences).toEqual([])
  })
})

test('the program in figures, and who will lapse, when and why', async () => {
  await visit({ size: 'tablet' }, async ({ page, offences }) => {
    await signIn(page, 'zoe')
    const figure = (label: string) => page.locator('.figures > div', { hasText: label }).locator('dd')
    await expect.poll(() => figure(text.program.lapsing).textContent()).toMatch(/^\d+$/)
    expect(Number(await figure(text.program.people).textContent())).toBeGreaterThan(200)
    expect(Number(await figure(text.program.good).textContent())).toBeGreaterThan(100)

    const forecast = await ask<{ person_id: string; external_id: string; ends: boolean; reasons: string[] }[]>(page, 'GET', '/v1/program/forecast?days=30')
    const ends = new Set(forecast.filter((each) => each.ends).map((each) => each.person_id))
    expect(await figure(text.program.lapsing).textContent()).toBe(String(ends.size))
    const [first] = forecast
    if (!first) throw new Error('nobody in the sample lapses')
    const row = page.locator('.rows > li').first()
    await row.getByText(first.external_id).waitFor()
    const { display_name: name } = await ask<{ display_name: string }>(page, 'GET', `/v1/people/${first.person_id}`)
    await row.getByText(name).waitFor()
    expect(await row.locator('.why').textContent()).toMatch(/^(Training CB-\d+ expires|Device \S+ silent for too long)/)
    await expect.poll(() => page.locator('.rows > li').count()).toBe(Math.min(20, forecast.length))
    expect(offences).toEqual([])
  })
})

describe('what takes two', () => {
  test('is approved by a second admin, and by nobody else', async () => {
    const badges = [await issue(), await issue()]
    let id = ''
    let people: string[] = []
    await visit({ size: 'tablet' }, async ({ page, offences }) => {
      await signIn(page, 'zoe')
      people = await Promise.all(badges.map(async (each) => (await badgeOf(page, each.id)).person_id))
      id = await propose(page, people, 'Two phones with their codes were in it.')
      await page.reload()
      await article(page, id).getByText(text.proposals.own).waitFor()
      expect(await article(page, id).getByText(text.proposals.approve, { exact: true }).count()).toBe(0)
      expect(offences).toEqual([])
    })
    await visit({}, async ({ page }) => {
      await signIn(page, 'olga')
      await article(page, id).getByText(text.proposals.admins).waitFor()
      expect(await article(page, id).getByRole('button').count()).toBe(0)
    })
    await visit({ size: 'tablet' }, async ({ page, offences }) => {
      await signIn(page, 'ada')
      const shown = article(page, id)
      await shown.getByText('Zoë Nuñez').waitFor()
      await shown.getByText('Two phones with their codes were in it.').waitFor()
      await shown.getByText(text.proposals.revoke('2')).waitFor()
      for (const person of people) {
        const { display_name: name } = await ask<{ display_name: string }>(page, 'GET', `/v1/people/${person}`)
        await shown.getByText(name).waitFor()
      }
      // The provider knew who it is, and asked for no credentials of these minutes.
      await shown.getByText(text.proposals.approve, { exact: true }).click()
      expect(await shown.getByRole('button', { name: text.proposals.approveNow }).count()).toBe(0)
      await shown.getByRole('button', { name: text.door.signInAgain }).click()
      await authenticate(page, 'ada')
      await shown.getByText(text.proposals.approve, { exact: true }).click()
      await shown.getByRole('button', { name: text.proposals.approveNow }).click()
      await shown.getByText(text.proposals.states.executed).waitFor()
      for (const each of badges) expect((await badgeOf(page, each.id)).status).toBe('invalid')
      expect(offences).toEqual([])
    })
  })

  test('is refused with a reason, or withdrawn by who proposed it', async () => {
    const badge = await issue()
    let [refused, withdrawn] = ['', '']
    await visit({}, async ({ page }) => {
      await signIn(page, 'zoe')
      const { person_id: person } = await badgeOf(page, badge.id)
      refused = await propose(page, [person], 'The first.')
      withdrawn = await propose(page, [person], 'The second.')
      await page.reload()
      await article(page, withdrawn).getByRole('button', { name: text.proposals.withdraw }).click()
      await article(page, withdrawn).getByText(text.proposals.states.withdrawn).waitFor()
    })
    await visit({}, async ({ page }) => {
      await signIn(page, 'ada')
      const shown = article(page, refused)
      await shown.getByText(text.proposals.refuse, { exact: true }).click()
      await shown.getByLabel(text.proposals.refuseNote).fill('The phone was found.')
      await shown.getByRole('button', { name: text.proposals.refuseNow }).click()
      await shown.getByText(text.proposals.states.rejected).waitFor()
      expect(await article(page, withdrawn).count()).toBe(0)
      expect(await ask(page, 'GET', `/v1/proposals/${refused}`)).toMatchObject({ state: 'rejected', note: 'The phone was found.' })
      expect((await badgeOf(page, badge.id)).status).toBe('valid')
    })
  })

  test('takes a sign-in of these minutes, which leads back to it', async () => {
    const badge = await issue()
    let id = ''
    await visit({}, async ({ page }) => {
      await signIn(page, 'zoe')
      id = await propose(page, [(await badgeOf(page, badge.id)).person_id], 'The third.')
    })
    await visit({}, async ({ page }) => {
      await signIn(page, 'ada')
      const shown = article(page, id)
      const approve = async () => {
        await shown.getByText(text.proposals.approve, { exact: true }).click()
        await shown.getByRole('button', { name: text.proposals.approveNow }).click()
      }
      const again = async () => {
        await shown.getByRole('button', { name: text.door.signInAgain }).click()
        await authenticate(page, 'ada')
        await shown.waitFor()
        expect(await focused(page)).toBe(`proposal-${id}`)
      }
      await shown.getByText(text.proposals.approve, { exact: true }).click()
      await again()
      // As the issuer answers when that is six minutes ago.
      await page.route('**/approve', (route) => route.fulfill({ status: 403, json: { code: 'step_up_required', detail: 'Sign in again and repeat it.' } }))
      await approve()
      await shown.getByText(text.failed.fresh.what).waitFor()
      await page.unrouteAll()
      await again()
      await approve()
      await shown.getByText(text.proposals.states.executed).waitFor()
    })
  })
})

test('a viewer sees the program, and nothing that a viewer may not do', async () => {
  await visit({}, async ({ page, offences }) => {
    await signIn(page, 'vic')
    await page.getByRole('heading', { name: text.forecast.title }).waitFor()
    await page.getByRole('article').first().waitFor()
    for (const title of [text.cases.title, text.proposals.title]) expect(await page.getByRole('heading', { name: title }).count()).toBe(0)
    expect(await page.getByRole('button', { name: text.messages.resend }).count()).toBe(0)
    await page.evaluate(() => (location.hash = '#case=ABC'))
    await page.getByText(text.cases.notYours.what).waitFor()
    expect(offences).toEqual([])
  })
})

test.each([
  ['fr-FR', words.fr],
  ['de-AT', words.de],
  ['es-MX', words.es],
] as const)('in the reader’s language: %s', async (locale, own) => {
  await visit({ locale }, async ({ page }) => {
    await signIn(page, 'zoe', { text: own })
    for (const { title } of [own.program, own.cases, own.proposals, own.messages, own.forecast]) await page.getByRole('heading', { name: title }).waitFor()
    expect(await page.title()).toBe(`${own.title} · Cyber Badge`)
  })
})

test.each([
  ['light', 'en-GB'],
  ['dark', 'de-DE'],
] as const)('everybody can read it, from the narrowest phone on: %s, %s', async (scheme, locale) => {
  const own = locale === 'de-DE' ? words.de : words.en
  const badge = await issue()
  let receipt = ''
  await visit({}, async ({ page }) => {
    receipt = await raise(page, badge, `Without a place to break: ${'x'.repeat(80)}`)
  })
  await visit({ scheme, locale, before: axe }, async ({ page }) => {
    await page.setViewportSize({ width: 320, height: 568 })
    await page.goto(`${office}/console/#case=${receipt}`)
    await page.getByRole('button', { name: own.door.signIn, exact: true }).waitFor()
    await accessible(page, 'door')
    await press(page, own.door.signIn)
    await authenticate(page, 'zoe')
    const proposal = await propose(page, [(await badgeOf(page, badge.id)).person_id], 'For the test.')
    await page.reload()
    await page.locator('.rows > li').first().waitFor()
    for (const id of [receipt, proposal]) await article(page, id).waitFor()
    for (const summary of await page.locator('summary').all()) await summary.click()
    await accessible(page, 'desk')
    await page.route('**/v1/program/status', (route) => route.fulfill({ status: 503, json: { code: 'overloaded', detail: 'Try again.', instance: 'urn:cyberbadge:request:ABC' } }))
    await page.reload()
    await page.getByText(own.failed.busy.what).waitFor()
    await accessible(page, 'failed')
    await page.unrouteAll()
    await page.reload()
    await article(page, proposal).getByRole('button', { name: own.proposals.withdraw }).click()
    await article(page, proposal).getByText(own.proposals.states.withdrawn).waitFor()
  })
})

test('what could not be delivered is sent again', async () => {
  await visit({}, async ({ page, offences }) => {
    await signIn(page, 'olga')
    const stuck = page.locator('article', { hasText: text.messages.kinds.restored })
    await stuck.getByText('550 mailbox unavailable').waitFor()
    const before = letters().length
    await stuck.getByRole('button', { name: text.messages.resend }).click()
    await stuck.getByText(text.messages.queued).waitFor()
    await expect.poll(() => letters().length, { timeout: 20_000 }).toBeGreaterThan(before)
    await page.reload()
    await page.getByText(text.messages.none).waitFor()
    await expect.poll(() => page.locator('.figures > div', { hasText: text.program.dead }).locator('dd').textContent()).toBe('0')
    expect(offences).toEqual([])
  })
})
