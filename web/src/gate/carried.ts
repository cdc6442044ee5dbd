/** Bundles that somebody carries to the tablet in a file. */
import { fromBase64URL, toArray } from '../gatecode/bytes.ts'
import type { HeldBundle } from '../verifier/index.ts'
import type { Bundle, Root } from './contract.ts'

/** The longest file that is taken, in bytes; package revocation/bundle takes no more. */
export const maxCarried = 128 << 20

/** Why a file was not taken; the first four are the verifier's codes. */
export const carryTroubles = ['bundle_invalid', 'bundle_stale', 'bundle_rollback', 'bundle_not_for_us', 'no_lists', 'failed'] as const

export type CarryTrouble = (typeof carryTroubles)[number]

/** A file was not taken. */
export class CarryError extends Error {
  constructor(readonly code: CarryTrouble) {
    super(code)
  }
}

export function carryTrouble(error: unknown): CarryTrouble {
  const { code } = (error ?? {}) as { code?: unknown }
  return carryTroubles.find((each) => each === code) ?? 'failed'
}

/** The text of a file, unless it is longer than any bundle. */
export async function readCarried(file: Blob): Promise<string> {
  if (file.size > maxCarried) throw new CarryError('bundle_invalid')
  return file.text()
}

/**
 * What there was, with a bundle in the place of what there was of its issuer. The
 * verifier has found the bundle good, so its form is not in doubt here.
 */
export function withCarried(before: Bundle, held: HeldBundle, text: string): Bundle {
  const { root, issuer, number, issuedAt, expires, manifest, customer } = held
  const carried: Root = { root, issuer, number, issued_at: issuedAt, expires_at: expires, manifest, carried: true, ...(customer !== undefined && { customer }) }
  return {
    trust: before.trust,
    lists: [...before.lists.filter((list) => list.issuer !== issuer), ...listsOf(text, issuer)],
    roots: (before.roots ?? []).map((each) => (each.root === root ? { ...carried, ...(each.customer !== undefined && { customer: each.customer }) } : each)),
  }
}

/** The lists among the lines of a bundle, in the order in which its first line names them. */
function listsOf(text: string, issuer: string): Bundle['lists'] {
  const [manifest = '', ...lines] = text.split('\n')
  const payload = new TextDecoder().decode(toArray(fromBase64URL(manifest.split('.')[1] ?? '') ?? ''))
  const { parts } = JSON.parse(payload) as { parts: { kind: string; uri?: string }[] }
  return parts.flatMap(({ kind, uri }, i) => (kind === 'list' && uri !== undefined ? [{ issuer, uri, token: lines[i] ?? '' }] : []))
}

/**
 * The roots as the service has them, each with the newest bundle that there is: what
 * somebody carried here may be ahead of the service, and nothing goes back.
 */
export function newestRoots(served: Root[] = [], kept: Root[] = []): Root[] {
  return served.map((each) => {
    const held = kept.find(({ root }) => root === each.root)
    if (!held || held.number < each.number) return each
    const { number, manifest, issued_at, expires_at } = held
    return { ...each, number, manifest, issued_at, expires_at, ...(number > each.number && { carried: true }) }
  })
}

/** Issuers whose lists did not come from the service alone: it has an older bundle. */
export function carriedIssuers(served: Root[] = [], newest: Root[]): string[] {
  return newest.filter(({ root, number }) => served.some((each) => each.root === root && each.number < number)).map(({ issuer }) => issuer)
}
