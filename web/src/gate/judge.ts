import type { Decision, List, Request, Runtime, Verifier } from '../verifier/index.ts'
import { CarryError, carriedIssuers, newestRoots, withCarried } from './carried.ts'
import type { Clock } from './clock.ts'
import type { Bundle, Root, VisitBadge } from './contract.ts'
import type { Held } from './grants.ts'
import type { Store } from './store.ts'

/** The bundle as it was served, with the tag that it had. */
export type KeptBundle = Bundle & { tag?: string }

/** There is nothing to decide by on this tablet: never a bundle, or no WebAssembly. */
export class NoJudgeError extends Error {}

/**
 * The Go verifier on this tablet, over the bundle that it keeps. It knows no other
 * lists and fetches none. A list is kept only after the verifier took it, so an
 * older one than there is, or a forged one, replaces nothing. Where the service
 * rests on bundles of pinned root keys, so does the tablet, and ends when they do.
 */
export class Judge {
  private runtime: Promise<Runtime> | undefined
  private verifier: Verifier | undefined
  private kept: KeptBundle | undefined
  private limit = 0

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly load: () => Promise<Runtime>,
  ) {}

  /** Takes what an earlier page kept, lists to be at most limit seconds old. */
  async open(limit: number): Promise<void> {
    const kept = await this.store.get<KeptBundle>('kept', 'bundle')
    if (kept) await this.take(kept, limit, kept.tag)
  }

  async take(served: Bundle, limit: number, tag?: string): Promise<void> {
    const runtime = await this.start()
    const roots = newestRoots(served.roots, this.kept?.roots)
    if (!this.verifier || this.limit !== limit || this.kept?.trust !== served.trust || !isSameBasis(this.kept.roots, roots)) {
      // What can't be opened takes the place of nothing.
      const next = this.make(runtime, served.trust, roots, limit)
      this.verifier?.close()
      this.verifier = next
      this.kept?.lists.forEach((list) => this.takes(list))
    }
    this.limit = limit
    this.verifier.setClockOffset(this.clock.offset())
    const before = this.kept?.lists ?? []
    const lists = served.lists.flatMap((list) => (this.takes(list) ? [list] : before.filter((each) => isSame(each, list))))
    const carried = carriedIssuers(served.roots, roots)
    const ahead = before.filter((list) => carried.includes(list.issuer) && !lists.some((each) => isSame(each, list)))
    this.kept = { trust: served.trust, lists: [...lists, ...ahead], ...(roots.length > 0 && { roots }), ...(tag !== undefined && { tag }) }
    await this.store.write({ table: 'kept', key: 'bundle', value: this.kept })
  }

  /**
   * Takes the text of a bundle that somebody brought, if a root key signed it that
   * the service has pinned. What fails has a code for carryTrouble, and changes nothing.
   */
  async carry(text: string): Promise<Root[]> {
    const runtime = await this.start()
    const { kept } = this
    if (!kept?.roots) throw new NoJudgeError('no root key is pinned')
    const trial = this.make(runtime, kept.trust, kept.roots, this.limit)
    try {
      const held = trial.useBundle(text)
      // Keys alone: they would leave the lists without a limit of their own.
      if (held.lists === 0) throw new CarryError('no_lists')
      // Without the tag: what the service has beside it is asked for anew.
      await this.take(withCarried(kept, held, text), this.limit)
    } finally {
      trial.close()
    }
    return this.roots
  }

  /** Somebody brought a newer bundle than the service has: its word would be the older one. */
  get isAhead(): boolean {
    return this.roots.some(({ carried }) => carried)
  }

  /** The pinned root keys, with their newest bundles. */
  get roots(): Root[] {
    return this.kept?.roots ?? []
  }

  /** Lists are to be at most limit seconds old from now on. */
  async limitTo(limit: number): Promise<void> {
    if (this.kept && (limit !== this.limit || !this.verifier)) await this.take(this.kept, limit, this.kept.tag)
  }

  get tag(): string | undefined {
    return this.kept?.tag
  }

  /** The lists of the bundle that are held. */
  lists(): List[] {
    const kept = this.kept?.lists ?? []
    return this.verifier?.lists().filter((list) => kept.some((each) => isSame(each, list))) ?? []
  }

  /** What those lists say of a badge that was verified before. */
  statusOf({ issuer, status_list, index }: VisitBadge, lists: List[]): Held | undefined {
    if (!this.verifier || status_list === undefined || index === undefined) return undefined
    const list = lists.find((each) => isSame(each, { issuer, uri: status_list }))
    const reason = list && this.verifier.status(issuer, status_list, index)
    return list && reason && { reason, issuedAt: list.issuedAt }
  }

  /** Fails with NoJudgeError when there is nothing to decide by. */
  async verify(presentation: string, request: Request): Promise<Decision> {
    if (!this.verifier) throw new NoJudgeError('no bundle')
    this.verifier.setClockOffset(this.clock.offset())
    return this.verifier.verify(presentation, request)
  }

  /** Another gate has nothing of what this one had. */
  forget(): void {
    this.verifier?.close()
    this.verifier = undefined
    this.kept = undefined
  }

  private make(runtime: Runtime, trust: string, roots: Root[], limit: number): Verifier {
    return runtime.open({
      trust,
      ...(roots.length > 0 && { roots: roots.map(basisOf) }),
      maxStatusAgeSeconds: limit,
      clockOffsetMilliseconds: this.clock.offset(),
    })
  }

  private takes(list: Bundle['lists'][number]): boolean {
    try {
      this.verifier?.loadList(list.issuer, list.uri, list.token)
      return true
    } catch {
      return false
    }
  }

  private start(): Promise<Runtime> {
    this.runtime ??= this.load().catch((error: unknown) => {
      this.runtime = undefined // the next attempt may find a connection
      throw error
    })
    return this.runtime
  }
}

function isSame(a: { issuer: string; uri: string }, b: { issuer: string; uri: string }): boolean {
  return a.issuer === b.issuer && a.uri === b.uri
}

/** What the verifier is told of a root. */
const basisOf = ({ root, issuer, customer = '', manifest }: Root) => ({ root, issuer, customer, manifest })

function isSameBasis(a: Root[] = [], b: Root[]): boolean {
  return JSON.stringify(a.map(basisOf)) === JSON.stringify(b.map(basisOf))
}
