import { isBase64URL } from './bytes.ts'
import { malformed, tooLarge } from './error.ts'
import { maxDisclosures, maxPresentation } from './limits.ts'

/** A compact SD-JWT's parts, as text. Every part is base64url and not empty. */
export interface Presentation {
  disclosures: string[]
  /** Header, payload and signature. */
  badge: string[]
  /** Those of the key-binding JWT; empty without one. */
  binding: string[]
}

/**
 * Takes a presentation's text apart (RFC 9901 section 4). It looks at shape and
 * size alone: whether the parts decode to anything is not asked.
 */
export function split(text: string): Presentation {
  if (text.length > maxPresentation) {
    throw tooLarge(`the presentation has ${text.length} bytes, at most ${maxPresentation} fit a gate code`)
  }
  const [first = '', ...disclosures] = text.split('~')
  const last = disclosures.pop()
  if (disclosures.length > maxDisclosures) {
    throw tooLarge(`the presentation has ${disclosures.length} disclosures, at most ${maxDisclosures} fit a gate code`)
  }
  if (last === undefined) throw malformed("this is not a compact SD-JWT: it has no '~'")
  const badge = first.split('.')
  const binding = last === '' ? [] : last.split('.')
  if (badge.length !== 3 || (last !== '' && binding.length !== 3)) {
    throw malformed('this is not a compact SD-JWT: a JWT in it has not three parts')
  }
  if (![...disclosures, ...badge, ...binding].every(isBase64URL)) {
    throw malformed('this is not a compact SD-JWT: a part is empty or not base64url')
  }
  return { disclosures, badge, binding }
}

/** What sd_hash is computed over: all before the key-binding JWT. */
export const unbound = (badge: string[], disclosures: string[]) => [badge.join('.'), ...disclosures, ''].join('~')
