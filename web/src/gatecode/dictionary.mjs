/**
 * Writes dictionary.ts: node src/gatecode/dictionary.mjs. The dictionary stands in
 * docs/gate-code.md, where a test of credential/qr compares it with Go's.
 */
import { readFileSync, writeFileSync } from 'node:fs'

const document = readFileSync(new URL('../../../docs/gate-code.md', import.meta.url), 'utf8')
const encoded = document.split('in base64:\n```\n')[1].split('\n```')[0]
const records = Buffer.from(encoded, 'base64')
  .toString('latin1')
  .split(/(?<=\x00)/)

/** A record as a literal, with control characters to be seen. */
function literal(record) {
  const escaped = record
    .replace(/[\\']/g, '\\$&')
    .replace(/[\x00-\x1f]/g, (c) => '\\x' + c.charCodeAt(0).toString(16).padStart(2, '0'))
  return `'${escaped}'`
}

writeFileSync(
  new URL('dictionary.ts', import.meta.url),
  `// Written by dictionary.mjs; not to be changed by hand, and never to change at all:
// every code in existence depends on it.

/** The preset dictionary of formats 1 and 2, see docs/gate-code.md. */
export const dictionary =
  ${records.map(literal).join(' +\n  ')}
`,
)
