import { useEffect, useState } from 'preact/hooks'
import { useText } from '../../i18n/index.ts'
import { spelled } from '../../i18n/slug.ts'
import type { Answer } from '../decide.ts'
import { Icon } from '../Icon.tsx'
import { nameOf } from '../present.ts'
import type { Portrait } from '../useFlow.ts'
import { useWords } from '../words/index.ts'
import { Overlay } from './Overlay.tsx'

/**
 * For so long a yes can't be pressed: nobody has looked yet, and the last key of a
 * scanner that types, or a second touch, would answer in the guard's place.
 */
export const settleFor = 400 // milliseconds

interface PhotoStepProps {
  answer: Answer
  portrait: Portrait
  onCompared: (matches: boolean) => void
}

/** The badge is good; is it this person's? Without this step there is no green. */
export function PhotoStep({ answer, portrait, onCompared }: PhotoStepProps) {
  const { photo: words } = useWords()
  const { badge, again } = answer.decision
  const { access, check } = useText()
  const [settled, setSettled] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(true), settleFor)
    return () => clearTimeout(timer)
  }, [])
  const isDocument = portrait === 'none' || portrait === 'unavailable'
  const canMatch = settled && portrait !== 'loading'
  const name = nameOf(badge ?? {}) || check.unnamed
  return (
    <Overlay class="photo-step" labelledBy="question" onEnter={canMatch ? () => onCompared(true) : undefined}>
      <Picture portrait={portrait} name={name} />
      <div class="person">
        {again && <p class="chip again">{words.again}</p>}
        <p class="name">{name}</p>
        {badge?.organization && <p class="organization">{badge.organization}</p>}
        {badge?.role && <p>{spelled(badge.role)}</p>}
        {badge && <p class="quiet">{badge.access.map((each) => access[each]).join(' · ')}</p>}
      </div>
      <div class="compare">
        <h1 id="question" tabIndex={-1}>
          {isDocument ? words.documentQuestion : words.question}
        </h1>
        {isDocument && <p role="status">{portrait === 'none' ? words.noPortrait : words.unavailable}</p>}
        <div class="answers">
          <button class="answer mismatch" type="button" onClick={() => onCompared(false)}>
            <Icon name="cross" />
            {isDocument ? words.documentMismatch : words.mismatch}
          </button>
          <button class="answer match" type="button" disabled={!canMatch} onClick={() => onCompared(true)}>
            <Icon name="tick" />
            {isDocument ? words.documentMatch : words.match}
          </button>
        </div>
      </div>
    </Overlay>
  )
}

function Picture({ portrait, name }: { portrait: Portrait; name: string }) {
  const { photo: words } = useWords()
  const { check } = useText()
  if (typeof portrait === 'object') return <img class="photo" src={portrait.url} alt={check.picture(name)} />
  return (
    <div class="photo missing">
      <svg viewBox="0 0 100 100" aria-hidden="true" focusable="false">
        <path d="M50 18a18 18 0 1 1 0 36 18 18 0 0 1 0-36zM14 92c0-22 16-32 36-32s36 10 36 32z" />
      </svg>
      {portrait === 'loading' && <p role="status">{words.loading}</p>}
    </div>
  )
}
