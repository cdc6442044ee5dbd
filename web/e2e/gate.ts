import { execFileSync } from 'node:child_process'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import type { Presence, VisitRecord } from '../src/gate/contract.ts'
import { words, type Words } from '../src/gate/words/index.ts'

const desk = `${process.env.CYBERBADGE_CODES}/gates`

async function post<T>(path: string): Promise<T> {
  const answer = await fetch(`${desk}/${path}`, { method: 'POST' })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${path}: ${text}`)
  return JSON.parse(text) as T
}

/** What the customer's admin does, by the commands of the program. */
export const admin = {
  invite: (name: string, policy = '') => post<{ code: string; link: string }>(`invitation/${encodeURIComponent(name)}?policy=${policy}`),
  gates: () => post<{ id: string; name: string }[]>('list'),
  end: (id: string) => post<null>(`end/${id}`),
  present: () => post<Presence[]>('present'),
  visits: () => post<VisitRecord[]>('visits'),
  start: () => post<null>('start'),
  stop: () => post<null>('stop'),
}

/** A badge of another person each time, as somebody shows it. */
export class Holder {
  private constructor(private readonly id: string) {}

  static async arrive(what = ''): Promise<Holder> {
    return new Holder((await post<{ id: string }>(`badge?${what}`)).id)
  }

  /** A code of this instant, or of so many seconds ago. */
  code(age = 0): Promise<string> {
    return post<string>(`badge/${this.id}/code?age=${age}`)
  }

  revoke(): Promise<null> {
    return post<null>(`badge/${this.id}/revoke`)
  }

  suspend(): Promise<null> {
    return post<null>(`badge/${this.id}/revoke?suspend`)
  }
}

/** Makes the page a gate and goes to its camera. */
export async function pair(page: Page, name: string, { policy = '', text = words.en }: { policy?: string; text?: Words } = {}): Promise<void> {
  const { link } = await admin.invite(name, policy)
  await page.goto(link)
  await page.getByRole('button', { name: text.pairing.submit }).click()
  await page.getByRole('button', { name: text.cards.skip }).click()
  await page.locator('.chip.good').waitFor()
  await page.getByText(text.camera.lists('').trim().split(' ')[0] ?? '').first().waitFor()
}

/** What a scanner does that types. */
export async function type(page: Page, text: string): Promise<void> {
  await page.locator('.camera-screen').waitFor()
  await page.evaluate((text) => {
    for (const key of [...text, 'Enter']) {
      for (const kind of ['keydown', 'keyup']) (document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent(kind, { key, bubbles: true, cancelable: true }))
    }
  }, text)
}

/** Types a code, and waits for what the gate makes of it. */
export async function scan(page: Page, code: string): Promise<void> {
  await type(page, code)
  await page.locator('.photo-step, .verdict').first().waitFor()
}

/** Says that the person is the one of the photo, and waits for the camera. */
export async function admit(page: Page): Promise<void> {
  await page.locator('.answer.match:enabled').click()
  await page.locator('.verdict.yes').waitFor()
  await page.locator('.verdict').waitFor({ state: 'detached' })
}

/** People who were let in and should not be there. */
export const alert = (page: Page) => page.locator('.alert')

/** Long enough for a busy machine, and far from the half minute after which a gate asks by itself. */
export const atOnce = 8_000 // milliseconds

export const smallPrint = (page: Page) => page.locator('.small-print').textContent()

/** The verdict, with the check that failed. */
export async function refused(page: Page, verdict: 'no' | 'unsure', code: string): Promise<void> {
  await page.locator(`.verdict.${verdict}`).waitFor()
  expect(await smallPrint(page)).toContain(code)
}

export const next = (page: Page, text: Words = words.en) => page.getByRole('button', { name: text.verdict.next }).click()

/** The text of a QR code in a picture, by another reader. */
export function readPicture(file: string): string {
  return execFileSync('zbarimg', ['--quiet', '--raw', file], { encoding: 'utf8' }).trim()
}

/** Of a word, the verdict's, to what is behind it (WCAG 2.2, 1.4.6). */
export function contrast(page: Page, of = '#verdict', behind = '.verdict'): Promise<number> {
  return page.evaluate(([of, behind]) => {
    const shine = (color: string) => {
      const [r = 0, g = 0, b = 0] = (color.match(/[\d.]+/g) ?? []).map((each) => {
        const part = Number(each) / 255
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
      })
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    const word = document.querySelector(of) as HTMLElement
    const screen = word.closest(behind) as HTMLElement
    const [low = 0, high = 0] = [shine(getComputedStyle(word).color), shine(getComputedStyle(screen).backgroundColor)].sort((a, b) => a - b)
    return (high + 0.05) / (low + 0.05)
  }, [of, behind] as const)
}

/** A bundle in a file. */
export interface BundleFile {
  path: string
  number: number
}

/** What the issuer's admin and the customer's do with bundles; only there at a site that works from them. */
export const bundles = {
  export: (customer = 'plant-7', life = '720h') => post<BundleFile>(`bundle/export?for=${customer}&life=${life}`),
  import: ({ path }: BundleFile) => post<null>(`bundle/import?path=${encodeURIComponent(path)}`),
}
