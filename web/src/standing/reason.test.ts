import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { otherDenials } from '../badge/denial.ts'
import { readReason, reasonKinds } from './reason.ts'

/** What a pattern finds in the program's own Go files of a folder, each once. */
function inGo(folder: string, pattern: RegExp): string[] {
  const place = new URL(`../../../issuer/${folder}`, import.meta.url)
  const files = readdirSync(place).filter((name) => name.endsWith('.go') && !name.endsWith('_test.go'))
  const found = files.flatMap((name) => [...readFileSync(new URL(name, place), 'utf8').matchAll(pattern)].map(([, text = '']) => text))
  return [...new Set(found)].sort()
}

// A kind that is not in the list has no words: the words are a record of the list.
test('every reason that the issuer gives is known, and no other', () => {
  const kinds = [...inGo('policy/', /\bKind += "([a-z-]+)"/g), ...inGo('', /\bpolicy\.Kind += "([a-z-]+)"/g)]
  expect(kinds).toContain('training-expired')
  expect(kinds).toContain('suspended-by-office')
  expect([...kinds].sort()).toEqual([...reasonKinds].sort())
})

test('so is every denial that is about no standing', () => {
  const denials = inGo('enrol/', /\bCredentialRequestDenied, "([^"]+)"\)/g)
  expect(denials).toContain(otherDenials.soon)
  expect(denials).toEqual(Object.values(otherDenials).sort())
})

test('a reason is read with what it is about', () => {
  expect(readReason('training-expired:CB-101')).toEqual({ kind: 'training-expired', about: 'CB-101' })
  expect(readReason('device-missing')).toEqual({ kind: 'device-missing', about: '' })
  expect(readReason('device-stale:a:b')).toEqual({ kind: 'device-stale', about: 'a:b' })
  for (const text of ['', 'constructor', 'Training-expired:X', 'tired']) expect(readReason(text), text).toBeUndefined()
})
