import { fromHex, fromText, toHex, type Bytes } from './bytes.ts'
import { GateCodeError, malformed, tooLarge } from './error.ts'
import { maxDigits, maxPrefix, minBareDigits } from './limits.ts'

/**
 * Whether a text has the shape of a gate code: a check page's URL and '#', or
 * nothing, and then digits, within the limits. It is cheap and does not tell
 * whether the code unpacks; it tells other people's QR codes from ours.
 */
export function isCode(text: string): boolean {
  try {
    cut(text)
    return true
  } catch (error) {
    if (error instanceof GateCodeError) return false
    throw error
  }
}

/** Splits a code into the issuer's URL, in lower case ('' for bare digits), and the digits. */
export function cut(code: string): { issuer: string; digits: string } {
  const limit = maxPrefix + maxDigits
  // A text has at least as many bytes of UTF-8 as it has characters.
  const bytes = code.length > limit ? code : fromText(code)
  if (bytes.length > limit) throw tooLarge(`the text has more than ${limit} bytes`)
  const mark = bytes.indexOf('#')
  const issuer = mark < 0 ? '' : issuerBefore(bytes.slice(0, mark))
  const digits = bytes.slice(mark + 1)
  checkDigits(digits, mark < 0)
  return { issuer, digits }
}

function issuerBefore(page: Bytes): string {
  if (page.length + 1 > maxPrefix) throw tooLarge(`the URL has ${page.length + 1} bytes with its '#', at most ${maxPrefix} are read`)
  const issuer = issuerOf(page)
  if (issuer === undefined) throw malformed("this is not a gate code: what precedes '#' is no issuer's check page")
  return issuer
}

function checkDigits(digits: Bytes, bare: boolean): void {
  if (/[^0-9]/.test(digits)) throw malformed('this is not a gate code: it holds other characters than digits')
  if (digits.length > maxDigits) throw tooLarge(`the code has ${digits.length} digits, at most ${maxDigits} are read`)
  if (digits === '') throw malformed('this is not a gate code: it has no digits')
  if (digits.startsWith('0')) throw malformed("a gate code's number has no leading zero")
  if (bare && digits.length < minBareDigits) {
    throw malformed(`this is not a gate code: a number without a URL has at least ${minBareDigits} digits`)
  }
}

/** The issuer's URL for the URL of its check page, in lower case. Only characters that have a short form in QR codes are allowed. */
function issuerOf(page: Bytes): string | undefined {
  // Bytes beyond ASCII have no other case that is in ASCII, as characters can have.
  return /^(https?:\/\/(?![/:])[a-z0-9./:-]*[a-z0-9.:-])\/c$/.exec(page.toLowerCase())?.[1]
}

/** What precedes the digits of an issuer's codes. */
export function prefixOf(issuerURL: string): string {
  if (issuerURL === '') return ''
  const page = issuerURL.toUpperCase() + '/C'
  if (issuerOf(page) !== issuerURL) {
    throw new TypeError(
      "the issuer's URL does not fit a gate code: it takes https:// and lower-case letters, digits, '-', '.', ':' and '/', with no '/' at the end",
    )
  }
  if (page.length + 1 > maxPrefix) {
    throw new TypeError(`the issuer's URL has ${issuerURL.length} bytes, a gate code takes at most ${maxPrefix - '/C#'.length}`)
  }
  return page + '#'
}

/** A frame as a decimal number. Its first byte is a format and never zero, so no leading zero is lost. */
export const toDigits = (frame: Bytes) => BigInt('0x' + toHex(frame)).toString()

/** The reverse of toDigits, for digits that were checked. */
export function fromDigits(digits: string): Bytes {
  const hex = BigInt(digits).toString(16)
  return fromHex(hex.length % 2 ? '0' + hex : hex)
}
