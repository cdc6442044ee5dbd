import type { Gate } from './contract.ts'
import { RefusedError, UnreachableError } from './service.ts'

/** What makes this tablet a gate. */
export interface Pairing {
  gate: Gate
  key: CryptoKeyPair
}

/** Characters of a pairing code; the service leaves out those that look like others. */
export const codeLength = 10

/**
 * A pairing code as the service writes it, XXXXX-XXXXX, however it was typed; what
 * is not a letter or a digit is left out, and so is what is too much.
 */
export function writeCode(typed: string): string {
  const plain = typed
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '')
    .slice(0, codeLength)
  const half = codeLength / 2
  return plain.length > half ? `${plain.slice(0, half)}-${plain.slice(half)}` : plain
}

export function isWhole(code: string): boolean {
  return code.length === codeLength + 1
}

/**
 * The pairing code with which the page was opened, or nothing. It is taken out of
 * the address at once, so that it stays in no history.
 */
export function takeCode(page: Location = location, past: History = history): string | undefined {
  const code = new URLSearchParams(page.hash.slice(1)).get('pair')
  if (code === null) return undefined
  past.replaceState(null, '', page.pathname)
  return writeCode(code)
}

/** Why a tablet could not be paired, as far as its user can do different things about it. */
export type PairTrouble = 'pairing_refused' | 'too_many_attempts' | 'offline' | 'refused'

export function pairTrouble(error: unknown): PairTrouble {
  if (error instanceof UnreachableError) return 'offline'
  if (error instanceof RefusedError && (error.code === 'pairing_refused' || error.code === 'too_many_attempts')) return error.code
  return 'refused'
}
