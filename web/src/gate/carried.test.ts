import { expect, test } from 'vitest'
import { CarryError, carriedIssuers, carryTrouble, maxCarried, newestRoots, readCarried, withCarried } from './carried.ts'
import type { Root } from './contract.ts'

const root = (number: number, name = 'r'): Root => ({
  root: name,
  issuer: `i of ${name}`,
  manifest: `m${number}`,
  number,
  issued_at: '2026-11-23T08:00:00Z',
  expires_at: '2026-12-23T08:00:00Z',
})

test('a file at the limit is read, and one byte more is none', async () => {
  const file = (size: number) => ({ size, text: async () => 'text' }) as Blob
  await expect(readCarried(file(maxCarried))).resolves.toBe('text')
  await expect(readCarried(file(maxCarried + 1))).rejects.toEqual(new CarryError('bundle_invalid'))
})

test.each([
  [Object.assign(new Error('x'), { code: 'bundle_rollback' }), 'bundle_rollback'],
  [new CarryError('no_lists'), 'no_lists'],
  [Object.assign(new Error('x'), { code: 'status_rollback' }), 'failed'],
  [new DOMException('the stick is gone', 'NotReadableError'), 'failed'],
  [undefined, 'failed'],
])('%s is told as %s', (error, trouble) => {
  expect(carryTrouble(error)).toBe(trouble)
})

test('a bundle takes the place of what there was of its issuer, and of nobody else', () => {
  const parts = [{ kind: 'portrait' }, { kind: 'list', uri: 'a' }, { kind: 'list', uri: 'ä' }]
  const manifest = `h.${Buffer.from(JSON.stringify({ parts })).toString('base64url')}.s`
  const held = { root: 'r', issuer: 'i of r', number: 5, issuedAt: 'from', expires: 'to', lists: 2, manifest, customer: 'us' }
  const list = (issuer: string, uri: string, token = 'old') => ({ issuer, uri, token })
  const before = { trust: 't', lists: [list('i of r', 'a'), list('i of r', 'gone'), list('other', 'x')], roots: [root(4), root(9, 'other')] }
  expect(withCarried(before, held, `${manifest}\npicture\nnew a\nnew ä\n`)).toEqual({
    trust: 't',
    lists: [list('other', 'x'), list('i of r', 'a', 'new a'), list('i of r', 'ä', 'new ä')],
    roots: [{ root: 'r', issuer: 'i of r', number: 5, issued_at: 'from', expires_at: 'to', manifest, carried: true, customer: 'us' }, root(9, 'other')],
  })
})

test('of each root key that the service pins the newest bundle counts', () => {
  expect(newestRoots([root(4)], [])).toEqual([root(4)])
  expect(newestRoots([root(4)], [root(3)])).toEqual([root(4)])
  // As before: two of the same number are somebody's lie.
  expect(newestRoots([{ ...root(4), manifest: 'another' }], [root(4)])).toEqual([root(4)])
  // What the site is called is the service's word.
  expect(newestRoots([{ ...root(4), customer: 'us' }], [root(5)])).toEqual([{ ...root(5), customer: 'us', carried: true }])
  // Once the service has it, too, nobody is ahead.
  expect(newestRoots([root(5)], [{ ...root(5), carried: true }])).toEqual([root(5)])
  expect(newestRoots([root(4, 'other')], [root(5)])).toEqual([root(4, 'other')])
  expect(newestRoots(undefined, [root(5)])).toEqual([])
})

test('the service is behind where somebody brought a newer bundle', () => {
  expect(carriedIssuers([root(4), root(4, 'other')], [root(5), root(4, 'other')])).toEqual(['i of r'])
  expect(carriedIssuers(undefined, [])).toEqual([])
})
