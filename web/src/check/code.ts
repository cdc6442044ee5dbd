/**
 * The gate code with which this page was opened, or nothing. It is taken out of
 * the address at once, so that it stays neither in the address bar nor in the
 * history nor in what somebody shares.
 */
export function takeCode(page: Location = location, past: History = history): string | undefined {
  const { hash, origin, pathname } = page
  if (hash.length <= 1) return undefined
  past.replaceState(null, '', pathname)
  // The address is part of the code: it stands in place of the issuer's.
  return `${origin}${pathname}${hash}`
}
