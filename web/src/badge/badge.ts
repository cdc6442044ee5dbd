import { fromBase64URL, toArray } from '../gatecode/bytes.ts'
import type { Access } from '../verifier/decision.ts'

/** What the phone shows its holder of a badge. Nothing rests on it: verifiers read the badge itself. */
export interface Badge {
  issuedAt: number // seconds since 1970
  expires: number
  access: Access[]
  name: string
  /** The names of the claims that the code discloses. */
  discloses: string[]
}

/** Reads the issuer's badge. Throws what the parser does for anything else. */
export function readBadge(text: string): Badge {
  const [jwt = '', ...disclosures] = text.split('~')
  const claims = decode(jwt.split('.')[1] ?? '') as { iat: number; exp: number; access?: string[] }
  const disclosed = new Map(disclosures.filter(Boolean).map((each) => {
    const [, name, value] = decode(each) as [string, string, unknown]
    return [name, value]
  }))
  return {
    issuedAt: claims.iat,
    expires: claims.exp,
    access: (claims.access ?? []).filter((each): each is Access => each === 'onsite' || each === 'remote'),
    name: [disclosed.get('given_name'), disclosed.get('family_name')].filter((part) => typeof part === 'string').join(' '),
    discloses: [...disclosed.keys()],
  }
}

function decode(part: string): unknown {
  const bytes = fromBase64URL(part)
  if (bytes === undefined) throw new TypeError('a part of the badge is not base64url')
  return JSON.parse(new TextDecoder().decode(toArray(bytes)))
}

/** Whether the badge should be renewed: more than half of its life is over. */
export function isDue({ issuedAt, expires }: Badge, now: number): boolean {
  return now - issuedAt >= (expires - issuedAt) / 2
}
