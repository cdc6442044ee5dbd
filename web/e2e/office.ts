import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { concernLink } from '../src/concern/reference.ts'
import { words as concernWords } from '../src/concern/words/index.ts'
import { words, type Words } from '../src/console/words/index.ts'
import { office, provider } from './browser.ts'

/** A badge as its holder has it. */
export interface IssuedBadge {
  id: string
  badge: string
}

/** A badge of another eligible person each time. */
export async function issue(): Promise<IssuedBadge> {
  const answer = await fetch(`${process.env.CYBERBADGE_CODES}/office/badge`, { method: 'POST' })
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  return JSON.parse(text) as IssuedBadge
}

/** Raises a concern as a customer does who was shown the badge; returns the receipt, which is the case's id. */
export async function raise(page: Page, { badge }: IssuedBadge, says: string): Promise<string> {
  const { iss, sub, status } = JSON.parse(Buffer.from(badge.split('.')[1] ?? '', 'base64url').toString()) as {
    iss: string
    sub: string
    status: { status_list: { uri: string; idx: number } }
  }
  const text = concernWords.en
  await page.goto(concernLink({ issuer: iss, subject: sub, status_list: status.status_list.uri, index: status.status_list.idx }) ?? '')
  await page.getByLabel(text.categories.behaviour).check()
  await page.getByLabel(text.textOptional).fill(says)
  await page.getByLabel(text.name).fill('Guard of Plant 7')
  await page.getByRole('button', { name: text.send }).click()
  return (await page.locator('.receipt').textContent()) ?? ''
}

/** The letters that arrived, as text. */
export function letters(): string[] {
  const inbox = process.env.CYBERBADGE_INBOX ?? ''
  return readdirSync(inbox)
    .filter((name) => name.endsWith('.eml'))
    .map((name) => fromQuotedPrintable(readFileSync(join(inbox, name), 'utf8')))
}

function fromQuotedPrintable(text: string): string {
  return text.replace(/=\r?\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
}

/** The link of the letter that tells the office of a case. */
export async function linkTo(receipt: string): Promise<string> {
  const link = `${office}/console/#case=${receipt}`
  await expect.poll(() => letters().some((letter) => letter.includes(link)), { timeout: 20_000 }).toBe(true)
  return link
}

/** Fills in the forms of the identity provider, whichever it shows, until it sends the browser back. */
export async function authenticate(page: Page, login: string): Promise<void> {
  await page.waitForURL(`${provider}/**`)
  while (page.url().startsWith(`${provider}/`)) {
    const form = page.locator('form').first()
    const before = page.url()
    if ((await form.locator('[name=login]').count()) > 0) {
      await form.locator('[name=login]').fill(login)
      await form.locator('[name=password]').fill('any')
    }
    await form.locator('[type=submit]').click()
    await page.waitForURL((url) => url.href !== before)
  }
}

/** Opens the console, signs in, and waits for what an officer sees. */
export async function signIn(page: Page, login: string, { to = `${office}/console/`, text = words.en }: { to?: string; text?: Words } = {}): Promise<void> {
  await page.goto(to)
  await page.getByRole('button', { name: text.door.signIn, exact: true }).click()
  await authenticate(page, login)
  await page.getByRole('button', { name: text.door.signOut }).waitFor()
}

/** Calls the API as the page does, with the session of whoever is signed in. */
export function ask<Answer>(page: Page, method: string, path: string, body?: object): Promise<Answer> {
  return page.evaluate(
    async ([method, path, body]) => {
      const answer = await fetch(path, { method, ...(body && { headers: { 'Content-Type': 'application/json' }, body }) })
      if (!answer.ok) throw new Error(await answer.text())
      return (await answer.json()) as Answer
    },
    [method, path, body && JSON.stringify(body)] as const,
  )
}

/** Proposes to revoke the badges of these people. */
export async function propose(page: Page, people: string[], reason: string): Promise<string> {
  const { id } = await ask<{ id: string }>(page, 'POST', '/v1/proposals', { kind: 'badges.revoke', payload: { people, reason: 'a van was robbed' }, reason })
  return id
}
