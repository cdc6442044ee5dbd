import { BadgeError } from './failure.ts'
import type { Door } from './door.ts'

/** What is offered, and how this page asks for it: the same badge, several of them good one after the other. */
const configuration = 'cyber_badge'
export const stockConfiguration = 'cyber_badge_stock'
const grantType = 'urn:ietf:params:oauth:grant-type:pre-authorized_code'

/** An invitation as it stands in the address that was opened. */
export type Link = { uri: string } | { value: string }

/**
 * The invitation in an address, or nothing. More than one is a link that somebody
 * put together.
 */
export function linkIn(search: string): Link | undefined {
  const parameters = new URLSearchParams(search)
  const [uri, ...moreURIs] = parameters.getAll('credential_offer_uri')
  const [value, ...moreValues] = parameters.getAll('credential_offer')
  if (uri === undefined && value === undefined) return undefined
  if (moreURIs.length || moreValues.length || (uri !== undefined && value !== undefined)) return { value: '' }
  return uri === undefined ? { value: value ?? '' } : { uri }
}

/** Takes the invitation out of the address, where others would see it, and history would keep it. */
export function takeLink(): Link | undefined {
  const link = linkIn(location.search)
  if (location.search || location.hash) history.replaceState(null, '', location.pathname)
  return link
}

const remembered = 'cyberbadge invitation'

/**
 * Keeps an invitation while this tab lives: whoever leaves the page to look up the
 * code may find it loaded anew. Not kept where the browser has no room for it.
 */
export function remember(link: Link | undefined): void {
  try {
    if (link === undefined) sessionStorage.removeItem(remembered)
    else sessionStorage.setItem(remembered, JSON.stringify(link))
  } catch {
    // The person opens the link again.
  }
}

/** The invitation that this tab was about. */
export function recall(): Link | undefined {
  try {
    const kept = sessionStorage.getItem(remembered)
    return kept === null ? undefined : (JSON.parse(kept) as Link)
  } catch {
    return undefined
  }
}

/** Where the page stands is the issuer that it trusts, and no other: …/badge/ of the issuer's URL. */
export function issuerOf(address: string): string {
  return new URL('..', address).href.replace(/\/$/, '')
}

/** The pre-authorized code of an invitation of this issuer. Nothing is sent to any other. */
export async function readOffer(link: Link, door: Door): Promise<string> {
  if ('value' in link) return codeIn(link.value, door.issuer)
  if (!isBelow(link.uri, `${door.issuer}/credential-offers/`)) throw new BadgeError('foreign_issuer', link.uri)
  const answer = await door.fetch(link.uri, {})
  if (answer.status === 404 || answer.status === 410) throw new BadgeError('offer_gone')
  if (!answer.ok) throw new BadgeError(answer.status >= 500 ? 'busy' : 'bad_link', `status ${answer.status}`)
  return codeIn(await answer.text(), door.issuer)
}

/** Compares what the browser would call, not what is written: dots climb out of a path. */
function isBelow(address: string, prefix: string): boolean {
  return URL.canParse(address) && new URL(address).href === address && address.startsWith(prefix)
}

/** The code in an offer (OpenID4VCI, section 4.1.1) of that issuer. */
export function codeIn(text: string, issuer: string): string {
  const offer = parse(text)
  if (offer.credential_issuer !== issuer) throw new BadgeError('foreign_issuer', String(offer.credential_issuer))
  const code = offer.grants?.[grantType]?.['pre-authorized_code']
  if (!offer.credential_configuration_ids?.includes(configuration) || typeof code !== 'string') throw new BadgeError('bad_link')
  return code
}

interface Offer {
  credential_issuer?: unknown
  credential_configuration_ids?: unknown[]
  grants?: Record<string, Record<string, unknown>>
}

function parse(text: string): Offer {
  try {
    const offer: unknown = JSON.parse(text)
    if (typeof offer === 'object' && offer !== null) return offer
  } catch {
    // Not JSON: no offer.
  }
  throw new BadgeError('bad_link')
}
