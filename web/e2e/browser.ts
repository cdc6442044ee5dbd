import { mkdtempSync, mkdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type BrowserContext, type ConsoleMessage, type Page } from 'playwright-core'

/** What web/e2e/pages_test.go tells. */
function given(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: run these tests with make pages`)
  return value
}

export const issuer = given('CYBERBADGE_ISSUER')

/** The verifier's service of a customer; only there for the tests of its gates. */
export const customer = process.env.CYBERBADGE_CUSTOMER ?? ''

/** A program office, and the identity provider of its officers; the same. */
export const office = process.env.CYBERBADGE_OFFICE ?? ''
export const provider = process.env.CYBERBADGE_PROVIDER ?? ''

/** A fresh gate code of that kind; see codes_test.go. */
export async function code(kind: string): Promise<string> {
  const response = await fetch(`${given('CYBERBADGE_CODES')}/${kind}`)
  const text = await response.text()
  if (!response.ok) throw new Error(`${kind}: ${text}`)
  return text
}

export type Size = 'phone' | 'tablet'
export type Scheme = 'light' | 'dark'

const sizes = { phone: { width: 390, height: 844 }, tablet: { width: 820, height: 1180 } }

export interface Visit {
  page: Page
  context: BrowserContext
  /** What the page did that it must not: policy violations, errors, calls to others. */
  offences: string[]
}

export interface Options {
  size?: Size
  scheme?: Scheme
  locale?: string
  /** Runs in the page before its own scripts; also past the page's policy. */
  before?: string
  /** A clip, which the browser's camera sees over and over; see clip.ts. */
  camera?: string
}

const camera = (clip: string) => ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${clip}`]

/** Has a browser with a profile of its own for as long as visiting takes. */
export async function visit(options: Options, visiting: (visit: Visit) => Promise<void>): Promise<void> {
  const profile = mkdtempSync(join(tmpdir(), 'cyberbadge-browser-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', ...(options.camera ? camera(options.camera) : [])],
    viewport: sizes[options.size ?? 'phone'],
    deviceScaleFactor: 2,
    colorScheme: options.scheme ?? 'light',
    locale: options.locale ?? 'en-GB',
    timezoneId: 'Europe/Berlin',
    reducedMotion: 'reduce',
    ignoreHTTPSErrors: provider !== '', // which shows a certificate of its own
  })
  try {
    // The provider's forms want a font from elsewhere.
    if (provider) await context.route('https://fonts.googleapis.com/**', (route) => route.abort())
    const page = context.pages()[0] ?? (await context.newPage())
    const offences = watch(page)
    if (options.before) await page.addInitScript(options.before)
    await visiting({ page, context, offences })
  } finally {
    await context.close()
    rmSync(profile, { recursive: true, force: true })
  }
}

/** Chromium on Linux does not know every permission that other browsers have. */
const unknownHere = /^Error with Permissions-Policy header: Unrecognized feature: '[a-z-]+'\.$/

function atProvider(url = ''): boolean {
  return provider !== '' && url.startsWith(`${provider}/`)
}

/** Whether anybody is signed in is what the console asks first; Chromium reports a no as an error. */
function asksWhoIsThere(message: ConsoleMessage): boolean {
  return message.location().url === `${office}/v1/me` && message.text().includes('status of 401')
}

function watch(page: Page): string[] {
  const offences: string[] = []
  page.on('console', (message) => {
    if (unknownHere.test(message.text()) || atProvider(message.page()?.url()) || asksWhoIsThere(message)) return
    if (message.type() === 'error' || message.type() === 'warning') offences.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => offences.push(`error: ${error.message}`))
  page.on('dialog', (dialog) => {
    offences.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('request', (request) => {
    const url = request.url()
    if (atProvider(request.frame().url())) return
    const isOurs = [issuer, customer, office, provider].some((origin) => origin !== '' && url.startsWith(`${origin}/`))
    if (!isOurs && !url.startsWith('blob:') && !url.startsWith('about:')) offences.push(`call to ${url}`)
    if (/\d{40}/.test(url)) offences.push('the code was sent')
  })
  return offences
}

export async function screenshot(page: Page, name: string): Promise<void> {
  mkdirSync('screenshots', { recursive: true })
  await page.screenshot({ path: `screenshots/${name}.png`, fullPage: true })
}
