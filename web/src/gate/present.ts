import type { PresentList, Presence, VisitBadge, VisitRecord } from './contract.ts'

/**
 * Who is on site, as the service last said, and with what happened at this gate
 * since. now is in milliseconds since 1970. Oldest first.
 */
export function onSite(last: PresentList | undefined, unsent: VisitRecord[], gate: string, now: number): Presence[] {
  const people = new Map((last?.present ?? []).map((each) => [personOf(each.badge), each]))
  for (const record of unsent) {
    const who = record.badge && personOf(record.badge)
    if (record.event === 'left') {
      if (who !== undefined) people.delete(who)
      for (const [person, { visit }] of people) if (visit !== undefined && visit === record.visit) people.delete(person)
    }
    if (record.event === 'admitted' && record.badge && who !== undefined && !people.has(who)) {
      people.set(who, { since: record.at, gate, overdue: false, badge: record.badge })
    }
  }
  return [...people.values()]
    .map((each) => ({ ...each, overdue: each.overdue || Date.parse(each.badge.expires ?? '') <= now }))
    .sort((a, b) => Date.parse(a.since) - Date.parse(b.since))
}

export const personOf = ({ issuer, subject }: VisitBadge) => `${issuer} ${subject}`

/** What tells badges apart. */
export const badgeOf = ({ issuer, status_list, index }: VisitBadge) => `${issuer} ${status_list} ${index}`

export function nameOf({ given_name, family_name }: { given_name?: string; family_name?: string }): string {
  return [given_name, family_name].filter(Boolean).join(' ')
}
