/**
 * Bytes as a string with one character, U+0000 to U+00FF, for each. The format is
 * one of text with binary parts; as strings all of it is cut, joined and compared
 * with what the language has.
 */
export type Bytes = string

/** A text's UTF-8. */
export const fromText = (text: string): Bytes => fromArray(new TextEncoder().encode(text))

/** For what was found short: all of it is spread over arguments. */
export const fromArray = (array: Uint8Array): Bytes => String.fromCharCode(...array)

export const toArray = (bytes: Bytes) => Uint8Array.from(bytes, (c) => c.charCodeAt(0))

export const toBase64URL = (bytes: Bytes) =>
  btoa(bytes).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '')

/** What toBase64URL makes that text of; nothing for any other text. */
export function fromBase64URL(text: string): Bytes | undefined {
  if (!isBase64URL(text) || text.length % 4 === 1) return undefined
  const bytes = atob(text.replace(/-/g, '+').replace(/_/g, '/'))
  // The last character can have bits to spare.
  return toBase64URL(bytes) === text ? bytes : undefined
}

export const isBase64URL = (text: string) => /^[\w-]+$/.test(text)

export const toHex = (bytes: Bytes) =>
  Array.from(bytes, (c) => c.charCodeAt(0).toString(16).padStart(2, '0')).join('')

/** Takes an even number of digits. */
export const fromHex = (digits: string): Bytes =>
  digits.replace(/../g, (pair) => String.fromCharCode(parseInt(pair, 16)))

/** RFC 9901's digest of a text, with the default hash. */
export async function digest(text: Bytes): Promise<string> {
  const sum = await crypto.subtle.digest('SHA-256', toArray(text))
  return toBase64URL(fromArray(new Uint8Array(sum)))
}

/** Texts' digests in ascending order. */
export const sortedDigests = async (texts: Bytes[]) => (await Promise.all(texts.map(digest))).sort()
