import { newKey, sign } from '../signing/jwt.ts'

export { newKey }

/** What a session's proof is for. */
export const sessionAudience = 'cyberbadge:gate-session'

/** The public half, as the service is told it. */
export async function publicKey(key: CryptoKeyPair): Promise<JsonWebKey> {
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', key.publicKey)
  return { kty, crv, x, y } as JsonWebKey
}

/** Proves that this tablet is the gate of that id. Now is in milliseconds since 1970. */
export function sessionProof(key: CryptoKeyPair, gate: string, nonce: string, now: number): Promise<string> {
  const header = { alg: 'ES256', typ: 'cyberbadge-gate+jwt', kid: gate }
  return sign(key, header, { aud: sessionAudience, nonce, iat: Math.floor(now / 1000) })
}
