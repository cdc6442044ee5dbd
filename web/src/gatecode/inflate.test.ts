import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { fromArray, toArray, type Bytes } from './bytes.ts'
import { dictionary } from './dictionary.ts'
import { inflate } from './inflate.ts'

const limit = 100_000
const preset = toArray(dictionary)

/** Numbers that are the same in every run, below a bound. */
function numbers(seed: number): (bound: number) => number {
  let state = seed
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * bound)
  }
}

const text = (size: number, alphabet: number, next: (bound: number) => number): Bytes =>
  Array.from({ length: size }, () => String.fromCharCode(next(alphabet) * next(alphabet) & 0xff)).join('')

describe('inflates what zlib deflated', () => {
  const strategies = [constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED, constants.Z_HUFFMAN_ONLY, constants.Z_RLE]
  test.each([0, 1, 2, 300, 5_000, 50_000])('%d bytes', (size) => {
    const next = numbers(size)
    for (const alphabet of [1, 2, 16, 256]) {
      const plain = text(size, alphabet, next) + dictionary.slice(next(1592))
      for (const strategy of strategies) {
        for (const level of [0, 1, 9]) {
          const stream = latin1(deflateRawSync(toArray(plain), { level, strategy, dictionary: preset }))
          expect(inflate(stream, dictionary, limit) === plain).toBe(true)
        }
      }
    }
  })
})

const latin1 = (array: Uint8Array): Bytes => Array.from(array, (byte) => String.fromCharCode(byte)).join('')

test('agrees with zlib on damaged streams', () => {
  const next = numbers(7)
  const agreed = { same: 0, refused: 0 }
  for (let i = 0; i < 2_000; i++) {
    const strategy = i % 2 ? constants.Z_FIXED : constants.Z_DEFAULT_STRATEGY
    const stream = deflateRawSync(toArray(text(40 + next(200), 12, next)), { strategy, dictionary: preset })
    for (let flips = 1 + next(3); flips > 0; flips--) {
      const at = next(Math.min(stream.length, 60))
      stream[at] = (stream[at] as number) ^ (1 << next(8))
    }
    const own = outcome(() => inflate(fromArray(stream), dictionary, limit))
    const other = outcome(() => zlibInflate(stream))
    expect(own, stream.toString('hex')).toBe(other)
    agreed[own === undefined ? 'refused' : 'same']++
  }
  expect(agreed.same).toBeGreaterThan(100)
  expect(agreed.refused).toBeGreaterThan(100)
})

function outcome(work: () => Bytes): Bytes | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

/** Refuses bytes that follow the stream, which zlib leaves alone. */
function zlibInflate(stream: Buffer): Bytes {
  const { buffer, engine } = inflateRawSync(stream, { dictionary: preset, info: true }) as unknown as {
    buffer: Buffer
    engine: { bytesWritten: number }
  }
  if (engine.bytesWritten !== stream.length) throw new Error('bytes follow')
  return latin1(buffer)
}

test('stops at the limit', () => {
  const stream = fromArray(deflateRawSync(Buffer.alloc(100, 'x'), { dictionary: preset }))
  expect(inflate(stream, dictionary, 100)).toBe('x'.repeat(100))
  expect(() => inflate(stream, dictionary, 99)).toThrow('frame_too_large: the text inflates to more than 99 bytes')
})
