import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

interface OverlayProps {
  class: string
  /** What its heading's element is called. */
  labelledBy: string
  alert?: boolean
  /** What Enter does where no button has the focus. */
  onEnter?: (() => void) | undefined
  onEscape?: () => void
  children: ComponentChildren
}

/**
 * A screen before the camera. Its heading takes the focus, so that a screen reader
 * says it first and Enter presses nothing by accident but what it is meant for.
 */
export function Overlay({ class: name, labelledBy, alert = false, onEnter, onEscape, children }: OverlayProps) {
  const section = useRef<HTMLElement>(null)
  useEffect(() => section.current?.querySelector<HTMLElement>('h1')?.focus(), [labelledBy])
  return (
    <section
      ref={section}
      class={`overlay ${name}`}
      role={alert ? 'alertdialog' : 'dialog'}
      aria-modal="true"
      aria-labelledby={labelledBy}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onEscape?.()
        if (event.key !== 'Enter' || event.repeat || !(event.target instanceof Element)) return
        if (event.target.closest('button, a, select, input, summary')) return
        event.preventDefault()
        onEnter?.()
      }}
    >
      {children}
    </section>
  )
}
