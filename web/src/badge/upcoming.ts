import type { Badge } from './badge.ts'

/** Issuers round the times of badges down to this. */
const granularity = 300 // seconds

/** How long before its end a course is worth a word. */
const notice = 14 * 86_400 // seconds

/** What will change by itself, as far as the last badge of a stock tells. */
export interface Upcoming {
  /** Courses that lapse soon. */
  courses: { code: string; validUntil: number }[]
  /** The stock ends then, earlier than it would by its badges' life. */
  ends?: number
  /** And no course explains it: the equipment has to report again. It last did then. */
  equipmentCheckedAt?: number
}

/** Reads what is coming out of the badge's own claims: the issuer adds nothing for it. */
export function upcoming(last: Badge, life: number, now: number): Upcoming {
  const cut = last.expires - last.begins + granularity < life
  const courses = last.training.filter(({ validUntil }) => validUntil - now <= notice).sort((one, other) => one.validUntil - other.validUntil)
  if (!cut) return { courses }
  const explained = courses.some(({ validUntil }) => validUntil < last.expires + granularity)
  const { equipmentCheckedAt } = last
  return { courses, ends: last.expires, ...(!explained && equipmentCheckedAt !== undefined && { equipmentCheckedAt }) }
}
