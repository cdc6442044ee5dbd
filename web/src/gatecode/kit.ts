/** What the tests of this folder share. */
import { readFileSync } from 'node:fs'
import { deflateRawSync } from 'node:zlib'
import { expect } from 'vitest'
import { fromArray, toArray, type Bytes } from './bytes.ts'
import { toDigits } from './code.ts'
import { dictionary } from './dictionary.ts'
import { GateCodeError } from './error.ts'
import { toVarint } from './varint.ts'

export const vendor = 'https://badge.vendor.example'
export const prefix = 'HTTPS://BADGE.VENDOR.EXAMPLE/C#'

/** A file of the repository. */
export const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')

export interface Golden {
  name: string
  issuer: string
  presentation: string
  code: string
}

export const golden = JSON.parse(read('credential/qr/testdata/golden.json')) as [Golden, ...Golden[]]

/** Deflates as zlib does, so that nothing here is its own judge. */
export const deflate = (text: Bytes): Bytes =>
  fromArray(deflateRawSync(toArray(text), { level: 9, dictionary: toArray(dictionary) }))

/** The inflated text of a frame. */
export const textOf = (segments: Bytes[], ...strings: Bytes[]): Bytes =>
  segments.join('\x00') + '\x00\x00' + strings.map((s) => s + '\x00').join('')

/** A frame put together without the checks that a packer makes. */
export const frameOf = (format: number, deflated: Bytes, side: Bytes): Bytes =>
  String.fromCharCode(format) + toVarint(deflated.length) + deflated + side

export const codeOf = (frame: Bytes) => prefix + toDigits(frame)

export const zeros = (count: number): Bytes => '\x00'.repeat(count)

/** Expects an error with this code and words. */
export async function expectRefusal(work: Promise<unknown>, code: GateCodeError['code'], detail = ''): Promise<void> {
  const error = await work.then(
    (value) => new Error(`not refused: ${String(value).slice(0, 80)}`),
    (error: unknown) => error,
  )
  expect(error).toBeInstanceOf(GateCodeError)
  expect(error).toMatchObject({ code, detail: expect.stringContaining(detail) })
}
