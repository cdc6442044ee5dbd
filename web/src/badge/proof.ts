import { digest } from '../gatecode/bytes.ts'
import { pack } from '../gatecode/index.ts'
import { randomText, sign } from '../signing/jwt.ts'
import { withhold, type Choice } from './choice.ts'
import type { Held } from './stock.ts'

/** Whom a proof is for where no verifier can say; docs/formats.md, "Key binding at a gate". */
export const gateAudience = 'urn:cyberbadge:gate'

/** A new code stands this long; verifiers take it for 90 seconds. */
export const shownFor = 20 // seconds

/** The badge with a fresh proof that this phone shows it. */
export async function present(badge: string, key: CryptoKeyPair, now: number): Promise<string> {
  // Members in this order, since the gate code has a short form for it.
  const payload = { iat: now, aud: gateAudience, nonce: randomText(), sd_hash: await digest(badge) }
  return badge + (await sign(key, { alg: 'ES256', typ: 'kb+jwt' }, payload))
}

/** A fresh gate code of a badge without what is left out. */
export async function gateCode(issuer: string, { badge, key }: Held, leftOut: ReadonlySet<Choice>, now: number): Promise<string> {
  return pack(issuer, await present(withhold(badge, leftOut), key, now))
}
