import { fromArray, fromText, toArray, toBase64URL } from '../gatecode/bytes.ts'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const

/**
 * A key that this browser can use and nobody can read, not even this page: a
 * badge stays on the phone that it was issued to.
 */
export function newKey(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])
}

/** A JWT signed with ES256. Members are written in the order in which they are given. */
export async function sign(key: CryptoKeyPair, header: object, payload: object): Promise<string> {
  const input = `${encode(header)}.${encode(payload)}`
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key.privateKey, toArray(input))
  return `${input}.${toBase64URL(fromArray(new Uint8Array(signature)))}`
}

/** A JWT that names its own key, as DPoP and key proofs do. */
export async function signNamed(key: CryptoKeyPair, typ: string, payload: object): Promise<string> {
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', key.publicKey)
  return sign(key, { alg: 'ES256', typ, jwk: { kty, crv, x, y } }, payload)
}

/** 16 random bytes in base64url, which a gate code stores as they are. */
export function randomText(): string {
  return toBase64URL(fromArray(crypto.getRandomValues(new Uint8Array(16))))
}

function encode(value: object): string {
  return toBase64URL(fromText(JSON.stringify(value)))
}
