import { describe, expect, test } from 'vitest'
import { verdicts, type Badge, type Decision, type Reason } from '../verifier/decision.ts'
import { checkOut, nextStep, recordOf } from './record.ts'

const badge: Badge = {
  issuer: 'https://a.example',
  type: 'https://a.example/vct',
  subject: 's',
  status_list: 'https://a.example/1',
  index: 7,
  issued_at: '2026-11-23T07:00:00Z',
  expires: '2026-11-24T07:00:00Z',
  access: ['onsite'],
  given_name: 'Zoë',
  employee_number: '0700002',
  picture: 'https://a.example/p',
}
const decision = (reason: Reason, more: Partial<Decision> = {}): Decision => ({
  id: 'd1',
  allow: reason === 'ok',
  reason,
  at: '2026-11-23T08:00:00Z',
  access: 'onsite',
  checks: [],
  ...more,
})
const now = Date.parse('2026-11-23T08:00:01Z')

describe('a line for the register', () => {
  test('of who is admitted has the visitor, and no more than that', () => {
    const status = { list: 'x', issued_at: '2026-11-23T07:59:00Z', age_seconds: 60 }
    const { id, ...line } = recordOf('admitted', { decision: decision('ok', { badge, again: true, status }), by: 'gate' }, now)
    expect(id).toMatch(/^[\da-f-]{36}$/)
    expect(line).toEqual({
      at: '2026-11-23T08:00:01.000Z',
      event: 'admitted',
      reason: 'ok',
      decision: 'd1',
      offline: true,
      again: true,
      status_issued_at: '2026-11-23T07:59:00Z',
      badge: {
        issuer: 'https://a.example',
        subject: 's',
        status_list: 'https://a.example/1',
        index: 7,
        given_name: 'Zoë',
        expires: '2026-11-24T07:00:00Z',
      },
    })
  })

  test('of who is refused names nobody', () => {
    const { id: _, ...line } = recordOf('refused', { decision: decision('revoked', { badge, code: 'status_revoked' }), by: 'service' }, now)
    expect(line).toEqual({ at: '2026-11-23T08:00:01.000Z', event: 'refused', reason: 'revoked', code: 'status_revoked', decision: 'd1' })
  })

  test('of somebody else’s badge has that as its reason', () => {
    const line = recordOf('refused', { decision: decision('ok', { badge }), by: 'service' }, now, 'photo_mismatch')
    expect([line.reason, line.badge]).toEqual(['photo_mismatch', undefined])
  })

  test('of a check-out by hand names the visit, as soon as it has a name', () => {
    expect(checkOut('v1', { issuer: 'i', subject: 's' }, now)).toMatchObject({ event: 'left', visit: 'v1' })
    expect(checkOut(undefined, { issuer: 'i', subject: 's' }, now)).not.toHaveProperty('visit')
  })
})

describe('the next step', () => {
  const reasons = Object.keys(verdicts) as Reason[]

  test.each(reasons)('in, after %s', (reason) => {
    const step = nextStep({ decision: decision(reason, { badge }), by: 'service' }, 'in')
    expect(step).toBe(reason === 'ok' ? 'photo' : verdicts[reason])
  })

  test('out goes whoever is proven to be who they are', () => {
    const out = reasons.filter((reason) => nextStep({ decision: decision(reason, { badge }), by: 'service' }, 'out') === 'left')
    expect(out).toEqual(['ok', 'expired', 'revoked', 'suspended', 'status_unavailable', 'status_stale', 'access_not_granted', 'policy_denied'])
    for (const reason of reasons) {
      if (reason !== 'ok') expect(nextStep({ decision: decision(reason), by: 'service' }, 'out')).toBe('unsure')
    }
  })

  test('a permission without its reason is none', () => {
    expect(nextStep({ decision: { ...decision('revoked'), allow: true }, by: 'service' }, 'in')).toBe('no')
    expect(nextStep({ decision: { ...decision('ok'), allow: false }, by: 'service' }, 'in')).toBe('unsure')
  })
})
