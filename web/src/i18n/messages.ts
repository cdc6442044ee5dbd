import type { Choice } from '../badge/choice.ts'
import type { OtherDenial, Remedy } from '../badge/denial.ts'
import type { Failure } from '../badge/failure.ts'
import type { ReasonKind } from '../standing/reason.ts'
import type { Access, Reason, Verdict } from '../verifier/decision.ts'

/** What happened, in one short sentence, and what the reader can do about it. */
export interface Advice {
  what: string
  next: string
}

/**
 * Every text of the pages. A language that lacks one, or has one too many, does
 * not compile.
 */
export interface Messages {
  language: string
  verdict: Record<Verdict, string>
  reason: Record<Reason, Advice>
  access: Record<Access, string>
  check: {
    title: string
    issuerOf: (issuer: string) => string
    working: string
    explanation: string
    privacy: string
    paste: string
    pasteHint: string
    submit: string
    another: string
    again: string
    accessLabel: string
    roleLabel: string
    organizationLabel: string
    untilLabel: string
    numberLabel: string
    trainingLabel: string
    courseUntil: (standard: string | undefined, time: string) => string
    unnamed: string
    picture: (name: string) => string
    compareTitle: string
    compareFace: string
    compareIdentity: string
    compareAddress: string
    freshness: (age: string) => string
    tell: string
    limitsTitle: string
    limitSelf: string
    limitRelay: string
    limitReplay: string
    gateTitle: string
    gateWhat: string
    gateFirst: string
    gateSecond: string
    gateThird: string
    trustList: string
    codeLabel: string
    failed: Record<'offline' | 'unavailable' | 'old_browser', Advice>
    cleared: string
  }
  badge: {
    title: string
    loading: string
    strangerTitle: string
    strangerWhat: string
    strangerNext: string
    enrolTitle: string
    enrolWhat: (issuer: string) => string
    replaces: string
    codeLabel: string
    codeHint: string
    enrol: string
    enrolling: string
    attempts: (left: string) => string
    again: string
    back: string
    codeImage: string
    next: (seconds: string) => string
    show: string
    brightness: string
    leftOut: (choices: string) => string
    lasts: (time: string) => string
    courseLapses: (course: string, time: string) => string
    equipmentDue: (reported: string) => string
    endsThen: (time: string) => string
    connectSoon: (time: string) => string
    clockBack: string
    renew: string
    renewing: string
    recheck: string
    expiredTitle: string
    ended: (time: string) => string
    noneTitle: string
    expiredNext: string
    revealsTitle: string
    revealsWhat: string
    revealsAlways: string
    revealsNot: string
    mayRefuse: string
    claims: Record<Choice, string>
    deniedTitle: string
    denied: Record<ReasonKind, (about: string) => string>
    lapsed: (time: string) => string
    reported: (time: string) => string
    deniedUnknown: string
    deniedOtherwise: Record<OtherDenial, string>
    remedyTitle: string
    remedy: Record<Remedy, string>
    remedyLink: Record<Remedy, string>
    deniedNext: string
    support: (code: string) => string
    failed: Record<Failure, Advice>
  }
}
