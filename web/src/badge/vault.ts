import { isChoice, type Choice } from './choice.ts'
import type { Refusal } from './denial.ts'
import type { Held } from './stock.ts'

/** What this phone keeps: keys can be used and not be read. */
export interface Holder {
  issuer: string
  /**
   * One for each badge of a stock, always the same: asked again for a key, the
   * issuer ends the badge whose delivery got lost. Tokens are bound to the first.
   */
  keys: [CryptoKeyPair, ...CryptoKeyPair[]]
  refresh: string
  /** The badges that are good one after the other; empty as long as none was granted. */
  stock: Held[]
  /** The longest life of a badge so far, in seconds. */
  life: number
  /** The delivery whose badges are kept and of which the issuer was not told yet. */
  notification?: string
  /** Seconds since 1970, by the issuer's clock: when it was last asked. */
  asked: number
  /** Seconds by which the phone's clock is behind the issuer's. */
  offset: number
  /** Why there is no badge now. */
  denial?: Refusal
  /** The issuer no longer knows this phone. */
  ended?: boolean
}

const storeName = 'holder'
const only = 'this phone'
const leftOut = 'left out'

/** The database of one issuer's page; issuers may share an origin. */
export class Vault {
  constructor(private readonly issuer: string) {}

  load(): Promise<Holder | undefined> {
    return this.use<Holder | undefined>('readonly', (store) => store.get(only))
  }

  async save(holder: Holder): Promise<void> {
    await this.use('readwrite', (store) => store.put(holder, only))
  }

  /** What the holder leaves out of codes. It stands beside the rest, which a renewal may write at the same time. */
  async leftOut(): Promise<Choice[]> {
    const kept = await this.use<string[] | undefined>('readonly', (store) => store.get(leftOut))
    return (kept ?? []).filter(isChoice)
  }

  async leaveOut(choices: Choice[]): Promise<void> {
    await this.use('readwrite', (store) => store.put(choices, leftOut))
  }

  private async use<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    const database = await this.open()
    try {
      return await new Promise<T>((resolve, reject) => {
        // Strict: the issuer is told that a badge is kept when it is.
        const transaction = database.transaction(storeName, mode, { durability: 'strict' })
        const request = work(transaction.objectStore(storeName))
        transaction.oncomplete = () => resolve(request.result)
        transaction.onabort = () => reject(transaction.error ?? new Error('the database refused'))
      })
    } finally {
      database.close()
    }
  }

  private open(): Promise<IDBDatabase> {
    return new Promise((resolve, reject) => {
      const request = indexedDB.open(`cyberbadge ${this.issuer}`, 1)
      request.onupgradeneeded = () => request.result.createObjectStore(storeName)
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error ?? new Error('no database'))
    })
  }
}
