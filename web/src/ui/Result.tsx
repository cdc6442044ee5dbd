import { useEffect, useRef } from 'preact/hooks'
import { useText, type Advice } from '../i18n/index.ts'
import type { Verdict } from '../verifier/decision.ts'

/**
 * A verdict that nobody can mistake: colour, shape and word each tell it alone.
 * It takes the focus, so that a screen reader says it first.
 */
export function Result({ verdict, advice }: { verdict: Verdict; advice: Advice }) {
  const text = useText()
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus(), [verdict, advice])
  return (
    <section class={`result ${verdict}`} role="alert">
      <Shape verdict={verdict} />
      <div>
        <h1 ref={heading} tabIndex={-1}>
          {text.verdict[verdict]}
        </h1>
        <p class="what">{advice.what}</p>
      </div>
      <p class="next">{advice.next}</p>
    </section>
  )
}

/** A disc with a tick, an octagon with a cross, a triangle with a question mark. */
export function Shape({ verdict }: { verdict: Verdict }) {
  return (
    <svg class="shape" viewBox="0 0 100 100" aria-hidden="true" focusable="false">
      {verdict === 'yes' && (
        <>
          <circle class="plate" cx="50" cy="50" r="46" />
          <path class="mark" d="M26 52l17 17 32-37" />
        </>
      )}
      {verdict === 'no' && (
        <>
          <path class="plate" d="M31 4h38l27 27v38L69 96H31L4 69V31z" />
          <path class="mark" d="M32 32l36 36M68 32L32 68" />
        </>
      )}
      {verdict === 'unsure' && (
        <>
          <path class="plate" d="M50 7L97 92H3z" />
          <path class="mark" d="M40 48c0-13 20-13 20 0 0 9-10 8-10 17" />
          <circle class="dot" cx="50" cy="80" r="5.5" />
        </>
      )}
    </svg>
  )
}
