import { fromBase64URL, fromHex, type Bytes } from './bytes.ts'
import { dictionary } from './dictionary.ts'
import { signOf } from './point.ts'
import { firstTime, hour, token } from './token.ts'
import { toVarint } from './varint.ts'

/**
 * Takes out of JSON what tokens can stand for. What it recognises decides only how
 * short a code gets; what each token means is the restorer's. It sees strings and
 * numbers and copies everything else, so that text that is no JSON is restored as
 * well.
 */
export class Lifter {
  readonly strings: Bytes[] = []
  side: Bytes = ''

  private digests: string[] = [] // of the disclosures, in ascending order
  private sdHash = '' // until the key-binding JWT
  private time = firstTime

  // A disclosure may hold digests of others, but the restorer knows none before it
  // has restored all disclosures.
  private listed = true // the sorted list was met, or cannot be yet
  private inList = false // the values at hand are its elements
  private pointed = false // the point was met

  private template: Bytes = '' // of the segment at hand
  private before: Place | undefined // of the latest token.raw32 in it

  constructor(private readonly issuer: string) {}

  /** After the disclosures: their digests, in ascending order. */
  setDigests(digests: string[]): void {
    this.digests = digests
    this.listed = false
  }

  /** Before the key-binding JWT: the hash of all before it. */
  setHash(sdHash: string): void {
    this.sdHash = sdHash
  }

  /** The template of a segment's content. */
  lift(content: Bytes): Bytes {
    this.template = ''
    this.before = undefined
    const pieces = /"(?:\\[^]|[^"\\])*(?:"|\\?$)|[0-9][\w.+-]*|[^]/g
    for (const { 0: piece, index } of content.matchAll(pieces)) {
      if (piece.startsWith('"')) this.quoted(piece, content.slice(index + piece.length))
      else if (/^[0-9]/.test(piece)) this.number(piece)
      else this.other(piece)
    }
    return this.template
  }

  private other(character: Bytes): void {
    if (character === ']') this.inList = false
    this.template += character
  }

  /** A string in quotes, given what follows it. */
  private quoted(literal: Bytes, following: Bytes): void {
    const list = /^[ \t\r\n]*:([^]*)/.exec(following)?.[1]
    const whole = literal.length > 1 && literal.endsWith('"')
    if (whole && list !== undefined) this.inList = literal === '"_sd"' && this.isSortedList(list)
    if (!whole || list !== undefined) {
      this.template += literal
      return
    }
    this.template += '"'
    this.value(literal.slice(1, -1))
    this.template += '"'
  }

  /** Whether the array at the start of a text is one that token.sortedDigest restores: in ascending order, with every disclosure's digest. */
  private isSortedList(text: Bytes): boolean {
    if (this.listed) return false
    const [array = ''] = text.split(']', 1)
    const elements = array.split('"').filter((_, i) => i % 2 === 1)
    const ascending = elements.every((element, i) => i === 0 || (elements[i - 1] as string) < element)
    // Two disclosures that are the same have one digest twice.
    const complete = elements.filter((element) => this.digests.includes(element)).length === this.digests.length
    const digests = elements.every((element) => fromBase64URL(element)?.length === 32)
    this.listed = elements.length > 0 && ascending && complete && digests
    return this.listed
  }

  /** A string that is not a member's name, in its shortest form. */
  private value(value: Bytes): void {
    if (value && value === this.sdHash) {
      this.template += token.sdHash
      return
    }
    if (this.inList || this.digests.includes(value)) {
      this.digest(value)
      return
    }
    const shorter = this.issuer && value.startsWith(this.issuer) ? token.issuer + value.slice(this.issuer.length) : value
    if (dictionary.includes(`"${shorter}"`)) {
      this.template += shorter
      return
    }
    const start = startOfTail(shorter)
    const short = shortForm(shorter.slice(start))
    if (short) {
      this.template += shorter.slice(0, start)
      this.token(...short)
      return
    }
    if (shorter === '' || shorter.startsWith(token.issuer)) {
      this.template += shorter
      return
    }
    this.template += token.string
    this.strings.push(shorter)
  }

  /** A digest of a disclosure or an element of the sorted list. */
  private digest(value: Bytes): void {
    const number = this.digests.indexOf(value)
    this.template += this.inList ? token.sortedDigest : token.numberedDigest
    if (!this.inList) this.side += String.fromCharCode(number)
    else if (number < 0) this.side += fromBase64URL(value)
  }

  /** Appends a token and what it takes. A second token.raw32 may make a point of both. */
  private token(which: Bytes, raw: Bytes): void {
    const x = this.before
    const sign = which === token.raw32 && x && !this.pointed && signOf(x.raw, raw)
    if (sign) {
      this.pointed = true
      this.template = this.template.slice(0, x.inTemplate) + token.pointX + this.template.slice(x.inTemplate + 1) + token.pointY
      this.side = this.side.slice(0, x.inSide) + sign + this.side.slice(x.inSide)
      return
    }
    if (which === token.raw32) this.before = { raw, inTemplate: this.template.length, inSide: this.side.length }
    this.template += which
    this.side += raw
  }

  /** A run that starts with a digit. */
  private number(run: Bytes): void {
    // Ten digits up to 2^32 are times: from 2001 to 2106.
    if (/^[1-9][0-9]{9}$/.test(run) && Number(run) < 2 ** 32) {
      this.template += token.time
      this.side += difference(Number(run) - this.time)
      this.time = Number(run)
      return
    }
    const decimal = shortDecimal(run)
    if (decimal) this.token(...decimal)
    else this.template += run
  }
}

/** Where a token.raw32 stands, so that it can become a token.pointX when its y follows. */
interface Place {
  raw: Bytes
  inTemplate: number
  inSide: number
}

/** A difference in seconds as token.time takes it. */
function difference(seconds: number): Bytes {
  const whole = seconds % hour === 0
  const units = whole ? seconds / hour : seconds
  const zigzag = units < 0 ? -2 * units - 1 : 2 * units
  return toVarint(2 * zigzag + (whole ? 1 : 0))
}

/** Where the part of a string starts that is most likely to be random: the last of a path or a name, or the whole. */
function startOfTail(value: Bytes): number {
  if (value.startsWith('sha256-')) return 'sha256-'.length
  if (value.endsWith('=')) return 0
  return Math.max(value.lastIndexOf('/'), value.lastIndexOf(':')) + 1
}

/** The token for a value and the bytes that it takes, if there is one. */
function shortForm(value: Bytes): [token: Bytes, raw: Bytes] | undefined {
  const raw = fromBase64URL(value)
  if (raw?.length === 16) return [token.raw16, raw]
  if (raw?.length === 32) return [token.raw32, raw]
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value)) return [token.uuid, fromHex(value.replace(/-/g, ''))]
  const integrity = /^[0-9A-Za-z+/]{43}=$/.test(value) ? atob(value) : ''
  if (integrity && btoa(integrity) === value) return [token.integrity, integrity]
  return shortDecimal(value)
}

/** A run of digits as token.decimal takes it: by its number among all digit strings, shorter ones first. */
function shortDecimal(run: Bytes): [token: Bytes, raw: Bytes] | undefined {
  if (!/^[0-9]{1,15}$/.test(run)) return undefined
  const shorter = Number('1'.repeat(run.length)) - 1 // 10 + 100 + … below this length
  return [token.decimal, toVarint(shorter + Number(run))]
}
