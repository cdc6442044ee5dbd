/** What the service says and is told; package verifier/server has the other side. */
import type { Access, Policy, Reason } from '../verifier/index.ts'

/** This tablet, as the site's admin paired it. */
export interface Gate {
  id: string
  name: string
  site: string
  access: Access
  /** The name of the site's rules; empty for the service's own. */
  policy: string
}

export interface Settings {
  gate: Gate
  policy: Policy
  max_status_age_seconds: number
  register: { on: boolean; retention_seconds: number }
  help: { text: string; phone: string }
}

export interface Bundle {
  trust: string
  lists: { issuer: string; uri: string; token: string }[]
  /** The issuers whose entries of the trust list came in bundles. */
  roots?: Root[]
}

/** A pinned root key, with the first line of the newest bundle that it signed. Times are RFC 3339. */
export interface Root {
  /** The key's fingerprint. */
  root: string
  /** What the site is called by the issuer. */
  customer?: string
  issuer: string
  manifest: string
  number: number
  issued_at: string
  expires_at: string
  /** Somebody brought it to this tablet, and the service has an older one. */
  carried?: true
}

/** What a decision of this gate allowed must not last. */
export interface Ended {
  decision: string
  reason: 'revoked' | 'suspended'
  at: string
}

export type VisitEvent = 'admitted' | 'refused' | 'left'

/** Whose visit it is. */
export interface VisitBadge {
  issuer: string
  subject: string
  status_list?: string
  index?: number
  given_name?: string
  family_name?: string
  organization?: string
  role?: string
  expires?: string
}

/** One line of the register of visits. Of who is refused it holds no person. */
export interface VisitRecord {
  id: string
  at: string
  event: VisitEvent
  reason?: Reason | 'photo_mismatch'
  code?: string
  offline?: boolean
  again?: boolean
  decision?: string
  status_issued_at?: string
  /** The visit that somebody is checked out of by hand. */
  visit?: string
  badge?: VisitBadge
}

export interface Outcome {
  id: string
  result: 'kept' | 'already' | 'refused'
  detail?: string
}

/** Somebody who is on site. */
export interface Presence {
  /** Not there as long as the service has not heard of it. */
  visit?: string
  since: string
  gate: string
  /** The badge has expired since. */
  overdue: boolean
  /** It is not good any more, as far as this tablet knows. */
  ended?: Ended['reason']
  badge: VisitBadge
}

export interface PresentList {
  at: string
  present: Presence[]
}
