// Trusted Types, as far as this page needs them; not every browser has them.
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL: (address: string) => string }): { createScriptURL: (address: string) => string }
}

const worker = './service-worker.js'

/**
 * Has the page kept for when there is no signal. Where that fails, the page works
 * all the same, only not without a connection.
 */
export function registerWorker(): void {
  if (!('serviceWorker' in navigator)) return
  void navigator.serviceWorker.register(trusted(worker)).catch(() => undefined)
}

/** The page's headers refuse every script that is named by a mere string. */
function trusted(address: string): string {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes }
  if (!trustedTypes) return address
  const policy = trustedTypes.createPolicy('cyberbadge', {
    createScriptURL(given) {
      if (given !== worker) throw new TypeError('not a script of this page')
      return given
    },
  })
  return policy.createScriptURL(address)
}
