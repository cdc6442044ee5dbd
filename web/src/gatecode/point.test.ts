import { createECDH, ECDH } from 'node:crypto'
import { expect, test } from 'vitest'
import { fromArray, fromHex } from './bytes.ts'
import { signOf, yOf } from './point.ts'

test('points of P-256', () => {
  const signs = new Set<string>()
  for (let i = 0; i < 50; i++) {
    const uncompressed = fromArray(createECDH('prime256v1').generateKeys())
    const [x, y] = [uncompressed.slice(1, 33), uncompressed.slice(33)]
    const sign = fromArray(ECDH.convertKey(Buffer.from(uncompressed, 'latin1'), 'prime256v1', undefined, undefined, 'compressed') as Buffer)[0] as string
    signs.add(sign)
    expect(signOf(x, y)).toBe(sign)
    expect(yOf(sign, x)).toBe(y)
    expect(signOf(y, x)).toBeUndefined()
  }
  expect(signs).toEqual(new Set(['\x02', '\x03']))
})

const p = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n
const coordinate = (value: bigint) => fromHex(value.toString(16).padStart(64, '0'))

test('what is no point of P-256', () => {
  const y = yOf('\x02', coordinate(5n)) as string
  expect(signOf(coordinate(5n), y)).toBe('\x02')
  expect(yOf('\x02', coordinate(1n)), 'no square').toBeUndefined()
  expect(yOf('\x02', coordinate(p + 5n)), 'x beyond the field').toBeUndefined()
  expect(signOf(coordinate(p + 5n), y), 'x beyond the field').toBeUndefined()
  expect(yOf('\x04', coordinate(5n)), 'another sign').toBeUndefined()
  expect(signOf(coordinate(5n), coordinate(0n)), 'another y').toBeUndefined()
})
