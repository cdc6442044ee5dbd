import { beforeEach, describe, expect, test } from 'vitest'
import type { Outcome, VisitRecord } from './contract.ts'
import { maxRecords, Outbox } from './outbox.ts'
import { RefusedError, UnreachableError } from './service.ts'
import { Memory } from './store.ts'

const at = (minute: number) => new Date(Date.UTC(2026, 10, 23, 8, minute)).toISOString()
const line = (id: string, minute = 0): VisitRecord => ({ id, at: at(minute), event: 'admitted' })
const kept = (records: VisitRecord[]): Outcome[] => records.map(({ id }) => ({ id, result: 'kept' }))
const ids = (records: VisitRecord[]) => records.map(({ id }) => id)

let store: Memory
let sent: string[][]
const send = async (records: VisitRecord[]) => {
  sent.push(ids(records))
  return kept(records)
}

beforeEach(() => {
  store = new Memory()
  sent = []
})

async function filled(count: number, site = 'North') {
  const outbox = await Outbox.open(store)
  for (let i = 0; i < count; i++) await outbox.add(line(`r${i}`, i), site)
  return outbox
}

test('what is added is there after a crash, in order, and sent once', async () => {
  await filled(12)
  const outbox = await Outbox.open(store)
  await outbox.add(line('last'), 'North')
  expect(ids(outbox.unsent('North'))).toEqual([...Array.from({ length: 12 }, (_, i) => `r${i}`), 'last'])
  await outbox.flush('North', send)
  expect(sent).toEqual([[...Array.from({ length: 12 }, (_, i) => `r${i}`), 'last']])
  expect(outbox.unsent('North')).toEqual([])
  const again = await Outbox.open(store)
  await again.flush('North', send)
  expect(sent).toHaveLength(1)
})

test.each([
  [maxRecords, [maxRecords]],
  [maxRecords + 1, [maxRecords, 1]],
])('%d lines go in calls of %j', async (count, sizes) => {
  await (await filled(count)).flush('North', send)
  expect(sent.map(({ length }) => length)).toEqual(sizes)
})

test('what the service did not confirm stays', async () => {
  const outbox = await filled(3)
  await outbox.flush('North', async (records) => kept(records.filter(({ id }) => id !== 'r2')))
  expect(ids(outbox.unsent('North'))).toEqual(['r2'])
  await expect(outbox.flush('North', () => Promise.reject(new UnreachableError('x')))).rejects.toBeInstanceOf(UnreachableError)
  expect(ids((await Outbox.open(store)).unsent('North'))).toEqual(['r2'])
})

test('two at a time send once', async () => {
  const outbox = await filled(2)
  await Promise.all([outbox.flush('North', send), outbox.flush('North', send)])
  expect(sent).toEqual([['r0', 'r1']])
})

test('lines of another site wait for it', async () => {
  const outbox = await filled(1, 'South')
  await outbox.add(line('n'), 'North')
  await outbox.flush('North', send)
  expect(sent).toEqual([['n']])
  expect(outbox.elsewhere('North')).toBe(1)
})

describe('a line that the service', () => {
  test('refuses is told and gone', async () => {
    const outbox = await filled(2)
    const outcomes = await outbox.flush('North', async (records) => records.map(({ id }) => ({ id, result: id === 'r0' ? 'refused' : 'kept', ...(id === 'r0' && { detail: 'too old' }) })))
    expect(outcomes[0]).toEqual({ id: 'r0', result: 'refused', detail: 'too old' })
    expect(outbox.unsent('North')).toEqual([])
  })

  test('cannot read does not hold up the others', async () => {
    const outbox = await filled(5)
    const taken: string[] = []
    const outcomes = await outbox.flush('North', async (records) => {
      if (ids(records).includes('r3')) throw new RefusedError(400, 'malformed')
      taken.push(...ids(records))
      return kept(records)
    })
    expect(taken).toEqual(['r0', 'r1', 'r2', 'r4'])
    expect(outcomes.filter(({ result }) => result === 'refused')).toEqual([{ id: 'r3', result: 'refused', detail: 'malformed' }])
    expect(outbox.unsent('North')).toEqual([])
  })

  test('takes none of, because the register is off, stays', async () => {
    const outbox = await filled(1)
    await expect(outbox.flush('North', () => Promise.reject(new RefusedError(409, 'register_off')))).rejects.toBeInstanceOf(RefusedError)
    expect(ids(outbox.unsent('North'))).toEqual(['r0'])
  })
})

test('nothing stays longer than the site may keep it', async () => {
  const outbox = await filled(3)
  await outbox.forget(Date.parse(at(1)))
  expect(ids(outbox.unsent('North'))).toEqual(['r1', 'r2'])
  expect(ids((await Outbox.open(store)).unsent('North'))).toEqual(['r1', 'r2'])
})
