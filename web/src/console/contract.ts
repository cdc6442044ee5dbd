/** What the issuer answers; openapi.json is the whole of it. Instants are as in RFC 3339. */
import type { Category } from '../concern/concern.ts'

export const roles = ['viewer', 'officer', 'admin'] as const
export type Role = (typeof roles)[number]

/** What this page calls for; a role has some of them. */
export type Scope = 'program:write' | 'cases' | 'proposals' | 'officers'

export interface Officer {
  id: string
  subject: string
  name: string
  email: string
}

/** Of an officer who is signed in. */
export interface Me {
  role: Role
  scopes: string[]
  officer: Officer
  session: {
    /** When they last showed credentials; absent where they need not have, because the provider knew them. */
    authenticated_at?: string
  }
}

export interface Person {
  id: string
  external_id: string
  display_name: string
  given_name: string
  family_name: string
  organization: string
}

export interface Status {
  people: number
  phases: Record<'unjudged' | 'new' | 'good' | 'suspended' | 'locked' | 'left', number>
  without_manager: number
  holds: number
  messages: { waiting: number; held: number; dead: number }
}

/** What somebody will lose if nothing comes. */
export interface Foreseen {
  person_id: string
  external_id: string
  at: string
  reasons: string[]
  loses: string[]
  ends: boolean
  held_until?: string
  suspends_at?: string
  locks_at?: string
}

export const outcomes = ['upheld', 'not_upheld', 'duplicate'] as const
export type Outcome = (typeof outcomes)[number]

/** A customer's concern, and what became of it. */
export interface Case {
  id: string
  state: 'open' | 'closed'
  received_at: string
  category: Category
  text: string
  reporter: { name?: string; organization?: string; contact?: string }
  person_id: string
  badge_id: string
  suspended_at?: string
  outcome?: Outcome
  note?: string
}

export interface CasePage {
  cases: Case[]
  next?: number
}

export type ProposalState = 'open' | 'approved' | 'executed' | 'failed' | 'rejected' | 'withdrawn' | 'expired'

/** What takes two. */
export interface Proposal {
  id: string
  kind: string
  summary: string
  reason: string
  proposed_by: string
  officer?: string
  expires_at: string
  state: ProposalState
  failure?: string
  /** By kind; a list leaves it out. */
  payload?: Record<string, unknown>
}

/** A message that was given up, or a lock-out that waits for somebody to confirm it. */
export interface Message {
  id: string
  person_id?: string
  kind: string
  channel: string
  to: 'person' | 'manager' | 'fallback' | 'office'
  attempts: number
  state: 'waiting' | 'delivered' | 'dropped' | 'dead' | 'held'
  settled_at?: string
  note?: string
}
