import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import type { Decision } from '../src/verifier/decision.ts'
import { messages, type Messages } from '../src/i18n/index.ts'

const desk = `${process.env.CYBERBADGE_CODES}/phones`

async function post<T>(path: string, body = ''): Promise<T> {
  const answer = await fetch(`${desk}/${path}`, { method: 'POST', body })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${path}: ${text}`)
  return JSON.parse(text) as T
}

export interface Invitation {
  link: string
  tx_code: string
  person_id: string
}

/** Invites another person each time, who may have a stock of badges. */
export const invite = () => post<Invitation>('invitation')

/** Invites somebody whose training has expired and whose equipment is not well. */
export const inviteLapsed = () => post<Invitation>('invitation?lapsed')

/** A customer's gate. */
export const decide = (code: string) => post<Decision>('decision', code)

export const dismiss = (person: string) => post<null>(`dismissal/${person}`)

/** Opens an invitation, enters its code and waits for what a badge makes of it. */
export async function enrol(page: Page, invitation: Invitation, text: Messages = messages.en): Promise<void> {
  await redeem(page, invitation, text)
  await shown(page, text)
}

export async function redeem(page: Page, { link, tx_code }: Invitation, text: Messages = messages.en): Promise<void> {
  await page.goto(link)
  await page.getByLabel(text.badge.codeLabel, { exact: true }).fill(tx_code)
  await page.getByRole('button', { name: text.badge.enrol }).click()
}

export const shown = (page: Page, text: Messages = messages.en) => page.getByRole('img', { name: text.badge.codeImage }).waitFor({ timeout: 15_000 })

/** Has the page believe that it went to the background, or came back. */
export async function background(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate((state) => {
    Object.defineProperty(document, 'visibilityState', { value: state, configurable: true })
    document.dispatchEvent(new Event('visibilitychange'))
  }, hidden ? 'hidden' : 'visible')
}

/** What a foreign reader reads off the screen. */
export async function scan(page: Page): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'cyberbadge-scan-'))
  try {
    const file = join(folder, 'screen.png')
    // Whoever has read on scrolls back before showing the code.
    await page.evaluate(() => scrollTo(0, 0))
    writeFileSync(file, await page.screenshot())
    return execFileSync('zbarimg', ['--quiet', '--raw', file], { encoding: 'utf8' }).trim()
  } finally {
    rmSync(folder, { recursive: true })
  }
}
