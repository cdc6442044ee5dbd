import type { Category } from './concern.ts'
import { categories } from './concern.ts'

/**
 * A badge as whoever verified it knows it, and no person. The subject is what only
 * they know; all three go to the issuer, and to nobody before the reporter sends
 * them.
 */
export interface Reference {
  list: string
  index: number
  subject: string
}

/** What a decision says of a badge, as far as it is needed here. */
interface Shown {
  issuer: string
  subject: string
  status_list?: string
  index: number
}

const maxIndex = 2 ** 32 - 1
const longest = 512 // characters of a part of the reference

/**
 * Where the issuer of a badge takes concerns about its person, or nothing for a
 * badge that has no such address. The reference stands behind the #, which browsers
 * send to no server.
 */
export function concernLink({ issuer, subject, status_list: list, index }: Shown, category?: Category): string | undefined {
  if (!list || !/^https?:\/\//.test(issuer)) return undefined
  const parts = new URLSearchParams({ list, index: String(index), sub: subject, ...(category && { about: category }) })
  // Both are allowed there as they are, and a shorter text is a larger QR code.
  return `${issuer}/concern#${parts.toString().replaceAll('%3A', ':').replaceAll('%2F', '/')}`
}

/** What the page was opened with. */
export interface Opened {
  reference: Reference
  category?: Category
}

/**
 * The badge that this page was opened for, or nothing. It is taken out of the
 * address at once, so that it stays neither in the address bar nor in the history.
 */
export function takeReference(page: Location = location, past: History = history): Opened | undefined {
  const { hash, pathname } = page
  if (hash.length <= 1) return undefined
  past.replaceState(null, '', pathname)
  return readReference(hash.slice(1))
}

function readReference(text: string): Opened | undefined {
  const parts = new URLSearchParams(text)
  const [list, index, subject] = ['list', 'index', 'sub'].map((name) => parts.get(name) ?? '')
  if (!list || !subject || list.length > longest || subject.length > longest) return undefined
  if (index === undefined || !/^\d{1,10}$/.test(index) || Number(index) > maxIndex) return undefined
  const category = categories.find((each) => each === parts.get('about'))
  return { reference: { list, index: Number(index), subject }, ...(category && { category }) }
}

/** Whether the badge is of the issuer whose page this is; its status list stands beside the page. */
export function isOurs({ list }: Reference, page: Location = location): boolean {
  return list.startsWith(new URL('status-lists/', page.href).href)
}
