import { readBadge, isDue } from './badge.ts'
import { Clock } from './clock.ts'
import { Door } from './door.ts'
import { BadgeError, failureOf } from './failure.ts'
import { newKey } from './jwt.ts'
import { readOffer, type Link } from './offer.ts'
import { Vault, type Holder } from './vault.ts'
import { Wallet } from './wallet.ts'

/** How long an answer of the issuer is good enough for a page that is opened again. */
const recent = 600 // seconds

/** This phone's dealings with the issuer, whose answers it keeps before it acts on them. */
export class Enrolment {
  readonly door: Door
  private readonly vault: Vault

  constructor(
    readonly issuer: string,
    readonly clock = new Clock(),
  ) {
    this.door = new Door(issuer, clock)
    this.vault = new Vault(issuer)
  }

  async load(): Promise<Holder | undefined> {
    const holder = await this.vault.load()
    if (holder) this.clock.offset = holder.offset
    return holder
  }

  /** The code of an invitation. */
  invited(link: Link): Promise<string> {
    return readOffer(link, this.door)
  }

  /** Redeems an invitation; what comes takes the place of what was there. */
  async enrol(code: string, txCode: string): Promise<Holder> {
    const key = await newKey()
    const wallet = new Wallet(this.door, key)
    const tokens = await wallet.redeem(code, txCode)
    const holder = await this.keep({ issuer: this.issuer, key, refresh: tokens.refresh, asked: 0, offset: 0 })
    return this.fetch(holder, wallet, tokens.access)
  }

  /** Whether it is time to ask for another badge. */
  isDue(holder: Holder): boolean {
    if (holder.ended) return false
    const now = this.clock.now()
    if (holder.badge === undefined || holder.denial !== undefined) return now - holder.asked >= 60
    return isDue(readBadge(holder.badge), now) || now - holder.asked >= recent
  }

  /** Asks for another badge. Two tabs ask one after the other. */
  renew(): Promise<Holder> {
    return alone(`cyberbadge ${this.issuer}`, async () => {
      const holder = await this.load()
      if (!holder) throw new BadgeError('ended')
      const wallet = new Wallet(this.door, holder.key)
      const tokens = await wallet.refresh(holder.refresh).catch((error: unknown) => this.end(holder, error))
      let kept = await this.keep({ ...holder, refresh: tokens.refresh })
      if (kept.notification !== undefined) kept = await this.tell(kept, wallet, tokens.access)
      return this.fetch(kept, wallet, tokens.access)
    })
  }

  private async end(holder: Holder, error: unknown): Promise<never> {
    if (failureOf(error).failure === 'ended') await this.keep({ ...holder, ended: true })
    throw error
  }

  /** Fetches the badge, or the reasons why there is none. */
  private async fetch(holder: Holder, wallet: Wallet, access: string): Promise<Holder> {
    const { denial: _, ...others } = holder
    try {
      const { badge, notification } = await wallet.badge(access)
      readBadge(badge)
      const kept = await this.keep({ ...others, badge, asked: this.clock.now(), ...(notification !== undefined && { notification }) })
      return notification === undefined ? kept : await this.tell(kept, wallet, access)
    } catch (error) {
      const { failure, detail } = failureOf(error)
      if (failure === 'denied') return this.keep({ ...others, asked: this.clock.now(), denial: detail })
      throw error
    }
  }

  /** Tells the issuer that the badge is kept. What fails is tried again before the next. */
  private async tell(holder: Holder, wallet: Wallet, access: string): Promise<Holder> {
    const { notification, ...told } = holder
    if (notification === undefined) return holder
    try {
      await wallet.accept(access, notification)
    } catch (error) {
      const { failure } = failureOf(error)
      if (failure === 'offline' || failure === 'busy') return holder
    }
    return this.keep(told)
  }

  private async keep(holder: Holder): Promise<Holder> {
    const kept = { ...holder, offset: this.clock.offset }
    await this.vault.save(kept)
    return kept
  }
}

/** A refresh token is good once, so two tabs must not use the same. */
async function alone<T>(name: string, work: () => Promise<T>): Promise<T> {
  return 'locks' in navigator ? await navigator.locks.request(name, work) : work()
}
