import type { Reference } from './reference.ts'

/** What a concern can be about; package issuer/store has the other side. */
export const categories = ['not_the_person', 'behaviour', 'lost_or_stolen_badge', 'tailgating', 'other'] as const

export type Category = (typeof categories)[number]

/** Characters of the text; in UTF-8 they are never more bytes than the issuer takes. */
export const maxText = 1_000

/** Characters of each of what a reporter says of themselves. */
export const maxLine = 100

export interface Concern {
  category: Category
  text: string
  name: string
  organization: string
  contact: string
}

/** Why a concern was not taken. */
export type Failure =
  | 'offline'
  | 'busy' // too many came from here, or altogether
  | 'foreign' // the badge is another issuer's
  | 'refused' // what was sent breaks a rule; the page lets none of that through
  | 'unavailable'

export class ConcernError extends Error {
  constructor(
    readonly failure: Failure,
    options?: ErrorOptions,
  ) {
    super(failure, options)
  }
}

export type Post = (url: string, options: RequestInit) => Promise<Response>

const patience = 20_000 // milliseconds

/**
 * Sends a concern to this page's own server, and returns the receipt. The answer is
 * the same whether or not anybody has the badge.
 */
export async function raise({ list, index, subject }: Reference, concern: Concern, post: Post = fetch): Promise<string> {
  const { category, text, name, organization, contact } = concern
  const body = {
    badge: { status_list: list, index, subject },
    category,
    text: text.trim(),
    reporter: { name: line(name), organization: line(organization), contact: line(contact) },
  }
  const answer = await post('concerns', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    cache: 'no-store',
    credentials: 'omit',
    redirect: 'error',
    signal: AbortSignal.timeout(patience),
  }).catch((error: unknown) => {
    throw new ConcernError('offline', { cause: error })
  })
  if (answer.status === 202) return receiptOf(answer)
  throw new ConcernError(await failureOf(answer))
}

/** What is pasted may bring a line break along, which the issuer refuses. */
function line(text: string): string {
  return text.replace(/[\p{Cc}\s]+/gu, ' ').trim()
}

async function receiptOf(answer: Response): Promise<string> {
  const { receipt } = (await answer.json().catch(() => ({}))) as { receipt?: unknown }
  if (typeof receipt !== 'string' || receipt === '') throw new ConcernError('unavailable')
  return receipt
}

async function failureOf(answer: Response): Promise<Failure> {
  if (answer.status === 429) return 'busy'
  if (answer.status >= 500) return 'unavailable'
  const { code } = (await answer.json().catch(() => ({}))) as { code?: unknown }
  return code === 'other_issuer' ? 'foreign' : 'refused'
}
