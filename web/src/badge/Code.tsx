import { useMemo } from 'preact/hooks'
import { useText } from '../i18n/index.ts'
import type { Choice } from './choice.ts'
import type { Clock } from './clock.ts'
import { shownFor } from './proof.ts'
import { draw } from './qr.ts'
import type { Held } from './stock.ts'
import { useGateCode, useWakeLock } from './useGateCode.ts'

/**
 * The gate code. It says nothing about being valid: a guard who reads the screen
 * in place of scanning it would read a picture just as well.
 */
export function Code({ issuer, held, leftOut, clock }: { issuer: string; held: Held; leftOut: ReadonlySet<Choice>; clock: Clock }) {
  const text = useText().badge
  const { code, left } = useGateCode(issuer, held, leftOut, clock)
  const picture = useMemo(() => (code === undefined ? undefined : draw(code)), [code])
  useWakeLock()
  return (
    <section class="code">
      {/* Black on white in both schemes, which is what cameras read. */}
      <div class="sheet">
        {picture && (
          <svg viewBox={`0 0 ${picture.size} ${picture.size}`} role="img" aria-label={text.codeImage} shape-rendering="crispEdges">
            <path d={picture.path} />
          </svg>
        )}
      </div>
      <div class="countdown" aria-hidden="true">
        <progress max={shownFor} value={left} />
        <span>{text.next(String(left))}</span>
      </div>
      {/* Said once: the text stays the same when the code changes. */}
      <p role="status">{picture ? text.show : ''}</p>
      {leftOut.size > 0 && <p class="quiet">{text.leftOut([...leftOut].map((choice) => text.claims[choice]).join(', '))}</p>}
    </section>
  )
}
