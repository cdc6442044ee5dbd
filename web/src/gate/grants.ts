import type { Decision } from '../verifier/index.ts'
import type { Ended, VisitBadge } from './contract.ts'
import { badgeOf, personOf } from './present.ts'
import { visitor } from './record.ts'
import type { Store } from './store.ts'

/** A good badge that this gate was told of. */
export interface Grant {
  /** The decision's id. */
  decision: string
  at: string
  badge: VisitBadge
  /** When the guard let the person in; not there as long as the two are compared. */
  admitted?: string
  /** Since when the badge is not good any more. */
  ended?: Omit<Ended, 'decision'>
  /** A guard knows. */
  noted?: boolean
}

/** What the lists on this tablet say of a badge, and when the one that says so was issued. */
export interface Held {
  reason: 'ok' | Ended['reason']
  issuedAt: string
}

/** So many are remembered; beyond, the oldest are forgotten. */
export const maxGrants = 256

/** A person who is not let in by then was not let in. */
export const comparedWithin = 300_000 // milliseconds

/** What has ended is remembered after its badge has expired, so that a guard who comes back hears of it. */
export const endedFor = 86_400_000 // milliseconds

/** Endings of decisions that were not heard yet; an answer may come later than the news. */
const maxEarly = 64

/**
 * Whom this gate has let in, so that somebody can be told when the badge is
 * withdrawn: the service names the decision alone. Kept with the page, and on disk
 * where the site keeps a register of visits.
 */
export class Grants {
  /** Called once for each that ends. */
  onEnded: (grant: Grant) => void = () => undefined
  /** Whether what is remembered outlives the page. */
  onDisk = false
  private grants: Grant[] = []
  private readonly early = new Map<string, Ended>()

  private constructor(private readonly store: Store) {}

  static async open(store: Store): Promise<Grants> {
    const grants = new Grants(store)
    grants.grants = (await store.get<Grant[]>('kept', 'grants')) ?? []
    return grants
  }

  /** A decision that allowed something. Its end may be known before. */
  note({ id, allow, at, badge }: Decision): void {
    if (!allow || !badge) return
    this.grants = [...this.grants.filter(({ decision }) => decision !== id), { decision: id, at, badge: visitor(badge) }].slice(-maxGrants)
    const early = this.early.get(id)
    if (early) this.end(early)
  }

  /** The guard let the person in. */
  async admit(decision: string, at: string): Promise<void> {
    this.change(decision, { admitted: at })
    await this.save()
  }

  /** The person left: nobody has to look for them. */
  async left(badge: VisitBadge): Promise<void> {
    const before = this.grants.length
    this.grants = this.grants.filter((each) => personOf(each.badge) !== personOf(badge))
    if (this.grants.length !== before) await this.save()
  }

  /** The service's news, as often as it comes. */
  end(ended: Ended): void {
    const { decision, ...end } = ended
    const grant = this.grants.find((each) => each.decision === decision)
    if (!grant) {
      this.early.set(decision, ended)
      const [oldest] = this.early.keys()
      if (this.early.size > maxEarly && oldest !== undefined) this.early.delete(oldest)
      return
    }
    this.early.delete(decision)
    if (grant.ended) return
    const now = this.change(decision, { ended: end })
    void this.save()
    if (now) this.onEnded(now)
  }

  /** Compares with what the lists on this tablet say. now is in milliseconds since 1970. */
  review(heldOf: (badge: VisitBadge) => Held | undefined, now: number): void {
    for (const { decision, badge, ended } of this.grants) {
      const reason = ended ? undefined : heldOf(badge)?.reason
      if (reason && reason !== 'ok') this.end({ decision, reason, at: new Date(now).toISOString() })
    }
  }

  /** Whether, and how, what a decision allowed has ended. */
  endOf(decision: string): Grant['ended'] {
    return this.grants.find((each) => each.decision === decision)?.ended
  }

  /** Why the badge of somebody on site is not good any more; a newer list has the last word. */
  mark(badge: VisitBadge, held: Held | undefined): Ended['reason'] | undefined {
    if (held && held.reason !== 'ok') return held.reason
    const ended = this.grants.find((each) => each.ended && badgeOf(each.badge) === badgeOf(badge))?.ended
    return ended && !(held && Date.parse(held.issuedAt) > Date.parse(ended.at)) ? ended.reason : undefined
  }

  /** People who were let in and should not be there, as long as no guard knows. */
  alerts(): Grant[] {
    return this.grants.filter(({ admitted, ended, noted }) => admitted !== undefined && ended && !noted)
  }

  async acknowledge(decision: string): Promise<void> {
    this.change(decision, { noted: true })
    await this.save()
  }

  /** Drops what is over. now is in milliseconds since 1970. */
  async forget(now: number): Promise<void> {
    const kept = this.grants.filter(({ at, admitted, ended, badge }) => {
      if (admitted === undefined) return Date.parse(at) + comparedWithin > now
      const expires = Date.parse(badge.expires ?? admitted)
      return expires + (ended ? endedFor : 0) > now
    })
    if (kept.length === this.grants.length) return
    this.grants = kept
    await this.save()
  }

  /** Another gate, or none, has nothing of it. */
  async clear(): Promise<void> {
    this.grants = []
    this.early.clear()
    await this.store.write({ table: 'kept', key: 'grants' })
  }

  private change(decision: string, change: Partial<Grant>): Grant | undefined {
    this.grants = this.grants.map((each) => (each.decision === decision ? { ...each, ...change } : each))
    return this.grants.find((each) => each.decision === decision)
  }

  private async save(): Promise<void> {
    const value = this.onDisk ? this.grants.filter(({ admitted }) => admitted !== undefined) : undefined
    await this.store.write({ table: 'kept', key: 'grants', value }).catch(() => undefined)
  }
}
