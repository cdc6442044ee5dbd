import type { ComponentChildren } from 'preact'

/** What stands on a page while it waits for an answer. */
export function Working({ children }: { children: ComponentChildren }) {
  return (
    <div class="working" role="status">
      <span class="spinner" aria-hidden="true" />
      {children}
    </div>
  )
}
