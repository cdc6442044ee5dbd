import type { ComponentChildren } from 'preact'

/** Something that only some readers want to know. */
export function Disclosure({ summary, children }: { summary: string; children: ComponentChildren }) {
  return (
    <details class="disclosure">
      <summary>{summary}</summary>
      <div>{children}</div>
    </details>
  )
}
