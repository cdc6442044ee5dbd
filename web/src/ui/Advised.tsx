import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { Advice } from '../i18n/index.ts'

interface AdvisedProps {
  advice: Advice
  /** For what went wrong just now: it is said at once, and comes into view. */
  urgent?: boolean
  children?: ComponentChildren
}

/** What happened, and what the reader can do about it. */
export function Advised({ advice, urgent = false, children }: AdvisedProps) {
  const section = useRef<HTMLElement>(null)
  useEffect(() => {
    if (urgent) section.current?.scrollIntoView({ block: 'nearest' })
  }, [urgent, advice])
  return (
    <section class="notice" ref={section} {...(urgent && { role: 'alert' })}>
      <p>
        <strong>{advice.what}</strong>
      </p>
      <p>{advice.next}</p>
      {children}
    </section>
  )
}
