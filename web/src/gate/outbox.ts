import type { Outcome, VisitRecord } from './contract.ts'
import { RefusedError } from './service.ts'
import type { Store } from './store.ts'

/** What the service takes in one call. */
export const maxRecords = 100

/** Statuses of a call that is itself wrong, and would be the next time. */
const wrong = [400, 413, 422]

interface Entry {
  record: VisitRecord
  /** Whose register it belongs to: the tablet may be paired with another site before it is sent. */
  site: string
}

/**
 * Lines for the register that the service has not confirmed. Each is on disk
 * before anybody is told that it is done, and goes when the service says that it
 * has it. One that is sent twice is known there by its id.
 */
export class Outbox {
  private entries: [key: string, entry: Entry][] = []
  private last = 0
  private sending: Promise<Outcome[]> | undefined

  private constructor(private readonly store: Store) {}

  static async open(store: Store): Promise<Outbox> {
    const outbox = new Outbox(store)
    outbox.entries = await store.all<Entry>('outbox')
    outbox.last = Number(outbox.entries.at(-1)?.[0].split(' ')[0] ?? 0)
    return outbox
  }

  /** Kept when it resolves. */
  async add(record: VisitRecord, site: string): Promise<void> {
    const key = `${String(++this.last).padStart(12, '0')} ${record.id}`
    const entry = { record, site }
    await this.store.write({ table: 'outbox', key, value: entry })
    this.entries.push([key, entry])
  }

  /** What is not sent yet of that site, in order. */
  unsent(site: string): VisitRecord[] {
    return this.entries.filter(([, entry]) => entry.site === site).map(([, { record }]) => record)
  }

  /** How many wait for a pairing with another site. */
  elsewhere(site: string): number {
    return this.entries.filter(([, entry]) => entry.site !== site).length
  }

  /** Drops what is from before that instant, in milliseconds: it may not be kept any longer. */
  async forget(before: number): Promise<void> {
    await this.remove((record) => Date.parse(record.at) < before)
  }

  /**
   * Sends what there is of that site, in order, and returns what came of it. It
   * fails as soon as a call does; what was not confirmed stays.
   */
  flush(site: string, send: (records: VisitRecord[]) => Promise<Outcome[]>): Promise<Outcome[]> {
    this.sending ??= this.sendAll(site, send).finally(() => (this.sending = undefined))
    return this.sending
  }

  private async sendAll(site: string, send: (records: VisitRecord[]) => Promise<Outcome[]>): Promise<Outcome[]> {
    const all: Outcome[] = []
    for (;;) {
      const batch = this.unsent(site).slice(0, maxRecords)
      if (batch.length === 0) return all
      const outcomes = await sendSplit(batch, send)
      const done = new Set(outcomes.map(({ id }) => id))
      if (!batch.some(({ id }) => done.has(id))) return all
      await this.remove(({ id }) => done.has(id))
      all.push(...outcomes)
    }
  }

  private async remove(isOut: (record: VisitRecord) => boolean): Promise<void> {
    const gone = this.entries.filter(([, { record }]) => isOut(record)).map(([key]) => key)
    if (gone.length === 0) return
    await this.store.write(...gone.map((key) => ({ table: 'outbox' as const, key })))
    this.entries = this.entries.filter(([key]) => !gone.includes(key))
  }
}

/** One record that the service cannot read must not hold the others up. */
async function sendSplit(batch: VisitRecord[], send: (records: VisitRecord[]) => Promise<Outcome[]>): Promise<Outcome[]> {
  try {
    return await send(batch)
  } catch (error) {
    if (!(error instanceof RefusedError) || !wrong.includes(error.status)) throw error
    const [only, second] = batch
    if (only && !second) return [{ id: only.id, result: 'refused', detail: error.code }]
    const middle = Math.ceil(batch.length / 2)
    return [...(await sendSplit(batch.slice(0, middle), send)), ...(await sendSplit(batch.slice(middle), send))]
  }
}
