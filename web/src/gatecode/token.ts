/**
 * Tokens stand in the template for what was taken out of it; docs/gate-code.md
 * says what each expands to. Their values are part of the format.
 */
export const token = {
  end: '\x00',
  raw16: '\x01',
  raw32: '\x02',
  integrity: '\x03',
  uuid: '\x04',
  time: '\x05',
  decimal: '\x06',
  pointX: '\x07',
  pointY: '\x08',
  signature: '\x0b',
  sortedDigest: '\x0c',
  numberedDigest: '\x0e',
  sdHash: '\x0f',
  issuer: '\x10',
  string: '\x11',
  verbatim: '\x12',
} as const

/** What the first time is added to: 2028-07-01T00:00:00Z. */
export const firstTime = 1846022400

export const hour = 3600 // seconds

/** Whether a text holds characters that are tokens, now or in a later format. */
export const hasControl = (text: string) => /[^\t\n\r\x20-\xff]/.test(text)
