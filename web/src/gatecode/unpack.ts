import { digest, sortedDigests, toBase64URL, toHex, type Bytes } from './bytes.ts'
import { cut, fromDigits } from './code.ts'
import { malformed, tooLarge } from './error.ts'
import { boundFormat, decode, type Frame } from './frame.ts'
import { maxDisclosures, maxPresentation } from './limits.ts'
import { yOf } from './point.ts'
import { split, unbound } from './presentation.ts'
import { firstTime, hasControl, hour, token } from './token.ts'
import { cutVarint } from './varint.ts'

/**
 * Restores the presentation that was packed into a code, which may be in any case.
 *
 * It has the shape of a compact SD-JWT and no more is known of it: signatures,
 * digests and times are for a verifier to check. Fails with GateCodeError.
 */
export async function unpack(code: string): Promise<string> {
  const { issuer, digits } = cut(code)
  return restore(decode(fromDigits(digits)), issuer)
}

async function restore({ format, segments, strings, side }: Frame, issuer: string): Promise<string> {
  const bound = format === boundFormat
  const jwts = bound ? 6 : 3
  const shown = segments.length - jwts
  if (shown < 0) throw malformed(`the template has ${segments.length} segments, at least ${jwts} are needed`)
  if (shown > maxDisclosures) throw tooLarge(`the template has ${shown} disclosures, at most ${maxDisclosures} are read`)
  const restorer = new Restorer(issuer, strings, side)
  const disclosures = restorer.segments(segments.slice(0, shown))
  const listed = segments.join('').split(token.sortedDigest).length - 1
  restorer.setDigests(await sortedDigests(disclosures), listed)
  let text = unbound(restorer.segments(segments.slice(shown, shown + 3)), disclosures)
  if (bound) {
    restorer.setHash(await digest(text))
    text += restorer.segments(segments.slice(shown + 3)).join('.')
  }
  restorer.finish()
  split(text)
  return text
}

/** Expands segments, which use up what was taken out of them. */
class Restorer {
  private size = 0 // bytes restored so far
  private time = firstTime
  private pointY = '' // of the point, once its x was restored
  private sdHash = '' // until the key-binding JWT
  private digests: string[] = [] // of the disclosures, in ascending order
  private listed = 0 // how many of these the sorted list holds so far
  private hidden = 0 // digests of claims not disclosed that are still to come in it

  constructor(
    private readonly issuer: string,
    private strings: Bytes[], // not yet used
    private side: Bytes, // not yet used
  ) {}

  /** After the disclosures: their digests, and how many elements the sorted list has. */
  setDigests(digests: string[], elements: number): void {
    this.digests = digests
    this.hidden = elements - digests.length
  }

  /** Before the key-binding JWT: the hash of all before it. */
  setHash(sdHash: string): void {
    this.sdHash = sdHash
  }

  finish(): void {
    if (this.side || this.strings.length) {
      throw malformed(`${this.side.length} bytes and ${this.strings.length} strings are left over`)
    }
  }

  /** The text that stands in the presentation for segments of the template. */
  segments(templates: Bytes[]): Bytes[] {
    return templates.map((template) => this.segment(template))
  }

  private segment(template: Bytes): Bytes {
    if (template.startsWith(token.verbatim)) return this.counted(template.slice(1))
    let content = ''
    for (const c of template) content += this.counted(hasControl(c) ? this.expand(c) : c)
    return toBase64URL(content)
  }

  /** Counts what is restored, so that a short template of long tokens stops at the limit. */
  private counted(restored: Bytes): Bytes {
    this.size += restored.length
    if (this.size > maxPresentation) throw tooLarge(`the presentation restores to more than ${maxPresentation} bytes`)
    return restored
  }

  private expand(c: Bytes): Bytes {
    switch (c) {
      case token.raw16:
        return toBase64URL(this.take(16))
      case token.raw32:
        return toBase64URL(this.take(32))
      case token.integrity:
        return btoa(this.take(32))
      case token.uuid:
        return formatUUID(this.take(16))
      case token.time:
        return this.nextTime()
      case token.decimal:
        return this.nextDecimal()
      case token.pointX:
        return this.nextPoint()
      case token.pointY:
        return this.known(this.pointY, "a point's y stands before its x")
      case token.signature:
        return this.take(64)
      case token.sortedDigest:
        return this.nextSorted()
      case token.numberedDigest:
        return this.known(this.digests[this.take(1).charCodeAt(0)], "a digest's number is out of range")
      case token.sdHash:
        return this.known(this.sdHash, 'sd_hash stands outside the key-binding JWT')
      case token.issuer:
        return this.known(this.issuer, 'the code was cut off its URL, which it needs: scan or paste all of it')
      case token.string:
        return this.nextString()
    }
    throw malformed(`the template holds the unknown token 0x${toHex(c)}`)
  }

  private take(count: number): Bytes {
    const taken = this.side.slice(0, count)
    if (taken.length < count) throw malformed('the side stream is too short')
    this.side = this.side.slice(count)
    return taken
  }

  private takeVarint(): number {
    const varint = cutVarint(this.side)
    if (!varint) throw malformed('a number in the side stream is cut off, too large or not in its shortest form')
    this.side = this.side.slice(varint.size)
    return varint.value
  }

  private known(value: string | undefined, otherwise: string): string {
    if (!value) throw malformed(otherwise)
    return value
  }

  /** Adds a difference to the time before. Where a product is too large to be exact, it is out of range by far. */
  private nextTime(): string {
    const value = this.takeVarint()
    const zigzag = Math.floor(value / 2)
    const difference = zigzag % 2 ? -(zigzag + 1) / 2 : zigzag / 2
    this.time += difference * (value % 2 ? hour : 1)
    if (this.time < 0 || this.time >= 2 ** 53) throw malformed('a time is out of range')
    return String(this.time)
  }

  /** Reads the number of a digit string among all digit strings, shorter ones first. */
  private nextDecimal(): string {
    let number = this.takeVarint()
    let length = 1
    for (; number >= 10 ** length; length++) number -= 10 ** length
    return String(number).padStart(length, '0')
  }

  /** A second point is refused: a badge has one holder key, and each takes longer than all the rest. */
  private nextPoint(): string {
    if (this.pointY) throw malformed('there is a second point')
    const sign = this.take(1)
    const x = this.take(32)
    const y = yOf(sign, x)
    if (!y) throw malformed("the holder's key is not a point on P-256")
    this.pointY = toBase64URL(y)
    return toBase64URL(x)
  }

  /**
   * The next element of the sorted list: the smaller of the next digest of a
   * disclosure and the next of a claim not disclosed, which the side stream has.
   */
  private nextSorted(): string {
    const shown = this.digests[this.listed]
    if (this.hidden > 0 && this.side.length >= 32) {
      const next = toBase64URL(this.side.slice(0, 32))
      if (shown === undefined || next < shown) {
        this.hidden--
        this.take(32)
        return next
      }
    }
    this.listed++
    return this.known(shown, 'the list of digests is longer than its digests')
  }

  private nextString(): Bytes {
    const next = this.strings.shift()
    if (next === undefined) throw malformed('the template needs more strings than follow it')
    return next
  }
}

const formatUUID = (raw: Bytes) => toHex(raw).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
