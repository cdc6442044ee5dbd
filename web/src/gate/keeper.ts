import { load, type Runtime } from '../verifier/index.ts'
import { readCarried } from './carried.ts'
import { Clock, type Known } from './clock.ts'
import type { Outcome, PresentList, Presence, Root, Settings, VisitRecord } from './contract.ts'
import { decide, notAsked, type Answer } from './decide.ts'
import { bundleAgeOf, freshnessOf } from './freshness.ts'
import { Grants, type Grant } from './grants.ts'
import { Judge, NoJudgeError } from './judge.ts'
import { newKey, publicKey, sessionProof } from './key.ts'
import { Marks } from './marks.ts'
import { News } from './news.ts'
import { Outbox } from './outbox.ts'
import type { Pairing } from './pairing.ts'
import { Pictures } from './pictures.ts'
import { onSite } from './present.ts'
import { isUnknownGate, Service, UnreachableError, type Get } from './service.ts'
import { Database, type Store } from './store.ts'
import type { Refusals, View } from './view.ts'

export type { View } from './view.ts'

interface KeptSettings {
  value: Settings
  tag?: string
}

export interface Tools {
  store: Store
  clock: Clock
  service: Service
  judge: Judge
  outbox: Outbox
  pictures: Pictures
  grants: Grants
}

/** The gate behind the screens: what it holds, what it asks the service, and how it decides. */
export class Keeper {
  onChange: () => void = () => undefined
  /** A badge that this gate let somebody in on, or is about to, is not good any more. */
  onEnded: (grant: Grant) => void = () => undefined
  private pairing: Pairing | undefined
  private ended = false
  private settings: KeptSettings | undefined
  private last: PresentList | undefined
  private refusals: Refusals | undefined
  private refreshing: Promise<void> | undefined
  /** What is kept has been looked at, or the service was asked. */
  private looked = false
  /** The verifier is being made of what is kept. */
  private recalling: Promise<unknown> = Promise.resolve()
  private readonly news: News
  private isListening = false
  private readonly marks: Marks

  constructor(private readonly tools: Tools) {
    const { service, grants } = tools
    this.marks = new Marks(tools)
    service.onReach = () => this.onChange()
    grants.onEnded = (grant) => {
      this.marks.look(this.onSite())
      this.onEnded(grant)
      this.onChange()
    }
    const connect = (signal: AbortSignal) => service.events(signal).catch((error: unknown) => this.notice(error))
    this.news = new News(
      { ...tools, connect, wait, chance: Math.random },
      {
        // What is under way may have begun without a connection.
        atAll: async () => {
          await this.refreshing
          await this.refresh()
        },
        atLists: async () => {
          await this.attempt(() => this.refreshBundle())
          this.onChange()
        },
      },
    )
  }

  static async open(store: Store = new Database(), get?: Get, run: () => Promise<Runtime> = load): Promise<Keeper> {
    const clock = new Clock(undefined, await store.get<Known>('kept', 'clock'))
    const service = new Service(clock, get)
    const judge = new Judge(store, clock, run)
    const outbox = await Outbox.open(store)
    const pictures = new Pictures(store, (url, integrity) => service.picture(url, integrity))
    const grants = await Grants.open(store)
    const keeper = new Keeper({ store, clock, service, judge, outbox, pictures, grants })
    await keeper.recall()
    return keeper
  }

  view(): View {
    const { clock, service, judge, outbox, grants } = this.tools
    const { pairing, settings, last } = this
    const gate = pairing && (settings?.value.gate ?? pairing.gate)
    const site = gate?.site ?? ''
    const unsent = outbox.unsent(site)
    const lists = judge.lists()
    const known = last ?? (unsent.length > 0 ? { at: new Date(clock.now()).toISOString(), present: [] } : undefined)
    return {
      gate,
      ended: this.ended,
      settings: settings?.value,
      reachable: service.reachable,
      lists,
      freshness: this.looked ? freshnessOf(lists, clock.now(), settings?.value.max_status_age_seconds ?? 0) : undefined,
      bundles: judge.roots,
      bundleAge: bundleAgeOf(judge.roots, clock.now()),
      clock: clock.notice(),
      unsent: unsent.length,
      elsewhere: outbox.elsewhere(site),
      refusals: this.refusals,
      present: known && { at: known.at, people: this.onSite() },
      late: service.reachable && this.news.isLate,
      alerts: grants.alerts(),
    }
  }

  now(): number {
    return this.tools.clock.now()
  }

  /** The key never leaves this browser; what an earlier pairing left is deleted. */
  async pair(code: string): Promise<void> {
    const key = await newKey()
    const gate = await this.tools.service.pair(code, await publicKey(key))
    await this.forget()
    this.pairing = { gate, key }
    await this.tools.store.write({ table: 'kept', key: 'pairing', value: this.pairing })
    this.begin()
    await this.refresh()
  }

  /** Deletes what there is of this gate, but for lines that the register has not got yet. */
  async unpair(): Promise<void> {
    await this.refresh()
    await this.forget()
    this.onChange()
  }

  /** Brings everything up to date that the service has. It never fails. */
  refresh(): Promise<void> {
    this.refreshing ??= this.refreshAll().finally(() => {
      this.refreshing = undefined
      this.onChange()
    })
    return this.refreshing
  }

  /** Hears the service's news at once, until the function that is returned is called. */
  listen(): () => void {
    this.isListening = true
    this.tune()
    return () => {
      this.isListening = false
      this.tune()
    }
  }

  /** There may be a connection again. */
  reconnect(): void {
    this.news.retry()
  }

  /** Decides on what was scanned. It fails with UndecidedError. */
  async decide(presentation: string): Promise<Answer> {
    const { service, grants, judge } = this.tools
    const ask = (text: string) => service.decide(text).catch((error: unknown) => this.notice(error))
    const verify = (text: string) => this.verify(text)
    const answer = await decide(presentation, { ask: judge.isAhead ? notAsked : ask, verify, wait, isReachable: () => service.reachable })
    grants.note(answer.decision)
    void answer.later?.then((late) => late && grants.note(late.decision))
    return answer
  }

  /** The guard let the person in. */
  async admit({ decision }: Answer): Promise<void> {
    await this.tools.grants.admit(decision.id, new Date(this.now()).toISOString())
    this.onChange()
  }

  /** How the badge has ended since that was decided; nothing while it is good. */
  endOf({ decision }: Answer): Grant['ended'] {
    return this.tools.grants.endOf(decision.id)
  }

  /** A guard knows of the end. */
  async acknowledge(decision: string): Promise<void> {
    await this.tools.grants.acknowledge(decision)
    this.onChange()
  }

  /** Takes a bundle that somebody brought in a file; fails as carryTrouble tells. */
  async carry(file: Blob): Promise<Root[]> {
    await this.recalling
    const roots = await this.tools.judge.carry(await readCarried(file))
    this.review()
    this.onChange()
    return roots
  }

  /** A person's portrait, checked; nothing where it can't be had. */
  portrait(url: string, integrity: string): Promise<Blob | undefined> {
    return this.tools.pictures.get(url, integrity)
  }

  get isRegisterOn(): boolean {
    return this.settings?.value.register.on ?? false
  }

  /** Has the line on disk when it resolves, and sends it as soon as it can. */
  async record(record: VisitRecord): Promise<void> {
    if (record.event === 'left' && record.badge) await this.tools.grants.left(record.badge)
    const site = this.view().gate?.site
    if (!this.isRegisterOn || site === undefined) return
    await this.tools.outbox.add(record, site)
    this.onChange()
    void this.attempt(() => this.flush()).then(() => this.onChange())
  }

  async dismissRefusals(): Promise<void> {
    this.refusals = undefined
    await this.tools.store.write({ table: 'kept', key: 'refusals' })
    this.onChange()
  }

  /** Something small that the tablet remembers for its users. */
  preference<T>(name: 'language' | 'introduced' | 'muted' | 'direction' | 'camera'): Promise<T | undefined> {
    return this.tools.store.get<T>('kept', name)
  }

  async prefer(name: 'language' | 'introduced' | 'muted' | 'direction' | 'camera', value: unknown): Promise<void> {
    await this.tools.store.write({ table: 'kept', key: name, value }).catch(() => undefined)
  }

  private async recall(): Promise<void> {
    const { store, judge } = this.tools
    this.pairing = await store.get<Pairing>('kept', 'pairing')
    this.settings = await store.get<KeptSettings>('kept', 'settings')
    this.last = await store.get<PresentList>('kept', 'present')
    this.refusals = await store.get<Refusals>('kept', 'refusals')
    if (!this.pairing) return
    this.begin()
    // The page needs no verifier to show its camera.
    if (!this.settings) return
    this.recalling = this.attempt(() => judge.open(this.limit)).then(() => {
      this.looked = true
      this.review()
      this.onChange()
    })
  }

  private begin(): void {
    const { service, clock, grants } = this.tools
    grants.onDisk = this.isRegisterOn
    const { gate, key } = this.pairing ?? {}
    this.ended = false
    if (gate && key) service.identify((nonce) => sessionProof(key, gate.id, nonce, clock.now()))
    this.tune()
  }

  /** A tablet that is no gate has nobody to listen to. */
  private tune(): void {
    this.news.want(this.isListening && this.pairing !== undefined)
  }

  private get limit(): number {
    return this.settings?.value.max_status_age_seconds ?? 0
  }

  private verify(presentation: string) {
    const settings = this.settings?.value
    // Without the site's demands a yes would be worth nothing.
    if (!settings) throw new NoJudgeError('no settings')
    const { access, site, id } = settings.gate
    return this.tools.judge.verify(presentation, { access, site, gate: id, policy: settings.policy })
  }

  private async refreshAll(): Promise<void> {
    if (!this.pairing) return
    const isThere = await this.attempt(() => this.refreshSettings())
    if (isThere) await this.attempt(() => this.refreshBundle())
    if (isThere && this.isRegisterOn) {
      await this.attempt(() => this.flush())
      await this.attempt(() => this.refreshPresent())
    }
    await this.attempt(() => this.tidy())
    await this.recalling
    this.looked = true
  }

  private async refreshSettings(): Promise<void> {
    const got = await this.tools.service.settings(this.settings?.tag)
    if (got === 'unchanged') return
    this.settings = { value: got.value, ...(got.tag !== undefined && { tag: got.tag }) }
    this.tools.grants.onDisk = this.isRegisterOn
    await this.tools.store.write({ table: 'kept', key: 'settings', value: this.settings })
    this.onChange()
  }

  private async refreshBundle(): Promise<void> {
    const { service, judge } = this.tools
    // What is kept comes first, or it would take the place of what is newer.
    await this.recalling
    const got = await service.bundle(judge.tag)
    if (got !== 'unchanged') await judge.take(got.value, this.limit, got.tag)
    else await judge.limitTo(this.limit)
    this.review()
  }

  /** What the lists of this tablet say of those whom it let in, and of all on site. */
  private review(): void {
    const { grants, judge, clock } = this.tools
    const lists = judge.lists()
    grants.review((badge) => judge.statusOf(badge, lists), clock.now())
    this.marks.look(this.onSite(), lists)
  }

  private onSite(): Presence[] {
    const { outbox, clock } = this.tools
    const gate = this.pairing && (this.settings?.value.gate ?? this.pairing.gate)
    return this.marks.on(onSite(this.last, outbox.unsent(gate?.site ?? ''), gate?.name ?? '', clock.now()))
  }

  private async flush(): Promise<void> {
    const { outbox, service } = this.tools
    const site = this.view().gate?.site
    if (site === undefined || outbox.unsent(site).length === 0) return
    const outcomes = await outbox.flush(site, (records) => service.keepVisits(records))
    await this.takeRefusals(outcomes.filter(({ result }) => result === 'refused'))
    if (outcomes.length > 0) await this.refreshPresent()
  }

  private async takeRefusals(refused: Outcome[]): Promise<void> {
    if (refused.length === 0) return
    this.refusals = { count: (this.refusals?.count ?? 0) + refused.length, detail: refused.at(-1)?.detail ?? '' }
    await this.tools.store.write({ table: 'kept', key: 'refusals', value: this.refusals })
  }

  private async refreshPresent(): Promise<void> {
    this.last = await this.tools.service.present()
    this.marks.look(this.onSite())
    await this.tools.store.write({ table: 'kept', key: 'present', value: this.last })
  }

  private async tidy(): Promise<void> {
    const { store, clock, outbox, grants } = this.tools
    const known = clock.known()
    if (known) await store.write({ table: 'kept', key: 'clock', value: known })
    const retention = this.settings?.value.register.retention_seconds ?? 0
    if (retention > 0) await outbox.forget(clock.now() - retention * 1000)
    await grants.forget(clock.now())
    if (this.settings && !this.isRegisterOn && this.last) {
      this.last = undefined
      await store.write({ table: 'kept', key: 'present' })
    }
  }

  /** Whether it was worth going on: false when there is no service to talk to. */
  private async attempt(what: () => Promise<unknown>): Promise<boolean> {
    try {
      await what()
      return true
    } catch (error) {
      if (isUnknownGate(error)) await this.end()
      return !(error instanceof UnreachableError) && !isUnknownGate(error)
    }
  }

  /** A failure that says this is no gate any more ends it, whatever was asked. */
  private async notice(error: unknown): Promise<never> {
    if (isUnknownGate(error)) await this.end()
    throw error
  }

  private async end(): Promise<void> {
    if (!this.pairing) return
    await this.forget()
    this.ended = true
    this.onChange()
  }

  private async forget(): Promise<void> {
    const { store, judge, pictures, service, grants } = this.tools
    service.identify(undefined)
    this.pairing = undefined
    this.tune()
    await grants.clear()
    this.settings = undefined
    this.last = undefined
    judge.forget()
    await store.write(...['pairing', 'settings', 'bundle', 'present'].map((key) => ({ table: 'kept' as const, key })))
    await pictures.forget()
  }
}

const wait = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds))
