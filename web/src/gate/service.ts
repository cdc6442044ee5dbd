import type { Decision } from '../verifier/index.ts'
import type { Clock } from './clock.ts'
import type { Bundle, Gate, Outcome, PresentList, Settings, VisitRecord } from './contract.ts'

/** No answer of the service: no network, a proxy's answer, or none in time. */
export class UnreachableError extends Error {}

/** The service's answer was no; code is its own word for why. */
export class RefusedError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
  ) {
    super(`${status} ${code}`)
  }
}

/** The service's word that this tablet is none of its gates any more. */
export const isUnknownGate = (error: unknown) => error instanceof RefusedError && error.code === 'gate_unknown'

export type Get = (url: string, options: RequestInit) => Promise<Response>

/** An answer that may be the one that is known already. */
export type Changed<T> = { value: T; tag: string | undefined } | 'unchanged'

/** The longest that one answer is waited for. */
export const patience = 10_000 // milliseconds

/** What stands in between says these when the service itself does not answer. */
const proxies = [502, 503, 504]

/**
 * The service of the site, of which this page is one gate. A session is opened
 * unseen when there is none. Every answer tells the clock the time.
 */
export class Service {
  /** Whether the last call got an answer. */
  reachable = false
  onReach: () => void = () => undefined
  private prove: ((nonce: string) => Promise<string>) | undefined
  private opening: Promise<void> | undefined
  /** This page has opened one; an earlier page's may have ended meanwhile. */
  private hasSession = false

  constructor(
    private readonly clock: Clock,
    private readonly get: Get = (url, options) => fetch(url, options),
  ) {}

  /** Says how to answer a nonce; nothing when the tablet is no gate. Sessions of before are not used any more. */
  identify(prove: ((nonce: string) => Promise<string>) | undefined): void {
    this.prove = prove
    this.hasSession = false
  }

  async pair(code: string, key: JsonWebKey): Promise<Gate> {
    const response = await this.call('v1/pairing', post({ code, key }))
    return (await this.read<{ gate: Gate }>(response)).gate
  }

  settings(tag?: string): Promise<Changed<Settings>> {
    return this.changed('v1/settings', tag)
  }

  bundle(tag?: string): Promise<Changed<Bundle>> {
    return this.changed('v1/bundle', tag)
  }

  async decide(presentation: string): Promise<Decision> {
    return this.read(await this.within('v1/decisions', post({ presentation })))
  }

  async keepVisits(records: VisitRecord[]): Promise<Outcome[]> {
    const response = await this.within('v1/visits', post({ records }))
    return (await this.read<{ outcomes: Outcome[] }>(response)).outcomes
  }

  async present(): Promise<PresentList> {
    return this.read(await this.within('v1/present'))
  }

  /** What the service has to say at once, for as long as both sides like; the signal ends it. */
  async events(signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const { body, headers } = await this.within('v1/events', { signal })
    if (!body || headers.get('Content-Type') !== 'text/event-stream') throw new UnreachableError('no event stream')
    return body
  }

  async picture(url: string, integrity: string): Promise<Blob> {
    const query = new URLSearchParams({ url, integrity })
    return (await this.within(`v1/pictures?${query}`)).blob()
  }

  private async changed<T>(path: string, tag: string | undefined): Promise<Changed<T>> {
    const response = await this.within(path, tag === undefined ? {} : { headers: { 'If-None-Match': tag } })
    if (response.status === 304) return 'unchanged'
    return { value: await this.read<T>(response), tag: response.headers.get('ETag') ?? undefined }
  }

  /** A call within a session; when that has ended, a new one is opened and it is repeated once. */
  private async within(path: string, options: RequestInit = {}): Promise<Response> {
    if (!this.hasSession) await this.open()
    try {
      return await this.call(path, options)
    } catch (error) {
      if (!(error instanceof RefusedError) || error.status !== 401) throw error
      await this.open()
      return this.call(path, options)
    }
  }

  /** Calls that find no session at the same time open one together. */
  private open(): Promise<void> {
    this.opening ??= this.openOnce().finally(() => (this.opening = undefined))
    return this.opening
  }

  private async openOnce(): Promise<void> {
    if (!this.prove) throw new RefusedError(401, 'not_paired')
    const asked = await this.call('v1/nonce', post({}))
    const { nonce } = await this.read<{ nonce: string }>(asked)
    await this.call('v1/session', post({ proof: await this.prove(nonce) }))
    this.hasSession = true
  }

  private async call(path: string, options: RequestInit): Promise<Response> {
    const asked = this.clock.monotonic()
    const response = await this.fetch(path, options)
    this.clock.learn(response.headers.get('Date'), asked)
    this.reach(true)
    if (response.ok || response.status === 304) return response
    const problem = (await response.json().catch(() => ({}))) as { code?: unknown }
    throw new RefusedError(response.status, typeof problem.code === 'string' ? problem.code : 'unknown')
  }

  /** An answer that breaks off, or that is somebody else's page, is none. */
  private async read<T>(response: Response): Promise<T> {
    try {
      return (await response.json()) as T
    } catch (error) {
      this.reach(false)
      throw new UnreachableError('the answer is not whole', { cause: error })
    }
  }

  private async fetch(path: string, options: RequestInit): Promise<Response> {
    const settled: RequestInit = {
      ...options,
      // Nothing from a cache: an old answer would pass for the service's word of now.
      cache: 'no-store',
      credentials: 'same-origin',
      // A network that asks for a sign-in first redirects.
      redirect: 'error',
      signal: options.signal ?? AbortSignal.timeout(patience),
    }
    const response = await this.get(path, settled).catch((error: unknown) => {
      this.reach(false)
      throw new UnreachableError(path, { cause: error })
    })
    if (proxies.includes(response.status)) {
      this.reach(false)
      throw new UnreachableError(`${path}: HTTP status ${response.status}`)
    }
    return response
  }

  private reach(reachable: boolean): void {
    if (reachable === this.reachable) return
    this.reachable = reachable
    this.onReach()
  }
}

function post(body: unknown): RequestInit {
  return { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }
}
