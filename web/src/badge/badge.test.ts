import { describe, expect, test } from 'vitest'
import { fromBase64URL } from '../gatecode/bytes.ts'
import { unpack } from '../gatecode/index.ts'
import { newKey } from '../signing/jwt.ts'
import { reasonKinds } from '../standing/reason.ts'
import { readBadge } from './badge.ts'
import { Clock } from './clock.ts'
import { otherDenial, otherDenials, readDenial, remedyFor, safeLink } from './denial.ts'
import { attemptsLeft, failureFor } from './failure.ts'
import { codeIn, issuerOf, linkIn } from './offer.ts'
import { gateCode, present } from './proof.ts'
import { draw, quietZone } from './qr.ts'

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const issuer = 'https://badge.vendor.example'
const jwt = `${encode({ alg: 'ES256' })}.${encode({ iss: issuer, iat: 1000, nbf: 1100, exp: 2000, access: ['onsite', 'moon'], cnf: { jwk: { x: 'abc' } } })}.${'A'.repeat(86)}`
const badge = `${jwt}~${encode(['c2FsdA', 'given_name', 'Zoë'])}~${encode(['c2FsdA', 'family_name', 'Rößler'])}~`

describe('a proof for a gate', () => {
  test('is fresh, for gates, over exactly this badge, and signed by the phone', async () => {
    const key = await newKey()
    const presentation = await present(badge, key, 1234)
    const [header = '', payload = '', signature = ''] = presentation.slice(badge.length).split('.')
    expect(presentation.startsWith(badge)).toBe(true)
    expect(atob(header)).toBe('{"alg":"ES256","typ":"kb+jwt"}')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
    const hash = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(badge))).toString('base64url')
    expect(Object.keys(claims)).toEqual(['iat', 'aud', 'nonce', 'sd_hash'])
    expect(claims).toMatchObject({ iat: 1234, aud: 'urn:cyberbadge:gate', sd_hash: hash })
    expect(fromBase64URL(String(claims.nonce))).toHaveLength(16)
    const good = await crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key.publicKey, Buffer.from(signature, 'base64url'), Buffer.from(`${header}.${payload}`))
    expect(good).toBe(true)
  })

  test('is another each time, and comes back out of its code', async () => {
    const key = await newKey()
    const [one, two] = [await gateCode(issuer, { badge, key }, new Set(), 1234), await gateCode(issuer, { badge, key }, new Set(), 1234)]
    expect(one).not.toBe(two)
    expect((await unpack(one)).startsWith(badge)).toBe(true)
    const nameless = await unpack(await gateCode(issuer, { badge, key }, new Set(['name'] as const), 1234))
    expect(nameless.split('~')).toHaveLength(2)
    expect(nameless.startsWith(`${jwt}~`)).toBe(true)
  })

  test('the key stays where it is', async () => {
    const { privateKey } = await newKey()
    await expect(crypto.subtle.exportKey('jwk', privateKey)).rejects.toThrow()
  })
})

test('a code of a thousand digits fits version 15, with its quiet zone', () => {
  const picture = draw(`HTTPS://BADGE.VENDOR.EXAMPLE/C#${'7'.repeat(1171)}`)
  expect(picture.size).toBe(77 + 2 * quietZone)
  expect(picture.path.startsWith(`M${quietZone} ${quietZone}h7`)).toBe(true)
})

test('a badge for its holder', () => {
  const read = readBadge(badge)
  expect(read).toEqual({
    issuedAt: 1000,
    begins: 1100,
    expires: 2000,
    boundTo: 'abc',
    access: ['onsite'],
    name: 'Zoë Rößler',
    training: [],
    equipmentCheckedAt: undefined,
    discloses: ['given_name', 'family_name'],
  })
  const more = `${badge}${encode(['c2FsdA', 'training', [{ course: 'CB-101', valid_until: 5000 }]])}~${encode(['c2FsdA', 'equipment', { compliant: true, checked_at: 900 }])}~`
  expect(readBadge(more)).toMatchObject({ training: [{ code: 'CB-101', validUntil: 5000 }], equipmentCheckedAt: 900 })
})

test('the clock follows the server beyond three seconds', () => {
  const at = Date.parse('2026-11-23T08:00:00Z')
  const clock = new Clock(0, () => at)
  for (const [date, offset] of [['Mon, 23 Nov 2026 08:00:03 GMT', 0], ['Mon, 23 Nov 2026 08:00:04 GMT', 4], ['Mon, 23 Nov 2026 07:50:00 GMT', -600]] as const) {
    clock.learn(date)
    expect([clock.offset, clock.now()]).toEqual([offset, at / 1000 + offset])
  }
  clock.learn(null)
  clock.learn('yesterday')
  expect(clock.offset).toBe(-600)
})

describe('refusals', () => {
  test.each([
    ['invalid_grant', 'code', 'the tx_code is wrong; attempts left: 4', 'wrong_code'],
    ['invalid_grant', 'code', 'the tx_code is wrong; attempts left: 0', 'used_up'],
    ['invalid_grant', 'code', 'the code is unknown, used or expired', 'used_up'],
    ['invalid_grant', 'refresh', 'the refresh token is unknown', 'ended'],
    ['credential_request_denied', undefined, '', 'denied'],
    ['invalid_dpop_proof', 'code', '', 'clock'],
    ['invalid_proof', undefined, '', 'clock'],
    ['invalid_nonce', undefined, '', 'busy'],
    ['invalid_token', undefined, '', 'busy'],
    ['use_dpop_nonce', 'refresh', '', 'busy'],
    ['temporarily_unavailable', 'refresh', '', 'busy'],
    ['server_error', 'refresh', '', 'busy'],
    ['unsupported_grant_type', 'code', '', 'refused'],
    ['constructor', undefined, '', 'refused'],
  ] as const)('%s at %s, "%s": %s', (code, grant, description, failure) => {
    expect(failureFor(code, grant, description)).toBe(failure)
  })

  test('name the attempts that are left', () => {
    expect(attemptsLeft('the tx_code is wrong; attempts left: 4')).toBe(4)
    expect(attemptsLeft('no')).toBeUndefined()
  })

  test('give each reason of the standing', () => {
    const description = `not in good standing: ${reasonKinds.map((kind) => `${kind}:A:1 at home`).join(', ')}, something-new:B`
    expect(readDenial(description)).toEqual(reasonKinds.map((kind) => ({ kind, about: 'A:1 at home' })))
    expect(readDenial('not in good standing: not-employed')).toEqual([{ kind: 'not-employed', about: '' }])
    expect(readDenial('the standing ends too soon for a badge')).toEqual([])
    expect(otherDenial('the standing ends too soon for a badge')).toBe('soon')
    expect(Object.values(otherDenials).map(otherDenial)).toEqual(Object.keys(otherDenials))
    for (const text of ['', 'not in good standing: ', 'toString']) expect(otherDenial(text), text).toBeUndefined()
  })

  test('give the instants of reasons, where they are instants', () => {
    expect(readDenial('not in good standing: training-expired:CB-101 at 2026-11-01T08:00:00Z, device-stale:LT-1 at 2026-99-99')).toEqual([
      { kind: 'training-expired', about: 'CB-101', at: '2026-11-01T08:00:00Z' },
      { kind: 'device-stale', about: 'LT-1' },
    ])
  })

  test('have one thing to do each, and link to what does nothing by itself', () => {
    expect(reasonKinds.map(remedyFor)).toEqual(['office', 'course', 'course', 'office', 'device', 'device', 'device', 'device', 'office', 'rule', 'office', 'office'])
    for (const good of ['https://learning.example/1', 'mailto:office@vendor.example', 'tel:+4930123']) expect(safeLink(good)).toBe(good)
    for (const bad of ['javascript:alert(1)', 'data:text/html,x', 'http://vendor.example', '//vendor.example', '']) expect(safeLink(bad), bad).toBeUndefined()
  })
})

describe('an invitation', () => {
  const grants = { 'urn:ietf:params:oauth:grant-type:pre-authorized_code': { 'pre-authorized_code': 'secret' } }
  const offer = { credential_issuer: issuer, credential_configuration_ids: ['cyber_badge'], grants }

  test('stands in the address once', () => {
    expect(linkIn('?credential_offer_uri=https%3A%2F%2Fa%2Fb')).toEqual({ uri: 'https://a/b' })
    expect(linkIn('?credential_offer=x')).toEqual({ value: 'x' })
    expect(linkIn('?other=x')).toBeUndefined()
    expect(linkIn('?credential_offer_uri=a&credential_offer_uri=b')).toEqual({ value: '' })
  })

  test('is of the issuer whose page this is, or refused', () => {
    expect(issuerOf('https://a.example/badge/')).toBe('https://a.example')
    expect(issuerOf('https://a.example/tenant/1/badge/?x=y')).toBe('https://a.example/tenant/1')
    expect(codeIn(JSON.stringify(offer), issuer)).toBe('secret')
    expect(() => codeIn(JSON.stringify({ ...offer, credential_issuer: `${issuer}/` }), issuer)).toThrow('foreign_issuer')
    for (const bad of ['', '[]', 'null', JSON.stringify({ ...offer, grants: {} }), JSON.stringify({ ...offer, credential_configuration_ids: ['x'] })]) {
      expect(() => codeIn(bad, issuer), bad).toThrow(/bad_link|foreign_issuer/)
    }
  })
})
