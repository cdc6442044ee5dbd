import { expect, test, vi } from 'vitest'
import { newKey, publicKey, sessionProof } from './key.ts'
import { isWhole, takeCode, writeCode } from './pairing.ts'

test.each([
  ['abcde23456', 'ABCDE-23456'],
  [' abcde-23456 ', 'ABCDE-23456'],
  ['ABCDE', 'ABCDE'],
  ['ABCDE-', 'ABCDE'],
  ['ABCDEF', 'ABCDE-F'],
  ['ABCDE-23456789', 'ABCDE-23456'],
  ['', ''],
])('%j is written %j', (typed, written) => {
  expect(writeCode(typed)).toBe(written)
  expect(isWhole(written)).toBe(written.length === 11)
})

test('the code in the address is taken once', () => {
  const past = { replaceState: vi.fn() } as unknown as History
  expect(takeCode({ hash: '#pair=abcde-23456', pathname: '/gate/' } as Location, past)).toBe('ABCDE-23456')
  expect(past.replaceState).toHaveBeenCalledWith(null, '', '/gate/')
  expect(takeCode({ hash: '#other', pathname: '/gate/' } as Location, past)).toBeUndefined()
})

test('a session’s proof is this gate’s, for this nonce, now; and the key stays where it is', async () => {
  const key = await newKey()
  const proof = await sessionProof(key, 'g1', 'n1', 1_763_884_800_999)
  const [header = '', payload = '', signature = ''] = proof.split('.')
  expect(JSON.parse(atob(header))).toEqual({ alg: 'ES256', typ: 'cyberbadge-gate+jwt', kid: 'g1' })
  expect(JSON.parse(atob(payload))).toEqual({ aud: 'cyberbadge:gate-session', nonce: 'n1', iat: 1_763_884_800 })
  const jwk = await publicKey(key)
  expect(Object.keys(jwk)).toEqual(['kty', 'crv', 'x', 'y'])
  const known = await crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify'])
  expect(await crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, known, Buffer.from(signature, 'base64url'), Buffer.from(`${header}.${payload}`))).toBe(true)
  await expect(crypto.subtle.exportKey('jwk', key.privateKey)).rejects.toThrow()
})
