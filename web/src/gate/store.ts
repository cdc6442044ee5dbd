/**
 * What a tablet keeps: single things, portraits by their digest, and what was not
 * sent yet, in order.
 */
export type Table = 'kept' | 'pictures' | 'outbox'

const tables: Table[] = ['kept', 'pictures', 'outbox']

/** Without a value, what is there goes. */
export interface Change {
  table: Table
  key: string
  value?: unknown
}

export interface Store {
  get<T>(table: Table, key: string): Promise<T | undefined>
  /** By key, ascending. */
  all<T>(table: Table): Promise<[key: string, value: T][]>
  /** All of the changes or none; they are on disk when it resolves. */
  write(...changes: Change[]): Promise<void>
}

/** The browser's own database. Keys that cannot be read out can be kept in it. */
export class Database implements Store {
  private opened: Promise<IDBDatabase> | undefined

  async get<T>(table: Table, key: string): Promise<T | undefined> {
    const database = await this.open()
    return result(database.transaction(table).objectStore(table).get(key) as IDBRequest<T | undefined>)
  }

  async all<T>(table: Table): Promise<[string, T][]> {
    const database = await this.open()
    const store = database.transaction(table).objectStore(table)
    const [keys, values] = await Promise.all([result(store.getAllKeys()), result(store.getAll() as IDBRequest<T[]>)])
    return values.map((value, i) => [String(keys[i]), value])
  }

  async write(...changes: Change[]): Promise<void> {
    const database = await this.open()
    await new Promise<void>((resolve, reject) => {
      // Strict: a visit is kept when the guard is told that it is.
      const transaction = database.transaction(tables, 'readwrite', { durability: 'strict' })
      for (const { table, key, value } of changes) {
        const store = transaction.objectStore(table)
        if (value === undefined) store.delete(key)
        else store.put(value, key)
      }
      transaction.oncomplete = () => resolve()
      transaction.onabort = () => reject(transaction.error ?? new Error('the database refused'))
    })
  }

  private open(): Promise<IDBDatabase> {
    this.opened ??= new Promise((resolve, reject) => {
      const request = indexedDB.open('cyberbadge gate', 1)
      request.onupgradeneeded = () => tables.forEach((table) => request.result.createObjectStore(table))
      request.onsuccess = () => {
        // A newer page in another tab may change the tables; this one opens them anew.
        request.result.onversionchange = () => this.close(request.result)
        request.result.onclose = () => this.close(request.result)
        resolve(request.result)
      }
      request.onerror = () => {
        this.opened = undefined
        reject(request.error ?? new Error('no database'))
      }
    })
    return this.opened
  }

  private close(database: IDBDatabase): void {
    database.close()
    this.opened = undefined
  }
}

function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new Error('the database refused'))
  })
}

/** Forgets everything with the page; for units. */
export class Memory implements Store {
  private readonly held = new Map<Table, Map<string, unknown>>(tables.map((table) => [table, new Map()]))

  async get<T>(table: Table, key: string): Promise<T | undefined> {
    return structuredClone(this.held.get(table)?.get(key)) as T | undefined
  }

  async all<T>(table: Table): Promise<[string, T][]> {
    const entries = [...(this.held.get(table) ?? [])] as [string, T][]
    return structuredClone(entries).sort(([a], [b]) => (a < b ? -1 : 1))
  }

  async write(...changes: Change[]): Promise<void> {
    const copies = structuredClone(changes)
    for (const { table, key, value } of copies) {
      if (value === undefined) this.held.get(table)?.delete(key)
      else this.held.get(table)?.set(key, value)
    }
  }
}
