import { readReason, type Reason, type ReasonKind } from '../standing/reason.ts'

/** What the holder can do about a reason, in general. */
export type Remedy = 'course' | 'device' | 'rule' | 'office'

export interface Denial extends Reason {
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
    const [, text = '', at] = /^(.*?)(?: at (\d{4}-\S+))?$/.exec(each.trim()) ?? []
    const reason = readReason(text)
    return reason ? [{ ...reason, ...(at !== undefined && !Number.isNaN(Date.parse(at)) && { at }) }] : []
  })
}

export function remedyFor(kind: ReasonKind): Remedy {
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

/** The descriptions of denials that no reason of the standing is behind; package issuer/enrol has the other side. */
export const otherDenials = {
  soon: 'the standing ends too soon for a badge',
  meanwhile: 'the enrolment ended, or the badge was revoked, while it was being issued',
  unknown: 'the program does not know the person any more',
  record: "the person's record does not fit into a badge; tell the program office",
} as const

export type OtherDenial = keyof typeof otherDenials

/** Which of those it is; nothing for a description that is not known. */
export function otherDenial(description: string): OtherDenial | undefined {
  return (Object.keys(otherDenials) as OtherDenial[]).find((each) => otherDenials[each] === description)
}

/** An address that a person may be sent to: nothing that runs in this page. */
export function safeLink(link: string | undefined): string | undefined {
  if (link === undefined || !URL.canParse(link)) return undefined
  return ['https:', 'mailto:', 'tel:'].includes(new URL(link).protocol) ? link : undefined
}
