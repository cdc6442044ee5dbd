import { useEffect, useState } from 'preact/hooks'
import { useLanguage, type Advice, type Language } from '../../i18n/index.ts'
import { Button } from '../../ui/Button.tsx'
import type { Keeper, View } from '../keeper.ts'
import { isWhole, pairTrouble, writeCode, type PairTrouble } from '../pairing.ts'
import { count, useWords } from '../words/index.ts'
import { LanguagePicker } from './About.tsx'

interface PairingProps {
  view: View
  keeper: Keeper
  /** The code that the page was opened with. */
  given: string | undefined
  onLanguage: (language: Language) => void
  onDone: () => void
}

/** Makes the tablet a gate. */
export function Pairing({ view, keeper, given, onLanguage, onDone }: PairingProps) {
  const { pairing: words } = useWords()
  const language = useLanguage()
  const [code, setCode] = useState(given ?? '')
  const [working, setWorking] = useState(false)
  const [trouble, setTrouble] = useState<PairTrouble>()
  useEffect(() => setCode((typed) => given ?? typed), [given])

  const pair = async () => {
    setWorking(true)
    setTrouble(undefined)
    try {
      await keeper.pair(code)
      // Else a browser that runs out of space may forget the gate first.
      void navigator.storage?.persist?.().catch(() => false)
      onDone()
    } catch (error) {
      setTrouble(pairTrouble(error))
      setWorking(false)
    }
  }

  return (
    <main class="page pairing">
      <div class="pairing-bar">
        <span class="brand">Cyber Badge</span>
        <LanguagePicker onLanguage={onLanguage} />
      </div>
      {view.ended && <Notice advice={words.ended} />}
      <h1>{words.title}</h1>
      <p>{words.what}</p>
      {view.gate && <p class="notice">{words.replaces(view.gate.name)}</p>}
      {view.unsent + view.elsewhere > 0 && <p class="notice">{words.waiting(count(language, view.unsent + view.elsewhere))}</p>}
      <form
        class="card code-entry"
        onSubmit={(event) => {
          event.preventDefault()
          if (isWhole(code) && !working) void pair()
        }}
      >
        <label for="pairing-code">{words.codeLabel}</label>
        <input
          id="pairing-code"
          value={code}
          autocomplete="off"
          autocapitalize="characters"
          spellcheck={false}
          aria-describedby="pairing-hint"
          required
          onInput={({ currentTarget }) => {
            const written = writeCode(currentTarget.value)
            setCode(written)
            // What was left out goes from the field as well.
            currentTarget.value = written
          }}
        />
        <p id="pairing-hint" class="quiet">
          {words.codeHint}
        </p>
        <Button submit>{working ? words.working : words.submit}</Button>
      </form>
      {trouble && <Notice advice={words.failed[trouble]} />}
      {view.gate && (
        <Button kind="quiet" onClick={onDone}>
          {words.cancel}
        </Button>
      )}
    </main>
  )
}

export function Notice({ advice }: { advice: Advice }) {
  return (
    <section class="notice" role="alert">
      <p>
        <strong>{advice.what}</strong>
      </p>
      <p>{advice.next}</p>
    </section>
  )
}
