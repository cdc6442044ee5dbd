/** A decision as package verifier writes it. Times are RFC 3339. */
export interface Decision {
  id: string
  allow: boolean
  reason: Reason
  /** The check that failed; for engineers. */
  code?: string
  detail?: string
  at: string
  access: Access
  site?: string
  gate?: string
  /** This gate has accepted this very proof before. */
  again?: boolean
  checks: { check: string; result: 'passed' | 'failed' | 'not_made'; code?: string }[]
  /** Only there when issuer and holder were proven. */
  badge?: Badge
  status?: { list: string; issued_at: string; age_seconds: number }
  /** The bundle that the decision rests on. */
  bundle?: { number: number; issued_at: string; age_seconds: number; expires_at: string }
}

export type Access = 'onsite' | 'remote'

export interface Badge {
  issuer: string
  type: string
  subject: string
  status_list?: string
  index: number
  issued_at: string
  expires: string
  access: Access[]
  given_name?: string
  family_name?: string
  picture?: string
  picture_integrity?: string
  employee_number?: string
  organization?: string
  role?: string
  training?: { course: string; standard?: string; valid_until: string }[]
  equipment?: { compliant: boolean; checked_at: string }
}

export type Verdict = 'yes' | 'no' | 'unsure'

/**
 * What each reason is to the person who looks at the screen. "Unsure" is for what
 * says nothing about the person: another kind of code, another company's badge,
 * a list that cannot be had. It is never a yes.
 */
export const verdicts = {
  ok: 'yes',
  malformed: 'unsure',
  unsupported: 'unsure',
  untrusted_issuer: 'unsure',
  unknown_key: 'no',
  bad_signature: 'no',
  bad_disclosure: 'no',
  expired: 'no',
  not_yet_valid: 'no',
  holder_binding_missing: 'no',
  holder_binding_invalid: 'no',
  stale_presentation: 'no',
  replayed: 'no',
  revoked: 'no',
  suspended: 'no',
  status_unavailable: 'unsure',
  status_stale: 'unsure',
  access_not_granted: 'no',
  policy_denied: 'no',
  internal_error: 'unsure',
} as const satisfies Record<string, Verdict>

export type Reason = keyof typeof verdicts

/** A yes takes both: the verifier allowed, and gave the one reason for it. */
export function verdictOf(decision: Decision): Verdict {
  if (decision.allow && decision.reason === 'ok') return 'yes'
  const verdict: Verdict = Object.hasOwn(verdicts, decision.reason) ? verdicts[decision.reason] : 'unsure'
  return verdict === 'yes' ? 'unsure' : verdict
}
