import type { Advice } from '../../i18n/index.ts'
import type { Cause, Step } from '../help.ts'
import type { CarryTrouble } from '../carried.ts'
import type { PairTrouble } from '../pairing.ts'
import type { ScanTrouble } from '../scan/scan.ts'

/** Causes whose words differ at a gate from those of the pages in general. */
export type GateCause = Extract<
  Cause,
  | 'untrusted_issuer'
  | 'unknown_key'
  | 'replayed'
  | 'status_unavailable'
  | 'status_stale'
  | 'access_not_granted'
  | 'internal_error'
  | 'revoked_now'
  | 'suspended_now'
  | 'bundle_ended'
  | 'photo_mismatch'
  | 'undecided'
  | 'not_checked_out'
>

interface Card {
  title: string
  text: string
}

/**
 * The gate's own texts; what it shares with other pages is in src/i18n. A language
 * that lacks one, or has one too many, does not compile.
 */
export interface Words {
  title: string
  loading: string
  back: string
  oldBrowser: Advice
  pairing: {
    title: string
    what: string
    codeLabel: string
    codeHint: string
    submit: string
    working: string
    replaces: (gate: string) => string
    cancel: string
    ended: Advice
    waiting: (count: string) => string
    failed: Record<PairTrouble, Advice>
  }
  camera: {
    siteLabel: string
    noSite: string
    policyLabel: string
    ownPolicy: string
    hint: string
    checking: string
    online: string
    offline: string
    late: string
    listsNever: string
    lists: (age: string) => string
    listsAging: (age: string, limit: string) => string
    listsOver: (age: string, limit: string) => string
    bundle: (age: string) => string
    bundleAging: (age: string, limit: string) => string
    bundleOver: (age: string, limit: string) => string
    unsent: (count: string) => string
    direction: string
    in: string
    out: string
    inMode: string
    outMode: string
    torchOn: string
    torchOff: string
    choose: string
    nextCamera: (label: string) => string
    picture: string
    present: string
    attention: string
    about: string
    drop: string
    others: string
    retry: string
    foreign: string
    noReader: Advice
    trouble: Record<ScanTrouble, Advice>
  }
  clock: {
    jumped: (by: string) => string
    off: (by: string) => string
  }
  photo: {
    question: string
    match: string
    mismatch: string
    documentQuestion: string
    documentMatch: string
    documentMismatch: string
    noPortrait: string
    unavailable: string
    loading: string
    again: string
  }
  verdict: {
    left: string
    leftWhat: string
    admitted: string
    next: string
    help: string
    helpTitle: string
    again: string
    byService: string
    byGate: string
    notRecorded: string
    decision: string
    tell: string
    tellWhat: string
  }
  reason: Record<GateCause, Advice>
  /** About somebody who was let in and should not be there any more. */
  alert: {
    title: string
    revoked: (name: string) => string
    suspended: (name: string) => string
    when: (admitted: string, ended: string) => string
    next: string
    acknowledge: string
    acknowledgeOf: (name: string) => string
    more: (count: string) => string
  }
  help: Record<Step, string>
  present: {
    title: string
    count: (count: string) => string
    nobody: string
    asOf: (time: string, age: string) => string
    offline: string
    withUnsent: (count: string) => string
    never: string
    name: string
    organization: string
    since: string
    gate: string
    overdue: string
    revoked: string
    suspended: string
    checkOut: string
    checkOutOf: (name: string) => string
    really: (name: string) => string
    print: string
  }
  about: {
    title: string
    gate: string
    id: string
    version: string
    sound: string
    soundOn: string
    soundOff: string
    listsTitle: string
    listsNone: string
    issued: (time: string) => string
    bundleTitle: string
    bundleOf: (issued: string, until: string) => string
    bundleNumber: (number: string) => string
    bundlePick: string
    bundlePickWhat: string
    bundleWorking: string
    bundleTaken: (numbers: string) => string
    bundleFailed: Record<CarryTrouble, Advice>
    registerTitle: string
    registerOff: string
    registerOn: (days: string) => string
    elsewhere: (count: string) => string
    refused: (count: string) => string
    dismiss: string
    unpair: string
    unpairWhat: string
    unpairUnsent: (count: string) => string
    privacy: string
  }
  cards: {
    title: string
    items: [Card, Card, Card, Card]
    skip: string
    next: string
    start: string
    position: (at: string, of: string) => string
  }
}
