import { useState } from 'preact/hooks'
import { Shape } from '../../ui/Result.tsx'
import { Icon } from '../Icon.tsx'
import { useWords } from '../words/index.ts'
import { Overlay } from './Overlay.tsx'

/** What a guard has to know, in four cards; each of them can be the last. */
export function Cards({ onDone }: { onDone: () => void }) {
  const { cards: words } = useWords()
  const [at, setAt] = useState(0)
  const card = words.items[at] ?? words.items[0]
  const isLast = at === words.items.length - 1
  const next = () => (isLast ? onDone() : setAt(at + 1))
  return (
    <Overlay class="cards" labelledBy="card-title" onEnter={next} onEscape={onDone}>
      <p class="quiet">{words.title}</p>
      <Drawing at={at} />
      <div class="card-text" aria-live="polite">
        <h1 id="card-title" tabIndex={-1}>
          {card.title}
        </h1>
        <p>{card.text}</p>
      </div>
      <p class="quiet">{words.position(String(at + 1), String(words.items.length))}</p>
      <div class="card-actions">
        {!isLast && (
          <button class="button quiet" type="button" onClick={onDone}>
            {words.skip}
          </button>
        )}
        <button class="button" type="button" onClick={next}>
          {isLast ? words.start : words.next}
        </button>
      </div>
    </Overlay>
  )
}

function Drawing({ at }: { at: number }) {
  return (
    <div class="drawing" aria-hidden="true">
      {at === 0 && <Icon name="camera" />}
      {at === 1 && <Icon name="people" />}
      {at === 2 && (
        <span class="sample yes">
          <Shape verdict="yes" />
        </span>
      )}
      {at === 3 && (
        <>
          <span class="sample no">
            <Shape verdict="no" />
          </span>
          <span class="sample unsure">
            <Shape verdict="unsure" />
          </span>
        </>
      )}
    </div>
  )
}
