/** What this phone keeps: the key can be used and not be read. */
export interface Holder {
  issuer: string
  key: CryptoKeyPair
  refresh: string
  /** The badge with every disclosure; nothing as long as none was granted. */
  badge?: string
  /** The delivery whose badge is kept and of which the issuer was not told yet. */
  notification?: string
  /** Seconds since 1970, by the issuer's clock: when it was last asked. */
  asked: number
  /** Seconds by which the phone's clock is behind the issuer's. */
  offset: number
  /** Why there is no badge now, in the issuer's words. */
  denial?: string
  /** The issuer no longer knows this phone. */
  ended?: boolean
}

const storeName = 'holder'
const only = 'this phone'

/** The database of one issuer's page; issuers may share an origin. */
export class Vault {
  constructor(private readonly issuer: string) {}

  load(): Promise<Holder | undefined> {
    return this.use('readonly', (store) => store.get(only) as IDBRequest<Holder | undefined>)
  }

  async save(holder: Holder): Promise<void> {
    await this.use('readwrite', (store) => store.put(holder, only))
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
