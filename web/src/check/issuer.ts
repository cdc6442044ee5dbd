import { load, UnsupportedError, type Decision, type Runtime, type Verifier } from '../verifier/index.ts'

/** Why nothing could be checked. */
export type Failure = 'offline' | 'unavailable' | 'old_browser'

export class CheckError extends Error {
  constructor(
    readonly failure: Failure,
    options?: ErrorOptions,
  ) {
    super(failure, options)
  }
}

/** The issuer whose page this is, and a verifier that believes it alone. */
export interface Issuer {
  url: string
  name: string
  verifier: Verifier
}

export type Get = (url: string, options?: RequestInit) => Promise<Response>

const patience = 10_000 // milliseconds for one answer of the server

/** Lists are public, and one that a cache kept could hide a withdrawal. */
const fresh = (): RequestInit => ({
  cache: 'no-store',
  credentials: 'omit',
  redirect: 'error',
  signal: AbortSignal.timeout(patience),
})

/**
 * Gets the verifier and the trust list of this page's own server. That the trust
 * list comes from there unseen is no weaker than this page, which does so too.
 */
export async function connect(get: Get = fetch, run: (get: Get) => Promise<Runtime> = load): Promise<Issuer> {
  try {
    const [runtime, trust] = await Promise.all([run(get), getTrust(get)])
    const settings = { trust: trust.text, clockOffsetMilliseconds: trust.clockOffset }
    const first = firstIssuer(trust.text)
    return { ...first, verifier: runtime.open(settings, (uri) => getList(get, uri)) }
  } catch (error) {
    throw new CheckError(failureOf(error), { cause: error })
  }
}

export function failureOf(error: unknown): Failure {
  if (error instanceof UnsupportedError) return 'old_browser'
  // fetch fails with TypeError when there was no answer at all, with
  // TimeoutError when it took too long.
  if (error instanceof TypeError || (error instanceof DOMException && error.name === 'TimeoutError')) return 'offline'
  return 'unavailable'
}

/**
 * Whether somebody may come in. A code does not say where it is shown; whoever
 * scans one with a phone stands before the person, so it is asked for access on
 * site. A proof that is not accepted is not used up.
 */
export function decide(issuer: Issuer, code: string): Promise<Decision> {
  return issuer.verifier.verify(code, { access: 'onsite' })
}

async function getTrust(get: Get): Promise<{ text: string; clockOffset: number }> {
  const asked = Date.now()
  const response = await get('/trust-list.json', fresh())
  const answered = Date.now()
  if (!response.ok) throw new Error(`the trust list: HTTP status ${response.status}`)
  return { text: await response.text(), clockOffset: clockOffset(response.headers.get('Date'), asked, answered) }
}

/** Below this, in milliseconds, a difference may be the way that the answer took. */
const clockNoise = 3_000

/**
 * How far the server's clock is ahead of this device's. Many phones are minutes
 * off, and a proof lives 90 seconds; the server is the one whose word this page
 * is anyway.
 */
export function clockOffset(date: string | null, asked: number, answered: number): number {
  const server = date === null ? NaN : Date.parse(date)
  if (Number.isNaN(server)) return 0
  const half = 500 // Date has whole seconds
  const offset = Math.round(server + half - (asked + answered) / 2)
  return Math.abs(offset) <= clockNoise + (answered - asked) / 2 ? 0 : offset
}

function firstIssuer(trust: string): { url: string; name: string } {
  const parsed = JSON.parse(trust) as { issuers: { issuer: string; name?: string }[] }
  const first = parsed.issuers[0]
  if (!first) throw new Error('the trust list names nobody')
  return { url: first.issuer, name: first.name ?? new URL(first.issuer).host }
}

async function getList(get: Get, uri: string): Promise<string> {
  const response = await get(uri, fresh())
  if (!response.ok) throw new Error(`HTTP status ${response.status}`)
  const type = response.headers.get('Content-Type')
  // An error page of whatever stands in between is not a list.
  if (type !== 'application/statuslist+jwt') throw new Error(`content type ${type}`)
  return response.text()
}

const pictureTypes = ['image/jpeg', 'image/png', 'image/webp']

/**
 * The badge's picture, as an address to revoke after use, or nothing. It must
 * have the digest that the issuer signed, and be of this issuer, so that no
 * badge makes the page call somebody.
 */
export async function getPicture(issuer: Issuer, decision: Decision, get: Get = fetch): Promise<string | undefined> {
  const { picture, picture_integrity: integrity } = decision.badge ?? {}
  if (!picture?.startsWith(`${issuer.url}/`) || !integrity) return undefined
  try {
    const response = await get(picture, { ...fresh(), integrity })
    const blob = await response.blob()
    return response.ok && pictureTypes.includes(blob.type) ? URL.createObjectURL(blob) : undefined
  } catch {
    return undefined // the page asks for a photo ID instead
  }
}
