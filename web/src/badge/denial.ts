/** Why somebody is not in good standing; docs/formats.md, "Policy file". */
export const denialKinds = [
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
] as const

export type DenialKind = (typeof denialKinds)[number]

/** What the holder can do about a reason, in general. */
export type Remedy = 'course' | 'device' | 'rule' | 'office'

export interface Denial {
  kind: DenialKind
  /** The course, the device, the role or the rule; may be empty. */
  about: string
  /** What the kind says happened then: lapsed, last reported. As in RFC 3339. */
  at?: string
}

/** An answer of the issuer that there is no badge. */
export interface Refusal {
  /** The description of credential_request_denied. */
  description: string
  /** The address at which the holder can put the first reason right, if the issuer names one. */
  link?: string
}

/**
 * The reasons in the description of credential_request_denied, the one to begin
 * with in front; docs/formats.md has the form. What is not known in it is passed
 * over, and an empty list is a denial all the same.
 */
export function readDenial(description: string): Denial[] {
  const standing = /^not in good standing:(.*)$/.exec(description)?.[1] ?? ''
  return standing.split(', ').flatMap((each) => {
    const [, kind = '', about = '', at] = /^([a-z-]+)(?::(.*?))?(?: at (\d{4}-\S+))?$/.exec(each.trim()) ?? []
    return isKind(kind) ? [{ kind, about, ...(at !== undefined && !Number.isNaN(Date.parse(at)) && { at }) }] : []
  })
}

function isKind(text: string): text is DenialKind {
  return (denialKinds as readonly string[]).includes(text)
}

export function remedyFor(kind: DenialKind): Remedy {
  switch (kind) {
    case 'training-missing':
    case 'training-expired':
      return 'course'
    case 'device-noncompliant':
    case 'device-unencrypted':
    case 'device-os-outdated':
    case 'device-stale':
      return 'device'
    case 'rule-unmet':
      return 'rule'
  }
  return 'office'
}

/** Whether the standing is good, for a time so short that no badge fits. */
export function endsTooSoon(description: string): boolean {
  return description === 'the standing ends too soon for a badge'
}

/** An address that a person may be sent to: nothing that runs in this page. */
export function safeLink(link: string | undefined): string | undefined {
  if (link === undefined || !URL.canParse(link)) return undefined
  return ['https:', 'mailto:', 'tel:'].includes(new URL(link).protocol) ? link : undefined
}
