import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { start, UnsupportedError, verdictOf, verdicts, type Decision } from './index.ts'

const file = await readFile('build/verifier.wasm')
const runtime = await start((imports) => WebAssembly.instantiate(file, imports))

test('there is a verdict for every reason of the verifier, and no other', () => {
  expect(Object.keys(verdicts).sort()).toEqual([...runtime.reasons].sort())
})

test('what Go cannot throw is thrown here', () => {
  expect(() => runtime.unpack('hello')).toThrow(/not a gate code/)
  expect(() => runtime.open({ trust: '{}' })).toThrow(/issuers/)
})

test('a file that is no WebAssembly is a browser that cannot', async () => {
  await expect(start((imports) => WebAssembly.instantiate(new Uint8Array([1, 2, 3]), imports))).rejects.toBeInstanceOf(UnsupportedError)
})

test('yes takes both the permission and the reason', () => {
  const of = (allow: boolean, reason: string) => verdictOf({ allow, reason } as Decision)
  expect(of(true, 'ok')).toBe('yes')
  expect(of(false, 'ok')).toBe('unsure')
  expect(of(true, 'revoked')).toBe('no')
  expect(of(true, 'toString')).toBe('unsure')
  expect(of(false, 'of_tomorrow')).toBe('unsure')
  expect(of(true, '')).toBe('unsure')
})
