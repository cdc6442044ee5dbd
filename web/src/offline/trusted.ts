// Trusted Types, as far as the pages need them; not every browser has them.
interface Policy {
  createScriptURL(address: string): string
}

interface TrustedTypes {
  createPolicy(name: string, rules: Policy): Policy
}

/** What stands beside a page under this name is its service worker. */
export const serviceWorker = './service-worker.js'

let policy: Policy | undefined

/**
 * Makes an address one that a worker may be started from: the pages' headers
 * refuse every script that is named by a mere string. They allow one policy, made
 * once, so whatever starts a worker asks here. It lets the page's service worker
 * through, and scripts among the assets of its own origin.
 */
export function trustedScript(address: string): string {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes }
  const wanted = withinReach(address)
  if (!trustedTypes) return ours(wanted)
  policy ??= trustedTypes.createPolicy('cyberbadge', { createScriptURL: ours })
  return policy.createScriptURL(wanted)
}

const asset = /\/assets\/[\w.-]+\.js$/

function ours(address: string): string {
  if (address === serviceWorker) return address
  const { origin, pathname, search } = new URL(address, location.href)
  if (origin !== location.origin || search !== '' || !asset.test(pathname)) throw new TypeError('not a script of this page')
  return address
}

/**
 * A service worker answers for a page, and for what the page loads, but for a
 * worker only when that stands below the page. Assets stand elsewhere, so below the
 * page it answers for them, too; see worker.js. Without that, no worker would start
 * when there is no connection.
 */
function withinReach(address: string): string {
  const [path] = asset.exec(address) ?? []
  return path !== undefined && navigator.serviceWorker?.controller ? `.${path}` : address
}
