import type { Category } from '../../concern/concern.ts'
import type { Advice } from '../../i18n/index.ts'
import type { ReasonKind } from '../../standing/reason.ts'
import type { Message, Outcome, ProposalState, Role } from '../contract.ts'
import type { Failure } from '../failure.ts'
import type { SignInRefusal } from '../told.ts'

/** Kinds of message that have words; another is shown as it is. */
export type MessageKind = 'reminder' | 'lapse' | 'restored' | 'locked' | 'unlocked' | 'case' | 'held' | 'leavers' | 'silence' | 'key' | 'lock' | 'unlock'

/** Kinds of proposal that have words; another is shown as it is. */
export type ProposalKind = 'policy.change' | 'key.change' | 'officer.set' | 'officer.remove' | 'badges.revoke'

/** The page's own texts. A language that lacks one, or has one too many, does not compile. */
export interface Words {
  title: string
  loading: string
  working: string
  again: string
  more: string
  support: (code: string) => string
  /** Goes before words of the program itself, which are English. */
  inEnglish: string
  door: {
    what: (host: string) => string
    signIn: string
    signInAgain: string
    anotherAccount: string
    off: Advice
    ended: string
    refused: Record<SignInRefusal | 'other', Advice>
    signOut: string
    signedOut: string
    endElsewhere: string
    away: string
    showAgain: string
    roles: Record<Role, string>
  }
  failed: Record<Failure, Advice>
  program: {
    title: string
    people: string
    good: string
    suspended: string
    lapsing: string
    dead: string
    held: (count: string) => string
    unjudged: (count: string) => string
    withoutManager: (count: string) => string
    holds: (count: string) => string
  }
  forecast: {
    title: string
    what: string
    none: string
    losesAll: string
    loses: (access: string) => string
    suspends: (time: string) => string
    locks: (time: string) => string
    heldUntil: (time: string) => string
    reasons: Record<ReasonKind, (about: string) => string>
  }
  cases: {
    title: string
    none: string
    missing: Advice
    notYours: Advice
    categories: Record<Category, string>
    received: (time: string) => string
    person: string
    reporter: string
    nobody: string
    words: string
    noWords: string
    suspend: string
    suspendWhat: string
    reinstate: string
    suspended: (time: string) => string
    close: string
    outcome: string
    outcomes: Record<Outcome, string>
    effects: Record<Outcome, string>
    note: string
    noteHint: string
    closeNow: string
    closed: (outcome: string) => string
  }
  proposals: {
    title: string
    none: string
    missing: Advice
    kinds: Record<ProposalKind, string>
    reason: string
    proposer: string
    you: string
    officer: string
    token: string
    operator: string
    until: string
    does: string
    appoint: (subject: string, role: string) => string
    dismiss: (subject: string) => string
    revoke: (people: string) => string
    policy: (time: string) => string
    policyAtOnce: string
    key: string
    exactly: string
    own: string
    admins: string
    approve: string
    approveWhat: string
    approveNow: string
    refuse: string
    refuseNote: string
    refuseHint: string
    refuseNow: string
    withdraw: string
    states: Record<ProposalState, string>
  }
  messages: {
    title: string
    none: string
    kinds: Record<MessageKind, string>
    to: Record<Message['to'], string>
    about: string
    recipient: string
    since: (time: string) => string
    attempts: (count: string) => string
    resend: string
    resendAll: (count: string) => string
    confirm: string
    confirmWhat: string
    queued: string
  }
}
