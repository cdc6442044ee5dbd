/**
 * Why somebody is not in good standing, or gets no badge all the same;
 * docs/formats.md, "Policy file". The issuer has the same set.
 */
export const reasonKinds = [
  'not-employed',
  'training-missing',
  'training-expired',
  'device-missing',
  'device-noncompliant',
  'device-unencrypted',
  'device-os-outdated',
  'device-stale',
  'role-excluded',
  'rule-unmet',
  'rule-failed',
  'suspended-by-office',
] as const

export type ReasonKind = (typeof reasonKinds)[number]

export interface Reason {
  kind: ReasonKind
  /** The course, the device, the role or the rule; may be empty. */
  about: string
}

/** Reads "kind" or "kind:about"; nothing for a kind that is not known. */
export function readReason(text: string): Reason | undefined {
  const [, kind = '', about = ''] = /^([a-z-]+)(?::(.*))?$/.exec(text) ?? []
  return isKind(kind) ? { kind, about } : undefined
}

function isKind(text: string): text is ReasonKind {
  return (reasonKinds as readonly string[]).includes(text)
}
