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
] as const

export type DenialKind = (typeof denialKinds)[number]

export interface Denial {
  kind: DenialKind
  /** The course, the device or the role; may be empty. */
  about: string
}

/**
 * The reasons in the description of credential_request_denied. It is written for
 * developers, so what is not known in it is passed over and an empty list is a
 * denial all the same.
 */
export function readDenial(description: string): Denial[] {
  const standing = /^not in good standing:(.*)$/.exec(description)?.[1] ?? ''
  return standing.split(',').flatMap((each) => {
    const [kind = '', ...about] = each.trim().split(':')
    return isKind(kind) ? [{ kind, about: about.join(':') }] : []
  })
}

function isKind(text: string): text is DenialKind {
  return (denialKinds as readonly string[]).includes(text)
}
