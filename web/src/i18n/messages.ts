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
}
