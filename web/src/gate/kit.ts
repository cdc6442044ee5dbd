/** What the tests of a gate share. */
import { Memory } from './store.ts'

export const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status })

/** Keys cannot be copied into this memory, so it holds on to what it is given. */
export class Drawer extends Memory {
  private pairing: unknown

  override async get<T>(...[table, key]: Parameters<Memory['get']>): Promise<T | undefined> {
    return key === 'pairing' ? (this.pairing as T) : super.get<T>(table, key)
  }

  override async write(...changes: Parameters<Memory['write']>): Promise<void> {
    for (const { key, value } of changes) if (key === 'pairing') this.pairing = value
    await super.write(...changes.filter(({ key }) => key !== 'pairing'))
  }
}
