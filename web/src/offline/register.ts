import { serviceWorker, trustedScript } from './trusted.ts'

/** A page that stays open is asked for anew so often. */
export const updateEvery = 3_600_000 // milliseconds

/**
 * Has the page kept for when there is no connection. Where that fails, the page
 * works all the same, only not without one. It resolves when a newer page has been
 * kept in the place of this one: time to load it, when nobody is disturbed.
 */
export function registerWorker(): Promise<void> {
  const { serviceWorker: container } = navigator
  if (!container) return new Promise(() => undefined)
  const replaced = new Promise<void>((resolve) => {
    // The first one takes over a page that it has just kept.
    let known = container.controller !== null
    container.addEventListener('controllerchange', () => {
      if (known) resolve()
      known = true
    })
  })
  container.register(trustedScript(serviceWorker)).then(
    (registration) => setInterval(() => void registration.update().catch(() => undefined), updateEvery),
    () => undefined,
  )
  return replaced
}
