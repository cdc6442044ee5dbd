import { fromBase64URL, toArray } from '../gatecode/bytes.ts'
import type { Access } from '../verifier/decision.ts'

/** What the phone shows its holder of a badge. Nothing rests on it: verifiers read the badge itself. */
export interface Badge {
  issuedAt: number // seconds since 1970
  begins: number
  expires: number
  /** x of the key that the badge is bound to. */
  boundTo: string
  access: Access[]
  name: string
  training: Course[]
  /** When the equipment last reported; seconds since 1970. */
  equipmentCheckedAt: number | undefined
  /** The names of the claims that the code can disclose. */
  discloses: string[]
}

export interface Course {
  code: string
  validUntil: number // seconds since 1970
}

interface Claims {
  iat: number
  nbf?: number
  exp: number
  access?: string[]
  cnf?: { jwk?: { x?: string } }
}

/** Reads the issuer's badge. Throws what the parser does for anything else. */
export function readBadge(text: string): Badge {
  const [jwt = '', ...disclosures] = text.split('~')
  const claims = decode(jwt.split('.')[1] ?? '') as Claims
  const disclosed = new Map(disclosures.filter(Boolean).map((each) => [nameOf(each), valueOf(each)]))
  const equipment = disclosed.get('equipment') as { checked_at?: number } | undefined
  return {
    issuedAt: claims.iat,
    begins: claims.nbf ?? claims.iat,
    expires: claims.exp,
    boundTo: claims.cnf?.jwk?.x ?? '',
    access: (claims.access ?? []).filter((each): each is Access => each === 'onsite' || each === 'remote'),
    name: [disclosed.get('given_name'), disclosed.get('family_name')].filter((part) => typeof part === 'string').join(' '),
    training: courses(disclosed.get('training')),
    equipmentCheckedAt: equipment?.checked_at,
    discloses: [...disclosed.keys()],
  }
}

/** The claim that a disclosure discloses. */
export function nameOf(disclosure: string): string {
  const [, name] = decode(disclosure) as [string, string, unknown]
  return name
}

function valueOf(disclosure: string): unknown {
  return (decode(disclosure) as unknown[])[2]
}

function courses(value: unknown): Course[] {
  if (!Array.isArray(value)) return []
  return (value as { course: string; valid_until: number }[]).map(({ course, valid_until: validUntil }) => ({ code: course, validUntil }))
}

function decode(part: string): unknown {
  const bytes = fromBase64URL(part)
  if (bytes === undefined) throw new TypeError('a part of the badge is not base64url')
  return JSON.parse(new TextDecoder().decode(toArray(bytes)))
}
