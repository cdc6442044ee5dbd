import { newKey } from '../signing/jwt.ts'
import { readBadge } from './badge.ts'
import type { Choice } from './choice.ts'
import { Clock } from './clock.ts'
import { Door } from './door.ts'
import { BadgeError, failureOf } from './failure.ts'
import { readOffer, type Link } from './offer.ts'
import { isDue, largestStock, longestLife, readStock, type Held } from './stock.ts'
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
    const [key, ...others] = await Promise.all([newKey(), ...Array.from({ length: largestStock - 1 }, newKey)])
    const wallet = new Wallet(this.door, key)
    const tokens = await wallet.redeem(code, txCode)
    const holder = await this.keep({ issuer: this.issuer, keys: [key, ...others], refresh: tokens.refresh, stock: [], life: 0, asked: 0, offset: 0 })
    return this.fetch(holder, wallet, tokens.access)
  }

  /** What the holder leaves out of codes. */
  leftOut(): Promise<Choice[]> {
    return this.vault.leftOut()
  }

  leaveOut(choices: Choice[]): Promise<void> {
    return this.vault.leaveOut(choices)
  }

  /** Whether it is time to ask for other badges. */
  isDue(holder: Holder): boolean {
    if (holder.ended) return false
    const now = this.clock.now()
    // A clock that was put back knows nothing of how long ago it was.
    if (now < holder.asked) return true
    if (holder.stock.length === 0) return now - holder.asked >= 60
    return isDue(readStock(holder.stock), now) || now - holder.asked >= recent
  }

  /** Asks for another stock. Two tabs ask one after the other. */
  renew(): Promise<Holder> {
    return alone(`cyberbadge ${this.issuer}`, async () => {
      const holder = await this.load()
      if (!holder) throw new BadgeError('ended')
      const wallet = new Wallet(this.door, holder.keys[0])
      const tokens = await wallet.refresh(holder.refresh).catch((error: unknown) => this.end(holder, error))
      let kept = await this.keep({ ...holder, refresh: tokens.refresh })
      if (kept.notification !== undefined) kept = await this.tell(kept, wallet, tokens.access)
      return this.fetch(kept, wallet, tokens.access)
    })
  }

  private async end(holder: Holder, error: unknown): Promise<never> {
    if (failureOf(error).failure === 'ended') await this.keep({ ...holder, stock: [], ended: true })
    throw error
  }

  /** Fetches a stock in place of the one that there is, or the reasons why there is none. */
  private async fetch(holder: Holder, wallet: Wallet, access: string): Promise<Holder> {
    const { denial: _, ...others } = holder
    try {
      const { badges, notification } = await wallet.stock(access, holder.keys)
      const stock = await this.bound(badges, holder.keys)
      const life = longestLife(readStock(stock), others.life)
      const kept = await this.keep({ ...others, stock, life, asked: this.clock.now(), ...(notification !== undefined && { notification }) })
      return notification === undefined ? kept : await this.tell(kept, wallet, access)
    } catch (error) {
      const { failure, detail, link } = failureOf(error)
      if (failure !== 'denied') throw error
      return this.keep({ ...others, stock: [], asked: this.clock.now(), denial: { description: detail, ...(link !== undefined && { link }) } })
    }
  }

  /** Each badge with the key that it is bound to. */
  private async bound(badges: string[], keys: CryptoKeyPair[]): Promise<Held[]> {
    const names = await Promise.all(keys.map(async ({ publicKey }) => (await crypto.subtle.exportKey('jwk', publicKey)).x))
    return badges.map((badge) => {
      const key = keys[names.indexOf(readBadge(badge).boundTo)]
      if (key === undefined) throw new BadgeError('refused', 'a badge is for another key')
      return { badge, key }
    })
  }

  /** Tells the issuer that the badges are kept. What fails is tried again before the next. */
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
