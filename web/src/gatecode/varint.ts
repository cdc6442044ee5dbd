import type { Bytes } from './bytes.ts'

/** The most that a varint of less than 2^53 takes. */
const maxBytes = 8

const bound = 2 ** 53

/** A whole number from 0 to 2^53 - 1 as unsigned LEB128. */
export function toVarint(value: number): Bytes {
  let bytes = ''
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes += String.fromCharCode(0x80 | value % 0x80)
  return bytes + String.fromCharCode(value)
}

/** The varint at the front of some bytes and its size; nothing where it is cut off, too large or not in its shortest form. */
export function cutVarint(from: Bytes): { value: number; size: number } | undefined {
  let value = 0
  for (let i = 0; i < Math.min(from.length, maxBytes); i++) {
    const byte = from.charCodeAt(i)
    value += (byte & 0x7f) * 2 ** (7 * i)
    if (byte & 0x80) continue
    const needless = i > 0 && byte === 0
    return needless || value >= bound ? undefined : { value, size: i + 1 }
  }
  return undefined
}
