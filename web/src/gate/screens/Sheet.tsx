import type { ComponentChildren } from 'preact'
import { Icon } from '../Icon.tsx'
import { useWords } from '../words/index.ts'
import { Overlay } from './Overlay.tsx'

/** Something to read or to set, apart from scanning. */
export function Sheet({ class: name, title, onBack, children }: { class: string; title: string; onBack: () => void; children: ComponentChildren }) {
  const words = useWords()
  return (
    <Overlay class={`sheet ${name}`} labelledBy="sheet-title" onEscape={onBack}>
      <div class="sheet-bar">
        <button class="button quiet back" type="button" onClick={onBack}>
          <Icon name="back" /> {words.back}
        </button>
      </div>
      <div class="sheet-content">
        <h1 id="sheet-title" tabIndex={-1}>
          {title}
        </h1>
        {children}
      </div>
    </Overlay>
  )
}
