/**
 * The Go verifier in this page; ../../../verifier/wasm has the other side.
 */
import '../../build/wasm_exec.js'
import wasm from '../../build/verifier.wasm?url'
import type { Access, Decision, Reason } from './decision.ts'

export * from './decision.ts'

/** What a badge must be beyond valid; see verifier.Policy. */
export interface Policy {
  roles?: string[]
  organizations?: string[]
  courses?: string[]
  equipment?: boolean
  name?: boolean
  picture?: boolean
}

export interface Settings {
  /** The trust list's text, as it was served. */
  trust: string
  /** Pinned root keys; of their issuers the bundle is believed, and not the trust list. */
  roots?: { root: string; issuer: string; customer: string; manifest: string }[]
  /** Lists that are known from the start. */
  lists?: { issuer: string; uri: string; token: string }[]
  policy?: Policy
  maxStatusAgeSeconds?: number
  /** Added to the device's clock. */
  clockOffsetMilliseconds?: number
}

export interface Request {
  access: Access
  site?: string
  /** Which of the site's gates asks; there a proof is good more than once. */
  gate?: string
  nonce?: string
  audience?: string
  /** Demands beyond those of the settings. */
  policy?: Policy
}

/** A status list that is held, with its own dates (RFC 3339); expires only where it says so. */
export interface List {
  issuer: string
  uri: string
  issuedAt: string
  expires?: string
}

/** A bundle that decisions rest on; manifest is its first line. Times are RFC 3339. */
export interface HeldBundle {
  issuer: string
  /** Not there: it is for anybody. */
  customer?: string
  /** The fingerprint of the root key. */
  root: string
  number: number
  issuedAt: string
  expires: string
  /** How many it holds. */
  lists: number
  manifest: string
}

/** Gets the token of a status list. A rejection means that there is none. */
export type FetchList = (uri: string) => Promise<string>

export interface Verifier {
  verify(presentation: string, request: Request): Promise<Decision>
  loadList(issuer: string, uri: string, token: string): void
  /** Has decisions rest on the bundle in a file. What fails has the code of the check, and changes nothing. */
  useBundle(text: string): HeldBundle
  /** By issuer and URI. */
  lists(): List[]
  /** What the lists that are held say of a badge that was verified before; nothing where they say nothing that counts. */
  status(issuer: string, list: string, index: number): Extract<Reason, 'ok' | 'revoked' | 'suspended'> | undefined
  setClockOffset(milliseconds: number): void
  close(): void
}

export interface Runtime {
  readonly reasons: readonly string[]
  open(settings: Settings, fetchList?: FetchList): Verifier
  /** The presentation in a gate code. */
  unpack(code: string): string
}

/** This browser cannot run the verifier. */
export class UnsupportedError extends Error {}

interface Go {
  importObject: WebAssembly.Imports
  run(instance: WebAssembly.Instance): Promise<void>
}

/** What Go gives back for what would have thrown is an Error. */
type OrError<T> = T | Error

interface Handle {
  verify(presentation: string, request: string): OrError<Promise<string>>
  loadList(issuer: string, uri: string, token: string): OrError<null>
  useBundle(text: string): OrError<string>
  lists(): OrError<string>
  status(issuer: string, list: string, index: number): OrError<string>
  setClockOffset(milliseconds: number): OrError<null>
  close(): OrError<null>
}

interface Exports {
  reasons: string[]
  open(settings: string, fetchList?: FetchList): OrError<Handle>
  unpack(code: string): OrError<string>
}

declare global {
  var Go: { new (): Go }
  var cyberbadge: Exports | undefined
}

/**
 * Loads and starts the verifier. It fails with UnsupportedError where there is no
 * WebAssembly, and otherwise when the file can't be had.
 */
export async function load(get: (url: string) => Promise<Response> = fetch): Promise<Runtime> {
  if (typeof WebAssembly !== 'object') throw new UnsupportedError('no WebAssembly')
  const response = await get(wasm)
  if (!response.ok) throw new Error(`the verifier: HTTP status ${response.status}`)
  return start((imports) => WebAssembly.instantiateStreaming(response, imports))
}

/** Starts the verifier, however its file is read. */
export async function start(
  instantiate: (imports: WebAssembly.Imports) => Promise<WebAssembly.WebAssemblyInstantiatedSource>,
): Promise<Runtime> {
  const go = new Go()
  const { instance } = await instantiate(go.importObject).catch((error: unknown) => {
    if (error instanceof WebAssembly.CompileError) throw new UnsupportedError('WebAssembly is switched off', { cause: error })
    throw error
  })
  // It runs for as long as the page does. Up to its first wait, by which it has
  // set its global, it runs before this returns.
  void go.run(instance)
  const exports = globalThis.cyberbadge
  if (!exports) throw new Error('the verifier did not start')
  return {
    reasons: exports.reasons,
    unpack: (code) => orThrow(exports.unpack(code)),
    open: (settings, fetchList) => wrap(orThrow(exports.open(JSON.stringify(settings), fetchList))),
  }
}

function wrap(handle: Handle): Verifier {
  return {
    verify: async (presentation, request) =>
      JSON.parse(await orThrow(handle.verify(presentation, JSON.stringify(request)))) as Decision,
    loadList: (issuer, uri, token) => void orThrow(handle.loadList(issuer, uri, token)),
    useBundle: (text) => JSON.parse(orThrow(handle.useBundle(text))) as HeldBundle,
    lists: () => JSON.parse(orThrow(handle.lists())) as List[],
    status: (issuer, list, index) => (orThrow(handle.status(issuer, list, index)) || undefined) as ReturnType<Verifier['status']>,
    setClockOffset: (milliseconds) => void orThrow(handle.setClockOffset(milliseconds)),
    close: () => void orThrow(handle.close()),
  }
}

function orThrow<T>(value: OrError<T>): T {
  if (value instanceof Error) throw value
  return value
}
