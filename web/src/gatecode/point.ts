import { fromHex, toHex, type Bytes } from './bytes.ts'

/*
 * P-256 (FIPS 186-5), y² = x³ - 3x + b over the integers modulo p. Coordinates are
 * bytes, 32 of them. BigInt's time depends on its values, which is of no matter:
 * these are public keys.
 */
const p = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n
const b = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn

/** The first byte of a point's compressed form (SEC 1, section 2.3.3), if these are one. */
export function signOf(x: Bytes, y: Bytes): Bytes | undefined {
  const [a, c] = [toNumber(x), toNumber(y)]
  if (a >= p || c >= p || (c * c) % p !== squareOfY(a)) return undefined
  return c % 2n === 1n ? '\x03' : '\x02'
}

/** A point's y by its sign and x (SEC 1, section 2.3.4), if there is such a point. */
export function yOf(sign: Bytes, x: Bytes): Bytes | undefined {
  const a = toNumber(x)
  if ((sign !== '\x02' && sign !== '\x03') || a >= p) return undefined
  const square = squareOfY(a)
  // As p is 3 modulo 4, this is a square root of whatever has one.
  const root = power(square, (p + 1n) / 4n)
  if ((root * root) % p !== square) return undefined
  // There is no y = 0: the curve's order is odd.
  const odd = sign === '\x03'
  const y = (root % 2n === 1n) === odd ? root : p - root
  return fromHex(y.toString(16).padStart(64, '0'))
}

const toNumber = (coordinate: Bytes) => BigInt('0x' + toHex(coordinate))

/** Is below p, and not below zero as remainders can be. */
const squareOfY = (x: bigint) => (x * x * x + (p - 3n) * x + b) % p

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  for (const bit of exponent.toString(2)) {
    result = (result * result) % p
    if (bit === '1') result = (result * base) % p
  }
  return result
}
