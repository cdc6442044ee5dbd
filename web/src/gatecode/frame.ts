import { deflateSync } from 'fflate'
import { fromArray, toArray, type Bytes } from './bytes.ts'
import { dictionary } from './dictionary.ts'
import { malformed, tooLarge } from './error.ts'
import { inflate } from './inflate.ts'
import { maxSide, maxText } from './limits.ts'
import { token } from './token.ts'
import { cutVarint, toVarint } from './varint.ts'

/** Formats, the first byte of a frame: without a key-binding JWT and with one. */
export const unboundFormat = '\x01'
export const boundFormat = '\x02'

/** A gate code's content. */
export interface Frame {
  format: Bytes
  /** Of the template. */
  segments: Bytes[]
  /** What token.string stands for, in order. */
  strings: Bytes[]
  /** What the other tokens take, in order. */
  side: Bytes
}

/** The frame's bytes. */
export function encode({ format, segments, strings, side }: Frame): Bytes {
  const ended = (parts: Bytes[]) => parts.map((part) => part + token.end).join('')
  const text = ended(segments) + token.end + ended(strings)
  if (text.length > maxText) throw doesNotFit(text.length, 'text', maxText)
  if (side.length > maxSide) throw doesNotFit(side.length, 'keys and hashes', maxSide)
  const deflated = deflate(text)
  return format + toVarint(deflated.length) + deflated + side
}

const doesNotFit = (size: number, what: string, limit: number) =>
  tooLarge(`the presentation leaves ${size} bytes of ${what}, at most ${limit} fit: issue the badge with fewer claims`)

/** The reverse of encode. */
export function decode(encoded: Bytes): Frame {
  const format = encoded.charAt(0)
  if (format !== unboundFormat && format !== boundFormat) {
    throw malformed('this gate code is of a format that this version does not read: update the reader')
  }
  const length = cutVarint(encoded.slice(1))
  const start = 1 + (length?.size ?? 0)
  if (!length || length.value > encoded.length - start) throw malformed("the deflated text's length is wrong")
  const side = encoded.slice(start + length.value)
  if (side.length > maxSide) throw tooLarge(`the side stream has ${side.length} bytes, at most ${maxSide} are read`)
  const text = inflate(encoded.slice(start, start + length.value), dictionary, maxText)
  return { format, side, ...cutText(text) }
}

/** Takes the inflated text apart, in which everything ends with token.end. */
function cutText(text: Bytes): { segments: Bytes[]; strings: Bytes[] } {
  const end = text.indexOf(token.end + token.end)
  const strings = text.slice(end + 2).split(token.end)
  if (end < 0 || strings.pop() !== '') throw malformed('the template or the last string has no end')
  return { segments: text.slice(0, end).split(token.end), strings }
}

const deflate = (text: Bytes) => fromArray(deflateSync(toArray(text), { level: 9, dictionary: toArray(dictionary) }))
